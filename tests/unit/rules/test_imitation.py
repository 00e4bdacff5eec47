"""No rule of a team's reads like a protected one."""

from types import SimpleNamespace
from typing import Any

import pytest

from tests.corpus import CORPUS, needs_corpus
from tests.unit.rules.protected_pack import OTHER, PACK, PROTECTED, TAMPERED, load, messages, rule
from trailwarden.errors import Problem
from trailwarden.rules.protection import refuse_imitations
from trailwarden.rules.shipped import ProtectedTexts
from trailwarden.rules.source import named


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
