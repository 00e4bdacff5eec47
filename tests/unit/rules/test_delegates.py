"""No shipped rule takes an account that acts as somebody's delegate for that somebody.

https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-cloudtrail.html
"""

from collections.abc import Iterator
from typing import Any

import pytest
import yaml

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.compile import compile_rule
from trailwarden.rules.load import load_rules
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import RuleSource

RULES = {
    source.title: source for source in load_rules([shipped_rules_path()]) if isinstance(source, RuleSource)
}
DELEGATE = "userIdentity.invokedByDelegate.accountId"
OF_PEOPLE = (
    "sessionCredentialFromConsole",
    "userIdentity.accessKeyId",
    "userIdentity.arn",
    "userIdentity.onBehalfOf",
    "userIdentity.principalId",
    "userIdentity.sessionContext.sessionIssuer",
    "userIdentity.sessionContext.sourceIdentity",
    "userIdentity.userName",
)
OF_AWS = "role/aws-service-role/'"
ADMIN = "AWSReservedSSO_Admin_0123456789abcdef"
PORTAL: dict[str, Any] = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::111122223333:assumed-role/{ADMIN}/alice",
    "sessionContext": {
        "sessionIssuer": {"arn": f"arn:aws:iam::111122223333:role/aws-reserved/sso.amazonaws.com/{ADMIN}"}
    },
}
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ALICE = {"type": "IAMUser", "userName": "alice"}
DEPLOYER = {"type": "AssumedRole", "arn": "arn:aws:sts::111122223333:assumed-role/deploy/main"}


def exemptions() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """File, block and alternative of every exemption that goes by whose identity, or session, it is."""
    for path in sorted(shipped_rules_path().rglob("*.yml")):
        for document in yaml.load_all(path.read_text("utf-8"), Loader=LOADER):
            for name, block in document.get("detection", {}).items():
                if not name.startswith("filter"):
                    continue
                for each in block if isinstance(block, list) else [block]:
                    if isinstance(each, dict) and any(key.startswith(OF_PEOPLE) for key in each):
                        yield path.name, name, each


def test_every_exemption_of_people_leaves_out_their_delegates() -> None:
    found = [each for each in exemptions() if OF_AWS not in repr(each[2]).replace('"', "'")]
    assert len(found) > 20
    assert [(path, name) for path, name, block in found if block.get(DELEGATE, "") is not None] == []


@pytest.mark.parametrize(
    ("title", "record"),
    [
        (
            "Access Key Created For Another User",
            {
                "eventName": "CreateAccessKey",
                "requestParameters": {"userName": "alice"},
                "userIdentity": ALICE,
            },
        ),
        (
            "Second Factor Registered For Another User",
            {
                "eventName": "EnableMFADevice",
                "requestParameters": {"userName": "alice"},
                "userIdentity": ALICE,
            },
        ),
        (
            "Console Entered With API Credentials",
            {
                "eventSource": "signin.amazonaws.com",
                "eventName": "GetSigninToken",
                "userAgent": "Jersey/2.1",
                "userIdentity": PORTAL,
            },
        ),
        (
            "Change By A Role",
            {"eventName": "CreateUser", "userIdentity": PORTAL},
        ),
        (
            "Code Of A Function Overwritten By Hand",
            {
                "eventSource": "lambda.amazonaws.com",
                "eventName": "UpdateFunctionCode20150331v2",
                "userIdentity": DEPLOYER,
            },
        ),
        (
            "Event History Downloaded",
            {
                "eventSource": "cloudtrail.amazonaws.com",
                "eventName": "LookupEvents",
                "sessionCredentialFromConsole": "true",
                "userIdentity": ALICE,
            },
        ),
    ],
)
def test_what_people_may_do_is_found_of_their_delegates(title: str, record: dict[str, Any]) -> None:
    rule = compile_rule(RULES[title], [])
    assert rule is not None
    matches = compile_condition(rule.detection)
    own = {"eventSource": "iam.amazonaws.com", "readOnly": False, **record}
    identity = {**own["userIdentity"], "invokedByDelegate": {"accountId": "444455556666"}}
    assert not matches(RecordView(own))
    assert matches(RecordView({**own, "userIdentity": identity}))
