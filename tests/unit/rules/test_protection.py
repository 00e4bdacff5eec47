"""The protected rules: no file of a team's filters, switches off, lowers, silences or imitates them."""

from datetime import date
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from tests.corpus import CORPUS, needs_corpus
from trailwarden.checking import Severity, check_rules
from trailwarden.checking.suppression import nothing_alerts, suppressions
from trailwarden.errors import Problem, RuleError
from trailwarden.publishing.build import build
from trailwarden.rules.compile import compile_rules, compile_usable
from trailwarden.rules.folder import files_under
from trailwarden.rules.guard import guarded, weakened
from trailwarden.rules.load import RuleFolder, parse_rules, read_contents
from trailwarden.rules.protection import protected_ids, refuse_imitations
from trailwarden.rules.ruleset import (
    VISIBILITY_RULE_ID,
    Correlation,
    Level,
    Rule,
    RuleSet,
    dump_rule_set,
    load_rule_set,
)
from trailwarden.rules.shipped import ProtectedTexts, shipped_rules_path
from trailwarden.rules.source import RuleSource, named

TODAY = date(2026, 11, 28)
WATCHER, BASE, SUM, OTHER = (f"{digit}c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a10" for digit in "1234")
SHIPPED = files_under(shipped_rules_path())
PACK = read_contents([], sorted(SHIPPED.items()))
PROTECTED = protected_ids(PACK.sources)
FOLDERS = ("lists", "persistence", "impact", "exfiltration")
SOME = {
    path: content
    for path, content in SHIPPED.items()
    if path.split("/")[0] in FOLDERS or path.startswith("defense_evasion/trail")
}
"""A part of the pack: each try reads it anew."""
SOME_READ = read_contents([], sorted(SOME.items()))
TAMPERED = "c5436f84-a9cd-47f0-96a2-4860732c4b4f"


def rule(rule_id: str, title: str, event: str, extra: str = "", block: str = "") -> str:
    return (
        f"title: {title}\nid: {rule_id}\n{extra}logsource: {{product: aws, service: cloudtrail}}\n"
        f"detection: {{sel: {{eventName: {event}}}, condition: sel}}\nlevel: high\n"
        f"trailwarden: {{{block}tests: {{match: [{{eventName: {event}}}]}}}}\n"
    )


def correlation(rule_id: str, title: str, rules: str, block: str = "", generate: str = "") -> str:
    return (
        f"title: {title}\nid: {rule_id}\nlevel: high\ncorrelation: {{type: event_count, rules: [{rules}], "
        f"group-by: [awsRegion], timespan: 1h, condition: {{gte: 1000}}{generate}}}\n{block}"
    )


TOLD = 'title: "{actor} pulled the plug of {requestParameters.alarmNames} ({eventName})", '
ALARMS = "\n---\n".join(
    [
        rule(WATCHER, "Alarm Unplugged", "DeleteAlarms", "name: unplugged\n", f"protected: true, {TOLD}"),
        rule(BASE, "Bell Touched", "SetAlarmState", "name: touched\n"),
        correlation(SUM, "Bells Touched Again And Again", "touched", "trailwarden: {protected: true}\n"),
        rule(OTHER, "User Made", "CreateUser", "name: made\n"),
    ]
)


def load(team: str) -> RuleFolder:
    return read_contents([("team.yml", team.encode())] if team else [], [("shipped.yml", ALARMS.encode())])


def messages(folder: RuleFolder) -> str:
    assert all(problem.path == "team.yml" and problem.cure for problem in folder.problems)
    return "\n".join(f"{problem.line}: {problem.message}" for problem in folder.problems)


def compiled(folder: RuleFolder) -> RuleSet:
    return compile_rules(folder.sources, today=TODAY)


