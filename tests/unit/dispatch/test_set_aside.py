"""What was set aside: whether the alert reached anybody, how bad it is, and what to run."""

from dataclasses import replace

from trailwarden.dispatch.set_aside import set_aside_letter
from trailwarden.state.outbox import SetAside

OTHER = "0" * 32
ALERT = "3d92de0746e183608e41c52c7c953ef8"


def message(level: str, *, over: bool = False, alert_id: str = ALERT) -> SetAside:
    return SetAside(
        f"MESSAGE#{alert_id}#FIRST{'#OVER' if over else ''}",
        "sending an alert ended its function 2 times: "
        + ("it was NOT sent" if over else "it is sent in short form"),
        rule_id="01b85956-1b01-4c82-a79c-2d945cbc460e",
        level=level,
        account="111122223333",
        alert_id=alert_id,
        attempts=2,
    )


STORM = SetAside(
    "STORM#2026-03-01T03#1",
    "summing up what was held back in 2026-03-01T03 (UTC) ended its function 3 times: the summary is sent "
    "without rows and sentences",
    attempts=3,
)


PART = SetAside(
    "STORM#2026-03-01T03#1#main#0123456789abcdef",
    "part 2 of 3 of the summary of what was held back in 2026-03-01T03 (UTC), for the topic main: it is sent "
    "in brief",
    level="critical",
)
LOST = replace(PART, key=f"{PART.key}#OVER", what="part 2 of 3 of the summary: it was NOT sent", level="low")
RARELY = SetAside(
    f"DUE#group#{ALERT}",
    "looking after an alert did not end 3 times: it is tried ever more rarely",
    level="high",
    alert_id=ALERT,
    attempts=3,
)


def test_the_subject_tells_what_was_not_sent_from_what_was_sent_in_short_with_the_worst_level() -> None:
    def subject(*found: SetAside) -> str:
        return set_aside_letter(found)[0].removeprefix("Trailwarden: ")

    assert subject(message("high")) == "1 alert message sent in short (high)"
    assert subject(message("low", over=True)) == "1 alert message NOT sent (low)"
    assert subject(message("")) == "1 alert message sent in short"
    assert subject(message("odd"), message("low"), message("medium")) == (
        "3 alert messages sent in short (worst: medium)"
    )
    assert subject(
        STORM, message("high", alert_id=OTHER), message("low", over=True), message("critical", over=True)
    ) == (
        "2 alert messages NOT sent (worst: critical), 1 alert message sent in short (high), "
        "1 storm summary sent in brief"
    )
    assert subject(STORM, STORM) == "2 storm summaries sent in brief"
    assert subject(RARELY) == "1 alert looked after ever more rarely (high)"
    assert "attempts" not in set_aside_letter([PART])[1]
    assert subject(PART, replace(LOST, key="STORM#2026-03-01T04#1#main#0#OVER")) == (
        "1 storm summary message NOT sent (low), 1 storm summary message sent in brief (critical)"
    )


def flat(*found: SetAside) -> str:
    return " ".join(set_aside_letter(found)[1].split())


def test_each_kind_says_what_happened_to_it_and_nothing_of_the_others() -> None:
    ended = "ended the function again and again"
    for part in (PART, LOST):
        text = flat(part)
        assert ended not in text
        assert "refused" in text
        assert "set aside" not in text
        assert "what SNS answered" in text
        assert "trailwarden alerts list --held --since 2026-03-01T02 -n 100000" in text
    assert "It is not set aside" in flat(RARELY)
    assert "is set aside: nobody" not in flat(RARELY)
    assert "NOT sent" not in flat(RARELY)
    assert "pass it on by hand" in flat(message("low", over=True))
    assert "notify_memory_mb" in flat(message("low", over=True))
    both = flat(PART, message("high"))
    assert ended in both
    assert "what SNS answered" in both


def test_what_was_not_sent_in_the_end_is_not_also_said_to_be_sent() -> None:
    subject, _ = set_aside_letter([message("high"), message("high", over=True), PART, LOST])
    assert subject == "Trailwarden: 1 alert message NOT sent (high), 1 storm summary message NOT sent (low)"
    assert "it is sent" not in flat(message("high"), message("high", over=True), PART, LOST)


def test_what_was_not_sent_comes_first_and_of_that_the_worst() -> None:
    _, text = set_aside_letter(
        [STORM, message("critical", alert_id=OTHER), message("low", over=True), message("high", over=True)]
    )
    items = text.partition("What to do")[0].split("\n- ")[1:]
    assert ["level: high" in items[0], "level: low" in items[1]] == [True, True]
    assert "level: critical" in items[2]
    assert "summing up" in items[3]


def test_lines_are_narrow_and_the_command_names_the_alert() -> None:
    found = [STORM, message("critical", over=True), *(message("low", alert_id=f"{n:032}") for n in range(30))]
    _, text = set_aside_letter(found)
    assert max(len(line) for line in text.splitlines()) <= 64
    assert f"      trailwarden alerts show {ALERT}" in text.splitlines()
    assert "nobody got it" in " ".join(text.split())
    assert "nobody got" not in set_aside_letter([message("high")])[1]
    assert "- and 12 more" in text
