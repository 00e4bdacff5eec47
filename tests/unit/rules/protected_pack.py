"""A part of the rules that ship, some of them protected, and what teams write over them."""

from datetime import date

from trailwarden.rules.compile import compile_rules
from trailwarden.rules.folder import files_under
from trailwarden.rules.load import RuleFolder, read_contents
from trailwarden.rules.protection import protected_ids
from trailwarden.rules.ruleset import (
    RuleSet,
)
from trailwarden.rules.shipped import shipped_rules_path

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
