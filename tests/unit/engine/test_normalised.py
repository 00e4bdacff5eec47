"""Normalised fields in detections: what they mean, on both ways, and when they are read."""

from typing import Any

import pytest

from tests.corpus import CORPUS, corpus_records, log_files, needs_corpus
from tests.samples import MEMBER, log_file, record
from tests.unit.engine.test_fast_engine import plainly, rule_of, scanned
from tests.unit.engine.test_visibility import big, rule
from tests.unit.rules.writing import rule_text
from trailwarden.activity import fields as activity_fields
from trailwarden.activity.fields import READS, Facts, values
from trailwarden.activity.kinds import ActorKind, Nature, Outcome
from trailwarden.engine.engine import Engine
from trailwarden.engine.visibility import OMISSIBLE, blind_rules
from trailwarden.errors import RuleSetError
from trailwarden.rules.compile import compile_rules, compile_usable
from trailwarden.rules.fields import NORMALISED, RECORD_FIELDS, WORDS
from trailwarden.rules.load import load_rules, parse_rules
from trailwarden.rules.ruleset import Level, Rule, RuleSet, dump_rule_set, load_rule_set

BOB = {
    "type": "AssumedRole",
    "arn": f"arn:aws:sts::{MEMBER}:assumed-role/Admin/bob",
    "sessionContext": {"sourceIdentity": "bob@example.com"},
}
ATTACHED = record(
    eventSource="iam.amazonaws.com",
    eventName="AttachUserPolicy",
    requestParameters={"userName": "mallory", "policyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
    userAgent="APN/1.0 HashiCorp/1.0 Terraform/1.9.5 aws-sdk-go-v2/1.30",
    errorCode="AccessDenied",
)


def engine(detection: str) -> Engine:
    sources, problems = parse_rules("rule.yml", rule_text(detection).encode())
    assert not problems, problems
    return Engine(load_rule_set(dump_rule_set(compile_rules(sources))))


@pytest.mark.parametrize(
    ("item", "seen", "met"),
    [
        ("actor.name: MALLORY", ATTACHED, True),
        ("actor.name|cased: MALLORY", ATTACHED, False),
        ("actor.name|cased: mallory", ATTACHED, True),
        ("actor.name: [alice, mallory]", ATTACHED, True),
        ("actor.name|contains: all", ATTACHED, True),
        ("actor.name: mal*", ATTACHED, True),
        ("actor.name|re: '^mal.*y$'", ATTACHED, True),
        ("actor.name|neq: mallory", ATTACHED, False),
        ("tool|startswith: Terraform", ATTACHED, True),
        ("tool|endswith: 1.9.5", ATTACHED, True),
        ("tool|contains|all: [terra, form]", ATTACHED, True),
        ("tool|base64: VGVycmFmb3Jt", ATTACHED, False),
        ("action.outcome: denied", ATTACHED, True),
        ("outcome: 'failed: AccessDenied'", ATTACHED, True),
        ("account: 444455556666", ATTACHED, True),
        ("account|gte: 444455556666", ATTACHED, True),
        ("origin|cidr: 203.0.113.0/24", ATTACHED, True),
        ("region: eu-*", ATTACHED, True),
        ("origin.attack_tool: false", ATTACHED, True),
        ("origin.attack_tool: true", ATTACHED, False),
        ("origin.attack_tool: true", record(userAgent="Pacu"), True),
        ("actor.kind: iam_user", ATTACHED, True),
        ("actor.session: bob", record(userIdentity=BOB), True),
        ("actor.source_identity|endswith: '@example.com'", record(userIdentity=BOB), True),
        ("target: user mallory", ATTACHED, True),
        ("target|contains: ReadOnlyAccess", ATTACHED, False),
        ("targets|contains: ReadOnlyAccess", ATTACHED, True),
        ("targets: user mallory", ATTACHED, True),
        ("targets|contains|all: [mallory, ReadOnly]", ATTACHED, True),
        # Not told is missing.
        ("actor.nature: null", record(), True),
        ("actor.nature|exists: false", record(), True),
        ("actor.nature: unknown", record(), False),
        ("actor.nature: ''", record(), False),
        ("actor.nature: person", record(eventType="AwsConsoleSignIn"), True),
        ("actor.nature|exists: true", record(eventType="AwsConsoleSignIn"), True),
        ("actor.kind: null", {"eventName": "x"}, True),
        ("actor: null", {"eventName": "x"}, True),
        ("targets: null", record(requestParameters=None), True),
        ("tool: null", record(userAgent=None), True),
        ("region: null", record(awsRegion=""), True),
        # Who is called unknown is known.
        ("actor.name: unknown", record(userIdentity={"type": "IAMUser", "userName": "unknown"}), True),
        (
            "actor.session|exists: true",
            record(userIdentity={**BOB, "arn": "arn:aws:sts::1:assumed-role/Admin/unknown"}),
            True,
        ),
        # One field against another.
        ("requestParameters.userName|fieldref: actor.name", ATTACHED, True),
        ("actor.name|fieldref: requestParameters.userName", ATTACHED, True),
        ("target|fieldref|endswith: actor.name", ATTACHED, True),
        ("actor.name|fieldref: actor.session", ATTACHED, False),
        ("actor|fieldref|contains: actor.name", ATTACHED, True),
        ("requestParameters.userName|fieldref: actor.session", ATTACHED, False),
    ],
)
def test_what_a_normalised_field_means(item: str, seen: dict[str, Any], met: bool) -> None:
    for detection in (
        f"s: {{{item}}}\ncondition: s",
        f"s: {{{item}, eventID|exists: true}}\ncondition: s",
        f"s: {{{item}}}\nn: {{eventName: nothing}}\ncondition: s and not n",
    ):
        found = engine(detection)
        expected = met and ("eventID" not in detection or "eventID" in seen)
        assert bool(found.matches(seen)) is expected
        for _ in range(2):
            assert scanned(found, log_file([seen, record(7)])) == plainly(found, log_file([seen, record(7)]))


def test_keywords_look_at_what_the_record_holds_alone() -> None:
    assert not engine("words: [Terraform 1.9.5]\ncondition: words").matches(ATTACHED)


def test_a_record_that_other_fields_rule_out_is_read_by_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    plain = activity_fields.values

    def counted(facts: Facts, name: str) -> tuple[str, ...]:
        read.append(str(facts.record["eventID"]))
        return plain(facts, name)

    monkeypatch.setattr(activity_fields, "values", counted)
    found = engine(
        "s: {actor.nature: null, eventName: AttachUserPolicy, requestParameters.userName: mallory}\n"
        "condition: s"
    )
    others = [record(number) for number in range(2, 30)]
    by_hand = {**ATTACHED, "eventID": "other", "requestParameters": {"userName": "bob"}}
    assert len(scanned(found, log_file([*others, by_hand, ATTACHED]))) == 1
    assert read == [ATTACHED["eventID"]]


def test_a_field_is_read_once_however_many_rules_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    plain = activity_fields.values

    def counted(facts: Facts, name: str) -> tuple[str, ...]:
        read.append(name)
        return plain(facts, name)

    monkeypatch.setattr(activity_fields, "values", counted)
    detections = [
        ["and", ["field", "eventName", ["is", "AttachUserPolicy"]], ["normalised", "tool", ["like", glob]]]
        for glob in ("Terra*", "*form*", "AWS*")
    ]
    rules = tuple(rule_of(number, each) for number, each in enumerate(detections))
    assert len(scanned(Engine(RuleSet(rules=rules)), log_file([ATTACHED]))) == 2
    assert read == ["tool"]


@pytest.mark.parametrize(
    "detection",
    [
        ["normalised", "actor.mood", ["is", "bad"]],
        ["not", ["normalised", "eventName", ["null"]]],
        ["fieldref", ["normalised", "actor.mood"], "eventName", "is"],
        ["fieldref", "eventName", ["abnormal", "actor"], "is"],
        ["normalised", "actor", ["rhymes"]],
    ],
)
def test_an_engine_that_does_not_know_a_field_refuses_the_rule_set(detection: list[Any]) -> None:
    unknown = Rule(id="a", title="t", level=Level.LOW, detection=detection)
    with pytest.raises(RuleSetError, match="unknown"):
        Engine(RuleSet(rules=(unknown,)))


def test_the_compiler_knows_the_fields_that_activity_reads() -> None:
    assert set(activity_fields.NORMALISED) == NORMALISED
    assert set(READS) <= NORMALISED
    assert set().union(*READS.values()) <= set(OMISSIBLE)


def test_the_compiler_knows_the_words_that_fields_hold() -> None:
    assert set(WORDS) <= NORMALISED
    kinds: dict[str, Any] = {
        "actor.kind": ActorKind,
        "actor.nature": Nature,
        "action.outcome": Outcome,
    }
    for name, kind in kinds.items():
        assert set(WORDS[name]) == {each.value for each in kind} - {"unknown"}


def test_no_field_of_cloudtrail_is_taken_for_a_normalised_one() -> None:
    heads = {name.partition(".")[0] for name in NORMALISED}
    assert heads.isdisjoint(RECORD_FIELDS)


@needs_corpus
def test_no_real_record_has_a_field_that_is_taken_for_a_normalised_one() -> None:
    heads = {name.partition(".")[0] for name in NORMALISED}
    assert not any(heads & each.keys() for _, _, each in corpus_records())


@needs_corpus
def test_what_depends_on_omitted_contents_is_known() -> None:
    changed: dict[str, set[str]] = {}
    for _, _, each in corpus_records():
        whole = Facts(each)
        for gone in OMISSIBLE:
            if each.get(gone) is None:
                continue
            cut = Facts({name: value for name, value in each.items() if name != gone})
            for name in NORMALISED:
                if values(whole, name) != values(cut, name):
                    changed.setdefault(name, set()).add(gone)
    for name, contents in changed.items():
        assert contents <= READS.get(name, frozenset()), name
    assert set(changed) == set(READS)


@pytest.mark.parametrize(
    ("detection", "is_blind"),
    [
        ("s: {target|contains: trail}\ncondition: s", True),
        ("s: {eventName: StopLogging, target: trail main}\ncondition: s", True),
        ("s: {eventName: Other, target: trail main}\ncondition: s", False),
        ("s: {eventName: StopLogging, actor.name: mallory}\ncondition: s", False),
        ("s: {eventName: StopLogging, tool|startswith: Terraform}\ncondition: s", False),
        ("s: {target|fieldref: actor}\ncondition: s", True),
        ("s: {actor|fieldref: sentence}\ncondition: s", True),
        ("s: {actor|fieldref: tool}\ncondition: s", False),
    ],
)
def test_a_rule_is_blind_where_the_omitted_contents_decide_a_field(detection: str, is_blind: bool) -> None:
    assert bool(blind_rules([rule(detection)], big())) is is_blind


@pytest.mark.parametrize(
    "field", ["action.outcome", "outcome", "target", "targets", "sentence", "actor.nature"]
)
def test_a_service_event_whose_details_were_omitted_blinds_what_reads_them(field: str) -> None:
    event = {**big(), "requestParameters": None, "serviceEventDetails": {"omitted": True}}
    assert blind_rules([rule(f"s: {{{field}: x}}\ncondition: s")], event)


@needs_corpus
def test_a_scan_of_the_corpus_equals_the_plain_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside SigmaHQ's rules, on every log file; the fast way must not fall back on the plain one."""
    shipped, _ = compile_usable(load_rules([CORPUS / "sigma_aws"]))
    asked: list[list[Any]] = [
        ["normalised", "action.outcome", ["is", "denied"]],
        ["and", ["field", "eventSource", ["is", "iam.amazonaws.com"]], ["normalised", "tool", ["null"]]],
        ["and", ["field", "eventName", ["like", "Delete*"]],
         ["not", ["normalised", "actor.nature", ["is", "aws_service"]]]],
        ["and", ["normalised", "targets", ["like", "*role*"]], ["normalised", "actor.nature", ["exists"]]],
        ["fieldref", "userIdentity.userName", ["normalised", "actor.name"], "is"],
        ["or", ["normalised", "origin.attack_tool", ["is", "true"]], ["keyword", ["like", "*kali*"]]],
    ]  # fmt: skip
    rules = tuple(rule_of(number, each) for number, each in enumerate(asked))
    rule_set = RuleSet(rules=(*shipped.rules, *rules))
    plain, fast = Engine(rule_set), Engine(rule_set)
    monkeypatch.setattr(fast, "matches", None)
    met: set[str] = set()
    for path in log_files():
        content = path.read_bytes()
        found = scanned(fast, content)
        assert found == plainly(plain, content)
        met |= {rule_id for _, rule_id in found}
    assert {each.id for each in rules} <= met
