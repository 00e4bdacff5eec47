"""`trailwarden rules status`: what is live, what is not, what staging would tell, what exceptions hide."""

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import click
import msgspec

from trailwarden.cli.deployment import Deployment, denied_gives, on_deployment
from trailwarden.cli.exits import Exit
from trailwarden.cli.rules.comparison import DocumentChange, compare
from trailwarden.cli.tables import counted, say_indented
from trailwarden.errors import Problem, RuleSetError
from trailwarden.rules.ruleset import Correlation, Rule, load_rule_set
from trailwarden.safety.text import one_line
from trailwarden.state.protocol import ExceptionCounts, HiddenCount, StagedAlerts
from trailwarden.state.rule_sets import LivePointer, Publication, Refusal

_STAGED_DAYS = 7
_IDLE_DAYS = 30
_EXAMPLES = 3
_REFUSALS = 3
_PROBLEMS = 20
_PENDING = 200


@dataclass(frozen=True, slots=True)
class StagedRule:
    """A rule that tells nobody yet. `alerts` counts what it would have told in the last days (None where we
    may not read it); `examples` are the newest of their titles."""

    id: str
    title: str
    level: str
    status: str
    alerts: int | None
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ExceptionStatus:
    """An exception that holds. `hidden` counts what it hid in the last 30 days; None where unknown."""

    id: str
    title: str
    owner: str
    since: str
    expires: str
    hidden: int | None
    last_hidden: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """All that is to be said of a deployment's rules."""

    live: LivePointer | None
    publication: Publication | None
    refusals: tuple[Refusal, ...]
    pending: tuple[DocumentChange, ...]
    pending_problems: tuple[Problem, ...]
    staged: tuple[StagedRule, ...]
    exceptions: tuple[ExceptionStatus, ...]


@click.command("status")
@click.option(
    "--days",
    default=_STAGED_DAYS,
    show_default=True,
    type=click.IntRange(1, 90),
    help="Count what staged rules would have reported in so many days.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@on_deployment
def status_command(deployment: Deployment, days: int, as_json: bool) -> None:
    """Say what is live, since when and by whom; edits that are not live, and why; what staged rules would
    have reported lately; exceptions, when they expire and what they hid in the last 30 days.

    \b
    Examples:
      trailwarden rules status
      trailwarden rules status --audit-account 111122223333 --region eu-central-1 --json
    """
    now = datetime.now(UTC)
    status = status_of(deployment, now, days)
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(status)))
    else:
        for line in _lines(status, now, days):
            say_indented(line)
    sys.exit(Exit.DONE)


def status_of(deployment: Deployment, now: datetime, days: int) -> Status:
    """Everything, read now."""
    pointer = deployment.store.live()
    publication = deployment.publication(pointer.sequence) if pointer else None
    snapshot = deployment.folder.team()
    live = deployment.sources(publication).team
    return Status(
        live=pointer,
        publication=publication,
        refusals=tuple(deployment.store.refusals(limit=_REFUSALS)),
        pending=compare(live, snapshot.contents, ("live", "team")).documents,
        pending_problems=tuple(snapshot.problems),
        staged=tuple(_staged(deployment, publication, now - timedelta(days=days))),
        exceptions=tuple(_exceptions(deployment.exceptions, publication, now)),
    )


def _staged(deployment: Deployment, publication: Publication | None, since: datetime) -> Iterator[StagedRule]:
    if publication is None:
        return
    try:
        rule_set = load_rule_set(deployment.folder.artefact(publication.version))
    except RuleSetError:
        return  # of another Trailwarden's format; `detect` says so if it cannot read it either
    rules: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    for rule in rules:
        if rule.staged:
            yield _staged_rule(deployment.staged, rule, since)


def _staged_rule(alerts: StagedAlerts, rule: Rule | Correlation, since: datetime) -> StagedRule:
    def examples() -> tuple[str, ...]:
        return tuple(one_line(alert.title) for alert in alerts.of_rule(rule.id, since, limit=_EXAMPLES))

    def count() -> int | None:
        return alerts.count_of_rule(rule.id, since)

    return StagedRule(
        id=rule.id,
        title=rule.title,
        level=str(rule.level),
        status=rule.status,
        alerts=denied_gives(count, None),
        # Whoever may edit rules need not be allowed to read alerts: the counts are theirs, the alerts not.
        examples=denied_gives(examples, ()),
    )


