"""The protected rules: no file of a team's filters, switches off, lowers, silences or imitates them."""

import pytest
from msgspec.structs import replace

from tests.unit.rules.protected_pack import (
    BASE,
    OTHER,
    PACK,
    PROTECTED,
    SOME,
    SOME_READ,
    SUM,
    TAMPERED,
    TODAY,
    WATCHER,
    compiled,
    correlation,
    exception,
    load,
    messages,
    rule,
)
from trailwarden.checking import Severity, check_rules
from trailwarden.checking.suppression import nothing_alerts, suppressions
from trailwarden.errors import RuleError
from trailwarden.publishing.build import build
from trailwarden.rules.compile import compile_rules, compile_usable
from trailwarden.rules.guard import guarded, weakened
from trailwarden.rules.load import parse_rules, read_contents
from trailwarden.rules.protection import protected_ids
from trailwarden.rules.ruleset import (
    VISIBILITY_RULE_ID,
    Correlation,
    Level,
    Rule,
    RuleSet,
    dump_rule_set,
    load_rule_set,
)
from trailwarden.rules.source import RuleSource

"""A part of the pack: each try reads it anew."""


def test_what_the_protected_are_built_on_is_protected_with_them() -> None:
    assert protected_ids(load("").sources) == {WATCHER, BASE, SUM}
    rule_set = compiled(load(""))
    every: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    assert {one.id for one in every if one.protected} == {WATCHER, BASE, SUM}
    assert load_rule_set(dump_rule_set(rule_set)) == rule_set


@pytest.mark.parametrize("name", [f"[{WATCHER.upper()}]", "[unplugged]", "unplugged", "[made, touched]"])
def test_a_filter_that_names_one_is_refused(name: str) -> None:
    folder = load(exception(name))

    assert "is protected: no filter may hide what it finds" in messages(folder)
    assert all(rule.filters == () for rule in compiled(folder).rules if rule.protected)


def test_a_filter_on_any_leaves_them_out() -> None:
    rules = {rule.title: rule.filters for rule in compiled(load(exception("any"))).rules}

    assert rules == {"Alarm Unplugged": (), "Bell Touched": (), "User Made": ("Peace",)}


@pytest.mark.parametrize("effect", ["enabled: false", "level: informational", "level: critical"])
@pytest.mark.parametrize("name", [WATCHER, "touched", SUM.upper(), VISIBILITY_RULE_ID])
def test_an_override_of_one_is_refused_and_without_effect(name: str, effect: str) -> None:
    block = "trailwarden: {owner: mallory, reason: quiet}\n"
    folder = load(f"override:\n  rules: [made, {name}]\n  {effect}\n{block}")

    assert "2: the rule" in messages(folder)
    assert "is protected: nothing switches it off or changes its level" in messages(folder)
    assert {rule.level for rule in compiled(folder).rules if rule.protected} == {Level.HIGH}


@pytest.mark.parametrize("generate", ["", ", generate: false"])
def test_a_teams_correlation_silences_none(generate: str) -> None:
    folder = load(correlation("5" + OTHER[1:], "Never", f"unplugged, made, {SUM}", generate=generate))
    rule_set = compiled(folder)

    every: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    silent = {one.title for one in every if not one.generates}
    assert silent == {"Bell Touched", "User Made"}  # the first only feeds what ships with it


@pytest.mark.parametrize(
    ("team", "said"),
    [
        (rule(VISIBILITY_RULE_ID, "Mine", "GetUser"), "is that of the built-in rule"),
        (correlation(VISIBILITY_RULE_ID, "Mine", "made"), "is that of the built-in rule"),
        (rule(WATCHER.upper(), "Mine", "GetUser"), "is also that of shipped.yml:1"),
        (rule("5" + OTHER[1:], "Mine", "GetUser", "name: Touched\n"), "is that of a protected rule"),
        (rule("5" + OTHER[1:], "Mine", "GetUser", "name: unp1ugged\n"), "is that of a protected rule"),
        (rule("5" + OTHER[1:], "Mine", "GetUser", block="protected: true, "), "only rules that ship"),
        (rule("5" + OTHER[1:], "Mine", "GetUser", block="protected: false, "), "only rules that ship"),
        ("name: services_on_their_own\nvalues: ['*']\n", "is one that ships"),
    ],
)
def test_ids_names_and_marks_stay_with_what_ships(team: str, said: str) -> None:
    assert said in messages(load(team))


def test_a_list_of_a_teams_that_is_read_by_itself_alters_none_that_ships() -> None:
    text = rule(OTHER, "Mine", "GetUser") + "---\nname: services_on_their_own\nvalues: [a.amazonaws.com]\n"

    _, problems = parse_rules("team.yml", text.encode())

    assert ["is one that ships" in problem.message for problem in problems] == [True]


