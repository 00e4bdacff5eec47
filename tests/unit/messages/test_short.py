"""What cannot be described goes out in short: rule, level, account, when, how often, where its record is."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.messages.test_approved import SITUATIONS
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.messages import message as module
from trailwarden.messages.envelope import Bodies
from trailwarden.messages.form import Form
from trailwarden.messages.message import render
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.safety.safe_record import SafeRecord

ALERT = next(one.alert for one in SITUATIONS if one.name == "trail-stopped")
EVERYTHING = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=SecurityHub("111122223333", "eu-west-1"))


def test_it_says_what_is_sure_and_nothing_that_an_attacker_wrote() -> None:
    endless = "eyJ-" * 30_000
    hostile = replace(ALERT, title=endless, group={"actor": endless}, record=SafeRecord({"x": endless}))
    follow_up = FollowUp(Reason.CHANGED, 7, 3, None, None, changes=("eyJ-" * 30_000,), acknowledged_by="bob")
    known = Context(accounts={ALERT.account: AccountInfo("shop", "production")})
    for late in (None, follow_up):
        message = render(hostile, follow_up=late, bodies=EVERYTHING, context=known, short=True)
        assert "eyJ" not in message.body
        assert message.size < 20_000
        for sure in (ALERT.rule_title, ALERT.account, ALERT.level, ALERT.evidence.log_file, ALERT.alert_id):
            assert sure in message.email
        assert "This alert could not be described in full" in message.payload
        assert message.attributes["environment"] == "production"
        assert message.attributes["severity"] == ALERT.level
        assert message.finding is not None


@pytest.mark.parametrize("reason", [None, *Reason])
def test_each_short_mail_says_that_it_is_short_and_where_the_record_is(reason: Reason | None) -> None:
    late = FollowUp(reason, 10, 9, "2026-03-01T03:00:00Z", None) if reason else None
    message = render(ALERT, follow_up=late, bodies=EVERYTHING, short=True)
    said = (
        "This alert could not be described in full; the record is at index "
        f"{ALERT.evidence.record_index} of the log file named below."
    )
    assert " ".join(message.email.split("\n\n")[1].split()) == said
    assert said in message.payload
    assert said in json.loads(message.body)["https"]
    assert "too large" not in message.email
    assert "\n\n\n" not in message.email
    assert all(len(line) <= 64 or len(line.split()) <= 2 for line in message.email.splitlines())


def test_a_follow_up_without_its_record_has_no_gap_either() -> None:
    bare = replace(ALERT, record=SafeRecord({}), record_omitted=True)
    late = FollowUp(Reason.GREW, 10, 9, "2026-03-01T03:00:00Z", None)
    email = render(bare, follow_up=late).email
    assert "\n\n\n" not in email
    assert "The record is too large for this message; read it at the\n  evidence above." in email


@pytest.mark.parametrize("broken", ["email_text", "alert_json", "finding"])
def test_one_form_that_cannot_be_written_costs_no_other(broken: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = render(ALERT, bodies=EVERYTHING)
    works = getattr(module, broken)

    def failing(story: Any, *more: Any) -> Any:
        if story.alert.record:
            raise RecursionError
        return works(story, *more)

    monkeypatch.setattr(module, broken, failing)
    message = render(ALERT, bodies=EVERYTHING)

    assert message.subject == sound.subject
    same = {
        "email_text": message.email == sound.email,
        "alert_json": message.payload == sound.payload,
        "finding": message.finding == sound.finding,
    }
    assert same == {name: name != broken for name in same}
    assert (json.loads(message.body)["sqs"], json.loads(message.body)["https"]) == (
        json.loads(sound.body)["sqs"],
        json.loads(sound.body)["https"],
    )


@pytest.mark.parametrize("form", [Form.OCSF, Form.CHAT])
def test_a_chat_or_queue_form_that_cannot_be_written_is_short(
    form: Form, monkeypatch: pytest.MonkeyPatch
) -> None:
    works = module._FORMS[form]

    def failing(story: Any) -> Any:
        if story.alert.record:
            raise MemoryError
        return works(story)

    sound = render(ALERT, bodies=EVERYTHING)
    monkeypatch.setitem(module._FORMS, form, failing)
    message = render(ALERT, bodies=EVERYTHING)
    assert message.email == sound.email
    body, before = json.loads(message.body), json.loads(sound.body)
    short, whole = ("sqs", "https") if form is Form.OCSF else ("https", "sqs")
    assert body[whole] == before[whole]
    assert body[short] != before[short]
    assert ALERT.rule_title in body[short]
