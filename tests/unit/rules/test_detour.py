"""The detour through a service: what a shipped rule finds, it finds when a service does it for its caller.

CloudFormation and many others act with the identity of whoever asked them, and the record then names them in
`userIdentity.invokedBy`. Every record that a shipped rule must match is replayed so.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rule_tests import run_rule_tests
from trailwarden.rules.block import RuleTest
from trailwarden.rules.compile import compile_rule
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.lists import shipped_lists
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Node
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import RuleSource, Source

LISTED = sorted(map(str, shipped_lists()["services_on_their_own"].values))
SERVICES = (
    "cloudformation.amazonaws.com",
    "ssm.amazonaws.com",
    "servicecatalog.amazonaws.com",
    "states.amazonaws.com",
    "backup.amazonaws.com",
    "guardduty.amazonaws.com",
    "inspector2.amazonaws.com",
    "AWS Internal",
    *LISTED,
)
"""With those that read on their own: what they change, they may change for a caller."""
OF_ROOT = frozenset({"Root User Used"})
"""The CIS benchmark's own definition of root use asks for no `invokedBy`."""
OF_THE_CALLERS_PROGRAM = frozenset(
    {
        "Attack Tool Or Distribution Used",
        "Console Entered Through The Portal Of Identity Center",
        "Console Session Used By A Program",
        "Identities Changed With A File Browser",
        "Instance Credentials Tried Out",
        "Instance Credentials Used From A Public Address",
        "Instance Credentials Used On A Mac That Claims To Be An Instance",
        "Instance Credentials Used On A Personal Computer",
        "Long-term Key Tried Out",
        "Tool For Searching Accounts Used",
    }
)
"""About the caller's own address or program, which no record of a call through a service shows."""
SOURCES = load_rules([shipped_rules_path()])
RULES = [source for source in SOURCES if isinstance(source, RuleSource)]
CORRELATIONS = [source for source in SOURCES if isinstance(source, CorrelationSource)]
SERVICE_LINKED = {
    "type": "AssumedRole",
    "invokedBy": "ecs.amazonaws.com",
    "sessionContext": {
        "sessionIssuer": {
            "type": "Role",
            "arn": "arn:aws:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        }
    },
}


def matching(source: Source) -> list[RuleTest]:
    return [test for test in source.block.tests if test.must_match]


def through(record: dict[str, Any], service: str, **fields: Any) -> dict[str, Any]:
    """A call that a service makes for its caller; a change, if the record does not say what it is."""
    identity = record.get("userIdentity") or {}
    assert isinstance(identity, dict)
    return {"readOnly": False, **record, **fields, "userIdentity": {**identity, "invokedBy": service}}


def unmatched(**fields: str) -> set[str]:
    """The titles of the rules that a service's name silences, in `userIdentity.invokedBy` and `fields`."""
    found = set()
    for source in RULES:
        rule = compile_rule(source, [])
        assert rule is not None
        condition = compile_condition(rule.detection)
        for service in SERVICES:
            records = [
                through(test.record, service, **dict.fromkeys(fields, service)) for test in matching(source)
            ]
            if not all(condition(RecordView(record)) for record in records):
                found.add(source.title)
    return found


def test_every_matching_record_still_matches_when_a_service_makes_the_call() -> None:
    assert unmatched() == OF_ROOT


def test_only_rules_about_address_and_program_miss_a_call_that_shows_neither() -> None:
    assert unmatched(sourceIPAddress="", userAgent="") == OF_ROOT | OF_THE_CALLERS_PROGRAM


@pytest.mark.parametrize("service", SERVICES)
def test_every_correlation_still_finds_what_is_done_through_a_service(service: str) -> None:
    """As its tests say; of a service's own calls some correlations look at none, and need none to match."""
    replayed = []
    for source in SOURCES:
        tests = tuple(
            RuleTest(
                test.record,
                test.must_match,
                test.line,
                test.column,
                tuple(through(record, service) for record in test.records),
            )
            for test in matching(source)
            if isinstance(source, CorrelationSource)
        )
        replayed.append(_with_tests(source, tests))

    assert [failure.rule_title for failure in run_rule_tests(replayed)] == []


def _with_tests(source: Source, tests: tuple[RuleTest, ...]) -> Source:
    return replace(source, block=replace(source.block, tests=tests))


def leaves(node: Node) -> Iterator[Node]:
    name, *arguments = node
    if name in {"and", "or", "not"}:
        for argument in arguments:
            yield from leaves(argument)
    else:
        yield node


SERVICE_ROLE_ARN = "userIdentity.sessionContext.sessionIssuer.arn"
OWN_WAYS: dict[str, list[dict[str, Any]]] = {
    SERVICE_ROLE_ARN: [SERVICE_LINKED],
    "userIdentity.type": [{"type": "AWSService", "invokedBy": "rds.amazonaws.com"}],
    "userIdentity.invokedBy": [{"invokedBy": name} for name in LISTED],
}
"""How AWS acts for itself, by the field with which a rule exempts it."""


def exempt_fields(source: RuleSource) -> set[str]:
    rule = compile_rule(source, [])
    assert rule is not None
    found = {(leaf[1], str(leaf[2])) for leaf in leaves(rule.detection) if leaf[0] == "field"}
    return {
        field
        for field, test in found
        if (field == SERVICE_ROLE_ARN and "aws-service-role/" in test)
        or (field == "userIdentity.type" and "AWSService" in test)
        or (field == "userIdentity.invokedBy" and LISTED[0] in test)
    }


def test_aws_acting_for_itself_stays_quiet_where_a_rule_exempts_it() -> None:
    """Service-linked roles, AWS services, and what services read on their own are quiet in every rule."""
    exempting = dict.fromkeys(OWN_WAYS, 0)
    for source in RULES:
        if source.title == "Trailwarden's Log Files Tampered With":
            continue
        rule = compile_rule(source, [])
        assert rule is not None
        condition = compile_condition(rule.detection)
        for field in exempt_fields(source):
            exempting[field] += 1
            for test in matching(source):
                identity = test.record.get("userIdentity") or {}
                for own in OWN_WAYS[field]:
                    record = {**test.record, "readOnly": True, "userIdentity": {**identity, **own}}
                    assert not condition(RecordView(record)), (source.title, own)
    assert exempting[SERVICE_ROLE_ARN] > 140
    assert exempting["userIdentity.type"] > 140
    assert exempting["userIdentity.invokedBy"] > 15


def test_a_service_that_reads_on_its_own_silences_no_change_of_a_callers() -> None:
    """What the list exempts, it exempts for reads only, whatever the rule looks at."""
    for source in RULES:
        if "userIdentity.invokedBy" not in exempt_fields(source):
            continue
        rule = compile_rule(source, [])
        assert rule is not None
        condition = compile_condition(rule.detection)
        for test in matching(source):
            changes = [through(test.record, name, readOnly=False) for name in LISTED]
            assert all(condition(RecordView(record)) for record in changes), source.title


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:iam::111122223333:role/team/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS",
        "arn:aws:iam::111122223333:role/x:iam::111122223333:role/aws-service-role/ecs.amazonaws.com/x",
        "arn:aws:iam::111122223333:role/AWSServiceRoleForECS",
        "arn:aws:iam::111122223333:role/aws-service-roles/x",
    ],
)
def test_a_role_that_only_looks_service_linked_is_not_exempt(arn: str) -> None:
    identity = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::111122223333:assumed-role/AWSServiceRoleForECS/x",
        "invokedBy": "ecs.amazonaws.com",
        "sessionContext": {"sessionIssuer": {"arn": arn}},
    }
    silent = set()
    for source in RULES:
        rule = compile_rule(source, [])
        assert rule is not None
        condition = compile_condition(rule.detection)
        for test in matching(source):
            own = test.record.get("userIdentity") or {}
            if own.get("type") not in (None, "IAMUser") or "sessionContext" in own:
                continue
            plain = {**test.record, "userIdentity": {**own, "invokedBy": "ecs.amazonaws.com"}}
            forged = {**test.record, "userIdentity": {**own, **identity, "type": own.get("type")}}
            if condition(RecordView(plain)) and not condition(RecordView(forged)):
                silent.add(source.title)

    assert silent == set()


@pytest.mark.parametrize(("owner", "found"), [("111122223333", False), ("999988887777", True), (None, False)])
def test_an_endpoint_of_another_account_hides_no_stolen_instance_credentials(
    owner: str | None, found: bool
) -> None:
    (source,) = [each for each in RULES if each.name == "instance_credentials_tried"]
    rule = compile_rule(source, [])
    assert rule is not None
    record = {
        "eventSource": "sts.amazonaws.com",
        "eventName": "GetCallerIdentity",
        "sourceIPAddress": "198.51.100.7",
        "vpcEndpointId": "vpce-0abc",
        "userIdentity": {
            "type": "AssumedRole",
            "accountId": "111122223333",
            "arn": "arn:aws:sts::111122223333:assumed-role/app/i-0abc",
        },
    }
    if owner is not None:
        record["vpcEndpointAccountId"] = owner

    assert compile_condition(rule.detection)(RecordView(record)) is found
