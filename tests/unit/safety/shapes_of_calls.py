"""More secrets of AWS's requests and answers: one-off names, other spellings, and innocents that sound alike.

In short form: the call, and what leads to the secret. `parsed` makes the nested object of it.
"""

# ruff: noqa: E501 (a line for each: it is a table)

import base64
import json
from typing import Any

from tests.unit.safety.shapes import SECRET, Shape


def parsed(line: str) -> Shape:
    """`service Call path.to.member`: the member holds the secret."""
    source, name, path = line.split()
    value: Any = SECRET
    for step in reversed(path.split(".")):
        value = [value] if step == "0" else {step: value}
    return source, name, value


_CALLS = """\
apigateway GetApiKey value
apigateway GetApiKeys item.0.value
apigateway UpdateApiKey patchOperations.0.value
apigateway ImportApiKeys body
dms ModifyEndpoint oracleSettings.securityDbEncryption
dms CreateEndpoint endpoint.oracleSettings.securityDbEncryption
dms CreateEndpoint sybaseSettings.password
dms CreateEndpoint redshiftSettings.password
dms CreateEndpoint iBMDb2Settings.password
dms CreateEndpoint redisSettings.authPassword
directconnect AssociateMacSecKey cak
directconnect CreatePrivateVirtualInterface newPrivateVirtualInterface.authKey
directconnect CreateConnection macSecKeys.0.cak
directconnect AllocateTransitVirtualInterface newTransitVirtualInterfaceAllocation.authKey
grafana CreateWorkspaceApiKey key
grafana CreateWorkspaceServiceAccountToken serviceAccountToken.key
iot CreateProvisioningClaim keyPair.privateKey
iot CreateKeysAndCertificate keyPair.PrivateKey
iotwireless CreateWirelessDevice loRaWAN.otaaV1_1.appKey
iotwireless CreateWirelessDevice loRaWAN.otaaV1_1.nwkKey
iotwireless CreateWirelessDevice loRaWAN.abpV1_1.sessionKeys.appSKey
iotwireless CreateWirelessDevice loRaWAN.abpV1_0_x.sessionKeys.nwkSKey
iotwireless CreateWirelessDevice loRaWAN.otaaV1_0_x.genAppKey
ivs CreateStreamKey streamKey.value
ivs CreateChannel streamKey.value
ivs BatchGetStreamKey streamKeys.0.value
ivschat CreateChatToken token
chime CreateAttendee attendee.joinToken
chime ResetPersonalPIN user.personalPIN
chime CreateBot bot.securityToken
chime PutVoiceConnectorTerminationCredentials credentials.0.password
gamelift GetInstanceAccess instanceAccess.credentials.secret
gamelift GetComputeAuthToken authToken
gamelift GetGameSessionLogUrl preSignedUrl
gamelift UpdateBuild uploadCredentials.secretAccessKey
gameliftstreams CreateStreamSessionAdminShell streamUrl
connect GetFederationToken credentials.accessToken
connect GetFederationToken credentials.refreshToken
connect GetFederationToken signInUrl
connect StartChatContact participantToken
connect CreateParticipant participantCredentials.participantToken
connect CreateUser password
lightsail GetInstanceAccessDetails accessDetails.password
lightsail DownloadDefaultKeyPair privateKeyBase64
lightsail CreateBucketAccessKey accessKey.secretAccessKey
lightsail GetRelationalDatabaseMasterUserPassword masterUserPassword
lightsail CreateGUISessionAccessDetails sessions.0.url
transfer CreateServer hostKey
transfer ImportHostKey hostKeyBody
transfer TestIdentityProvider userPassword
transfer ImportCertificate privateKey
payment-cryptography ImportKey keyMaterial
payment-cryptography ExportKey wrappedKey.keyMaterial
iam CreateServiceSpecificCredential serviceSpecificCredential.serviceApiKeyValue
iam CreateServiceSpecificCredential serviceSpecificCredential.serviceCredentialSecret
iam ResetServiceSpecificCredential serviceSpecificCredential.servicePassword
kinesisvideo GetIceServerConfig iceServerList.0.password
kinesisvideo GetHLSStreamingSessionURL hLSStreamingSessionURL
kinesisvideo GetDASHStreamingSessionURL dASHStreamingSessionURL
appstream CreateStreamingURL streamingURL
appstream CreateImageBuilderStreamingURL streamingURL
appstream CreateDirectoryConfig serviceAccountCredentials.accountPassword
ssm StartSession tokenValue
ssm StartSession streamUrl
ssm ResumeSession streamUrl
ssm CreateActivation activationCode
redshift GetClusterCredentials dbPassword
redshift GetClusterCredentialsWithIAM dbPassword
redshift-serverless GetCredentials dbPassword
sagemaker CreatePresignedDomainUrl authorizedUrl
sagemaker CreatePresignedNotebookInstanceUrl authorizedUrl
sagemaker CreatePartnerAppPresignedUrl url
sagemaker StartSession streamUrl
airflow CreateCliToken cliToken
airflow CreateWebLoginToken webToken
codecatalyst CreateAccessToken secret
codecatalyst StartDevEnvironmentSession accessDetails.tokenValue
codecatalyst StartDevEnvironmentSession accessDetails.streamUrl
cloud9 CreateEnvironmentToken authenticationToken
datazone GetEnvironmentCredentials secretAccessKey
datazone GetIamPortalLoginUrl authCodeUrl
quicksight GenerateEmbedUrlForRegisteredUser embedUrl
quicksight GetDashboardEmbedUrl embedUrl
quicksight RegisterUser userInvitationUrl
qbusiness CreateAnonymousWebExperienceUrl anonymousUrl
athena CreatePresignedNotebookUrl notebookUrl
kinesisanalytics CreateApplicationPresignedUrl authorizedUrl
elasticmapreduce GetPersistentAppUIPresignedURL presignedURL
elasticmapreduce GetClusterSessionCredentials credentials.usernamePassword.password
emr-containers GetManagedEndpointSessionCredentials credentials.token
emr-serverless GetDashboardForJobRun url
evs GetDepotUrl depotUrl
elasticbeanstalk RetrieveEnvironmentInfo environmentInfo.0.message
amplifybackend CreateToken challengeCode
amplify GenerateAccessLogs logUrl
signin CreateOAuth2Token code
signin CreateOAuth2Token refreshToken
sso-oauth CreateToken code
sso-oauth CreateToken codeVerifier
sso-oauth RegisterClient clientSecret
sso-oauth StartDeviceAuthorization userCode
cognito-idp ConfirmDevice deviceSecretVerifierConfig.passwordVerifier
cognito-idp VerifyUserAttribute code
cognito-idp VerifySoftwareToken userCode
cognito-idp ConfirmForgotPassword confirmationCode
cognito-idp ConfirmSignUp secretHash
cognito-idp AdminInitiateAuth authParameters.SECRET_HASH
cognito-identity GetCredentialsForIdentity credentials.secretKey
cognito-identity GetOpenIdTokenForDeveloperIdentity token
sts AssumeRoleWithSAML sAMLAssertion
sts GetFederationToken credentials.sessionToken
sts AssumeRoot credentials.secretAccessKey
kms GenerateDataKey plaintext
kms DeriveSharedSecret sharedSecret
kms CreateCustomKeyStore keyStorePassword
kms CreateCustomKeyStore xksProxyAuthenticationCredential.rawSecretAccessKey
ec2 CreateKeyPair keyMaterial
ec2 GetVpnConnectionDeviceSampleConfiguration vpnConnectionDeviceSampleConfiguration
ec2 GetPasswordData passwordData
ec2 ModifyVerifiedAccessTrustProvider nativeApplicationOidcOptions.clientSecret
ec2 ModifyVpnTunnelOptions tunnelOptions.preSharedKey
wafv2 CreateAPIKey aPIKey
macie2 GetSensitiveDataOccurrences sensitiveDataOccurrences
securityhub CreateConnectorV2 provider.jiraCloud.clientSecret
events CreateConnection authParameters.apiKeyAuthParameters.apiKeyValue
events CreateApiDestination invocationHttpParameters.headerParameters.authorization
mobiletargeting UpdateApnsChannel aPNSChannelRequest.tokenKey
mobiletargeting UpdateBaiduChannel baiduChannelRequest.secretKey
appflow UpdateConnectorProfile connectorProfileConfig.connectorProfileCredentials.Datadog.applicationKey
appfabric CreateAppAuthorization credential.oauth2Credential.clientSecret
bedrock-agentcore CreateApiKeyCredentialProvider apiKey
bedrock-agentcore GetResourceOauth2Token accessToken
bedrock-agentcore GetWorkloadAccessToken workloadAccessToken
codestar-connections CreateConnection oAuthToken
ecr GetAuthorizationToken authorizationData.0.authorizationToken
ecr-public GetAuthorizationToken authorizationData.authorizationToken
deadline AssumeQueueRoleForUser credentials.sessionToken
deadline CreateWorker credentials.secretAccessKey
finspace GetProgrammaticAccessCredentials credentials.secretAccessKey
fsx UpdateFileSystem windowsConfiguration.selfManagedActiveDirectoryConfiguration.password
storagegateway ActivateGateway activationKey
datasync UpdateLocationHdfs kerberosKeytab
opsworks GrantAccess temporaryCredential.password
opsworks-cm CreateServer engineAttributes.0.CHEF_PIVOTAL_KEY
rolesanywhere CreateSession credentialSet.0.credentials.secretAccessKey
s3 CreateSession credentials.sessionToken
s3 GetDataAccess credentials.secretAccessKey
s3 PutObject x-amz-server-side-encryption-customer-key
s3 CopyObject x-amz-copy-source-server-side-encryption-customer-key
s3 GetObject x-amz-security-token
s3 GetObject X-Amz-Signature
s3 GetObject X-Amz-Security-Token
translate GetTerminology terminologyDataLocation.location
timestream-influxdb CreateDbInstance password
vpc-lattice CreateListener X-Api-Key
workspaces-web CreateUserAccessLoggingSettings authorizationToken
eks-auth AssumeRoleForPodIdentity credentials.secretAccessKey
eks CreateAddon configurationValues.adminPassword
mq UpdateUser password
mq UpdateBroker ldapServerMetadata.serviceAccountPassword
route53domains TransferDomain authCode
route53domains RetrieveDomainAuthCode authCode
medialive CreateInput destinations.0.Passphrase
mediapackage CreateChannel hlsIngest.ingestEndpoints.0.password
mediaconnect AddFlowOutputs outputs.0.encryption.passphrase
geo CreateKey key
glue CreateConnection authenticationConfiguration.userManagedClientApplicationClientSecret
networkmanager CreateDevice snmp.communityString
"""
CALLS = [parsed(line) for line in _CALLS.splitlines()]

