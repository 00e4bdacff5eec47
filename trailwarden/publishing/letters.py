"""What the authors of rules are told. Titles, names and notes are others' texts: one line each, bounded, and
nothing in them becomes a link in a reader's mail."""

import re
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from trailwarden.errors import Problem
from trailwarden.rules.filters import FilterSource
from trailwarden.safety.text import defanged, one_line
from trailwarden.state.rule_sets import LiveException, Publication, PublicationKind, Refusal, Standing

_PROBLEMS, _LINES = 100, 200
_WIDTH = 72
_FILE = re.compile(
    r"\[\.\](?=ya?ml\b)"  # no domain ends so, and readers look for the file
    r"|(?<=submissions/\d{8}T\d{6}Z-[0-9a-f]{12})\[\.\](?=(?:zip|json)@)"  # named by us
)
_GIVEN_UP = """\
The function publish_rules was ended each time that it began this: its time or its memory did not suffice.

  {step}

It is given up for a day, and the live rule set stays as it is. Make it smaller or simpler (fewer rules at
once, shorter lists, less nesting), try it with `trailwarden rules check`, and edit or hand it in again; or
raise publish_memory_mb in the settings, and deploy."""
_STILL_HOLD = """\
Exceptions of the live rule set have expired, and could not be taken out: what it was made from can no
longer be compiled, or fails its own tests. The rules' authors were notified of why. Until they publish rules
that can be compiled, the expired exceptions go on hiding what they hid."""
_WHICH_ALERT = """\
Correlations count as rules that alert; rules on trial, and those that only feed correlations, do not."""
_HOW = {
    PublicationKind.EDIT: "the team's folder was edited",
    PublicationKind.PUBLISH: "a folder was handed in",
    PublicationKind.ROLLBACK: "an earlier publication was made live again",
    PublicationKind.SCHEDULE: "the scheduled run",
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to the authors' topic."""

    subject: str
    text: str


def _letter(subject: str, lines: Iterator[str] | Sequence[str]) -> Letter:
    return Letter(f"Trailwarden: {_inert(subject)}", _inert("\n".join(lines)) + "\n")


def _inert(text: str) -> str:
    """The text with nothing to click on; names of rule files stay readable."""
    return _FILE.sub(".", defanged(text))


def of_publication(publication: Publication) -> Letter:
    """Who made what live, and what is other."""
    subject = f"rule set {publication.sequence} is live (version {publication.version})"
    return _letter(subject, _publication_lines(publication))


def _publication_lines(publication: Publication) -> Iterator[str]:
    yield f"Rule set {publication.sequence}, version {publication.version}, is live."
    yield ""
    yield f"When: {publication.published_at}"
    yield f"How:  {_HOW[publication.kind]}"
    yield f"Who:  {who(publication.published_by, publication.claimed_author)}"
    if publication.note:
        yield f"Note: {one_line(publication.note, 400)}"
    yield ""
    yield "What changed:"
    yield from _listed(publication.changes or ("nothing that rules do",))
    if publication.replaced:
        yield ""
        yield "It replaced these changes by hand; each is still there as a version of its object:"
        yield from _listed(publication.replaced)
    if publication.warnings:
        yield ""
        yield "Warnings:"
        yield from _problems(publication.warnings, 0)
    yield ""
    yield from _undoing(publication)


def of_silencing(publication: Publication) -> Letter:
    """What a publication takes away from what people hear, for operations."""
    lines = (part for line in _silencing_lines(publication) for part in _wrapped(line))
    return _letter(f"rule set {publication.sequence} may hide alerts", lines)


def _wrapped(line: str) -> list[str]:
    """The line in lines narrow enough for a mail, its further ones below its text."""
    label = re.match(r"  - |\w+: +", line)
    indent = " " * (label.end() if label else 0)
    return textwrap.wrap(
        line, _WIDTH, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    ) or [""]


def _silencing_lines(publication: Publication) -> Iterator[str]:
    named = f"Rule set {publication.sequence}, version {publication.version}"
    yield f"{named}, is live and may hide alerts."
    yield ""
    yield f"When: {publication.published_at}"
    yield f"How:  {_HOW[publication.kind]}"
    yield f"Who:  {who(publication.published_by, publication.claimed_author)}"
    if publication.note:
        yield f"Note: {one_line(publication.note, 400)}"
    yield ""
    yield "What may go unseen:"
    yield from _listed(publication.silenced, 1200)
    if publication.standing is not None:
        yield ""
        yield f"At work now: {standing_text(publication.standing)}."
        yield _WHICH_ALERT
    yield ""
    yield "If you do not know why, ask who did it."
    yield from _undoing(publication)


def _undoing(publication: Publication) -> Iterator[str]:
    """How to get back to what was live before this publication, whatever was published since."""
    yield "To undo it, in the role of those who write rules:"
    if publication.sequence > 1:
        yield f"  trailwarden rules rollback {publication.sequence - 1}"
    else:
        yield "  trailwarden rules publish --empty EMPTY_FOLDER"


def standing_text(standing: Standing) -> str:
    """How much of a rule set is at work, in a line."""
    parts = [
        f"{standing.alerting:,} {'rule alerts' if standing.alerting == 1 else 'rules alert'}",
        f"{standing.off:,} switched off",
        f"{standing.lowered:,} lowered",
        f"{standing.staged:,} on trial",
        f"{standing.exceptions:,} {'exception' if standing.exceptions == 1 else 'exceptions'}",
    ]
    return ", ".join(parts)


def of_refusal(refusal: Refusal, live: Publication | None) -> Letter:
    """What was not made live, and every mistake with its place and cure."""
    lines = [
        f"This did not go live: {refusal.reason}",
        f"Who:   {who(refusal.published_by, refusal.claimed_author)}",
        f"Where: {one_line(refusal.origin, 300)}",
        f"When:  {refusal.refused_at}",
        f"Live:  {_live(live)}",
    ]
    if refusal.problems:
        lines += ["", "To mend (file:line:column):", *_problems(refusal.problems, refusal.more_problems)]
    return _letter("a rule set was refused", lines)


def _live(live: Publication | None) -> str:
    if live is None:
        return "the rules that were deployed"
    return f"still rule set {live.sequence}, version {live.version}, of {live.published_at}"


def of_replaced(sequence: int, replaced: Sequence[str]) -> Letter:
    """Changes by hand that were made while a submission went live, and that it replaced all the same."""
    lines = [
        f"When rule set {sequence} was put into the team's folder, it also replaced these changes by hand;",
        "each is still there as a version of its object:",
        *_listed(replaced),
    ]
    return _letter(f"rule set {sequence} replaced changes by hand", lines)


def of_expired(each: FilterSource) -> Letter:
    """An exception whose last day is over."""
    lines = [
        f"The exception {one_line(each.title)!r} expired on {each.expires} and no longer holds.",
        f"Owner:  {one_line(each.owner) or 'unknown'}",
        f"Reason: {one_line(each.reason, 400) or 'none given'}",
        f"Where:  {one_line(each.path, 400)}:{each.line}",
        "",
        "What it hid is told again. Remove it, or give it another last day.",
    ]
    return _letter(f"an exception expired: {one_line(each.title, 60)}", lines)


def of_given_up(step: str) -> Letter:
    """A step that ended its function each time."""
    return _letter("rules could not be published", [_GIVEN_UP.format(step=step)])


def of_lasting_exceptions() -> Letter:
    """Exceptions that have expired and still hold."""
    return _letter("expired exceptions still hold", [_STILL_HOLD])


IN_SHORT = Letter(
    "Trailwarden: a message about rules could not be sent",
    "The topic refused a message about rules. Look at `trailwarden rules status` and at `trailwarden rules "
    "history` for what it said, and into the log of trailwarden-publish-rules for why.\n",
)
"""What is sent in place of a letter that the topic refuses."""


def of_idle(exception_id: str, each: LiveException, days: int) -> Letter:
    """An exception that hides nothing."""
    lines = [
        f"The exception {one_line(each.title)!r} has hidden nothing for {days} days.",
        f"Owner: {one_line(each.owner) or 'unknown'}",
        f"Id:    {one_line(exception_id)}",
        f"Since: {each.since}; holds until {each.expires}",
        "",
        "Remove it where it is no longer needed: it would hide an attack that fits it.",
    ]
    return _letter(f"an exception hides nothing: {one_line(each.title, 60)}", lines)


def who(principal: str, claimed: str) -> str:
    """The principal that AWS names, and whom the submission claims to be from."""
    name = one_line(principal) or "an unknown principal"
    return f"{name} (claims to be {one_line(claimed, 100)})" if claimed else name


def _problems(problems: Sequence[Problem], more: int) -> Iterator[str]:
    for problem in problems[:_PROBLEMS]:
        place = f"{one_line(problem.path, 400)}:{problem.line}:{problem.column}"
        cure = f"; {one_line(problem.cure, 300)}" if problem.cure else ""
        yield f"  - {place}: {one_line(problem.message, 500)}{cure}"
    more += max(0, len(problems) - _PROBLEMS)
    if more:
        yield f"  - and {more} more"


def _listed(lines: Sequence[str], most: int = 500) -> Iterator[str]:
    yield from (f"  - {one_line(line, most)}" for line in lines[:_LINES])
    if len(lines) > _LINES:
        yield f"  - and {len(lines) - _LINES} more"