def exception(rules: str, selection: str = "eventName: '*'", title: str = "Peace") -> str:
    return (
        f"title: {title}\nlogsource: {{product: aws, service: cloudtrail}}\n"
        f"filter: {{rules: {rules}, sel: {{{selection}}}, condition: sel}}\n"
        "trailwarden: {owner: mallory, reason: peace, expires: 2027-03-01}\n"
    )


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
    "title",
    [
        "Alarm Unplugged",
        "ALARM  unplugged!",
        "A\u200blarm Unplugged",
        "\u0410larm Unplugg\u0435d",  # Cyrillic letters
        "A1arm Unplu99ed".replace("9", "g"),
        "Älarm Unplugged",
        "Contents Omitted from a Record",
        "Alarm Unplugged\u3164",  # a letter that shows nothing
        "AIarm Unp|ugged",
        "@larrn Unplu99ed",
        "Alarm Unpluged",
        "Alarms Unplugged",
        "Alarm Unpluqqed",
        "Alarm Unplugged (resolved)",
        "[closed] Alarm Unplugged",
        "Alarm Unplugged - Resolved",
        "(Alarm Unplugged)",
        "Somebody pulled the plug of main",
        "4LARM UNPLUGGGED!",
        "C0ntents 0mitted From A Rec0rd",
        "\U0001f170larm Unplugged",  # a squared A
        "\U0001f1e6larm \u24caplugged".replace("\u24ca", "\u24ca" + "n"),
        "Al\u212erm Unplugged",  # signs that are drawn like letters
        "Alarm Unplu\u20acged",
        "Alarm \u222aNplugged",
        "Al\u53e3rm Unplugged",  # one wide letter among Latin ones
        "\u26a0\ufe0f Alarm Unplugged",
        "Alarm Unplugged In A Sandbox",
        "Known: Alarm Unplugged",
        "Every Alarm Unplugged 3",
    ],
)
def test_a_rule_that_reads_like_one_is_refused(title: str) -> None:
    folder = load(rule("5" + OTHER[1:], f'"{title}"', "GetUser"))

    assert "reads like that of the protected rule" in messages(folder)


@pytest.mark.parametrize(
    "title",
    [
        "Alarm Unplugged",
        "Alarm Unplugged: {requestParameters.name}",
        "{actor} pulled the plug of {userAgent}",
        "{userIdentity.arn} pu11ed the p1ug of {eventID} (drill)",
        "alice pulled the plug of main, DeleteAlarms",
        "RESOLVED: contents omitted from a record",
    ],
)
def test_a_rule_whose_alerts_read_like_those_of_one_is_refused(title: str) -> None:
    told = messages(load(rule("5" + OTHER[1:], "Mine", "GetUser", block=f"title: '{title}', ")))

    assert "its alerts' title reads like that of the protected rule" in told


@pytest.mark.parametrize(
    "title",
    [
        "Trailwarden is at work: all accounts read, no alert told",
        "Storm: 10,000 alerts held back, 1 rule, 1 account",
        "Storm goes on, part 2 of 3",
        "TRA1LWARDEN: rule set 3 is live",
        "\U0001f1f9railwarden: 1 task set aside",
    ],
)
def test_nothing_of_a_team_begins_like_trailwardens_own_messages(title: str) -> None:
    for folder in (
        load(rule("5" + OTHER[1:], f'"{title}"', "GetUser")),
        load(rule("5" + OTHER[1:], "Mine", "GetUser", block=f'title: "{title}", ')),
    ):
        assert "begins like Trailwarden's own messages" in messages(folder)


@pytest.mark.parametrize(
    "title",
    ["Stormy Weather Watched", "Storm Of Denied Calls", "Trails Changed", "\u76e3\u67fb\u30ed\u30b0" * 4],
)
def test_titles_that_only_remind_of_them_are_let_be(title: str) -> None:
    assert messages(load(rule("5" + OTHER[1:], f'"{title}"', "GetUser"))) == ""


@pytest.mark.parametrize(
    "title", ["{actor} touched a bell", "{actor} plugged {eventName} in", "{requestParameters.name} rang"]
)
def test_a_rule_whose_alerts_read_otherwise_is_not(title: str) -> None:
    assert messages(load(rule("5" + OTHER[1:], "Mine", "GetUser", block=f"title: '{title}', "))) == ""


