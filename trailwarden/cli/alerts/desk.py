"""The alert book of a deployment, and who is asking: what every command on alerts begins with."""

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from trailwarden.activity.model import AccountInfo, Context
from trailwarden.activity.sessions import Session, SessionLookup
from trailwarden.cli.alerts.words import entry_text
from trailwarden.cli.deployment import (
    ALERTS,
    Deployment,
    deployed,
    deployment_options,
)
from trailwarden.safety.text import one_line
from trailwarden.state.alert_book import (
    LEAST_PREFIX,
    AlertBook,
    AlertEntry,
    AmbiguousAlertError,
    Answers,
)
from trailwarden.state.requests import NOTE_AT_MOST, RESPONDERS_ROLE


@dataclass(frozen=True, slots=True)
class Desk:
    """`caller` is what we are called where we do something; `context` gives what is known of accounts and
    sessions, where we may know."""

    book: AlertBook
    answers: Answers
    caller: str
    context: Callable[[], Context]

    def find(self, alert_ids: Sequence[str]) -> list[AlertEntry]:
        """The alerts of those ids, or beginnings of ids, each once. Raises `click.UsageError` that names each
        that is none, or several: nothing is done to some where others are not clear."""
        found: dict[str, AlertEntry] = {}
        wrong: list[str] = []
        for alert_id in alert_ids:
            name = alert_id.strip().lower()
            try:
                entry = self.book.get(name) if len(name) >= LEAST_PREFIX else None
            except AmbiguousAlertError as error:
                wrong.append(f"several alerts begin with {one_line(name, 40)}; which of them?")
                wrong += [f"  {entry_text(each)}" for each in error.entries]
                continue
            if entry is not None:
                found[entry.alert.alert_id] = entry
            elif len(name) < LEAST_PREFIX:
                wrong.append(f"{one_line(name, 40)!r} is too short: give {LEAST_PREFIX} characters or more")
            else:
                wrong.append(f"there is no alert {one_line(name, 40)}; `trailwarden alerts list` lists them")
        if wrong:
            raise click.UsageError("\n".join(wrong))
        return list(found.values())


def note_of(_context: click.Context, _parameter: click.Parameter, note: str) -> str:
    """A callback for notes: on one line, and not longer than what is kept."""
    line = one_line(note, len(note))
    if len(line) > NOTE_AT_MOST:
        raise click.BadParameter(f"it has {len(line)} characters; {NOTE_AT_MOST} are the most")
    return line


def open_book(deployment: Deployment) -> AlertBook:
    """The alerts that are kept in the deployment's table."""
    from trailwarden.aws.alert_book import open_alert_book  # noqa: PLC0415 (boto3: only where it is read)
    from trailwarden.cli.deployment import TABLE, pause  # noqa: PLC0415

    return open_alert_book(deployment.dynamodb, TABLE, now=time.time, pause=pause)


def open_answers(deployment: Deployment, book: AlertBook) -> Answers:
    """What we do to them: requests, which a function of the deployment applies."""
    from trailwarden.aws.request_table import RequestedAnswers, RequestTable  # noqa: PLC0415 (boto3)
    from trailwarden.cli.deployment import TABLE  # noqa: PLC0415

    requests = RequestTable(deployment.dynamodb, TABLE, now=time.time)
    return RequestedAnswers(book, requests, user_id=deployment.user_id, now=time.monotonic, wait=time.sleep)


def desk_of(deployment: Deployment) -> Desk:
    """Where the commands of a deployment work."""
    book = open_book(deployment)
    answers = open_answers(deployment, book)
    return Desk(book, answers, _caller(deployment), lambda: _context(deployment))


def _caller(deployment: Deployment) -> str:
    """What `apply_requests` calls us: `state.requests.requester` names by role and session those alone who
    took the responders' role, whose name there is without its region."""
    role, _, session = deployment.caller.rpartition("/")
    taken = role == f"assumed-role/{ALERTS.role_in(deployment.region)}"
    return f"assumed-role/{RESPONDERS_ROLE}/{session}" if taken else deployment.user_id


def on_alerts(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the desk of the deployment that its options name, before its own arguments."""

    @functools.wraps(command)
    def run(*arguments: Any, account: str | None, region: str | None, **keywords: Any) -> None:
        with deployed(account, region, ALERTS) as deployment:
            command(desk_of(deployment), *arguments, **keywords)

    return deployment_options(run)


def _context(deployment: Deployment) -> Context:
    from trailwarden.accounts import merged  # noqa: PLC0415 (boto3, below: only where it is read)
    from trailwarden.aws.account_table import AccountTable, Source  # noqa: PLC0415
    from trailwarden.aws.session_table import SessionTable  # noqa: PLC0415
    from trailwarden.cli.deployment import TABLE, denied_gives, pause  # noqa: PLC0415

    def said_by(source: Source) -> Mapping[str, AccountInfo]:
        return AccountTable(deployment.dynamodb, TABLE, now=time.time, source=source).accounts()

    def accounts() -> Mapping[str, AccountInfo]:
        return merged(said_by(Source.SETTINGS), said_by(Source.ORGANIZATIONS))

    nothing: Mapping[str, AccountInfo] = {}
    sessions = SessionTable(deployment.dynamodb, TABLE, now=time.time, pause=pause)
    return Context(accounts=denied_gives(accounts, nothing), sessions=_WhereAllowed(sessions))


@dataclass(frozen=True, slots=True)
class _WhereAllowed:
    """Sessions, as far as we may read them: nothing is known of the others."""

    sessions: SessionLookup

    def get(self, access_key_id: str) -> Session | None:
        """Who was given this access key; None where that is not known, or not for us to know."""
        from trailwarden.cli.deployment import denied_gives  # noqa: PLC0415

        return denied_gives(lambda: self.sessions.get(access_key_id), None)
