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
INNOCENT_SHAPES: list[Shape] = [
    ("codebuild", "CreateProject", {"environment": {"type": "ARM_CONTAINER", "image": "aws/codebuild/x:1", "computeType": "BUILD_GENERAL1_LARGE", "imagePullCredentialsType": "CODEBUILD", "privilegedMode": True, "environmentVariables": []}}),
]  # fmt: skip
INNOCENT_DISGUISES = [
    "environment:\n  name: production\n  url: https://shop.example.com\n",
    "Environment:\n  Type: LINUX_CONTAINER\n  ComputeType: X\n  EnvironmentVariables:\n    - Name: A\n      Type: PLAINTEXT\n",
]