def _exceptions(
    counts: ExceptionCounts, publication: Publication | None, now: datetime
) -> Iterator[ExceptionStatus]:
    known = publication.exceptions if publication else {}
    since = (now - timedelta(days=_IDLE_DAYS)).date()
    nothing: dict[str, HiddenCount] = {}
    hidden = denied_gives(lambda: counts.exception_counts(list(known), since), nothing)
    for key, each in sorted(known.items(), key=lambda item: (item[1].expires, item[0])):
        count = hidden.get(key)
        yield ExceptionStatus(
            id=key,
            title=each.title,
            owner=each.owner,
            since=each.since,
            expires=each.expires,
            hidden=count.count if count else None,
            last_hidden=count.last_day.isoformat() if count and count.last_day else None,
        )


def _lines(status: Status, now: datetime, days: int) -> Iterator[str]:
    yield from _live_lines(status)
    yield from _pending_lines(status)
    for refusal in status.refusals:
        yield ""
        yield f"Refused {refusal.refused_at}, {_who(refusal)}: {one_line(refusal.reason, 500)}"
        yield from _problem_lines(refusal.problems, refusal.more_problems)
    if status.staged:
        yield ""
        yield f"Staged (told to nobody), and what they would have told in {counted(days, 'day')}:"
        for rule in status.staged:
            count = "?" if rule.alerts is None else f"{rule.alerts:,}"
            yield f"  {count:>6}  {rule.level:<13} {rule.status:<12} {one_line(rule.title)}  {rule.id}"
            yield from (f"          {example}" for example in rule.examples)
    if status.exceptions:
        yield ""
        yield f"Exceptions, and how many matches they hid in {_IDLE_DAYS} days:"
        for each in status.exceptions:
            yield f"  {_exception_line(each, now)}"


def _live_lines(status: Status) -> Iterator[str]:
    live, publication = status.live, status.publication
    if live is None or publication is None:
        yield "Nothing was ever published: the rules that were deployed are at work."
        return
    yield f"Live:  rule set {live.sequence}, version {live.version}"
    yield f"Since: {live.published_at}, by {publication.kind}"
    yield f"Who:   {_who(publication)}"
    if publication.note:
        yield f"Note:  {one_line(publication.note, 400)}"
    if not live.mirrored:
        yield "The folder in the rules bucket does not show it yet; the next run sees to it."


def _who(one: Publication | Refusal) -> str:
    claimed = f" (as {one_line(one.claimed_author, 100)})" if one.claimed_author else ""
    return one_line(one.published_by, 200) + claimed


def _pending_lines(status: Status) -> Iterator[str]:
    if not status.pending and not status.pending_problems:
        return
    yield ""
    yield "In the rules bucket's folder, but not live:"
    yield from (f"  {change}" for change in status.pending[:_PENDING])
    if len(status.pending) > _PENDING:
        yield f"  and {len(status.pending) - _PENDING:,} more"
    yield from _problem_lines(status.pending_problems)


def _problem_lines(problems: Sequence[Problem], more: int = 0) -> Iterator[str]:
    """The first problems, and how many others there are; `--json` holds all that were kept."""
    for problem in problems[:_PROBLEMS]:
        yield from (f"  {line}" for line in str(problem).splitlines())
    more += len(problems[_PROBLEMS:])
    if more:
        yield f"  and {more:,} more"


def _exception_line(each: ExceptionStatus, now: datetime) -> str:
    hidden = "?" if each.hidden is None else f"{each.hidden:,}"
    last = f", last on {each.last_hidden}" if each.last_hidden else ""
    idle = (
        ", idle"
        if each.hidden == 0 and each.since <= (now - timedelta(days=_IDLE_DAYS)).date().isoformat()
        else ""
    )
    return (
        f"{hidden:>6}  until {each.expires or 'ever'}  {one_line(each.title)}"
        f" (owner {one_line(each.owner) or 'unknown'}{last}{idle})  {one_line(each.id)}"
    )