_B64 = base64.b64encode(f"password={SECRET}".encode()).decode()
ELSEWHERE: list[dict[str, Any]] = [
    {"errorMessage": f"Login failed: password '{SECRET}' is wrong, password={SECRET}"},
    {"errorMessage": f"1 validation error: Value 'api_key={SECRET}' at 'x' failed"},
    {"errorMessage": f"could not connect to postgres://app:{SECRET}@db/x"},
    {"errorMessage": json.dumps({"clientSecret": SECRET, "reason": "rejected"})},
    {"errorMessage": f"AADSTS7000215: invalid client_secret={SECRET}"},
    {"errorMessage": f"Authorization header: Bearer {SECRET}-{SECRET} is malformed"},
    {"errorMessage": f"cannot decode {_B64}"},
    {"userAgent": f"curl/8.0 --user admin:{SECRET}"},
    {"userAgent": f"my-tool/1.0 token={SECRET}"},
    {"userAgent": f"APN/1.0 (api-key: {SECRET})"},
    {"requestParameters": {"roleSessionName": f"password={SECRET}"}},
    {"userIdentity": {"type": "AssumedRole", "arn": f"arn:aws:sts::111122223333:assumed-role/R/token={SECRET}"}},
    {"userIdentity": {"type": "AssumedRole", "principalId": f"AROAX:secret={SECRET}"}},
    {"userIdentity": {"sessionContext": {"webIdFederationData": {"attributes": {"id_token": SECRET}}}}},
    {"additionalEventData": {"clientSecret": SECRET}},
    {"serviceEventDetails": {"password": SECRET}},
    {"requestParameters": f"<LoginProfile><Password>{SECRET}</Password></LoginProfile>"},
    {"requestParameters": {"body": f"<ns:api-key type='x'>{SECRET}</ns:api-key>"}},
    {"requestParameters": {"tagging": f"<Tag><Key>db-password</Key><Value>{SECRET}</Value></Tag>"}},
    {"requestParameters": {"resources": [{"ARN": f"https://x.example/?token={SECRET}"}]}},
]  # fmt: skip

