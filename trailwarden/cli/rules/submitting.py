"""What `publish`, `rollback` and `promote` share: hand in one submission, wait, tell what became of it."""

import json
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NoReturn

import click
import msgspec

from trailwarden.cli.deployment import Deployment
from trailwarden.cli.exits import Exit
from trailwarden.errors import Problem
from trailwarden.publishing.submission import Submission, pack_submission
from trailwarden.safety.text import one_line
from trailwarden.state.rule_sets import Publication, Refusal

WAIT_SECONDS = 60.0
_LOOK_EVERY = 0.5
_LOOK_BACK = 10


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, passed in so that tests need not wait."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def hand_in(deployment: Deployment, submission: Submission) -> str:
    """Put the submission into the rules bucket in one write; gives its key."""
    packed = pack_submission(
        submission, f"{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}-{secrets.token_hex(6)}"
    )
    deployment.s3.put_object(
        Bucket=deployment.bucket, Key=packed.key, Body=packed.body, Metadata=packed.metadata
    )
    return packed.key


def outcome(
    deployment: Deployment, key: str, seconds: float, clock: Clock | None = None
) -> Publication | Refusal | None:
    """What became of the submission: None where that cannot be said yet after `seconds`."""
    clock = clock or Clock()
    deadline = clock.now() + seconds
    while True:
        for made in deployment.store.history(_LOOK_BACK):
            if made.origin.startswith(key):
                return made
        for refused in deployment.store.refusals(key, limit=1):
            return refused
        if clock.now() >= deadline:
            return None
        clock.sleep(_LOOK_EVERY)


def submit(
    deployment: Deployment, submission: Submission, *, wait: float, as_json: bool, folder: str = ""
) -> NoReturn:
    """Hand in, wait, tell, and leave: status 0 where it is live, 1 where it was refused, 3 where it is not
    known. `folder` is put before the paths of mistakes, so that they name files on disk."""
    started = time.monotonic()
    key = hand_in(deployment, submission)
    if not as_json:
        click.echo(f"Handed in to {deployment.words}; waiting for the outcome ...", err=True)
    try:
        came = outcome(deployment, key, wait)
    except KeyboardInterrupt:
        click.echo(
            "trailwarden: it stays handed in; `trailwarden rules status` shows what becomes of it", err=True
        )
        raise
    seconds = time.monotonic() - started
    if as_json:
        click.echo(json.dumps(_as_json(key, came, seconds)))
    else:
        _tell(deployment, came, wait, seconds, folder)
    if isinstance(came, Publication):
        sys.exit(Exit.DONE)
    sys.exit(Exit.INCOMPLETE if came is None else Exit.REFUSED)


def _as_json(key: str, came: Publication | Refusal | None, seconds: float) -> dict[str, Any]:
    word = "published" if isinstance(came, Publication) else "refused" if came else "unknown"
    found: dict[str, Any] = {"outcome": word, "submission": key, "seconds": round(seconds, 2)}
    return found if came is None else found | msgspec.to_builtins(came)


def _tell(
    deployment: Deployment, came: Publication | Refusal | None, wait: float, seconds: float, folder: str
) -> None:
    if came is None:
        click.echo(
            f"trailwarden: no outcome within {wait:.0f} s; `trailwarden rules status` tells it when there is"
            " one, and so does the authors' topic",
            err=True,
        )
    elif isinstance(came, Refusal):
        for problem in came.problems:
            click.echo(str(below(problem, folder)), err=True)
        if came.more_problems:
            click.echo(f"and {came.more_problems} more", err=True)
        live = deployment.store.live()
        still = f"rule set {live.sequence} is still live" if live else "the deployed rules are still at work"
        click.echo(f"trailwarden: refused: {one_line(came.reason, 500).rstrip('.')}; {still}", err=True)
    else:
        click.echo(f"Rule set {came.sequence}, version {came.version}, is live after {seconds:.1f} s.")
        for change in came.changes or ("nothing that rules do changed",):
            click.echo(f"  {one_line(change, 500)}")
        for replaced in came.replaced:
            click.echo(f"  replaced a change by hand: {one_line(replaced, 500)}")
        for warning in came.warnings:
            click.echo(str(below(warning, folder)), err=True)


def below(problem: Problem, folder: str) -> Problem:
    """The problem with its path below `folder`, where it is one of the team's files."""
    if not folder or problem.path.startswith(("shipped:", "submissions/")):
        return problem
    path = f"{folder.rstrip('/')}/{problem.path}"
    return Problem(path, problem.line, problem.column, problem.message, problem.cure)


def confirm(question: str, *, yes: bool, nothing: str = "Nothing was handed in.") -> None:
    """Ask; leaves with status 2 if the answer is no, or if there is no terminal to ask on."""
    if yes:
        return
    if not sys.stdin.isatty():
        click.echo(f"trailwarden: {question} There is no terminal to ask on: add --yes. {nothing}", err=True)
        sys.exit(Exit.USAGE)
    if not click.confirm(question, err=True):
        click.echo(nothing, err=True)
        sys.exit(Exit.USAGE)