def test_the_pack_protects_what_is_done_to_trailwarden_and_to_trails() -> None:
    folders = {source.path.split("/")[0] for source in PACK.sources if source.id in PROTECTED}
    of_itself = {source.id for source in PACK.sources if source.path.startswith("self_protection/")}

    assert of_itself <= PROTECTED
    assert folders == {"self_protection", "defense_evasion"}
    record = {"eventSource": "cloudtrail.amazonaws.com", "eventName": "DeleteTrail"}
    assert any(
        test.record.items() >= record.items()
        for source in PACK.sources
        if isinstance(source, RuleSource) and source.id in PROTECTED and source.id not in of_itself
        for test in source.block.tests
    )
    rule_set = compile_rules(PACK.sources)
    assert all(one.generates and not one.staged for one in rule_set.rules if one.protected)


def refusals(team: dict[str, str]) -> str:
    """Why a part of the pack and these files of a team do not go live; empty if they do."""
    files = [(path, text.encode()) for path, text in team.items()]
    folder = read_contents(files, sorted(SOME.items()))
    rule_set, refused = compile_usable(folder.sources, today=TODAY)
    rules = [source for source in folder.sources if isinstance(source, RuleSource)]
    protected = [source for source in rules if source.id in PROTECTED]
    found = [*suppressions(rules, protected, TODAY), *nothing_alerts(folder, rule_set)]
    assert all(each.severity is Severity.ERROR and each.cure for each in found)
    return "\n".join(map(str, [*folder.problems, *refused, *found]))


def test_publication_asks_all_of_it() -> None:
    team = {"peace.yml": exception("any", "eventID: '*'").encode(), "off.yml": off(OTHERS).encode()}

    with pytest.raises(RuleError) as refused:
        build(SOME, team, today=TODAY.isoformat())

    assert {problem.path for problem in refused.value.problems} == {"off.yml"}  # nothing is left to hide


def off(rules: list[str]) -> str:
    return (
        f"override: {{rules: [{', '.join(rules)}], enabled: false}}\n"
        "trailwarden: {owner: mallory, reason: quiet}\n"
    )


OTHERS = [source.id for source in SOME_READ.sources if source.id not in PROTECTED]


@pytest.mark.parametrize(
    "selection",
    [
        "eventSource: '*'",
        "eventID|exists: true",
        "eventTime|startswith: '20'",
        "recipientAccountId|re: '^[0-9]{12}$'",
        "userIdentity.accountId|exists: true",
        "awsRegion|contains: '-'",
        "eventSource: cloudtrail.amazonaws.com",
        "requestParameters.name|contains: trail",
    ],
)
def test_a_filter_on_any_that_would_hide_them_does_not_go_live(selection: str) -> None:
    told = refusals({"peace.yml": exception("any", selection)})

    assert "peace.yml:1:1: error: the filter would hide a record that the protected rule" in told


def test_filters_that_together_hide_most_do_not_go_live_and_few_do() -> None:
    halves = {
        f"{number}.yml": exception(f"[{', '.join(OTHERS_THAT_MATCH[number::3])}]", title=f"Third {number}")
        for number in range(3)
    }

    assert "the filters hide" in refusals(halves)
    assert refusals({"0.yml": halves["0.yml"]}) == ""


@pytest.mark.parametrize(
    "selection",
    [
        "tlsDetails.cipherSuite|startswith: TLS_",
        "tlsDetails.tlsVersion: [TLSv1.2, TLSv1.3]",
        "eventVersion: ['1.11', '1.12']",
        "eventVersion|gte: 1.1",
        "recipientAccountId|startswith: ['0', '1', '2', '3', '4', '5']",
        "recipientAccountId|re: '[1-8]$'",
        "userIdentity.accountId|contains: ['1', '2']",
        "sourceIPAddress|cidr: ['32.0.0.0/3', '64.0.0.0/2', '128.0.0.0/2']",
        "userAgent|contains: 'o'",
        "userAgent|contains: [aws, Boto3]",
        "userIdentity.principalId|startswith: A",
        "userIdentity.sessionContext.sessionIssuer.type: Role",
        "awsRegion|endswith: ['1', '2']",
        "eventTime|startswith: ['2027-01-3', '2027-02']",
        "eventTime|startswith: '2026-12-1'",
        "eventTime|contains: 'T1'",
        "userIdentity.sessionContext.attributes.creationDate|contains: '-02-'",
        "userIdentity.sessionContext.sessionIssuer.principalId|re: '^AROA[A-Z2-7]{17}$'",
        "userIdentity.principalId|re: '^A(ID|RO)A.{17}'",
        "userIdentity.accessKeyId|startswith: [AKIA, ASIA]",
        "eventID|re: '-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-'",
        "requestID|re: '^[0-9a-f]+-'",
        "tlsDetails.clientProvidedHostHeader|endswith: .amazonaws.com",
        "recipientAccountId|fieldref: userIdentity.accountId",
        "userIdentity.arn|re: '^arn:aws:(iam|sts)::[0-9]{12}:(user|assumed-role)/'",
        "userIdentity.sessionContext.attributes.mfaAuthenticated: 'false'",
    ],
)
def test_a_filter_that_hides_most_of_real_traffic_does_not_go_live(selection: str) -> None:
    assert "peace.yml:1:1: error: the filter" in refusals({"peace.yml": exception("any", selection)})


