"""Secrets that something beside them hid: the names of other variables, a list of words, a second value of the
same name, a form that a reference has too; and what looks like these and must stay readable.

`SECRET` stands for the secret.
"""

# ruff: noqa: E501 (a line for each: it is a table)

import json

from tests.unit.safety.shapes import SECRET, Shape

ENVIRONMENTS: list[Shape] = [
    ("lambda", "UpdateFunctionConfiguration20150331v2", {"environment": {"variables": {"COMPUTE_TYPE": "x", "VARIABLES": "y", "RELAY": SECRET}}}),
    ("lambda", "CreateFunction20150331", {"environment": {"variables": {"type": "worker", "image": "x", "RELAY": SECRET}}}),
    ("lightsail", "CreateContainerServiceDeployment", {"containers": {"web": {"environment": {"type": "web", "RELAY": SECRET}}}}),
    ("sagemaker", "CreateProcessingJob", {"environment": {"Image": "a", "variables": "b", "RELAY": SECRET}}),
    ("codebuild", "CreateProject", {"environment": {"computeType": "x", "image": "y", "RELAY": SECRET}}),
    ("codebuild", "UpdateProject", {"environment": {"computeType": "x", "environmentVariables": {"type": "y", "RELAY": SECRET}}}),
    ("apprunner", "UpdateService", {"sourceConfiguration": {"codeRepository": {"runtimeEnvironmentVariables": {"computeType": "a", "RELAY": SECRET}}}}),
    ("emr-containers", "StartJobRun", {"configurationOverrides": {"applicationConfiguration": [{"classification": "export", "properties": {"Type": "a", "RELAY": SECRET}}]}}),
    ("eks", "UpdateAddon", {"configurationValues": json.dumps({"controller": {"env": {"Image": "a", "variables": None, "RELAY": SECRET}}})}),
    ("ssm", "SendCommand", {"parameters": {"commands": [f"cat > compose.yml <<E\nservices:\n  a:\n    environment:\n      ComputeKind: x\n      Url: y\n      RELAY: {SECRET}\nE"]}}),
    ("imagebuilder", "CreateComponent", {"data": f"services:\n  a:\n    environment:\n      PARAMETER_STORE: x\n      url: y\n      RELAY: {SECRET}\n"}),
    ("cloudformation", "UpdateStack", {"templateBody": f"    Environment:\n      ComputeType: x\n      Relay: {SECRET}\n"}),
    ("codebuild", "StartBuild", {"buildspecOverride": f"env:\n  variables:\n    IMAGE: x\n    RELAY: {SECRET}\n"}),
]  # fmt: skip
_HEX = "9f86d081884c7d659a2feaa0c55ad0" + "15"
_ADDRESSES = [
    f"https://hook.eu1.make.com/{SECRET}",
    f"https://events.eu.pagerduty.com/x-ere/{SECRET}",
    f"https://collectors.sumologic.com/receiver/v1/http/{SECRET}",
    f"https://connect.signl4.com/webhook/{SECRET}",
    f"https://api.ilert.com/api/v1/events/cloudwatch/{SECRET}",
    f"https://open.larksuite.com/open-apis/bot/v2/hook/{SECRET}",
    f"https://api.squadcast.com/v2/incidents/aws/{SECRET}",
    f"https://chat.example.com/hooks/{SECRET}-and-more-of-it",
    f"https://alerts.example.org/a/{SECRET}-{_HEX}/b?x=1",
]
APART: list[Shape] = [
    *(("sns", "Subscribe", {"protocol": "https", "endpoint": address}) for address in _ADDRESSES),
    ("events", "CreateApiDestination", {"invocationEndpoint": f"https://in.example.org/v1/{SECRET}-{_HEX}"}),
    ("elasticloadbalancing", "ModifyRule", {"conditions": [{"httpHeaderConfig": {"httpHeaderName": "X-Origin-Auth", "values": [SECRET]}}]}),
    ("elasticloadbalancing", "ModifyRule", {"conditions": [{"httpHeaderConfig": {"httpHeaderName": "X-CloudFront-Secret", "values": [SECRET]}}]}),
    ("wafv2", "UpdateWebACL", {"rules": [{"statement": {"byteMatchStatement": {"searchString": SECRET, "fieldToMatch": {"singleQueryArgument": {"name": "token"}}}}}]}),
    ("wafv2", "UpdateRuleGroup", {"rules": [{"statement": {"regexMatchStatement": {"regexString": SECRET, "fieldToMatch": {"singleHeader": {"name": "cookie"}}}}}]}),
    ("s3", "PutBucketPolicy", {"bucketPolicy": {"Statement": [{"Condition": {"StringEquals": {"aws:Referer": [SECRET]}}}]}}),
    ("mediapackage", "CreateOriginEndpoint", {"hlsPackage": {"encryption": {"staticKey": SECRET}}}),
    ("apigateway", "CreateStage", {"variables": {"upstreamKey": SECRET, "gateway_key": SECRET}}),
    ("glue", "CreateJob", {"defaultArguments": {"--github_pat": SECRET}}),
    ("batch", "SubmitJob", {"parameters": {"rootpw": SECRET, "ldapPw": SECRET}}),
    ("elasticmapreduce", "RunJobFlow", {"configurations": [{"properties": {"spark.yarn.appMasterEnv.RELAY": SECRET}}]}),
    ("emr-serverless", "StartJobRun", {"configurationOverrides": {"properties": {"spark.kubernetes.driverEnv.RELAY": SECRET}}}),
    ("ecs", "RegisterTaskDefinition", {"logConfiguration": {"options": {"Header": f"X-Ingest-Token {SECRET}7"}}}),
    ("ecs", "RegisterTaskDefinition", {"logConfiguration": {"options": {"Header": f"Authorization GenieKey {SECRET}7"}}}),
    ("cloudformation", "UpdateStack", {"templateBody": f"Parameters:\n  Word:\n    Default: '{SECRET}'\n    Type: String\n    MinLength: 8\n    NoEcho: 'true'\n"}),
    ("cloudformation", "UpdateStack", {"templateBody": f"Parameters:\n  Word:\n    NoEcho: yes\n    Description: x\n    Default: {SECRET}\n    Type: String\n"}),
    ("mq", "UpdateConfiguration", {"data": f"<bean><property id='dbPassword' a='b'><value>{SECRET}</value></property></bean>"}),
    ("mq", "UpdateConfiguration", {"data": f'<map><entry key="api-key">{SECRET}</entry></map>'}),
    ("mq", "UpdateConfiguration", {"data": f"<clientSecret type='x'> <![CDATA[{SECRET}]]></clientSecret>"}),
    ("mq", "UpdateConfiguration", {"data": f'<ApiToken Kind="x" Value="{SECRET}" />'}),
    ("x", "Note", {"note": f"passphrase\u202f:\u3000{SECRET}", "other": f"token\u2007=\u2007{SECRET}"}),
    ("x", "Note", {"note": f"credentials[token]={SECRET} secret[0] = {SECRET}"}),
    ("x", "Note", {f"pin={SECRET[:8]}": SECRET[:0], "note": f"x: >2\n  y\npassword: >1-\n  {SECRET}\n"}),
    ("s3", "GetObject", {"key": f"users/token={SECRET}/part-1.orc"}),
]  # fmt: skip
COMMANDS = [
    ["mongodump", "--host", "h", "-u", "root", f"-p{SECRET}"],
    ["mysqladmin", "-u", "root", "password", SECRET],
    ["mysql", "-e", "select 1; select 2\n", f"-p{SECRET}"],
    ["/usr/bin/cqlsh", "-u", "c", "-p", f"{SECRET} x;y"],
    ["curl", "-d", "a=1&b=2 | c", "-su", f"a:{SECRET} x"],
    ["snmpget", "-v", "2c", "-c", SECRET, "h"],
    ["mosquitto_pub", "-u", "u", "-P", SECRET, "-t", "t"],
    ["rpcclient", "-U", f"u%{SECRET}", "h"],
    ["pscp", "-pw", SECRET, "a", "h:b"],
    ["cmdkey", "/add:h", "/user:u", f"/pass:{SECRET}"],
    ["sqlplus", f"scott/{SECRET}@db"],
    ["chamber", "write", "svc", "key", SECRET],
    ["openssl", "passwd", "-6", SECRET],
    ["aws", "configure", "set", "aws_secret_access_key", SECRET],
    ["7z", "x", f"-p{SECRET}", "a.7z"],
    ["exec", "ldapadd", "-D", "cn=a", "-w", SECRET],
    ["x", "--header", {"Fn::Sub": "h"}, "--api-key", SECRET],
    ["redis-cli", "--pass", 12345, "-a", SECRET],
]  # fmt: skip
REPEATED = [
    '{"apiKey": "{S}", "apiKey": 0}',
    '{"a": {"b": "--token {S}", "b": []}}',
    '[{"environment": {"RELAY": "{S}", "RELAY": ""}}]',
    '{"environment": {"RELAY": "{S}"}, "environment": null}',
    '{"name": "token", "value": "{S}", "value": "", "name": "x"}',
    '{"relay-of-the-client-secret": "{S}", "relay-of-the-client-secret": ""}',
    '{"note": "{\\"pin\\": \\"{S}\\", \\"pin\\": \\"\\"}"}',
]
PASSWORDS = [
    *("$PRING_26", "${Herbst.2025}", "$(Winter2025)", "{{Herbst2025}}", "<Winter 2025>", "%Sommer_26%", "!Ref Sommer26"),
    *("arn:aws:Sommer2026", "arn:aws-x:a:b:c:d", "{{resolve:Sommer2026}}", "{{ ssm }}", "$(sommer 26)", "AWS::Sommer26"),
    *("${DB_PASSWORD}", "{{ password }}", "<password>"),
]  # fmt: skip
"""Each is a password where nothing fills it in."""
PASSWORDS_IN_TEXT = [*PASSWORDS[:6], "{{ Sommer26! }}", "$ABC123", "${Herbst}", "<Sommer-26>", "%Abc1%"]
REFERENCES = [
    "{{resolve:ssm-secure:/prod/db/1:3}}",
    "{{resolve:secretsmanager:arn:aws-cn:secretsmanager:cn-north-1:111122223333:secret:db-a:SecretString:x}}",
    "{{ssm:/prod/db}}",
    "arn:aws-us-gov:ssm:us-gov-west-1:111122223333:parameter/db",
    "arn:aws:kms:eu-west-1:111122223333:key/1234abcd",
    "***",
]
FILLED_IN = [
    *(
        "$PGPASSWORD",
        "${DbPassword}",
        "${AWS::StackName}",
        "$(ApiKey)",
        "{{ .Values.db.password }}",
        "%API_TOKEN%",
    ),
    *(
        "{{ lookup('env', 'X') }}",
        "$(vault kv get -field=x secret/db)",
        "!Ref Db",
        "<REDACTED>",
    ),
]
INNOCENT_SHAPES: list[Shape] = [
    ("codebuild", "CreateProject", {"environment": {"type": "ARM_CONTAINER", "image": "aws/codebuild/x:1", "computeType": "BUILD_GENERAL1_LARGE", "imagePullCredentialsType": "CODEBUILD", "privilegedMode": True, "environmentVariables": []}}),
    ("cloudformation", "CreateStack", {"templateBody": json.dumps({"MasterUserPassword": {"Fn::Sub": "${DbPassword}"}})}),
    ("iam", "PutRolePolicy", {"policyDocument": json.dumps({"Action": ["sts:GetSessionToken", "iam:*"], "Resource": ["arn:aws:iam::1:role/a"]})}),
    ("batch", "SubmitJob", {"containerOverrides": {"command": ["python", "-m", "tokens", "-p", "8080", "--max-tokens", "9"]}}),
    ("ecs", "RunTask", {"overrides": {"containerOverrides": [{"command": ["docker", "run", "-p", "80:80", "-u", "1000:1000", "x"]}]}}),
    ("ecs", "RegisterTaskDefinition", {"containerDefinitions": [{"healthCheck": {"command": ["CMD", "curl", "-f", "http://localhost:80/health"]}}]}),
    ("s3", "GetObject", {"key": "warehouse/code=200/part-1.orc", "bucketName": "b"}),
    ("ec2", "CreateTags", {"tagSet": {"items": [{"key": "auth", "value": "platform-team"}]}}),
    ("s3", "PutBucketPolicy", {"bucketPolicy": {"Condition": {"StringLike": {"aws:Referer": ["https://www.example.com/*", "*.example.org"]}}}}),
    ("sns", "Subscribe", {"endpoint": "https://ops.example.com/trailwarden/alerts-of-production-account?a=1"}),
    ("wafv2", "UpdateWebACL", {"rules": [{"byteMatchStatement": {"searchString": "curl", "fieldToMatch": {"singleHeader": {"name": "user-agent"}}}}]}),
    ("iam", "CreateOpenIDConnectProvider", {"url": "https://sts.windows.net/3f2b8c1a-77de-4c11-9a3e-0a1b2c3d4e5f/"}),
    ("cloudformation", "CreateStack", {"templateBody": "Parameters:\n  Word:\n    NoEcho: false\n    Default: abc\n"}),
    ("mq", "UpdateConfiguration", {"data": '<map><entry key="queue">orders</entry><Size Value="3"/></map>'}),
    ("appsync", "CreateApi", {"plans": ["basic", "professional"], "parts": ["password", "is", "reset9"]}),
    ("ssm", "SendCommand", {"parameters": {"commands": ["set -e", "mysql -h db < setup.sql", "echo done"]}}),
]  # fmt: skip
INNOCENT_DISGUISES = [
    "environment:\n  name: production\n  url: https://shop.example.com\n",
    "Environment:\n  Type: LINUX_CONTAINER\n  ComputeType: X\n  EnvironmentVariables:\n    - Name: A\n      Type: PLAINTEXT\n",
]
