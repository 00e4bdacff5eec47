"""No call of any service lends one of Trailwarden's roles in silence.

What takes a role is read from botocore's models, of more services than the rule's own words name.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape

from tests.unit.rules.test_self_protection import REFUSED, matched

SERVICES = [
    "amp",
    "appflow",
    "apprunner",
    "batch",
    "bedrock-agent",
    "cloudformation",
    "cloudwatch",
    "codebuild",
    "codepipeline",
    "cognito-idp",
    "workmail",
    "config",
    "databrew",
    "datasync",
    "dlm",
    "ecs",
    "eks",
    "emr-serverless",
    "events",
    "fis",
    "glue",
    "gamelift",
    "imagebuilder",
    "iot",
    "iot-data",
    "kendra",
    "lambda",
    "logs",
    "mediaconvert",
    "mwaa",
    "osis",
    "pipes",
    "rds",
    "redshift",
    "rolesanywhere",
    "scheduler",
    "sagemaker-geospatial",
    "schemas",
    "stepfunctions",
    "synthetics",
    "transfer",
]
LENT = "Trailwarden's Role Lent To Something Else"
TAKES_A_ROLE = re.compile(
    r"(?:(?:^|[a-z0-9])[Rr]ole|(?:^|[a-z])(?:Iam|IAM)Role|^role|^Role)(?:s|Arns?|ARNs?|Name)?$"
)
READS = re.compile(r"(?:Batch)?(?:Describe|Get|List|Search|Test|Validate)")
NO_PASS = frozenset({"schemas", "iot-data"})
"""Services of which no call takes a role."""
ARN = "arn:aws:iam::111122223333:role/{}"
PUBLISHER, DETECT = "trailwarden-publish-rules-eu-west-1", "TrailwardenDetection-DetectServiceRole1A2B"


def ways(shape: Shape | None, value: str, name: str = "", seen: tuple[str, ...] = ()) -> Iterator[Any]:
    """The parameters that pass the role, each in one member, as CloudTrail writes them."""
    if shape is None or shape.name in seen or len(seen) > 6:
        return
    seen = (*seen, shape.name)
    if shape.type_name == "structure":
        for member, inner in shape.members.items():
            recorded = member[:1].lower() + member[1:]
            yield from ({recorded: way} for way in ways(inner, value, member, seen))
    elif shape.type_name == "list":
        other = value.replace("railwarden", "shop").replace("Trail", "Shop")
        yield from (
            [other, way] if isinstance(way, str) else [way] for way in ways(shape.member, value, name, seen)
        )
    elif shape.type_name == "map":
        yield from ({"a": way} for way in ways(shape.value, value, name, seen))
    elif shape.type_name == "string" and TAKES_A_ROLE.search(name):
        yield value


def calls(service: str, role: str) -> Iterator[dict[str, Any]]:
    model = botocore.session.get_session().get_service_model(service)
    for name in model.operation_names:
        if READS.match(name):
            continue
        for parameters in ways(model.operation_model(name).input_shape, role):
            yield {
                "eventSource": f"{service}.amazonaws.com",
                "eventName": f"{name}20150331v2" if service == "lambda" else name,
                "userIdentity": {"type": "IAMUser", "userName": "mallory"},
                "requestParameters": parameters,
            }


@pytest.mark.parametrize("service", SERVICES)
def test_whatever_takes_a_role_is_matched_if_the_role_is_trailwardens(service: str) -> None:
    lent = list(calls(service, ARN.format(PUBLISHER)))

    assert bool(lent) is (service not in NO_PASS)
    assert [each for each in lent if LENT not in matched(each)] == []
    assert [each for each in lent if REFUSED not in matched({**each, "errorCode": "AccessDenied"})] == []


@pytest.mark.parametrize("service", SERVICES[::3])
def test_a_role_of_anyone_elses_is_no_concern(service: str) -> None:
    assert [each for each in calls(service, ARN.format("shop/trail-publish-rules")) if matched(each)] == []


@pytest.mark.parametrize(
    "role", [PUBLISHER, DETECT, ARN.format(f"team/{DETECT}"), ARN.format("trailwarden-responders")]
)
@pytest.mark.parametrize(
    ("event", "parameters"),
    [
        ("CreateCluster", '{"serviceRole": %s, "name": "c"}'),
        ("UpdateUserPool", '{"smsConfiguration": {"snsCallerArn": %s}}'),
        ("UpdateAccount", '{"patchOperations": [{"path": "/cloudwatchRoleArn", "value": %s}]}'),
        ("CreateApi", '{"credentialsArn": %s}'),
        ("UpdateEnvironment", '{"optionSettings": [{"optionName": "ServiceRole", "value": %s}]}'),
        ("UpdateStateMachine", '{"definition": "{\\"Credentials\\": {\\"RoleArn\\": %q}}"}'),
        ("CreateAssociation", '{"name": "d", "parameters": {"AutomationAssumeRole": [%s]}}'),
        ("BatchExecuteStatement", "{\"sqls\": [\"copy t from 's3://b' iam_role '%r'\"]}"),
    ],
)
def test_each_spelling_counts(role: str, event: str, parameters: str) -> None:
    text = parameters.replace("%s", json.dumps(role)).replace("%q", f'\\"{role}\\"').replace("%r", role)
    record = {"eventSource": "any.amazonaws.com", "eventName": event, "requestParameters": json.loads(text)}

    assert matched(record) == [LENT]
    assert matched(
        {**record, "userIdentity": {"type": "AssumedRole", "invokedBy": "cloudformation.amazonaws.com"}}
    )


def test_whoever_takes_the_role_on_is_no_lender() -> None:
    parameters = {"roleArn": ARN.format("trailwarden-responders"), "roleSessionName": "alice"}
    record = {"eventSource": "sts.amazonaws.com", "eventName": "AssumeRole", "requestParameters": parameters}

    assert matched(record) == []
