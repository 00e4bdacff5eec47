"""No name that callers choose takes what a rule of `medium` or above matches out of sight.

A program's name, a role's and a session's are up to whoever makes the call. Every record that such a rule
must match is replayed under names that rules know of harmless callers: it is still matched, by the rule or by
another of its file.
"""

from collections import defaultdict
from collections.abc import Callable
from typing import Any

import pytest

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.compile import compile_rule
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import RuleSource

RULES = [each for each in load_rules([shipped_rules_path()]) if isinstance(each, RuleSource)]
PROGRAMS = (
    "Jersey/2.0",
    "Mozilla/5.0",
    "APN/1.0 HashiCorp/1.0 Terraform/1.9.0",
    "AWS-Console",
    "console.amazonaws.com",
    "aws-internal/3",
    "cloudformation.amazonaws.com",
    "CloudShell",
)
ADDED = ("exec-env/EC2", "exec-env/CloudShell", "Jersey/2.0", "exec-env/AWS_Lambda_python3.13")
ROLES = (
    "AWSReservedSSO_Admin_0123456789abcdef",
    "AWSServiceRoleForConfig",
    "aws-service-role",
    "cdk-hnb659fds-deploy-role",
    "github-deploy",
    "OrganizationAccountAccessRole",
    "trailwarden-publish-rules-eu-west-1",
)
SESSIONS = ("AWSConfig-Describe", "cdk-deploy", "github", "terraform")
OF_THE_PROGRAM = frozenset(
    {
        "Attack Tool Or Distribution Used",
        "Identities Changed With A File Browser",
        "Instance Credentials Used On A Personal Computer",
        "Instance Credentials Used On A Mac That Claims To Be An Instance",
        "Tool For Searching Accounts Used",
    }
)
"""They match a program by its name; nothing else shows it. Names that are added hide it from none."""
OF_THE_IDENTITY = frozenset(
    {
        "Identity Changed Its Own Rights",
        "Instance Credentials Used On A Mac That Claims To Be An Instance",
        "Instance Credentials Used On A Personal Computer",
        "Instance Credentials Used To Change Identities",
        "Role Opened To A Single User Or To The Caller",
    }
)
"""They match a caller by what AWS calls it: the instance, or the role that the call changes."""
Record = dict[str, Any]


def with_program(name: str, *, added: bool = False) -> Callable[[Record], Record]:
    return lambda record: {**record, "userAgent": f"{record.get('userAgent', '')} {name}" if added else name}


def with_role(role: str, session: str) -> Callable[[Record], Record]:
    def disguised(record: Record) -> Record:
        own = record.get("userIdentity") or {}
        if own.get("type", "AssumedRole") != "AssumedRole":
            return record
        issuer = {
            **(own.get("sessionContext") or {}).get("sessionIssuer", {}),
            "userName": role,
            "arn": f"arn:aws:iam::111122223333:role/{role}",
        }
        identity = {
            **own,
            "type": "AssumedRole",
            "arn": f"arn:aws:sts::111122223333:assumed-role/{role}/{session}",
            "sessionContext": {**(own.get("sessionContext") or {}), "sessionIssuer": issuer},
        }
        return {**record, "userIdentity": identity}

    return disguised


def unseen(disguise: Callable[[Record], Record]) -> set[str]:
    """The titles of the rules of which a record is matched by no rule of the file in this disguise."""
    by_file: dict[str, list[RuleSource]] = defaultdict(list)
    for source in RULES:
        by_file[source.path].append(source)
    found = set()
    for sources in by_file.values():
        compiled = [(source, rule) for source in sources if (rule := compile_rule(source, [])) is not None]
        conditions = [compile_condition(rule.detection) for _, rule in compiled]
        for source, rule in compiled:
            if rule.level < Level.MEDIUM:
                continue
            for test in (test for test in source.block.tests if test.must_match):
                view = RecordView(disguise(test.record))
                if not any(condition(view) for condition in conditions):
                    found.add(source.title)
    return found


@pytest.mark.parametrize("program", PROGRAMS)
def test_no_programs_name_hides_what_was_done(program: str) -> None:
    assert unseen(with_program(program)) <= OF_THE_PROGRAM


@pytest.mark.parametrize("program", ADDED)
def test_nothing_added_to_a_programs_name_hides_it(program: str) -> None:
    assert unseen(with_program(program, added=True)) == set()


@pytest.mark.parametrize("role", ROLES)
def test_no_roles_name_hides_what_was_done(role: str) -> None:
    assert unseen(with_role(role, "x")) == OF_THE_IDENTITY


@pytest.mark.parametrize("session", SESSIONS)
def test_no_sessions_name_hides_what_was_done(session: str) -> None:
    assert unseen(with_role("Developer", session)) == OF_THE_IDENTITY
