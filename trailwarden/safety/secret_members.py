"""Secrets of single calls whose names do not say so and which AWS's models do not mark: API keys called `key`
or `value`, one-time codes, addresses that sign in whoever has them.

Chosen by hand from what the documentation of the members says; in the form of `sensitive.MEMBERS`.
"""

MEMBERS = """\
amplify GetArtifactUrl: artifacturl
amplify GenerateAccessLogs: logurl
amplifybackend *: challengecode
apigateway CreateApiKey: value
apigateway GetApiKey: value
apigateway GetApiKeys: value
apigateway UpdateApiKey: value
apigateway ImportApiKeys: body
athena CreatePresignedNotebookUrl: notebookurl
bedrock-agentcore *: automationstream liveviewstream
codecatalyst StartDevEnvironmentSession: streamurl
cognito-idp ConfirmDevice: passwordverifier salt
cognito-idp ConfirmSignUp: code
cognito-idp VerifyUserAttribute: code
connect GetAttachedFile: url
connect GetFederationToken: signinurl
connect StartAttachedFileUpload: url
connect StartWebRTCContact: attendee
datazone GetIamPortalLoginUrl: authcodeurl
directconnect *: cak
dms *: securitydbencryption
ec2 GetVpnConnectionDeviceSampleConfiguration: vpnconnectiondevicesampleconfiguration
ecr GetDownloadUrlForLayer: downloadurl
elasticbeanstalk RetrieveEnvironmentInfo: message
emr-serverless GetDashboardForJobRun: url
evs GetDepotUrl: depoturl
gameliftstreams CreateStreamSessionAdminShell: streamurl
glue GetDashboardUrl: url
grafana CreateWorkspaceApiKey: key
iot *: keypair
iotwireless *: appkey appskey fnwksintkey genappkey nwkkey nwksenckey nwkskey snwksintkey
lightsail CreateGUISessionAccessDetails: url
lightsail DownloadDefaultKeyPair: keypair
macie2 GetSensitiveDataOccurrences: sensitivedataoccurrences
mail-manager GetArchiveMessage: messagedownloadlink
profile GetUploadJobPath: url
qbusiness CreateAnonymousWebExperienceUrl: anonymousurl
quicksight RegisterUser: userinvitationurl
sagemaker CreateHubContentPresignedUrls: url
sagemaker CreatePartnerAppPresignedUrl: url
sagemaker StartSession: streamurl
signin CreateOAuth2Token: code codeverifier
ssm PutParameter: value
ssm ResumeSession: streamurl
ssm StartSession: streamurl
sso-oauth CreateToken: code codeverifier
sso-oauth CreateTokenWithIAM: assertion code codeverifier
support GetAttachmentDownloadLink: url
tax GetTaxRegistrationDocument: presigneds3url
translate GetParallelData: location
translate GetTerminology: location
translate ImportTerminology: location
wafv2 GenerateMobileSdkReleaseUrl: url
"""
