"""Every match of the shipped rules on the corpus makes a message that a person can read, and SNS takes."""

import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from tests.corpus import CORPUS, corpus_records, needs_corpus
from tests.samples import rule
from tests.unit.messages.situations import engine
from trailwarden.alerts.grouping import AlertGrouper
from trailwarden.alerts.model import Alert
from trailwarden.delivery.records import Record, event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.messages.message import MESSAGE_LIMIT, AlertMessage, Bodies, Form, render
from trailwarden.messages.security_hub import SecurityHub
from trailwarden.rules.ruleset import Rule

EVERYTHING = Bodies(https=Form.CHAT, queue=Form.OCSF, security_hub=SecurityHub("111122223333", "eu-west-1"))
ANY_CALL = rule("6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b09", "Anything")


def told(met: Rule, record: Record, file: str, index: int) -> Alert | None:
    grouper = AlertGrouper("corpus")
    grouper.add(Match(met, record, index, event_identity(record), event_time(record)), file)
    alerts = grouper.alerts()
    return alerts[0] if alerts else None


def message(alert: Alert) -> AlertMessage:
    first = alert.first_event_time
    now = datetime.fromisoformat(first) + timedelta(minutes=6) if first else None
    return render(alert, now=now, bodies=EVERYTHING)


def check(rendered: AlertMessage) -> None:
    assert 0 < len(rendered.subject) < 100
    assert rendered.subject.isascii()
    assert rendered.subject.isprintable()
    assert rendered.size <= MESSAGE_LIMIT
    upper, _, record = rendered.email.partition("\nThe record:\n")
    assert record.isascii()
    for line in upper.splitlines():
        assert line.isprintable()
        assert len(line) <= 64 or len(line.split()) <= 3, line


def shipped_matches() -> Iterator[Alert]:
    for file, index, record in corpus_records():
        for met in engine().matches(record):
            alert = told(met, record, file, index)
            if alert is not None:
                yield alert


@needs_corpus
def test_every_match_of_the_shipped_rules_is_told_in_a_sentence_that_knows_its_subject() -> None:
    count = 0
    for alert in shipped_matches():
        rendered = message(alert)
        check(rendered)
        sentence = rendered.email.split("\n\n")[0]
        assert len(sentence) > 20
        assert not re.match(r"[A-Z]+: unknown", sentence), sentence
        count += 1
    assert count > 50


@needs_corpus
def test_every_record_can_be_told() -> None:
    """One of each event's name and actor's type, told by a rule that knows nothing of it."""
    seen = set()
    for file, index, record in corpus_records():
        identity = record.get("userIdentity")
        kind = (record.get("eventName"), identity.get("type") if isinstance(identity, dict) else None)
        if kind not in seen:
            seen.add(kind)
            alert = told(ANY_CALL, record, file, index)
            assert alert is not None
            check(message(alert))
    assert len(seen) > 300


@needs_corpus
def test_the_call_is_told_in_ocsf_as_others_map_it() -> None:
    """The OCSF project's own examples map such records too, with names and numbers made anonymous."""
    pairs = [json.loads(line) for line in (CORPUS / "ocsf_pairs.jsonl").read_text().splitlines()]
    compared = 0
    for pair in pairs:
        record, expected = pair["raw"], pair["ocsf"] or {}
        alert = told(ANY_CALL, record, "f", 0) if isinstance(record, dict) and "eventName" in record else None
        if alert is None:
            continue
        finding = json.loads(json.loads(message(alert).body)["sqs"])
        (evidence,) = finding["evidences"]
        wanted = expected.get("api") or {}
        if wanted.get("operation") == record["eventName"]:
            compared += 1
            assert evidence["api"]["operation"] == wanted["operation"]
            assert evidence["api"]["service"]["name"] == wanted["service"]["name"]
            assert finding["cloud"]["provider"] == expected["cloud"]["provider"]
            assert finding["cloud"]["region"] == expected["cloud"]["region"]
            agent = (expected.get("http_request") or {}).get("user_agent")
            if agent:
                assert evidence["http_request"]["user_agent"][:100] == agent[:100]
    assert compared >= 5
