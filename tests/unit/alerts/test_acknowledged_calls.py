"""An acknowledgement covers a call with the parameters that were shown, whatever they are: no table says
which ones tell whom or what a call is for."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.samples import STOP_RULE, record, rule
from tests.unit.alerts.test_likeness import ROLE, call, news, shown, user
from tests.unit.rules.test_shipped_rules import COMPILED, SOURCES
from trailwarden.alerts.grouping import character, group_of
from trailwarden.alerts.likeness import INCOMPARABLE, Character, NamedKeys, keys_of, news_of
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.rules.ruleset import Rule
from trailwarden.rules.source import RuleSource

Path = tuple[str | int, ...]


def leaves(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    members = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    for key, each in members:
        yield from leaves(each, (*path, key))
    if not isinstance(value, dict | list) and value is not None:
        yield path, value


def another(value: Any) -> Any:
    if isinstance(value, bool):
        return not value
    if not isinstance(value, str):
        return value + 1
    return value.replace("111122223333", "999988887777") if "111122223333" in value else f"{value}-other"


def with_another(call_record: dict[str, Any], path: Path) -> dict[str, Any]:
    changed = copy.deepcopy(call_record)
    inner: Any = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = another(inner[path[-1]])
    return changed


def looked_at(met: Rule, found: dict[str, Any]) -> tuple[Character, dict[str, str]]:
    group = group_of(Match(met, found, 0, event_identity(found), event_time(found)))
    return character(found, met, group), group


def test_no_parameter_of_a_call_that_a_shipped_rule_finds_changes_unnoticed() -> None:
    quiet, changed = [], 0
    for source in SOURCES:
        if not isinstance(source, RuleSource):
            continue
        met = COMPILED[source.id]
        assert isinstance(met, Rule)
        for test in source.block.tests:
            if not test.must_match:
                continue
            found = {"eventTime": "2026-03-01T12:00:00Z", "eventID": "one", **test.record}
            first, group = looked_at(met, found)
            keys = NamedKeys()
            keys.take(first)
            known = {kind: set(each) for kind, each in keys.made().items()}
            for path, _ in leaves(found.get("requestParameters")):
                then, its_group = looked_at(met, with_another(found, ("requestParameters", *path)))
                changed += 1
                if its_group == group and not list(news_of(then, known)):
                    quiet.append((source.title, path))
    assert quiet == []
    assert changed > 500


@pytest.mark.parametrize(
    ("first", "then", "said"),
    [
        (
            call("iam", "DeactivateMFADevice", userName="a", serialNumber="x"),
            call("iam", "DeactivateMFADevice", userName="breakglass-admin", serialNumber="x"),
            "target user breakglass-admin (MFA device x)",
        ),
        (
            call("lambda", "AddPermission20150331v2", functionName="f", principal="1" * 12),
            call("lambda", "AddPermission20150331v2", functionName="f", principal="*"),
            "action AddPermission20150331v2 on function f with other parameters",
        ),
        (
            call("made-up", "OpenDoor", door="back", options={"for": ["alice"]}),
            call("made-up", "OpenDoor", door="front", options={"for": ["alice"]}),
            "action OpenDoor with other parameters",
        ),
        (
            call("made-up", "OpenDoor", options={"for": ["alice"]}),
            call("made-up", "OpenDoor", options={"for": ["alice", "bob"]}),
            "action OpenDoor with other parameters",
        ),
        (
            call("made-up", "OpenDoor", clientToken="x", door=1),
            call("made-up", "OpenDoor", clientToken="x", door=2),
            "action OpenDoor with other parameters",
        ),
        (
            {},
            {"requestParameters": {"name": "main-trail", "password": "hunter22"}},
            "action StopLogging on trail main-trail with parameters that cannot be compared",
        ),
        (
            call("lambda", "UpdateFunctionCode20150331v2", functionName="f", dryRun=True),
            call("lambda", "UpdateFunctionCode20150331v2", functionName="f", dryRun=False),
            "action UpdateFunctionCode20150331v2 on function f with other parameters",
        ),
        ({}, {"awsRegion": "sa-east-1"}, "region sa-east-1"),
        ({}, {"awsRegion": "sa-east-1", "requestParameters": {"name": "b"}}, "target trail b in sa-east-1"),
    ],
)  # fmt: skip
def test_what_else_a_call_asks_for_is_compared(first: Any, then: Any, said: str) -> None:
    assert news(shown(**first), shown(**then)) == [said]
    assert bool(news(shown(**then), shown(**then))) == ("cannot be compared" in said)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        ({"clientToken": "a"}, {"clientToken": "b"}),
        ({"ClientRequestToken": "a"}, {}),
        ({"DoorRequest": {"ClientToken": "a"}}, {"DoorRequest": {"ClientToken": "b"}}),
        ({"X-Amz-Date": "20260301T120000Z"}, {"X-Amz-Date": "20260302T120000Z"}),
    ],
)
def test_what_differs_each_time_and_means_nothing_is_not(first: dict[str, Any], then: dict[str, Any]) -> None:
    one, other = (call("made-up", "OpenDoor", door="back", **more) for more in (first, then))
    assert news(shown(**one), shown(**other)) == []


def test_what_the_sentence_says_of_the_answer_is_compared() -> None:
    met = rule(STOP_RULE, "StopLogging", alert_title="{actor} opened {responseElements.door}")
    one, other = (record(1, responseElements={"door": door}) for door in ("back", "front"))
    seen, then = (character(each, met, ("actor",)) for each in (one, other))
    assert news(seen, seen) == []
    assert news(seen, then) == ["action StopLogging on trail main-trail with other parameters"]


def test_sessions_of_a_role_stay_the_role_in_a_sentence_that_names_them() -> None:
    met = rule(STOP_RULE, "StopLogging", alert_title="{actor} from {origin}: {userIdentity.arn}")
    identity = {
        "type": "AssumedRole",
        "sessionContext": {"sessionIssuer": {"type": "Role", "arn": f"{ROLE}/A"}},
    }
    seen, then = (
        character(record(1, userIdentity={**identity, "arn": f"{ROLE}/A/{name}"}), met)
        for name in ("ci-1", "ci-2")
    )
    assert news(seen, then) == []


def test_parameters_that_the_record_leaves_out_are_new_each_time() -> None:
    one = shown(requestParameters={"omitted": True, "originalSize": 300_000, "reason": "too large"})
    assert one.details == INCOMPARABLE
    assert news(one, one)


def named(*matches: Character) -> dict[str, set[str]]:
    keys = NamedKeys()
    for each in matches:
        keys.take(each)
    return {kind: set(digests) for kind, digests in keys.made().items()}


def covered(known: dict[str, set[str]], matches: list[Character]) -> int:
    return sum(not list(news_of(each, known)) for each in matches)


KINDS_OF: dict[str, Callable[[int], dict[str, Any]]] = {
    "target": lambda number: {"requestParameters": {"name": f"trail{number}"}},
    "address": lambda number: {"sourceIPAddress": f"203.0.113.{number}"},
    "account": lambda number: {"recipientAccountId": f"{number:012}"},
    "action": lambda number: {"eventName": f"Stop{number}"},
}


def test_only_what_a_message_names_is_covered() -> None:
    for field in ("target", "address", "account", "action"):
        matches = [shown(**KINDS_OF[field](number)) for number in range(60)]
        assert covered(named(*matches), matches) == 10, field
        assert covered(named(*matches), matches[:10]) == 10, field


@pytest.mark.parametrize(
    "then",
    [
        {"awsRegion": "sa-east-1"},
        user("444455556666", userName="bob"),
        {"requestParameters": {"name": "main-trail", "force": True}},
        {"requestParameters": {"name": f"arn:aws:cloudtrail:eu-west-1:{'1' * 12}:trail/main-trail"}},
    ],
)
def test_what_stands_in_no_message_is_not_covered_though_it_was_counted(then: dict[str, Any]) -> None:
    first, other = shown(), shown(**then)
    assert covered(named(first, other), [first, other]) == 1


def test_the_same_call_on_other_targets_that_are_named_is_covered() -> None:
    matches = [shown(requestParameters={"name": name, "force": True}) for name in ("main", "audit", "org")]
    assert covered(named(*matches), matches) == 3


def test_what_is_new_of_a_long_target_is_not_cut_off() -> None:
    long = {"name": "n" * 128}
    (said,) = news(shown(requestParameters=long), shown(requestParameters={**long, "force": True}))
    assert len(said) < 180
    assert said.endswith(" with other parameters")
    (said,) = news(shown(), shown(requestParameters=long, awsRegion="ap-southeast-2"))
    assert len(said) < 180
    assert said.endswith(" in ap-southeast-2")


def created(name: str) -> Record:
    status = {"accountName": name, "state": "SUCCEEDED"}
    return {"eventName": "CreateAccountResult", "serviceEventDetails": {"createAccountStatus": status}}


def unusual(call: str, rate: int) -> Record:
    statistics = {"insight": {"average": rate}}
    return {"insightDetails": {"eventName": call, "insightContext": {"statistics": statistics}}}


@pytest.mark.parametrize(
    ("seen", "later"),
    [
        (created("dev"), created("other")),
        (unusual("DescribeInstances", 5), unusual("DeleteUser", 5)),
        (unusual("DescribeInstances", 5), unusual("DescribeInstances", 500)),
    ],
)
def test_what_happened_without_a_request_is_compared(seen: Record, later: Record) -> None:
    def known_again(record: Record) -> Character:
        return character({"eventSource": "organizations.amazonaws.com", **record})

    known = {kind: set(keys) for kind, keys in keys_of([known_again(seen)]).items()}
    assert list(news_of(known_again(later), known))
    assert not list(news_of(known_again(seen), known))
