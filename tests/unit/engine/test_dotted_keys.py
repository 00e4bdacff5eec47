"""Keys that hold dots, slashes, colons and quotes: one meaning in detections, titles, groups and counts."""

import io
import json
from typing import Any

import pytest

from tests.unit.rules.writing import RULE_ID, rule_text
from trailwarden.alerts.fields import field_text
from trailwarden.alerts.title import alert_title
from trailwarden.correlation.plan import field_value
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.engine.engine import Engine
from trailwarden.explain import explain_rule
from trailwarden.rules.compile import compile_usable
from trailwarden.rules.load import parse_rules

KEYS = [
    "app.tenant",
    "karpenter.sh/discovery",
    "kubernetes.io/cluster/blue.example.com",
    "aws:cloudformation:stack-name",
    "cost center (eu).2026",
    'it\'s "quoted".yes',
    "a.b.c.d",
    "1.10",
    "größe.max",
]


def tagged(key: str, value: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.11",
        "eventTime": "2026-03-02T09:00:00Z",
        "eventSource": "eks.amazonaws.com",
        "eventName": "TagResource",
        "userIdentity": {"type": "IAMUser", "userName": "mallory", "accountId": "111122223333"},
        "requestParameters": {"tags": {key: value, "other": "x"}},
        "recipientAccountId": "111122223333",
    }


def compiled(key: str, predicate: str = "") -> Any:
    field = json.dumps(f"requestParameters.tags.{key}{predicate}", ensure_ascii=False)
    block = json.dumps(
        {"title": f"tenant {{requestParameters.tags.{key}}}", "group_by": [f"requestParameters.tags.{key}"]}
    )
    text = rule_text(f"s: {{eventName: TagResource, {field}: blue}}\ncondition: s", f"trailwarden: {block}")
    sources, problems = parse_rules("rule.yml", text.encode())
    rule_set, refused = compile_usable(sources)
    assert [*problems, *refused] == []
    return sources, rule_set


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_one_field_for_detections_titles_and_groups(key: str) -> None:
    _, rule_set = compiled(key)
    (rule,) = rule_set.rules
    record, other = tagged(key, "blue"), tagged(key, "green")

    assert [each.id for each in Engine(rule_set).matches(record)] == [RULE_ID]
    assert Engine(rule_set).matches(other) == []
    log_file = json.dumps({"Records": [other, record]}).encode()
    matches = Engine(rule_set).scan(LogFileReader(io.BytesIO(log_file)))
    assert [match.record_index for match in matches] == [1]
    assert alert_title(rule, record) == "tenant blue"
    assert field_text(record, rule.group_by[0]) == "blue"
    assert field_value(record, rule.group_by[0]) == "blue"


@pytest.mark.parametrize("key", KEYS)
def test_explain_shows_what_the_key_holds(key: str) -> None:
    (source,), _ = compiled(key)
    explanation = explain_rule(source, tagged(key, "blue"))

    assert explanation is not None
    assert explanation.fired
    assert "met=('blue',)" in repr(explanation.condition)


def test_a_key_may_stand_in_an_identity_s_claims() -> None:
    """The row of the fast way holds no field of which a key with dots may be part."""
    claim = "cognito-identity.amazonaws.com:amr"
    path = f"userIdentity.sessionContext.webIdFederationData.attributes.{claim}"
    text = rule_text(f"s: {{userIdentity.type: AssumedRole, '{path}': unauthenticated}}\ncondition: s")
    rule_set, _ = compile_usable(parse_rules("rule.yml", text.encode())[0])
    federation = {"webIdFederationData": {"attributes": {claim: "unauthenticated"}}}
    record = {"userIdentity": {"type": "AssumedRole", "sessionContext": federation}}

    assert Engine(rule_set).matches(record)
    log_file = json.dumps({"Records": [record, {"userIdentity": {"type": "AssumedRole"}}]}).encode()
    assert len(list(Engine(rule_set).scan(LogFileReader(io.BytesIO(log_file))))) == 1


def test_an_exclusion_by_such_a_key_excludes() -> None:
    text = rule_text(
        "s: {eventName: TagResource}\nf: {requestParameters.tags.app.env: test}\ncondition: s and not f"
    )
    rule_set, _ = compile_usable(parse_rules("rule.yml", text.encode())[0])
    assert Engine(rule_set).matches(tagged("app.env", "prod"))
    assert not Engine(rule_set).matches(tagged("app.env", "test"))


def test_a_missing_part_of_such_a_key_is_null() -> None:
    text = rule_text("s: {requestParameters.tags.app.tenant: null}\ncondition: s")
    rule_set, _ = compile_usable(parse_rules("rule.yml", text.encode())[0])
    assert not Engine(rule_set).matches(tagged("app.tenant", "blue"))
    assert Engine(rule_set).matches(tagged("app", "blue"))
