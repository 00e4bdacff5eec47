"""Findings in words: each a sentence with its cause, and the cure."""

import shlex
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from trailwarden.safety.text import visible
from trailwarden.state.subscriptions import KeyState, SeenSubscription, Standing
from trailwarden.watching.endpoints import owner_of, subscribe_command, topic_name
from trailwarden.watching.findings import Finding, Kind

_ANEW = (
    "Deploying again does not bring it back: CloudFormation believes that it is there"
    " (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/2455)."
)
# https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html
_CONFIRM = (
    (
        "Confirm with credentials rather than by the link, so that no mail scanner can end the subscription:"
        " copy the link's Token, then"
    ),
    "   aws sns confirm-subscription --authenticate-on-unsubscribe true --topic-arn {topic} --token TOKEN",
    "",
)
_LISTED_AT_MOST = 50
_MAIL = frozenset({"email", "email-json"})
_KEY_CURES = {
    "Disabled": "aws kms enable-key --key-id {key}",
    "PendingDeletion": "aws kms cancel-key-deletion --key-id {key}\naws kms enable-key --key-id {key}",
    "PendingReplicaDeletion": "aws kms cancel-key-deletion --key-id {key}",
    "PendingImport": "Import the key's material again: aws kms get-parameters-for-import --key-id {key} ...",
    "Unavailable": "Connect the custom key store that holds it: aws kms connect-custom-key-store ...",
}


def sentence(finding: Finding) -> str:
    """What is wrong, and why, as far as that is known."""
    return _SENTENCES[finding.kind](finding)


def cure(finding: Finding) -> str:
    """What to do about it, a step a line."""
    return _CURES[finding.kind](finding)


@dataclass(frozen=True, slots=True)
class Day:
    """What a day's message says. `quiet` counts what stands too and is told weekly by now; `mended` are
    sentences that no longer hold; `instead` is the topic that should have told it and cannot."""

    due: Sequence[Finding]
    quiet: int
    mended: Sequence[str]
    account: str
    region: str
    instead: str = ""


def letter(day: Day) -> tuple[str, str]:
    """Subject and text of the day's message: what stands, or that all is well again."""
    lines: list[str] = []
    if day.instead:
        lines += [f"This should have come through {topic_name(day.instead)}, which nobody hears.", ""]
    lines += [f"Account {day.account}, region {day.region}.", ""]
    listed = day.due[:_LISTED_AT_MOST]
    for number, finding in enumerate(listed, 1):
        lines.append(f"{number}. {sentence(finding)}")
        lines += [f"   {step}" for step in cure(finding).splitlines()]
        lines.append("")
    if len(day.due) > len(listed):
        left_out = _number(len(day.due) - len(listed), "more finding")
        lines += [f"{left_out}; the log of the function has them all.", ""]
    mails = [finding for finding in listed if _is_by_mail(finding)]
    if mails:
        lines += [line.format(topic=shlex.quote(mails[0].topic.arn)) for line in _CONFIRM]
    if day.quiet:
        lines += [f"{_number(day.quiet, 'more finding')}, told before and only once a week by now.", ""]
    if day.mended:
        lines += ["No longer so:", *(f"   {what}" for what in day.mended[:_LISTED_AT_MOST]), ""]
    if not day.due:
        lines.append("All topics have confirmed subscribers and keys that work.")
        return "Trailwarden: the delivery of alerts is well again", "\n".join(lines) + "\n"
    lines.append("This check runs once a day, and tells when all is well again.")
    subject = f"Trailwarden: {_SUBJECTS[day.due[0].kind]}, {topic_name(day.due[0].topic.arn)}"
    if len(day.due) > 1:
        subject += f", and {_number(len(day.due) - 1, 'more finding')}"
    return subject, "\n".join(lines) + "\n"


_SUBJECTS = {
    Kind.NO_TOPIC: "a topic is missing",
    Kind.UNREADABLE: "a topic cannot be checked",
    Kind.DEAF: "nobody hears a topic",
    Kind.KEY: "a topic's key does not work",
    Kind.VANISHED: "a subscriber is gone",
    Kind.SWITCHED_OFF: "a subscriber is switched off",
    Kind.PENDING: "a subscriber has not confirmed",
    Kind.NEVER_THERE: "a subscriber is missing",
}


def _no_topic(finding: Finding) -> str:
    return f"The topic {_name(finding)} does not exist; whatever is published to it is lost."


def _unreadable(finding: Finding) -> str:
    return f"The topic {_name(finding)} could not be checked: {visible(finding.detail, 400)}"


def _deaf(finding: Finding) -> str:
    lost = "alerts published to it reach nobody" if finding.topic.alerts else "it tells nobody anything"
    return f"The topic {_name(finding)} has no confirmed subscriber: {lost}."


def _key(finding: Finding) -> str:
    condition = finding.key_condition
    detail = visible(condition.detail, 400) if condition else ""
    of = f"of the topic {_name(finding)}"
    if condition and condition.state is KeyState.BROKEN:
        return f"The key {of} is not usable ({detail}): SNS refuses every message to it."
    return f"The key {of} refuses the check, and maybe those who publish: {detail}"


