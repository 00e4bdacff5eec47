"""What was held back while more came than people can read one by one: by rule, account and actor.

JSON is `trailwarden.storm/1`, described by docs/schemas/storm.schema.json. OCSF's finding classes each tell
of one finding, or of one incident; a summary of many is neither, so queues that take OCSF get the JSON too.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from trailwarden.activity.model import Context
from trailwarden.alerts.telling import Covered, HeldAccount, HeldGroup, HeldRow, StormSummary
from trailwarden.messages.chat import notification, plain
from trailwarden.messages.envelope import DEFAULT_BODIES, AlertMessage, Bodies, enveloped, first_that_fits
from trailwarden.messages.form import Form
from trailwarden.messages.places import account_info
from trailwarden.messages.storm_email import Storm, list_command, storm_lines
from trailwarden.safety.text import defanged, one_line, shorten

SCHEMA = "trailwarden.storm/1"
_CHAT_ACCOUNTS = 40
_CHAT_GROUPS = 10
_ATTRIBUTE_LIMIT = 200  # characters, as alerts have them


@dataclass(frozen=True, slots=True)
class _Room:
    """How many rows go into the JSON and the mail, how many sentences, and how long texts may be."""

    rows: int
    shown: int
    titles: int
    text: int


_ROOMS = (_Room(200, 20, 5, 300), _Room(60, 20, 5, 200), _Room(20, 10, 3, 100), _Room(5, 5, 1, 60))


def storm_message(
    summary: StormSummary,
    *,
    context: Context | None = None,
    bodies: Bodies = DEFAULT_BODIES,
) -> AlertMessage:
    """The summary in every form, cut until it fits."""
    return first_that_fits(_message(_bounded(summary, room), room, context, bodies) for room in _ROOMS)


def _bounded(summary: StormSummary, room: _Room) -> StormSummary:
    """Texts and rows no longer than there is room for."""

    def safe(text: str) -> str:
        return shorten(text, room.text)

    rows = tuple(
        replace(
            row,
            rule_id=safe(row.rule_id),
            rule_title=defanged(safe(row.rule_title)),
            level=safe(row.level),
            account=safe(row.account),
            actor=safe(row.actor),
            owner=defanged(safe(row.owner)),
            tactics=tuple(map(safe, row.tactics[:16])),
        )
        for row in summary.rows[: room.rows]
    )
    return replace(
        summary,
        level=safe(summary.level),
        rows=rows,
        rows_left_out=summary.rows_left_out + len(summary.rows) - len(rows),
        titles=tuple(defanged(safe(title)) for title in summary.titles[: room.titles]),
        account_rows=tuple(
            replace(one, account=shorten(one.account, room.text), level=shorten(one.level, room.text))
            for one in summary.account_rows
        ),
        covered=summary.covered or _covered_by(summary),
    )


def _covered_by(summary: StormSummary) -> Covered:
    """As far as the rows tell."""
    rows = summary.rows
    return Covered(
        levels=(summary.level,),
        reasons=(),
        rule_ids=tuple(row.rule_id for row in rows),
        accounts=tuple(row.account for row in rows),
        regions=(),
        owners=tuple(row.owner for row in rows),
        tactics=tuple(tactic for row in rows for tactic in row.tactics),
    )


def _message(summary: StormSummary, room: _Room, context: Context | None, bodies: Bodies) -> AlertMessage:
    storm = Storm(summary, context)
    return enveloped(
        headline=f"[{storm.level}] {storm.headline()}",
        sms=f"{storm.level}: {storm.headline()}",
        email="\n".join(storm_lines(storm, room.shown)) + "\n",
        payload=_payload(storm),
        forms={Form.CHAT: _chat(storm)} if Form.CHAT in {form for _, form in bodies.protocols()} else {},
        attributes=_attributes(storm),
        bodies=bodies,
    )


def _payload(storm: Storm) -> dict[str, Any]:
    summary = storm.summary
    groups = {row: group.all for group in storm.groups() for row in group.rows}
    return {
        "schema": SCHEMA,
        "hour": summary.hour,
        "number": summary.number,
        "final": summary.final,
        "level": summary.level,
        "alerts": summary.alerts,
        "messages": summary.messages,
        "rules": summary.rules,
        "accounts": summary.accounts,
        "actors": summary.actors,
        "titles": list(summary.titles),
        "rows": [_row(storm, row, groups[row]) for row in summary.rows],
        "rows_left_out": summary.rows_left_out,
        "rule_budget": summary.rule_budget,
        "overall_budget": summary.overall_budget,
        "account_rows": [_account_row(storm, one) for one in summary.account_rows],
        "part": summary.part,
        "parts": summary.parts,
        "split": summary.split,
        "brief": summary.brief,
        "unread": summary.unread,
        "accounts_left_out": summary.accounts_left_out,
        "lower_bounds": [name for name in summary.lower_bounds if name != "groups"],
    }


def _account_row(storm: Storm, one: HeldAccount) -> dict[str, Any]:
    info = account_info(one.account, storm.context)
    return {
        "account": one.account,
        "environment": info.environment,
        "level": one.level,
        "alerts": one.alerts,
        "messages": one.messages,
        "rules": one.rules,
    }


def _row(storm: Storm, row: HeldRow, whole: HeldGroup) -> dict[str, Any]:
    info = account_info(row.account, storm.context)
    return {
        "rule_id": row.rule_id,
        "rule_title": row.rule_title,
        "level": row.level,
        "account": row.account,
        "account_name": info.name,
        "environment": info.environment,
        "actor": row.actor,
        "alerts": row.alerts,
        "messages": row.messages,
        "first_event_time": row.first_event_time,
        "last_event_time": row.last_event_time,
        "owner": row.owner,
        "tactics": list(row.tactics),
        "protected": row.protected,
        "all_actors": {
            "alerts": whole.alerts,
            "messages": whole.messages,
            "actors": whole.actors,
            "actors_at_least": whole.actors_at_least,
        },
    }


def _chat(storm: Storm) -> dict[str, Any]:
    summary = storm.summary
    lines = [f"{plain(storm.held())} held back {storm.when()}: {plain(storm.by())}.", plain(storm.advice())]
    lines += [plain(said, 400) for said in storm.limits()]
    lines += ["", *(f"- {plain(title, 300)}" for title in summary.titles), ""] if summary.titles else [""]
    groups = storm.groups()[:_CHAT_GROUPS]
    lines += [
        f"{group.all.alerts:,} x {plain(row.rule_title)}, {plain(storm.account(row))}, "
        f"{', '.join([*map(plain, group.actors()), *group.more_actors()])}"
        for group in groups
        for row in group.rows[:1]
    ]
    named = {group.rows[0].account for group in groups}
    others = [one.account for one in summary.account_rows if one.account not in named]
    if others:
        more = f" and {len(others) - _CHAT_ACCOUNTS:,} more" if len(others) > _CHAT_ACCOUNTS else ""
        lines.append(f"also in {plain(', '.join(others[:_CHAT_ACCOUNTS]), 1000)}{more}")
    return notification(
        identity=f"storm-{summary.hour}-{summary.number}",
        thread=f"storm-{summary.hour}",
        level=summary.level,
        title=storm.headline(),
        summary=storm.headline(),
        lines=lines,
        steps=[f"Read what was held back: {list_command(summary.hour)}"],
        keywords=["storm", summary.level],
        kind="trailwarden-storm",
        known={"hour": summary.hour, "severity": summary.level, "alerts": str(summary.alerts)},
    )


def _attributes(storm: Storm) -> dict[str, str | tuple[str, ...]]:
    """Each has every value of all messages that are covered: whoever asked for one of them would have got it,
    and so gets the summary. `storm` stands besides their reasons, to be asked for by itself."""
    covered = storm.summary.covered or _covered_by(storm.summary)
    environments = (account_info(account, storm.context).environment or "" for account in covered.accounts)
    return {
        "severity": _one_or_several(covered.levels),
        "reason": _one_or_several(("storm", *covered.reasons)),
        "rule_id": _several(covered.rule_ids),
        "account": _several(covered.accounts),
        "region": _several(covered.regions),
        "environment": _several(environments),
        "owner": _several(covered.owners),
        "tactic": _several(covered.tactics),
    }


def _several(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one_line(value, _ATTRIBUTE_LIMIT) for value in values if value))


def _one_or_several(values: Iterable[str]) -> str | tuple[str, ...]:
    found = _several(values)
    return found[0] if len(found) == 1 else found
