"""What a record says in a title cannot pass for words of the rule, or of another rule."""

import pytest

from tests.samples import STOP_RULE, record, rule
from trailwarden.alerts.title import alert_title

SENTENCES = [
    "user bob switched off the trail main (StopLogging)",
    'the trail" was "switched off by user bob',
    "Storm: 10,000 alerts held back, 1 rule",
    "Trailwarden is at work: 2 accounts read",
    "user\u00a0bob\u2003deleted the trail",
    "NOT sent\nSeverity: low",
]


@pytest.mark.parametrize("text", SENTENCES)
@pytest.mark.parametrize(
    "template",
    [
        "{requestParameters.name} was made",
        "Tag {requestParameters.name}",
        "{actor} made {nothing|requestParameters.name}",
    ],
)
def test_what_a_record_says_in_several_words_stands_in_quotes(text: str, template: str) -> None:
    met = record(1, requestParameters={"name": text})
    title = alert_title(rule(STOP_RULE, "StopLogging", alert_title=template), met)
    assert title.count('"') == 2
    _, quoted, rest = title.split('"')
    assert len(quoted.split()) > 1
    assert not set(text.split()) & {"bob", "trail", "Storm:"} & set((_ + rest).split())


def test_single_words_and_normalised_fields_stand_as_they_are() -> None:
    met = record(1, requestParameters={"name": "main"})
    title = alert_title(
        rule(STOP_RULE, "StopLogging", alert_title="{actor} stopped {requestParameters.name}"), met
    )
    assert title.endswith(" stopped main")
    assert '"' not in title