def _vanished(finding: Finding) -> str:
    one = _subscription(finding)
    return (
        f"{_who(one)} was subscribed to {_name(finding)} and is gone since the check of {_day(one.since)}."
        f"{_scanners(one)}"
    )


def _switched_off(finding: Finding) -> str:
    one = _subscription(finding)
    # https://repost.aws/knowledge-center/sns-email-subscription-disabled
    return (
        f"{_who(one)} had confirmed to {_name(finding)} and is pending again since the check of"
        f" {_day(one.since)}. SNS switches off mail subscriptions that get more than ten messages a second;"
        " or it was ended and asked for anew."
    )


def _pending(finding: Finding) -> str:
    one = _subscription(finding)
    return (
        f"{_who(one)} has not confirmed the subscription to {_name(finding)},"
        f" first seen so on {_day(one.since)}."
    )


def _never_there(finding: Finding) -> str:
    one = _subscription(finding)
    return (
        f"{_who(one)} is not subscribed to {_name(finding)}, though the settings say so: never deployed, or"
        " not confirmed in time (the link in SNS's mail works for two days)."
    )


def _scanners(one: SeenSubscription) -> str:
    if one.protocol not in _MAIL:
        return ""
    return (
        " Mail scanners that follow links unsubscribe people without their doing."
        if one.expected
        else " Mail scanners that follow links unsubscribe people; or it was ended on purpose."
    )


_SENTENCES: dict[Kind, Callable[[Finding], str]] = {
    Kind.NO_TOPIC: _no_topic,
    Kind.UNREADABLE: _unreadable,
    Kind.DEAF: _deaf,
    Kind.KEY: _key,
    Kind.VANISHED: _vanished,
    Kind.SWITCHED_OFF: _switched_off,
    Kind.PENDING: _pending,
    Kind.NEVER_THERE: _never_there,
}


def _cure_topic(_finding: Finding) -> str:
    return (
        "Deploy TrailwardenDetectionState again; where somebody deleted the topic, drift detection shows it."
    )


def _cure_unreadable(_finding: Finding) -> str:
    return "Look whether the topic's policy or the function's role was changed; a deployment restores both."


def _cure_deaf(finding: Finding) -> str:
    command = subscribe_command(finding.topic.arn, "email", "ADDRESS")
    return f"Name subscribers in the settings and deploy, or at once:\n{command}"


def _cure_key(finding: Finding) -> str:
    condition = finding.key_condition
    if condition and condition.state is KeyState.BROKEN and condition.detail in _KEY_CURES:
        return _KEY_CURES[condition.detail].format(key=shlex.quote(finding.key))
    if condition and condition.state is KeyState.BROKEN:
        return "Give the topic a key that works: deploy TrailwardenDetectionState again."
    return "Compare the key's policy with the one that TrailwardenDetectionState deploys, and put it back."


def _cure_subscription(finding: Finding) -> str:
    one = _subscription(finding)
    steps = [subscribe_command(finding.topic.arn, one.protocol, one.endpoint)]
    if one.protocol in {"http", "https"}:
        steps.append("(The address is shown without credentials and query: complete it.)")
    owner = owner_of(one.protocol, one.endpoint)
    if owner and owner != finding.topic.arn.split(":")[4]:
        steps.append(f"(Only account {owner}, which owns it, can subscribe it: use its credentials.)")
    if finding.kind is Kind.VANISHED and one.expected:
        steps.append(_ANEW)
    if finding.kind is Kind.VANISHED and not one.expected:
        steps.append("If it was ended on purpose, there is nothing to do: this stops after five weeks.")
    if one.expected:
        steps.append(
            "A filter policy (min_severity) must be given again; or take the subscriber out of the settings,"
            " deploy, put it back, deploy."
        )
    return "\n".join(steps)


def _cure_pending(finding: Finding) -> str:
    one = _subscription(finding)
    if one.protocol not in _MAIL:
        return "The endpoint must visit the SubscribeURL that SNS posted to it, within two days."
    command = subscribe_command(finding.topic.arn, one.protocol, one.endpoint)
    return f"The link in SNS's mail works for two days; a new mail comes from:\n{command}"


_CURES: dict[Kind, Callable[[Finding], str]] = {
    Kind.NO_TOPIC: _cure_topic,
    Kind.UNREADABLE: _cure_unreadable,
    Kind.DEAF: _cure_deaf,
    Kind.KEY: _cure_key,
    Kind.VANISHED: _cure_subscription,
    Kind.SWITCHED_OFF: _cure_subscription,
    Kind.PENDING: _cure_pending,
    Kind.NEVER_THERE: _cure_subscription,
}


def _is_by_mail(finding: Finding) -> bool:
    """Whether its cure ends in a mail that somebody must confirm."""
    one = finding.subscription
    return finding.kind is Kind.DEAF or (one is not None and one.protocol in _MAIL)


def _name(finding: Finding) -> str:
    return topic_name(finding.topic.arn)


def _who(one: SeenSubscription) -> str:
    return f"{one.endpoint} ({one.protocol})"


def _subscription(finding: Finding) -> SeenSubscription:
    return finding.subscription or SeenSubscription("", "unknown", Standing.GONE, 0, expected=False)


def _day(seconds: int) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d}"


def _number(number: int, one: str) -> str:
    return f"{number} {one}{'' if number == 1 else 's'}"
