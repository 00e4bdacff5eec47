"""What AWS's models mark as sensitive, and no name says.

Written by `python -m tests.sensitive_members`.

`service operation: members`; `*` is every operation of the service. Names as `names.plain` makes them.
"""

# ruff: noqa: E501
MEMBERS = """\
account *: addressline1 addressline2 addressline3 countrycode districtorcounty phonenumber postalcode websiteurl
acm *: contacts
agent-registry *: custommetadata data defaultschema schema searchquery
agent-registry CreateRegistry: custommetadataschemaconfiguration
agent-registry GetRegistry: custommetadataschemaconfiguration
agent-registry SearchDiscoverableRegistryRecords: filters
agent-registry-control *: defaultschema schema
agent-registry-control CreateRegistry: custommetadataschemaconfiguration
agent-registry-control CreateRegistryRecord: custommetadata data
agent-registry-control GetRegistry: custommetadataschemaconfiguration
agent-registry-control GetRegistryRecord: custommetadata data
aidevops *: customheaders exchangeparameters
airflow *: airflowconfigurationoptions body restapiresponse
airflow-serverless *: overrideparameters
amplify *: buildspec
amplifybackend *: emailsettings facebook google loginwithamazon signinwithapple smssettings
amplifyuibuilder *: code
appconfig *: configuration content dynamicextensionparameters
appconfigdata *: configuration
appfabric *: code
appflow *: codeverifier credentialsmap
apprunner *: buildcommand runtimeenvironmentvariables startcommand
appstream *: appcatalogconfig
appstream2 *: appcatalogconfig
artifact *: inquirycontent
auditmanager *: actionplaninstructions assessmentreportsdestination commentbody createdelegationrequests defaultassessmentreportsdestination defaultprocessowners lastupdatedby testinginformation textresponse troubleshootingtext
auditmanager BatchCreateDelegationByAssessment: delegations errors
auditmanager BatchDeleteDelegationByAssessment: errors
auditmanager CreateAssessment: delegations framework
auditmanager CreateAssessmentReport: author
auditmanager GetAssessment: delegations framework
auditmanager GetAssessmentFramework: controlsets
auditmanager GetSettings: snstopic
auditmanager ListAssessmentReports: author
auditmanager ListAssessments: delegations
auditmanager UpdateAssessment: delegations framework
auditmanager UpdateAssessmentControlSetStatus: delegations
auditmanager UpdateAssessmentStatus: delegations framework
b2bi *: phone
backup *: accesspointmetadata metadata restoremetadata restoremetadataoverrides tagkeylist
backup-search *: objectkey
bedrock *: accesscontrollist accuracyjustification agenttraces alternateexpression analyzepromptevent andall baseprompttemplate blockedinputmessaging blockedoutputsmessaging chat chunk code collaborationinstruction collaboratorinstruction conditionnoderesulttrace conditionresultevent contentblocks custommetricdefinition customorchestrationtrace customwords data definition displayastext documentacl error event examples exclusionfilters expression failuremessage failurerecommendations failuretrace feedback fields fieldstoexclude fieldstoinclude filter filters flowcompletionevent flowfailureevent flowinputevent flowmultiturninputrequestevent flowoutputevent generationcontext groundingjustifications guardcontent guardrailtrace inclusionfilters inclusionprefixes inferenceparams inlinecontent inputassessments inputquery inputtext inputvariables instruction invocationinput key linetext location logic managedwordlists metadataattributes modelinput modelinvocationinput modelinvocationoutput naturallanguage next nodeactionevent nodeactiontrace nodedependencyevent nodedependencytrace nodefailureevent nodeinputevent nodeinputtrace nodeoutputevent nodeoutputtrace observation optimizedpromptevent orall orchestrationtrace outputassessments parsedresponse payload piientities policyvariable postprocessingtrace preprocessingtrace promptoverrideconfiguration promptvariables queries querycontent querygenerationinput rationale rawresponse reasoningcontent reasoningtext regexes repromptresponse requestmetadata retrievalquery retrievalresults returncontrol returncontrolpayload routingclassifiertrace row satisfiedconditions scenarioexpression schema statusreasons stringlistvalue stringvalue structure system text textprompt textprompttemplate textquery textresponsepart toolchoice tools topics trace traceelements unusedvariables useragent useragentheader usercontext variants verb xamznbedrockrequestmetadata
bedrock ApplyGuardrail: image
bedrock CountTokens: body
bedrock CreateFlow: content
bedrock CreateFlowVersion: content
bedrock CreateGuardrail: inputmodalities outputmodalities
bedrock CreateModelCustomizationJob: equals notequals
bedrock CreatePrompt: agent content metadata value
bedrock CreatePromptVersion: agent content metadata value
bedrock GetAutomatedReasoningPolicyAnnotations: content
bedrock GetCustomModel: equals notequals
bedrock GetFlow: content
bedrock GetFlowVersion: content
bedrock GetGuardrail: inputmodalities outputmodalities
bedrock GetModelCustomizationJob: equals notequals
bedrock GetModelInvocationJob: message
bedrock GetPrompt: agent content metadata value
bedrock InvokeAgent: metadata
bedrock InvokeFlow: executionchain metadata
bedrock InvokeInlineAgent: metadata
bedrock InvokeModel: body
bedrock InvokeModelWithBidirectionalStream: bytes
bedrock InvokeModelWithResponseStream: bytes
bedrock ListFlowExecutionEvents: metadata
bedrock ListModelInvocationJobs: message
bedrock Retrieve: content metadata
bedrock RetrieveAndGenerate: content input metadata output
bedrock RetrieveAndGenerateStream: content input metadata output
bedrock StartAutomatedReasoningPolicyBuildWorkflow: content
bedrock StartFlowExecution: content
bedrock UpdateAutomatedReasoningPolicyAnnotations: content
bedrock UpdateFlow: content
bedrock UpdateGuardrail: inputmodalities outputmodalities
bedrock UpdatePrompt: agent content metadata value
bedrock ValidateFlowDefinition: content
bedrock-agent *: accesscontrollist baseprompttemplate chat code collaborationinstruction definition exclusionfilters expression fieldstoexclude fieldstoinclude generationcontext inclusionfilters inclusionprefixes inputvariables instruction key payload promptoverrideconfiguration stringlistvalue stringvalue system textprompttemplate toolchoice tools useragent useragentheader variants
bedrock-agent CreateDataSource: filters
bedrock-agent CreateFlow: content
bedrock-agent CreateFlowVersion: content
bedrock-agent CreatePrompt: agent content metadata value
bedrock-agent CreatePromptVersion: agent content metadata value
bedrock-agent GetDataSource: filters
bedrock-agent GetFlow: content
bedrock-agent GetFlowVersion: content
bedrock-agent GetPrompt: agent content metadata value
bedrock-agent IngestKnowledgeBaseDocuments: data
bedrock-agent UpdateDataSource: filters
bedrock-agent UpdateFlow: content
bedrock-agent UpdatePrompt: agent content metadata value
bedrock-agent ValidateFlowDefinition: content
bedrock-agent-runtime *: agenttraces analyzepromptevent andall baseprompttemplate chunk collaboratorinstruction conditionnoderesulttrace conditionresultevent contentblocks customorchestrationtrace customwords data documentacl event expression failuretrace fields fieldstoexclude fieldstoinclude filter filters flowcompletionevent flowfailureevent flowinputevent flowmultiturninputrequestevent flowoutputevent guardrailtrace inlinecontent inputassessments inputquery inputtext instruction invocationinput location managedwordlists metadataattributes modelinvocationinput modelinvocationoutput next nodeactionevent nodeactiontrace nodedependencyevent nodedependencytrace nodefailureevent nodeinputevent nodeinputtrace nodeoutputevent nodeoutputtrace observation optimizedpromptevent orall orchestrationtrace outputassessments parsedresponse piientities postprocessingtrace preprocessingtrace promptoverrideconfiguration queries querygenerationinput rationale rawresponse reasoningcontent reasoningtext regexes repromptresponse retrievalquery retrievalresults returncontrol returncontrolpayload routingclassifiertrace row satisfiedconditions textprompt textprompttemplate textquery textresponsepart topics trace traceelements usercontext verb
bedrock-agent-runtime InvokeAgent: metadata
bedrock-agent-runtime InvokeFlow: executionchain metadata
bedrock-agent-runtime InvokeInlineAgent: metadata payload
bedrock-agent-runtime ListFlowExecutionEvents: metadata
bedrock-agent-runtime Retrieve: content metadata
bedrock-agent-runtime RetrieveAndGenerate: content input metadata output
bedrock-agent-runtime RetrieveAndGenerateStream: content input metadata output
bedrock-agent-runtime StartFlowExecution: content
bedrock-agentcore *: additionalheaderclaims additionalpayloadclaims apibase appendtoprompt apple authorizationurl components customparameters downloadurl environmentvariables evaluationreferenceinputs examples github google headers inlinepayload inputschema instructions json llmextractioninstruction phonenumber ratingscale reasoningcontent reasoningtext recommendedsystemprompt response sessionspans sms staticqueryparameters telegram text x
bedrock-agentcore CreateEvent: blob
bedrock-agentcore CreateMemory: definition
bedrock-agentcore Evaluate: explanation
bedrock-agentcore GetEvent: blob
bedrock-agentcore GetMemory: definition
bedrock-agentcore InvokeAgentRuntime: payload
bedrock-agentcore InvokeHarness: input
bedrock-agentcore ListEvents: blob
bedrock-agentcore ProcessPayment: payload
bedrock-agentcore RetrieveMemoryRecords: searchquery
bedrock-agentcore UpdateCapacityProvider: optionalvalue
bedrock-agentcore UpdateMemory: definition
bedrock-agentcore UpdatePolicy: optionalvalue
bedrock-agentcore UpdatePolicyEngine: optionalvalue
bedrock-agentcore-control *: additionalheaderclaims additionalpayloadclaims apibase appendtoprompt components downloadurl environmentvariables examples headers inlinepayload instructions llmextractioninstruction ratingscale staticqueryparameters text
bedrock-agentcore-control CreateGatewayTarget: customparameters
bedrock-agentcore-control CreateHarness: customparameters inputschema
bedrock-agentcore-control CreateMemory: definition
bedrock-agentcore-control DeleteHarness: customparameters inputschema
bedrock-agentcore-control GetGatewayTarget: customparameters
bedrock-agentcore-control GetHarness: customparameters inputschema
bedrock-agentcore-control GetMemory: definition
bedrock-agentcore-control SynchronizeGatewayTargets: customparameters
bedrock-agentcore-control UpdateCapacityProvider: optionalvalue
bedrock-agentcore-control UpdateGatewayTarget: customparameters
bedrock-agentcore-control UpdateHarness: customparameters inputschema
bedrock-agentcore-control UpdateMemory: definition
bedrock-agentcore-control UpdatePolicy: optionalvalue
bedrock-agentcore-control UpdatePolicyEngine: optionalvalue
bedrock-data-automation *: displayastext schema text
bedrock-runtime *: chunk error failuremessage logic modelinput naturallanguage promptvariables reasoningcontent reasoningtext requestmetadata structure xamznbedrockrequestmetadata
bedrock-runtime ApplyGuardrail: image
bedrock-runtime CountTokens: body
bedrock-runtime InvokeGuardrailChecks: text
bedrock-runtime InvokeModel: body
bedrock-runtime InvokeModelWithBidirectionalStream: bytes
bedrock-runtime InvokeModelWithResponseStream: bytes
budgets *: address
cases *: customentity
chime *: arguments argumentsmap body content defaultphonenumber destination e164phonenumber e164phonenumbers emergencyphonenumber fallbackphonenumber filterrule fromphonenumber insightstarget key mediainsightsruntimemetadata metadata outboundeventshttpsendpoint participantphonenumbers postalcode postalcodeplus4 postdirectional predirectional primaryprovisionednumber proxyphonenumber sipheaders streetinfo streetnumber stringvalues testphonenumber tophonenumber url useremaillist value
chime CreateProxySession: phonenumber
chime GetProxySession: phonenumber
chime ListProxySessions: phonenumber
chime UpdateProxySession: phonenumber
cleanrooms *: analysisparameters sqlparameters text
cleanrooms CreateIntermediateTable: parameters
cleanrooms GetIntermediateTable: parameters
cleanrooms GetProtectedJob: parameters
cleanrooms GetProtectedQuery: parameters
cleanrooms PopulateIntermediateTable: parameters
cleanrooms StartProtectedJob: parameters
cleanrooms StartProtectedQuery: parameters
cleanrooms UpdateIntermediateTable: parameters
cleanrooms UpdateProtectedJob: parameters
cleanrooms UpdateProtectedQuery: parameters
cleanrooms-ml *: parameters sqlparameters
cloud9 *: key value
cloudcontrolapi *: properties resourcemodel
cloudfront *: connectionfunctioncode connectionfunctionerrormessage connectionfunctionexecutionlogs connectionfunctionoutput connectionobject eventobject functioncode functionerrormessage functionexecutionlogs functionoutput headervalue
cloudfront-keyvaluestore *: value
cloudwatch *: code deeplinkurl
cloudwatch-omni *: code deeplinkurl
codebuild *: command standarderrcontent standardoutputcontent
codecatalyst *: accessdetails streamurl
codeguru-security *: requestheaders s3url
codestar-notifications *: targetaddress
cognito-identity GetCredentialsForIdentity: logins
cognito-identity GetId: logins
cognito-identity GetOpenIdToken: logins
cognito-identity GetOpenIdTokenForDeveloperIdentity: logins
cognito-identity UnlinkIdentity: logins
cognito-idp *: authparameters secretcode session usercontextdata value
cognito-idp AdminRespondToAuthChallenge: challengeresponses
cognito-idp RespondToAuthChallenge: challengeresponses
comprehend *: classifiermetadata recognizermetadata textlist textsegments
comprehend ClassifyDocument: text
comprehend DetectDominantLanguage: text
comprehend DetectSentiment: text
comprehend DetectToxicContent: text
connect *: body deskphonenumber error inputschema instancealias replicaalias searchtext
connect CreateUser: phonenumber
connect CreateView: actions
connect CreateViewVersion: actions
connect DescribeUser: phonenumber
connect DescribeView: actions
connect SearchContacts: key segmentattributes values
connect SearchUsers: phonenumber
connect SearchViews: actions
connect SendOutboundEmail: subject
connect StartEmailContact: attachments subject
connect StartOutboundEmailContact: subject
connect StartTaskContact: attachments
connect UpdateParticipantAuthentication: code
connect UpdateUserConfig: phonenumber
connect UpdateViewContent: actions
connect-campaigns *: attributes destinationphonenumber phonenumber templateparameters
datazone *: actionlink assetformsinput branch commitmessage editedvalue event model repository
datazone BatchPutAttributesMetadata: forms
datazone CreateAsset: formsinput
datazone CreateAssetRevision: formsinput
datazone CreateDataProduct: formsinput
datazone CreateDataProductRevision: formsinput
datazone CreateNotebook: metadata parameters
datazone GetNotebook: metadata parameters
datazone GetNotebookExport: uri
datazone GetNotebookRun: metadata parameters
datazone ListNotifications: message
datazone SearchGroupProfiles: searchtext
datazone SearchUserProfiles: searchtext
datazone StartNotebookImport: s3
datazone StartNotebookRun: metadata parameters
datazone StartNotebookSync: s3
datazone UpdateNotebook: metadata parameters
deadline *: descriptionoverride filesystemlocations filesystemlocationstoadd filesystemlocationstoremove jobparameters pathmappingrules progressmessage scriptbody template
deadline BatchGetJob: manifests parameters
deadline BatchGetJobEntity: manifests parameters
deadline BatchGetSessionAction: parameters
deadline BatchGetTask: parameters
deadline CreateJob: manifests parameters
deadline GetJob: manifests parameters
deadline GetSessionAction: parameters
deadline GetTask: parameters
deadline ListSessionActions: parameters
deadline ListTasks: parameters
deadline SearchTasks: parameters
detective *: message
devicefarm *: interactiveendpoint jobdetailsurl remotedriverendpoint testdetailsurl
devicefarm CreateTestGridUrl: url
devicefarm CreateUpload: url
devicefarm GetUpload: url
devicefarm InstallToRemoteAccessSession: url
devicefarm ListTestGridSessionArtifacts: url
devicefarm ListUploads: url
devicefarm UpdateUpload: url
discovery *: agentnetworkinfolist
dms *: s3objecturl securitydbencryption
dms CreateDataMigration: selectionrules
dms DeleteDataMigration: selectionrules
dms DescribeDataMigrations: selectionrules
dms ModifyDataMigration: selectionrules
dms StartDataMigration: selectionrules
dms StopDataMigration: selectionrules
drs *: replicationstatusdetails
ds *: sharenotes
ds-data *: s searchstring ss
ebs *: blockdata blocks changedblocks
ec2 *: customergatewayconfiguration importmanifesturl keyvalue url vpnconnectiondevicesampleconfiguration
ec2 GetInstanceUefiData: uefidata
ec2 RegisterImage: uefidata
ec2 RunScheduledInstances: launchspecification
ecs *: environment
email *: websiteurl
email CreateExportJob: destination subject
email GetExportJob: destination subject
email GetMessageInsights: destination subject
emr-containers *: entrypoint entrypointarguments properties sparksqlparameters sparksubmitparameters
emr-serverless *: entrypoint entrypointarguments initqueryfile parameters properties query sparksubmitparameters
entityresolution *: record recordattributemap
events *: data detail eventbusv2parameters graphqloperation httpparameters jsonataconfiguration kinesisparameters lambdaparameters pattern snsparameters sql sqls sqsparameters stepfunctionsparameters universaltargetparameters
events CreateConnection: value
events DescribeConnection: value
events PutRawEvents: metadata
events UpdateConnection: value
eventsv2 *: data detail eventbusv2parameters httpparameters jsonataconfiguration kinesisparameters lambdaparameters pattern snsparameters sqsparameters stepfunctionsparameters universaltargetparameters
eventsv2 PutRawEvents: metadata
evs *: solutionkey vsankey
execute-api *: actions inputschema template
firehose *: accounturl attributevalue schema url
firehose CreateDeliveryStream: table
firehose UpdateDestination: table
forecast CreateAutoPredictor: key value
forecast CreateDataset: key value
forecast CreateDatasetGroup: key value
forecast CreateDatasetImportJob: key value
forecast CreateExplainability: key value
forecast CreateExplainabilityExport: key value
forecast CreateForecast: key value
forecast CreateForecastExportJob: key value
forecast CreateMonitor: key value
forecast CreatePredictor: key
forecast CreatePredictorBacktestExportJob: key value
forecast CreateWhatIfAnalysis: key value
forecast CreateWhatIfForecast: key value
forecast CreateWhatIfForecastExport: key value
forecast ListTagsForResource: key value
forecast TagResource: key value
frauddetector *: elements entities expression expressionwithvalues externalmodelendpointdatablobs inputvariables outputvariables
frauddetector GetEvent: eventvariables
frauddetector GetEventPrediction: eventvariables
frauddetector GetEventPredictionMetadata: value
frauddetector SendEvent: eventvariables
gamelift *: customeventdata events gameserverdata gamesessiondata iprange matchmakerdata playerdata playerdatamap
gamelift CreateGameSession: value
gamelift DescribeGameSessionDetails: value
gamelift DescribeGameSessionPlacement: value
gamelift DescribeGameSessions: value
gamelift DescribeMatchmakingConfigurations: value
gamelift SearchGameSessions: value
gamelift StartGameSessionPlacement: value
gamelift StopGameSessionPlacement: value
gamelift TerminateGameSession: value
gamelift UpdateGameSession: value
gamelift UpdateMatchmakingConfiguration: value
gameliftstreams *: signalrequest signalresponse
gameliftstreams CreateStreamUrl: streamurl
gameliftstreams GetStreamUrl: streamurl
gameliftstreams ListStreamUrls: streamurl
geo *: addressnumber allowreferers biasposition categories center circle departureposition departurepositions destinationposition destinationpositions endposition filterbbox filtercategories filtercountries geobuf geofenceproperties key linestring municipality neighborhood point politicalview position positionproperties postalcode resultbbox routebbox snappeddeparturepositions snappeddestinationpositions startposition street submunicipality supplementalcategories text unitnumber waypointpositions x y z
geo-maps *: boundedpositions boundingbox center compactoverlay geojsonoverlay key politicalview x y z
geo-places *: biasposition boundingbox center circle code2 code3 designator direction display excludebusinesschains excludecategories includebusinesschains includecategories includecountries key mapview number offset openduration originalterm placeattributes politicalview position postalauthority querycomponent queryposition querytext recordtypecode recurrence refinedterm value zipclassificationcode
geo-places Geocode: code
geo-places GetPlace: addressnumber building code postalcode
geo-places ReverseGeocode: addressnumber block building code district locality postalcode street subblock subdistrict
geo-places SearchNearby: addressnumber building code postalcode
geo-places SearchText: addressnumber building code postalcode
geo-places Suggest: addressnumber building code postalcode
geo-routes *: accessibilityattributes allowedmodes anchortext attributes boundingbox caraccess center circle co2emissionclass color constraint corridor countries dayofweek destination direction distance enabledfor excludedmodes gate hazardouscargos headsign instruction key legadditionalfeatures linestring model namehint origin originalposition pedestrianaccess period polyline polylinecorridor polylinepolygon position profile railwaycrossing roadattributes scooteraccess snappeddestination snappedorigin snappedposition steeringdirection textcolor timeofday tracepointindexes treatservicetimeas truckaccess tunnelrestrictioncode turnintensity url value vehiclecategory
geo-routes CalculateIsolines: licenseplate
geo-routes CalculateRouteMatrix: allow category licenseplate
geo-routes CalculateRoutes: category lastcharacter
geo-routes SnapToRoads: code
glue *: codegenconfigurationnodes evaluateddistributions evaluatedmetrics evaluatedrule evaluationmessage records rulemetrics statisticproperties
glue GetDashboardUrl: url
grafana *: admin editor key
guardduty *: comments ipaddressv4 ipaddressv6
health-agent *: dateofbirth pronouns sectionheader sectioninstruction unstructuredcontext
healthlake *: body optionslist
healthlake GetDataTransformationProfile: profilemapping
healthlake UpdateDataTransformationProfile: profilemapping
identity-chime *: key metadata value
identitystore *: display formatted locality postalcode preferredlanguage profileurl streetaddress timezone value website
identitystore ListGroups: attributevalue
identitystore ListUsers: attributevalue
inspector2 *: authorizationurl instanceurl
inspector2 UpdateCodeSecurityIntegration: code
invoicing *: contacts receiveraddress taxregistrationnumber
iot *: recipe sourceip targetip
iot CreatePackageVersion: attributes
iot GetPackageVersion: attributes
iot UpdatePackageVersion: attributes
iotfleetwise *: actions conditionexpression expression signalstocollect signalstofetch storagelocation
iotfleetwise CreateCampaign: dataextradimensions
iotfleetwise GetCampaign: dataextradimensions
iotfleetwise UpdateCampaign: dataextradimensions
iotmanagedintegrations *: brand classification connectordeviceidfilter connectordeviceidlist devicespecifickey internationalarticlenumber macaddress model oauthauthorizationurl ownerfilter parameters serialnumber serialnumberfilter universalproductcode
iotmanagedintegrations GetManagedThingState: properties
iotmanagedintegrations SendConnectorEvent: message
iotsitewise *: command ecruri environmentvariables executionenvironmentvariableoverrides executionenvironmentvariables global querystatement requestenvironmentvariables
ivs *: metadata value
ivschat CreateChatToken: attributes
kafkaconnect *: connectorconfiguration originconnectorconfiguration propertiesfilecontent targetconnectorconfiguration
kms *: message
lakeformation *: querystring
lambda *: environmentvariables errordata errormessage inputpayload runhookpayload stacktrace variables zipfile
lambda CheckpointDurableExecution: payload result
lambda CreateFunction: message
lambda GetDurableExecution: result
lambda GetDurableExecutionState: result
lambda GetFunctionConfiguration: message
lambda Invoke: payload
lambda InvokeWithResponseStream: payload
lambda ListFunctions: message
lambda ListVersionsByFunction: message
lambda PublishVersion: message
lambda SendDurableExecutionCallbackSuccess: result
lambda UpdateFunctionCode: message
lambda UpdateFunctionConfiguration: message
launchwizard CreateDeployment: specifications
launchwizard GetDeployment: specifications
launchwizard UpdateDeployment: specifications
lex *: activecontexts botconfiguration content contextattributes encodedinputtranscript encodedmessage inputcharacter inputtext message parameters requestattributes xamzlexactivecontexts xamzlexencodedinputtranscript xamzlexencodedmessage xamzlexmessage xamzlexrequestattributes
lex GetSession: sessionattributes slots
lex PostText: sessionattributes slots
lightsail CreateGUISessionAccessDetails: url
mail-manager *: address cacontent crlcontent diagnosticmessage message replacewith sender
media-pipelines-chime *: destination insightstarget mediainsightsruntimemetadata url
medical-imaging *: copiableattributes dicomaccessionnumber dicompatientsex dicomseriesbodypart dicomseriesmodality removableattributes searchcriteria updatableattributes
messaging-chime *: body content filterrule metadata stringvalues
messaging-chime CreateChannel: key value
messaging-chime CreateChannelFlow: key value
messaging-chime ListTagsForResource: key value
messaging-chime TagResource: key value
migrationhub-orchestrator *: inputparameters workflowinputs
migrationhub-strategy *: secretsmanagerkey
mpa *: metadata
network-security-manager *: prompt
networkmanager *: location
notifications *: attachmentdownloadurl
notifications-contacts *: address code
nova-act *: content input inputschema task
nova-act UpdateAct: message
oidc *: assertion codeverifier
organizations *: notes
organizations AcceptHandshake: value
organizations CancelHandshake: value
organizations DeclineHandshake: value
organizations DescribeHandshake: value
organizations EnableAllFeatures: value
organizations ListHandshakesForAccount: value
organizations ListHandshakesForOrganization: value
outposts *: address operatingaddress shippingaddress
partnercentral *: customerawsaccountidfilters
partnercentral-benefits *: phone
partnercentral-prm *: customerawsaccountidfilters
partnercentral-selling *: alias businessproblem countrycode currencycode customerbusinessproblem duns invitationmessage modifiedby nextsteps optimizedamount phone potentialsavingsamount savingsamount streetaddress totalamount totalamountbycategory totaloptimizedamount totalpotentialsavingsamount
partnercentral-selling CreateEngagement: websiteurl
partnercentral-selling CreateEngagementContext: websiteurl
partnercentral-selling CreateEngagementInvitation: amount message websiteurl
partnercentral-selling CreateOpportunity: postalcode websiteurl
partnercentral-selling GetEngagement: websiteurl
partnercentral-selling GetEngagementInvitation: amount
partnercentral-selling GetOpportunity: postalcode websiteurl
partnercentral-selling GetResourceSnapshot: postalcode websiteurl
partnercentral-selling ListOpportunities: amount postalcode websiteurl
partnercentral-selling UpdateEngagementContext: websiteurl
partnercentral-selling UpdateOpportunity: postalcode websiteurl
payment-cryptography *: applicationcryptogram authrequestcryptogram authresponsevalue certificatesigningrequest ciphertext currentencryptedpinblock decimalizationtable encryptedpinblock initializationvector mac messagedata newencryptedpinblock optionalblocks pinblock pinoffset pinvalidationdata primaryaccountnumber proprietaryauthenticationdata randomkeyreceive randomkeysend servicecode sessionderivationdata trackdata transactiondata validationdata verificationvalue wrappedkeyblock wrappedkeycryptogram
payment-cryptography DecryptData: tr31keyblock
payment-cryptography EncryptData: tr31keyblock
payment-cryptography GeneratePinData: tr31keyblock
payment-cryptography ReEncryptData: tr31keyblock
payment-cryptography TranslatePinData: tr31keyblock
payment-cryptography VerifyPinData: tr31keyblock
personalize *: context eventlist filterexpression filtervalues impression metadata properties
personalize-events *: eventlist impression properties
personalize-runtime *: context filtervalues metadata
pi *: recommendationdetails
pipes *: additionalbootstrapservers expression field headerparameters inputtemplate partitionkey pathparametervalues pattern querystringparameters securitygroup securitygroups sqls subnets
polly *: content
profile *: attributedetails category conditionoverrides conditions content context eventtriggerconditions flowdefinition imagelink keys keyvalues layout link objects price profileattributes recommendations recommenderfilterexpression segmentgroups segmentsort segmentsqlquery statistic
profile BatchGetProfile: accountnumber additionalinformation address attributes billingaddress businessphonenumber gender genderstring homephonenumber mailingaddress mobilephonenumber partytypestring phonenumber shippingaddress
profile BatchPutProfileObject: object
profile CreateProfile: accountnumber additionalinformation address attributes billingaddress businessphonenumber gender genderstring homephonenumber mailingaddress mobilephonenumber partytypestring phonenumber shippingaddress
profile CreateUploadJob: fields
profile DetectProfileObjectType: fields
profile GetProfileObjectType: fields
profile GetProfileObjectTypeTemplate: fields
profile GetProfileRecommendations: additionalinformation attributes code
profile GetSegmentMembership: accountnumber additionalinformation address attributes billingaddress businessphonenumber gender genderstring homephonenumber mailingaddress mobilephonenumber partytypestring phonenumber shippingaddress
profile GetUploadJob: fields
profile ListCalculatedAttributeDefinitions: items
profile ListDomainObjectTypes: items
profile ListEventTriggers: items
profile ListObjectTypeAttributeValues: value
profile ListProfileObjectTypes: items
profile ListProfileObjects: object
profile PutProfileObject: object
profile PutProfileObjectType: fields
profile SearchProfiles: accountnumber additionalinformation address attributes billingaddress businessphonenumber gender genderstring homephonenumber mailingaddress mobilephonenumber partytypestring phonenumber shippingaddress
profile SearchRecommendations: additionalinformation attributes code
profile UpdateProfile: accountnumber additionalinformation address attributes billingaddress businessphonenumber gender genderstring homephonenumber mailingaddress mobilephonenumber partytypestring phonenumber shippingaddress
proton *: deploymentstatusmessage manifest outputs schema servicespec spec statusmessage templatefile
qbusiness CreatePlugin: payload
qbusiness GetPlugin: payload
qbusiness UpdatePlugin: payload
quicksight *: body calculatedfieldsynonyms cellvalue columnsynonyms conditionexpression custominstructionsstring custompromptinput customvalue datetimevalues decimalvalues downloadurl entitysynonyms expression falseycellvalue falseycellvaluesynonyms fieldvalue filtersynonyms flowdefinition inputpayload instructiontext integervalues knowledgebaseconfiguration matchallvalue nullstring oauthauthorizationendpointurl oauthtokenendpointurl outputpayload outputstyle promptsummary querytext question questiontext restatement singularconstant sqlquery starterprompts staticvalue stringvalues synonyms text tone truthycellvalue truthycellvaluesynonyms welcomemessage
quicksight CreateAgent: custominstructions identity
quicksight CreateAnalysis: staticvalues
quicksight CreateDashboard: staticvalues
quicksight CreateTemplate: staticvalues
quicksight CreateTopic: constant maximum minimum
quicksight DescribeAgent: custominstructions identity
quicksight DescribeAnalysisDefinition: staticvalues
quicksight DescribeAssetBundleImportJob: credentialpair
quicksight DescribeDashboardDefinition: staticvalues
quicksight DescribeDashboardSnapshotJob: values
quicksight DescribeDashboardSnapshotJobResult: s3uri
quicksight DescribeTemplateDefinition: staticvalues
quicksight DescribeTopic: constant maximum minimum
quicksight GenerateEmbedUrlForAnonymousUser: value
quicksight SearchTopics: value
quicksight SearchTopicsV2: value
quicksight StartAssetBundleImportJob: credentialpair
quicksight StartDashboardSnapshotJob: value values
quicksight UpdateAgent: custominstructions identity
quicksight UpdateAnalysis: staticvalues
quicksight UpdateDashboard: staticvalues
quicksight UpdateTemplate: staticvalues
quicksight UpdateTopic: constant maximum minimum
rds *: initquery logfiledata
rds DescribeOptionGroups: value
rds ModifyOptionGroup: value
rekognition GetFaceLivenessSessionResults: bytes
repostspace *: body
resiliencehub *: matchexpressions matchlabels
resource-explorer-2 *: filters querystring
rolesanywhere *: key value
route53domains *: abusecontactphone addressline1 addressline2 admincontact billingcontact countrycode fax phonenumber registrantcontact techcontact zipcode
route53domains GetDomainDetail: value
route53domains RegisterDomain: value
route53domains TransferDomain: value
route53domains UpdateDomainContact: value
route53globalresolver *: value
rtbfabric *: certificateauthoritycertificates
runtime-v2-lex *: content contextattributes inputcharacter
s3 *: ssekmsencryptioncontext xamzserversideencryptioncontext
sagemaker *: body bytes customattributes modelcardcontent xamznsagemakercustomattributes
sagemaker CreateModelCard: content
sagemaker DescribeModelCard: content
sagemaker Search: content
sagemaker UpdateModelCard: content
sagemaker-geospatial GetEarthObservationJob: timerangefilter
sagemaker-geospatial SearchRasterDataCollection: timerangefilter
sagemaker-geospatial StartEarthObservationJob: timerangefilter
scn *: data query
security-ir *: body
securityagent *: body content inlinepem mfaforwardingaddress sender subject trustedcacertificates
ses *: address cacontent crlcontent diagnosticmessage message replacewith sender websiteurl
ses CreateExportJob: destination subject
ses GetExportJob: destination subject
ses GetMessageInsights: destination subject
snowball CreateJob: phonenumber
snowball DescribeJob: phonenumber
snowball UpdateJob: phonenumber
sns *: phonenumber
sns ListPhoneNumbersOptedOut: phonenumbers
social-messaging *: callevent destinationphonenumber destinations3file eventdata message sources3file
ssm *: input ownerinformation taskparameters
ssm CreatePatchBaseline: configuration
ssm GetDeployablePatchSnapshotForInstance: configuration
ssm GetMaintenanceWindowExecutionTask: values
ssm GetMaintenanceWindowTask: payload
ssm GetParameter: value
ssm GetParameterHistory: value
ssm GetParameters: value
ssm GetParametersByPath: value
ssm GetPatchBaseline: configuration
ssm RegisterTaskWithMaintenanceWindow: payload
ssm UpdateMaintenanceWindowTask: payload
ssm UpdatePatchBaseline: configuration
sso-oauth *: assertion codeverifier
states *: afterarguments afteritembatcher afteritemselector afteritemspointer afterparameters afterresultselector assignedvariables cause code context definition error input inspectiondata location mapitemreaderdata message output parameters variables
states TestState: result
storagegateway *: gatewaynetworkinterfaces
tax *: accountdetails accountmetadata message taxregistration taxregistrationentry taxregistrations
thinclient *: desktopendpoint
timestream *: querystring
tnb *: file
transcribe *: pronouns
transfer *: customhttpheaders faviconfile logofile messagesubject
transfer StartFileTransfer: key value
translate *: content file
verifiedpermissions *: cedarjson contextmap decimal duration groupclaim ipaddr namespaces principalidclaim schema statement string
verifiedpermissions BatchIsAuthorized: errors
verifiedpermissions BatchIsAuthorizedWithToken: errors
verifiedpermissions IsAuthorized: errors
verifiedpermissions IsAuthorizedWithToken: errors
voice-chime *: arguments argumentsmap defaultphonenumber e164phonenumber e164phonenumbers emergencyphonenumber fallbackphonenumber fromphonenumber key participantphonenumbers postalcode postalcodeplus4 postdirectional predirectional proxyphonenumber sipheaders streetinfo streetnumber testphonenumber tophonenumber
voice-chime CreateProxySession: phonenumber
voice-chime CreateSipMediaApplication: value
voice-chime CreateVoiceConnector: value
voice-chime CreateVoiceProfileDomain: value
voice-chime GetProxySession: phonenumber
voice-chime ListProxySessions: phonenumber
voice-chime ListTagsForResource: value
voice-chime TagResource: value
voice-chime UpdateProxySession: phonenumber
voiceid *: key value
wellarchitected *: applicationoverview architectureoverview businessoverview
wellarchitected CreateAgentContext: additionalcontext industry
wellarchitected GetAgentContext: additionalcontext industry
wellarchitected GetAgentRecommendation: content
wellarchitected ListAgentContexts: additionalcontext industry
wellarchitected UpdateAgentContext: additionalcontext industry
wickr *: challenge
wisdom *: accountnumber additionalinformation address address1 address2 address3 address4 annotations arguments attributes attributesinterpolated attributesnotinterpolated billingaddress1 billingaddress2 billingaddress3 billingaddress4 billingcounty billingpostalcode billingprovince blockedinputmessaging blockedoutputsmessaging botresponse businessphonenumber channel channels completion contenttext county criteria custom customattributes definition exclusionfilters gender homephonenumber imageiconurl imageurl inclusionfilters inputschema inputschemas inputstrength inputtranscript intent mailingaddress1 mailingaddress2 mailingaddress3 mailingaddress4 mailingcounty mailingpostalcode mailingprovince mediaurl messagetext mobilephonenumber outputfilters outputschema outputschemas outputstrength overrideinputvalues pattern phonenumber postalcode province querytext retrievalquery shippingaddress1 shippingaddress2 shippingaddress3 shippingaddress4 shippingcounty shippingpostalcode shippingprovince smallimageiconurl sound stringvalue subject suggestedmessages text url
wisdom CreateAIGuardrail: examples
wisdom CreateAIGuardrailVersion: examples
wisdom CreateMessageTemplate: value values
wisdom CreateMessageTemplateAttachment: body
wisdom CreateMessageTemplateVersion: value values
wisdom CreateQuickResponse: values
wisdom GetAIGuardrail: examples
wisdom GetMessageTemplate: value values
wisdom GetNextMessage: data key sourceurl toolresult
wisdom GetQuickResponse: content values
wisdom ListMessages: data sourceurl toolresult
wisdom ListSpans: value
wisdom RenderMessageTemplate: value
wisdom Retrieve: value
wisdom SearchQuickResponses: content
wisdom SendMessage: data sourceurl toolresult
wisdom UpdateAIGuardrail: examples
wisdom UpdateMessageTemplate: value values
wisdom UpdateMessageTemplateMetadata: value values
wisdom UpdateQuickResponse: values
wisdom UpdateSessionData: key
workdocs *: authentication emailmessage query querytext searchquery statusmessage text thumbnail uploadurl weburl
workmail *: company department initials office street telephone zipcode
workspaces-instances *: ipv6address
workspaces-web *: allowedurls blockedurls bucket cookiesynchronizationconfiguration enforcedurls exempturls globalenforcedurls globalexempturls identityproviderdetails iprange iprules key keywordregex patternregex redactionplaceholdertext value
"""
