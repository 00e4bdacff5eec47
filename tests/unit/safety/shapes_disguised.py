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
    ("appsync", "CreateApi", {"plans": ["basic", "professional"], "parts": ["password", "is", "reset9"]}),
    ("ssm", "SendCommand", {"parameters": {"commands": ["set -e", "mysql -h db < setup.sql", "echo done"]}}),
]  # fmt: skip
INNOCENT_DISGUISES = [
    "environment:\n  name: production\n  url: https://shop.example.com\n",
    "Environment:\n  Type: LINUX_CONTAINER\n  ComputeType: X\n  EnvironmentVariables:\n    - Name: A\n      Type: PLAINTEXT\n",
]