def test_a_time_is_named_only_if_it_matters() -> None:
    digits = exception("any", "recipientAccountId|re: '[02468]$'")
    evening = exception(f"[{OTHERS_THAT_MATCH[0]}]", "eventTime|contains: 'T19'", title="Evening")
    hours = exception("any", "eventTime|startswith: '2026-12-1'")

    alone, beside = refusals({"a.yml": digits}), refusals({"a.yml": digits, "b.yml": evening})
    assert "hide more than half" in alone
    assert "hide more than half" in beside
    assert " on 20" not in alone + beside
    assert "in every record, on 2026-12-1" in refusals({"c.yml": hours})


def test_a_filter_that_names_most_rules_is_held_to_the_same() -> None:
    text = exception(f"[{', '.join(OTHERS_THAT_MATCH)}]", "userAgent|contains: [lang, aws-sdk, Terraform]")

    assert "peace.yml:1:1: error: the filter" in refusals({"peace.yml": text})


def test_filters_that_share_real_traffic_among_them_do_not_go_live() -> None:
    digits = {
        f"{digit}.yml": exception("any", f"recipientAccountId|startswith: '{digit}'", title=f"Part {digit}")
        for digit in range(8)
    }

    assert "the filters hide more than half" in refusals(digits)
    assert refusals({"0.yml": digits["0.yml"]}) == ""


@pytest.mark.parametrize(
    "selection",
    [
        "userIdentity.sessionContext.sessionIssuer.arn: arn:aws:iam::444455556666:role/deployment",
        "userIdentity.arn|startswith: 'arn:aws:sts::444455556666:assumed-role/deployment/'",
        "recipientAccountId: '777788889999'",
        "recipientAccountId: ['222233334444', '444455556666', '777788889999']",
        "sourceIPAddress|cidr: 52.0.0.0/8",
        "sourceIPAddress|cidr: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]",
        "awsRegion: eu-west-1",
        "awsRegion: us-east-1",
        "userAgent|contains: Terraform",
        "sourceIPAddress: cloudformation.amazonaws.com",
        "userIdentity.arn|endswith: role/deployment, eventTime|startswith: '2027-01'",
    ],
)
def test_a_filter_for_one_identity_account_network_or_region_goes_live(selection: str) -> None:
    assert refusals({"pass.yml": exception("any", selection)}) == ""


OTHERS_THAT_MATCH = [
    source.id for source in SOME_READ.sources if isinstance(source, RuleSource) and source.id not in PROTECTED
]


def test_a_rule_set_in_which_nothing_else_alerts_does_not_go_live() -> None:
    assert "no rule besides the protected ones would alert" in refusals({"off.yml": off(OTHERS)})
    assert refusals({"off.yml": off(OTHERS[1:])}) == ""
    silencer = correlation("5" + OTHER[1:], "Never", ", ".join(OTHERS))
    assert "no rule besides the protected ones" not in refusals(
        {"never.yml": silencer.replace("high", "low")}
    )


def test_an_exception_may_hold_for_a_year_and_a_bit() -> None:
    text = exception("any", "userIdentity.userName: alice")

    assert refusals({"a.yml": text.replace("2027-03-01", "2028-01-02")}) == ""
    assert "more than 400 days from now" in refusals({"a.yml": text.replace("2027-03-01", "2028-01-03")})
    assert "more than 400 days from now" in refusals({"a.yml": text.replace("2027-03-01", "9999-12-31")})


def test_the_check_says_the_same() -> None:
    folder = load(exception("any", "eventName: [DeleteAlarms, SetAlarmState]"))

    codes = {each.code for each in check_rules(folder.sources, folder.problems, today=TODAY) if each.cure}

    assert "filter-hides-protected" in codes


DEPLOYED = compile_rules(PACK.sources)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (None, "missing"),
        ({"level": Level.LOW}, "at the level low"),
        ({"status": "experimental"}, "made silent"),
        ({"generates": False}, "made silent"),
        ({"filters": ("x",)}, "under exceptions"),
        ({"quiet": 604_800}, ""),
        ({"group_by": ("awsRegion",)}, ""),
    ],
)
def test_an_altered_rule_set_gets_the_protected_rules_back(
    change: dict[str, object] | None, said: str
) -> None:
    (own,) = [one for one in DEPLOYED.rules if one.id == TAMPERED]
    others = tuple(one for one in DEPLOYED.rules if one.id != TAMPERED)
    altered = RuleSet(others if change is None else (*others, replace(own, **change)), DEPLOYED.correlations)

    assert guarded(altered, DEPLOYED).rules == DEPLOYED.rules
    assert guarded(DEPLOYED, DEPLOYED) is DEPLOYED
    assert list(weakened(altered, DEPLOYED)) == ([f"{own.title}: {said}"] if said else [])
