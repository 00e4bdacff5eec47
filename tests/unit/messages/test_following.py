"""What is told of an alert after its first message."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.messages.situations import various
from tests.unit.messages.test_message import NOW, alert
from trailwarden.activity.model import AccountInfo, Context, Place
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.messages.following import first_words, news, summed_up
from trailwarden.messages.message import AlertMessage, Bodies, Form, render
from trailwarden.messages.security_hub import SecurityHub

EVERYTHING = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=SecurityHub("444455556666", "eu-west-1"))


SAME = various(["trail main-trail"], ["StopLogging"], alike=True)


def follow_up(
    reason: Reason = Reason.QUIET, total: int = 20_000, more: int = 19_999, **fields: Any
) -> FollowUp:
    given = {
        "first_event_time": "2026-03-01T12:00:00Z",
        "last_event_time": "2026-03-01T12:04:00Z",
        "variety": SAME,
        **fields,
    }
    return FollowUp(reason, total, more, **given)


def told(**fields: Any) -> AlertMessage:
    return render(alert(), follow_up=follow_up(**fields), now=NOW)


def test_the_subject_says_how_bad_how_many_more_and_what() -> None:
    assert told().subject == (
        "[CRITICAL] +19,999 more: user mallory stopped the trail main-trail in account 444455556666"
    )


def test_a_new_address_stands_in_the_subject() -> None:
    subject = told(reason=Reason.CHANGED, total=3, more=1, changes=("address 198.51.100.7",)).subject
    assert subject.startswith("[CRITICAL] +1 more, new address 198.51.100.7: user mallory stopped")


def test_several_changes_leave_room_for_what_it_is_about() -> None:
    changes = ("address 2001:db8::7", "action DeleteTrail", "action UpdateTrail")
    assert news(follow_up(changes=changes)) == "+19,999 more, new address and actions"
    assert first_words(follow_up(more=3, changes=changes)) == (
        "3 more, with a new address 2001:db8::7 and new actions DeleteTrail and UpdateTrail"
    )
    many = ("level critical", *(f"target user {name}" for name in "abcde"), "account 777788889999")
    assert news(follow_up(changes=many)) == "+19,999 more, now critical"
    assert first_words(follow_up(more=1, changes=many), alike=True) == (
        "1 more like this, with a worse level, critical, new targets user a, user b and 3 more and a new"
        " account 777788889999"
    )


@pytest.mark.parametrize(
    ("fields", "quiet", "said"),
    [
        ({}, 3600, "20,000 in all since Sun 1 March 2026, 12:00:00 UTC, and nothing more for an hour"),
        ({"first_event_time": None}, 1800, "20,000 in all, and nothing more for 30 minutes"),
        (
            {"reason": Reason.GREW, "total": 10, "more": 9, "first_event_time": None},
            3600,
            "10 in all, ten times what was told before",
        ),
        (
            {"reason": Reason.GREW, "total": 1204, "more": 1194, "first_event_time": None},
            3600,
            "1,204 in all, more than 120 times what was told before",
        ),
        ({"reason": Reason.GREW, "total": 9, "more": 9, "first_event_time": None}, 3600, "9 in all"),
        (
            {
                "reason": Reason.CHANGED,
                "first_event_time": None,
                "acknowledged_by": "alice",
                "acknowledged_at": "2026-03-01T03:20:00Z",
            },
            3600,
            (
                "20,000 in all; it had been acknowledged by alice on Sun 1 March 2026, 03:20:00 UTC, "
                "before this was sent"
            ),
        ),
        ({"reason": Reason.CHANGED, "first_event_time": None}, 3600, "20,000 in all"),
        (
            {"reason": Reason.CHANGED, "first_event_time": "soon", "acknowledged_at": "later"},
            3600,
            "20,000 in all",
        ),
    ],
)
def test_the_sum_says_no_more_than_is_known(fields: dict[str, Any], quiet: int, said: str) -> None:
    assert summed_up(follow_up(**fields), quiet) == said


def test_the_first_message_is_not_repeated_but_for_what_to_do() -> None:
    email = told().email
    assert "Why it matters" not in email
    assert "What was asked for" not in email
    assert "1. Ask mallory." in email
    assert "trailwarden alerts show " in email
    assert "trailwarden alerts ack " in email


def test_what_somebody_had_made_their_peace_with_is_told_whole() -> None:
    email = told(reason=Reason.CHANGED, changes=("action DeleteTrail",), acknowledged_by="alice").email
    for part in ("New:        action DeleteTrail", "Known:      acknowledged by alice", "Why it matters"):
        assert part in email


def test_numbers_come_before_who_and_what() -> None:
    email = told().email
    parts = [
        "How many:   20,000 in all, 1 of them told before",
        "First: ",
        "Last: ",
        "One of the events reported before:",
    ]
    places = [email.index(part) for part in [*parts, "Who: ", "Check first", "Evidence:", "The record:"]]
    assert places == sorted(places)


def test_machines_are_told_why_and_how_many_more() -> None:
    first = json.loads(render(alert(), now=NOW).payload)
    assert (first["reason"], first["count"], first["more"], first["changes"]) == ("opened", 1, 1, [])
    message = told(
        reason=Reason.CHANGED, total=5, more=2, changes=("address 198.51.100.7",), acknowledged_by="alice"
    )
    later = json.loads(message.payload)
    assert later["alert_id"] == first["alert_id"]
    assert (later["reason"], later["count"], later["more"]) == ("changed", 5, 2)
    assert later["changes"] == ["address 198.51.100.7"]
    assert (later["acknowledged_by"], later["acknowledged_at"]) == ("alice", None)
    assert later["last_event_time"] == "2026-03-01T12:04:00Z"
    assert message.attributes["reason"] == "changed"


def test_the_sms_says_how_many_more_first() -> None:
    sms = json.loads(told().body)["sms"]
    assert sms.startswith("CRITICAL: +19,999 more: user mallory stopped the trail")
    assert len(sms) <= 140


def test_the_number_of_what_is_new_is_bounded() -> None:
    changes = ("action DeleteTrail", *(f"address {number}" for number in range(5000)))
    message = told(changes=changes, acknowledged_by="x" * 5000)
    assert len(json.loads(message.payload)["changes"]) == 10


class Germany:
    """Whatever the address."""

    def place(self, address: str) -> Place | None:
        return Place("Germany", f"AS3320 of {address[:3]}")


KNOWN = Context(accounts={"444455556666": AccountInfo("shop", "production")}, geo=Germany())


def test_an_account_has_its_name_wherever_it_is_said() -> None:
    message = render(alert(), now=NOW, context=KNOWN)
    sentence, _, facts = message.email.partition("\n\n")
    assert "in account 444455556666 (shop, production), 5 minutes" in " ".join(sentence.split())
    assert "Account:    444455556666 (shop, production), eu-west-1" in facts
    assert "444455556666 (shop" in json.loads(message.body)["sms"]
    assert message.attributes["environment"] == "production"


def test_an_account_without_a_name_or_environment_is_its_number() -> None:
    context = Context(accounts={"444455556666": AccountInfo()})
    assert render(alert(), now=NOW, context=context).email == render(alert(), now=NOW).email


def test_where_an_address_is_stands_beside_it() -> None:
    message = render(alert(), now=NOW, context=KNOWN)
    assert "Where from: 203.0.113.7 (Germany, AS3320 of 203)" in message.email
    assert json.loads(message.payload)["origin"]["country"] == "Germany"


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("AccessDenied", "denied"),
        ("Client.UnauthorizedOperation", "denied"),
        ("TrailNotFoundException", "failed"),
        ("InternalServerError", "failed insi"),
        ("DryRunOperation", "dry run"),
    ],
)
def test_what_did_not_succeed_is_told_as_an_attempt_everywhere(code: str, outcome: str) -> None:
    message = render(alert(errorCode=code), bodies=EVERYTHING)
    said = "user mallory tried to stop the trail main-trail in account 444455556666"
    bodies = json.loads(message.body)
    ocsf, chat = json.loads(bodies["sqs"]), json.loads(bodies["https"])
    assert message.finding is not None
    for text in (
        *(message.subject, bodies["sms"], message.email.replace("\n  ", " ")),
        *(json.loads(message.payload)["title"], ocsf["message"], ocsf["finding_info"]["title"]),
        *(message.finding["Title"], message.finding["Description"], chat["content"]["title"]),
    ):
        assert f"{said}: {outcome}" in text


def test_of_many_events_it_is_said_how_many_failed() -> None:
    denied = alert(errorCode="AccessDenied")
    many = various(["trail a", "trail b"], ["StopLogging"], denied=15_000, failed=5)
    message = render(denied, follow_up=follow_up(variety=many))
    assert "Ended:      15,005 of 20,000 denied or failed" in message.email
    assert message.subject.startswith(
        "[CRITICAL] +19,999 more: StopLogging called by user mallory, on trail a"
    )
    every = render(denied, follow_up=follow_up(variety=replace(many, denied=20_000, failed=0)))
    assert every.subject.startswith("[CRITICAL] +19,999 more, all denied: StopLogging called by user mallory")
    assert json.loads(every.payload)["title"].endswith("on trail a and trail b: all denied")
    assert json.loads(message.payload)["title"].endswith(": 15,005 of 20,000 denied or failed")


def test_the_sentence_on_top_is_true_of_all_that_it_counts_in_every_form() -> None:
    """Whatever the first event was, no form says of the others what holds of the first alone."""
    more = follow_up(variety=various(["trail a", "trail b"], ["StopLogging", "DeleteTrail"], more=14))
    message = render(alert(), follow_up=more, now=NOW, bodies=EVERYTHING)
    bodies = json.loads(message.body)
    ocsf, chat = json.loads(bodies["sqs"]), json.loads(bodies["https"])
    payload = json.loads(message.payload)
    assert message.finding is not None
    began = "One of them: user mallory stopped the trail main-trail"
    for text in (
        *(message.subject, bodies["sms"], payload["title"], ocsf["message"], ocsf["finding_info"]["title"]),
        *(message.finding["Title"], chat["content"]["title"], chat["metadata"]["summary"]),
        *(payload["sentence"].partition(began)[0], message.finding["Description"].partition(began)[0]),
        message.email.replace("\n  ", " ").partition(began)[0],
    ):
        assert "main-trail" not in text
        assert "StopLogging called by user mallory, on trail a" in text
    assert payload["first_title"] == "user mallory stopped the trail main-trail in account 444455556666"
    assert payload["seen"]["targets"] == {
        "first": ["trail a", "trail b"],
        "count": 16,
        "count_is_at_least": False,
    }
    assert message.finding["ProductFields"]["trailwarden/Targets"] == "trail a, trail b and 14 more"
    assert ocsf["unmapped"]["seen"] == payload["seen"]
    assert "Targets: trail a, trail b and 14 more" in chat["content"]["description"]


def test_a_first_message_of_several_events_says_no_more_of_them() -> None:
    three = replace(alert(), count=3, variety=various(["trail a", "trail b", "trail c"], ["StopLogging"]))
    message = render(three, now=NOW)
    assert message.subject.startswith(
        "[CRITICAL] 3 events: StopLogging called by user mallory, on trail a, trail b"
    )
    refused = replace(alert(errorCode="AccessDenied"), count=3, variety=various(denied=3))
    assert render(refused).subject.startswith(
        "[CRITICAL] 3 denied attempts: StopLogging called by user mallory"
    )
    unknown = replace(alert(), count=3)
    assert render(unknown).subject.startswith("[CRITICAL] 3 events: StopLogging called by user mallory")


def test_what_a_follow_up_shows_is_said_to_be_from_before_not_of_the_new_ones() -> None:
    email = told(reason=Reason.CHANGED, changes=("address 198.51.100.7",), acknowledged_by="alice").email
    assert "One of these events" not in email
    heading = email.index("One of the events reported before:")
    assert email.index("New:") < heading < email.index("Where from:")
    assert "  The event shown above:" in email


@pytest.mark.parametrize(
    ("total", "more", "said"),
    [
        (3, 2, "3 are left, of which at most 2 are new"),
        (3, 1, "3 are left, of which at most 1 is new"),
        (3, 0, "3 are left, none of which is new"),
        (3, 3, "3 are left"),
        (1, 0, "1 is left, which is not new"),
        (1, 1, "1 is left"),
        (0, 0, "none is left"),
    ],
)
def test_a_recounted_alert_says_how_many_are_left_and_new(total: int, more: int, said: str) -> None:
    late = follow_up(Reason.RECOUNTED, total, more, first_event_time=None)
    assert summed_up(late, 3600) == f"Late records took some of its events back; {said}"


def test_what_there_are_more_of_than_is_counted_is_never_said_to_be_all() -> None:
    many: dict[str, Any] = {"total": 1_000_000, "more": 999_990, "at_least": True, "first_event_time": None}
    assert summed_up(follow_up(Reason.GREW, **many), 3600) == (
        "more than 1,000,000 in all, more than 100,000 times what was told before"
    )
    assert summed_up(follow_up(Reason.RECOUNTED, **many), 3600) == (
        "Late records took some of its events back; more than 1,000,000 are left"
    )


def test_when_is_said_of_the_event_that_is_shown() -> None:
    shown = alert(eventTime="2026-03-01T12:00:30Z")
    several = replace(shown, count=3, first_event_time="2026-03-01T11:59:10Z")
    several = replace(several, last_event_time="2026-03-01T12:01:00Z")
    message = render(several, now=NOW, bodies=EVERYTHING)
    assert "One of these events:\n" in message.email
    said = " ".join(message.email.split())
    assert "When: Sun 1 March 2026, 12:00:30 UTC" in said
    assert "How many: 3 times so far, the first at 11:59:10, the last at 12:01:00 UTC" in said
    chat = json.loads(json.loads(message.body)["https"])["content"]["description"]
    assert "When: Sun 1 March 2026, 12:00:30 UTC" in chat
    for claim in ("first event", "began"):
        assert claim not in message.email + chat