INNOCENT_FIELDS: dict[str, Any] = dict.fromkeys(
    [
        "tokenId",
        "tokenType",
        "tokenStatus",
        "tokenName",
        "tokenVersion",
        "secretId",
        "secretName",
        "secretArn",
        "secretVersionId",
        "secretStatus",
        "secretsManagerArn",
        "passwordStatus",
        "passwordPolicyId",
        "passwordLastUsed",
        "passwordLastChanged",
        "passwordExpiry",
        "passwordFormat",
        "credentialId",
        "credentialType",
        "credentialStatus",
        "credentialName",
        "credentialProviderArn",
        "apiKeyId",
        "apiKeyName",
        "apiKeySourceType",
        "apiKeySelectionExpression",
        "authType",
        "authMode",
        "authorizationType",
        "authorizerId",
        "authenticationType",
        "authenticationMethod",
        "keyId",
        "keyName",
        "keyArn",
        "keyAlias",
        "keyUsage",
        "keySpec",
        "keyState",
        "keyPairId",
        "keyPairName",
        "kmsKeyId",
        "kmsKeyArn",
        "encryptionKeyArn",
        "masterUsername",
        "accessKeyId",
        "accessKeyStatus",
        "privateKeyType",
        "signingKeyId",
        "signingKeyArn",
        "publicKey",
        "publicKeyId",
        "sshPublicKeyBody",
        "publicKeyMaterial",
        "nextToken",
        "clientToken",
        "clientRequestToken",
        "idempotencyToken",
        "paginationToken",
        "continuationToken",
        "startingToken",
        "syncToken",
        "lockToken",
        "changeToken",
        "sequenceToken",
        "nextForwardToken",
        "nextBackwardToken",
        "nextPageToken",
        "creationToken",
        "uploadId",
        "marker",
        "partitionKey",
        "sortKey",
        "hashKeyName",
        "routingKeyName",
        "objectKeyPrefix",
        "bucketName",
        "versionId",
        "roleSessionName",
        "sessionName",
        "sessionId",
        "environmentId",
        "environmentName",
        "environmentType",
        "functionName",
        "secretRotationLambdaName",
        "rotationLambdaARN",
        "policyName",
        "policyArn",
        "ruleName",
        "stackName",
        "changeSetName",
        "userPoolId",
        "userPoolClientId",
        "clientId",
        "clientName",
        "identityPoolId",
        "certificateArn",
        "certificateId",
        "streamName",
        "streamArn",
        "streamMode",
        "streamKeyArn",
        "channelArn",
        "webIdentityProvider",
        "samlProviderArn",
        "sAMLProviderArn",
        "principalArn",
        "providerName",
        "providerArn",
        "codeSigningConfigArn",
        "codeRepositoryArn",
        "dbClusterIdentifier",
        "dBInstanceIdentifier",
        "engineVersion",
        "masterUserSecretKmsKeyId",
        "ckn",
        "connectionName",
        "connectionState",
        "monkey",
        "keyboard",
        "turkey",
        "tokenizer",
        "passenger",
        "compass",
        "authority",
        "secretary",
        "credentialReportState",
        "bypassPolicyLockoutSafetyCheckReason",
        "pinnedVersion",
        "spin",
    ],
    "Blue7-Harbor",
)
INNOCENT_FIELDS |= {
    "passwordResetRequired": True, "expiredToken": True, "expiredTokens": 3, "tokenExpired": False,
    "tokenValid": True, "hasPassword": True, "passwordEnabled": True, "passwordExists": False,
    "tokenCount": 3, "maxTokens": 4096, "secretCount": 2, "passwordReusePrevention": 24, "maxPasswordAge": 90,
    "minimumPasswordLength": 14, "tokenValidityUnits": {"accessToken": "hours"}, "secretsEnabled": True,
    "apiKeyRequired": True, "manageMasterUserPassword": True, "enableKeyRotation": True, "expirePasswords": True,
}  # fmt: skip
INNOCENT_FIELDS |= {f"field{number}": value for number, value in enumerate([
    "secret-rotation-lambda", "password-reset-handler", "token-service", "arn:aws:lambda:eu-west-1:1:function:secret-rotation-lambda",
    "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "TokenRefreshRequired", "arn:aws:iam::1:role/api-key-reader",
    "/aws/lambda/secret-rotation-lambda", "The provided token has expired.", "The security token included in the request is expired",
    "User is not authorized to perform: secretsmanager:GetSecretValue", "Secrets Manager can't find the specified secret.",
    "Password does not conform to the account password policy", "s3://tokens/2026/password-list.csv", "alias/secret-key",
    "ecs-task-credentials", "passwordless-login", "MultiFactorAuthentication failed with invalid MFA one time pass code.",
])}  # fmt: skip
