"""`trailwarden rules promote`: rules out of staging, or back into it."""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import click

from trailwarden.cli.deployment import Deployment, Sources, deployed, deployment_options
from trailwarden.cli.exits import Exit
from trailwarden.cli.files import write_file
from trailwarden.cli.rules.comparison import compare, side_effects
from trailwarden.cli.rules.folders import read_team_folder
from trailwarden.cli.rules.status_edit import (
    STATUSES,
    Edited,
    Found,
    find_rules,
    rules_in,
    set_status,
)
from trailwarden.cli.rules.submitting import WAIT_SECONDS, confirm, submit
from trailwarden.errors import RuleError
from trailwarden.publishing.submission import FolderSubmission
from trailwarden.rules.naming import named_by, nearest_rule
from trailwarden.safety.text import one_line


@click.command("promote")
@click.argument("rules", metavar="RULE...", nargs=-1, required=True)
@click.option(
    "--to", "status", type=click.Choice(STATUSES), default="stable", show_default=True, help="The new status."
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Edit the rules in this folder, and publish nothing.",
)
@click.option("--note", default="", help="Why, for the history.")
@click.option("--yes", "-y", is_flag=True, help="Do not ask.")
@click.option("--wait", default=WAIT_SECONDS, show_default=True, help="Seconds to wait for the outcome.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print JSON: the outcome; with --dir, a line each rule."
)
@deployment_options
def promote_command(  # noqa: PLR0913, PLR0917 (its options)
    rules: tuple[str, ...],
    status: str,
    folder: Path | None,
    note: str,
    yes: bool,
    wait: float,
    as_json: bool,
    account: str | None,
    region: str | None,
) -> None:
    """Set the status of each RULE: an id, name or title, or a file for all rules in it, by its path on disk
    or within the rules' folder. Alerts of `stable` rules are sent; those of `test` and `experimental` ones
    are not.

    In the live rules, by one publication; or, with --dir, in a folder on disk. Comments and layout of the
    files stay as they are. `rules publish` refuses a folder that would take the status back.

    \b
    Examples:
      trailwarden rules promote 5f0c52b1-95e2-4f1c-9a39-0f3b4a5f8d3e
      trailwarden rules promote root_sign_in "Trail Stopped" persistence/key_created.yml
      trailwarden rules promote root_sign_in --to test --dir my-rules/
      trailwarden rules promote my-rules/persistence/key_created.yml --dir my-rules/
    """
    if folder is not None:
        edits = _edits(read_team_folder(folder), {}, rules, status, folder)
        for edited in edits:
            if edited.before != status:
                write_file(Path(folder, edited.path), edited.content)
            _tell_on_disk(edited, status, folder, as_json=as_json)
        return
    with deployed(account, region) as deployment:
        _promote_live(deployment, rules, status, note, wait, yes=yes, as_json=as_json)


def _promote_live(  # noqa: PLR0913 (its options)
    deployment: Deployment,
    rules: Sequence[str],
    status: str,
    note: str,
    wait: float,
    *,
    yes: bool,
    as_json: bool,
) -> None:
    live = deployment.live()
    sources = deployment.sources(live)
    edits = _edits(sources.team, sources.shipped, rules, status)
    changed = [edited for edited in edits if edited.before != status]
    for edited in edits:
        if edited not in changed:
            click.echo(f"{one_line(edited.title)} is {status} already.", err=as_json or bool(changed))
    if live is None or not changed:
        sys.exit(Exit.DONE)
    _name_edits_by_hand(deployment, sources)
    for edited in changed:
        click.echo(_step(edited, status), err=True)
    files = {**sources.team, **{edited.path: edited.content for edited in changed}}
    documents = compare(sources.team, files, ("live", "promoted")).documents
    for line in side_effects(documents, (sources.shipped, sources.team), (sources.shipped, files)):
        click.echo(line, err=True)
    if len(changed) == 1:
        what = f"{one_line(changed[0].title)!r} from {changed[0].before or 'no status'} to {status}"
        confirm(f"Set {what}, in {changed[0].path}?", yes=yes)
    else:
        what = f"{len(changed)} rules to {status}"
        confirm(f"Set {what}?", yes=yes)
    note = note or f"promote: {what}"
    submission = FolderSubmission(live.sequence, deployment.caller, note, files, promotes=True)
    submit(deployment, submission, wait=wait, as_json=as_json)


def _name_edits_by_hand(deployment: Deployment, sources: Sources) -> None:
    snapshot = deployment.folder.team()
    for problem in snapshot.problems:
        click.echo(f"not live, and replaced by this: {problem}", err=True)
    for change in compare(sources.team, snapshot.contents, ("live", "team")).documents:
        click.echo(f"not live, and replaced by this: {change}", err=True)


def _edits(
    files: Mapping[str, bytes],
    shipped: Mapping[str, bytes],
    words: Sequence[str],
    status: str,
    folder: Path | None = None,
) -> list[Edited]:
    """The edits; leaves with status 2, and says of every word why, where there is one without a rule. The
    files are those of `folder`, or the live ones."""
    known = rules_in(files)
    where = f"in {folder}" if folder else "among the team's live rules"
    chosen: dict[tuple[str, int], Found] = {}
    wrong = []
    for word in words:
        try:
            found = _in_file(word, known, folder) or find_rules(word, known)
        except RuleError as error:
            wrong.append(str(error))
            continue
        chosen.update({(one.named.path, one.index): one for one in found})
        if not found:
            wrong.append(f"trailwarden: no rule {word!r} {where}{_hint(word, known, shipped)}")
    try:
        edits = [] if wrong else set_status(files, chosen.values(), status)
    except RuleError as error:
        wrong.append(str(error))
    if wrong:
        click.echo("\n".join(wrong), err=True)
        sys.exit(Exit.USAGE)
    return edits


def _in_file(word: str, known: Sequence[Found], folder: Path | None) -> list[Found]:
    """The rules of a file that the word leads to from the current folder, as a shell completes it; of the
    live rules, those of the file whose path is the end of that."""
    if not os.path.isfile(word):  # noqa: PTH113 (a title may be too long for a path, which pathlib raises)
        return []
    if folder is not None:
        return [rule for rule in known if Path(folder, rule.named.path).samefile(word)]
    parts = Path(word).resolve().parts
    paths = {rule.named.path: Path(rule.named.path).parts for rule in known}
    ends = [path for path, its_parts in paths.items() if parts[-len(its_parts) :] == its_parts]
    meant = max(ends, key=len, default="")
    return [rule for rule in known if rule.named.path == meant]


def _hint(word: str, known: Sequence[Found], shipped: Mapping[str, bytes]) -> str:
    if os.path.isdir(word):  # noqa: PTH112 (as above)
        return "; it is a folder: name its files"
    if named_by(word, [one.named for one in rules_in(shipped)]):
        return "; it ships, and an override can switch it off or change its level"
    near = nearest_rule(word, [one.named for one in known])
    return f"; did you mean `{near[0]}`?" if near else ""


def _step(edited: Edited, status: str) -> str:
    return f"{edited.path}: {one_line(edited.title)}: {edited.before or 'no status'} → {status}"


def _tell_on_disk(edited: Edited, status: str, folder: Path, *, as_json: bool) -> None:
    file = Path(folder, edited.path)
    if as_json:
        found = {"rule": edited.title, "file": str(file), "before": edited.before, "status": status}
        click.echo(json.dumps(found))
    else:
        click.echo(_step(replace(edited, path=str(file)), status))