@pytest.mark.parametrize(
    "title",
    [
        "{requestParameters.name}",
        "{requestParameters.name|userAgent}!",
        "[{eventName}] {userAgent}: {errorMessage}",
        "{actor} {errorMessage}",
        "x {userAgent}",
        "\u3164\u3164\u3164 {userAgent}",
        "2026-03-01: {requestParameters.name}",
        "{actor} {requestParameters.a} {requestParameters.b} {requestParameters.c} with words",
        "Look at {requestParameters.a} {requestParameters.b} / {requestParameters.c} - {requestParameters.d}",
    ],
)
def test_a_title_that_leaves_its_words_to_the_record_is_refused(title: str) -> None:
    (problem,) = load(rule("5" + OTHER[1:], "Mine", "GetUser", block=f"title: '{title}', ")).problems
    assert "the title leaves its words to the record" in problem.message
    assert "{actor} tagged {requestParameters.name}" in problem.cure
    assert problem.line > 1


@pytest.mark.parametrize(
    "title",
    [
        "A Trail Was Stopped Or Deleted",
        "Trail Deleted Or Stopped",
        "Trail Stopped & Deleted",
        "Trail Stopped/Deleted",
        "Trail Stopped Or Deletd",
        "Trial Stoped, Then Deleted",
        "Stopping Or Deleting Of A Trail",
        "TrailDeletedStopped",
        "Known: Deleted Or Stopped Trail In A Sandbox",
        "Tr\u0430il D\u0435leted Or $topped",
        "Trail Stopped And Quickly Deleted",
        "Trail xyz Deleted, Stopped",
        "Role Of Trailwarden Changed",
        "Our Refused Attempt On Trailwarden",
        "Record With Its Contents Omitted",
        "Trail That Was Made To See Less",
    ],
)
def test_other_words_in_another_order_imitate_as_well(title: str) -> None:
    assert len(imitations([title])) == 1
    assert len(imitations([f"{{actor}}: {title} ({{eventName}})"])) == 1


@needs_corpus
def test_no_honest_title_is_taken_for_an_imitation() -> None:
    """Those of SigmaHQ's rules, and of all that ship and are not protected."""
    titles = [
        line.removeprefix("title: ")
        for path in (CORPUS / "sigma_aws").rglob("*.yml")
        for line in path.read_text().splitlines()
        if line.startswith("title: ")
    ]
    assert titles
    for each in PACK.sources:
        if each.id not in PROTECTED:
            titles += [each.title, each.block.alert_title or each.title]
    titles += [
        "Trail Created",
        "Trail Stopped",
        "Trail Deleted",
        "Trail Started Or Created",
        "Bucket Changed",
    ]
    titles += ["{actor} switched the trail {requestParameters.name} on", "Trail Mode To See Logs"]
    assert imitations(titles) == []


def imitations(titles: list[str]) -> list[str]:
    """Why titles of a team's rules are refused beside the pack."""
    texts = [
        ProtectedTexts(named(each), each.block.alert_title) for each in PACK.sources if each.id in PROTECTED
    ]
    (source,) = (each for each in load(rule(TAMPERED, "Mine", "GetUser")).sources if each.path == "team.yml")
    kept = {"document": source.document, "id": source.id, "name": "", "block": source.block}
    problems: list[Problem] = []
    called: list[Any] = [SimpleNamespace(**kept, title=each) for each in titles]
    refuse_imitations(called, problems, texts)
    return [f"{each.message} {each.line}" for each in problems]


@pytest.mark.parametrize(
    "title", ["Alarm Plugged", "Unplugged", "\u8b66" * 14, "Alarm In A Sandbox Unplugged"]
)
def test_a_rule_that_reads_otherwise_is_not(title: str) -> None:
    assert messages(load(rule("5" + OTHER[1:], f'"{title}"', "GetUser"))) == ""


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
