"""A new rule's file: an empty frame, or one that a real record fills in.

From a record come the selection (which call, whether it failed, and the parameters that tell such a call from
others: switches, constants, the whole world, AWS's own policies; never ids, names, times or addresses), the
record itself as the first test, cut to what matters and its secrets masked, and a near miss.
"""

import datetime
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from trailwarden.delivery.records import Record, values_at
from trailwarden.rules.document import NUMBER_OF_1_2
from trailwarden.safety.redact import MASK, redacted_record

_KEY = re.compile(r"[A-Za-z_][\w-]*")
_CONSTANT = re.compile(r"[A-Z][A-Z_]*[A-Z]")
_VERSION = re.compile(r"20\d\d(?:\d{4}|_\d\d_\d\d)(?:v\d)?$")
_FLIPPED = {
    "0.0.0.0/0": "10.0.0.0/8",  # the two words for the whole world
    "::/0": "fd00::/8",
    "all": "111122223333",
    "*": "one-of-them",
    "Success": "Failure",
    "Failure": "Success",
    "Yes": "No",
    "No": "Yes",
}
_AWS_POLICY = re.compile(r"arn:aws[\w-]*:iam::aws:policy/[\w+=,.@/-]+")
_OTHER_POLICY = "arn:aws:iam::aws:policy/job-function/Billing"
_PARAMETERS, _NAMES, _DEPTH, _LONGEST = 4, 3, 8, 120
_YES_NO = frozenset("yYnN")
_IDENTITY = ("type", "userName", "invokedBy")


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a record proposes: the selection (values as Sigma writes them), the record cut down, and a record
    that is almost it and must not match."""

    title: str
    selection: dict[str, Any]
    match: Record
    near_miss: Record
    named: str = ""
    """The parameter that names what the call was done to; empty where none does."""


def propose(record: Record) -> Proposal:
    """The rule that a record proposes; raises `ValueError` where the record names no call."""
    source, name = record.get("eventSource"), record.get("eventName")
    if not isinstance(source, str) or not isinstance(name, str) or not source or not name:
        raise ValueError("the record has no eventSource and eventName: nothing says which call it is")
    safe: Record = redacted_record(record)
    code = safe.get("errorCode")
    telling = list(_telling(safe))[:_PARAMETERS]
    plain = _VERSION.sub("", name)
    selection: dict[str, Any] = {
        "eventSource": _literal(source),
        "eventName": _literal(name) if plain == name else f"{_literal(plain)}20*",
        "errorCode": None if code is None else _literal(str(code)),
        **{path: _literal(value) for path, value in telling},
    }
    if _is_root(safe):
        selection["userIdentity.type"] = "Root"
    named = [path for path in _naming(safe) if path not in selection][:_NAMES]
    match = _cut(safe, {*selection, *named})
    title = " ".join(re.findall(r"[A-Z]+(?![a-z])|[A-Z][a-z]+|[a-z]+|\d+", plain)) or plain
    outcome = "Called" if code is None else "Failed"
    near_miss = _near_miss(match, [path for path, _ in telling])
    return Proposal(f"{title} {outcome}", selection, match, near_miss, named[0] if named else "")


def _literal(value: Any) -> Any:
    """A value as Sigma means it to the letter."""
    return re.sub(r"([\\*?])", r"\\\1", value) if isinstance(value, str) else value


def _is_root(record: Record) -> bool:
    return values_at(record, ("userIdentity", "type")) == ("Root",)


def _telling(record: Record) -> Iterator[tuple[str, Any]]:
    """The fields below the request (of a sign-in, also of its outcome) whose values tell the call's kind."""
    tops = ["requestParameters"]
    if record.get("eventSource") == "signin.amazonaws.com":
        tops += ["responseElements", "additionalEventData"]
    seen = set()
    for top in tops:
        for path, value in _scalars(record.get(top), (top,)):
            dotted = ".".join(path)
            if dotted not in seen and _tells(value):
                seen.add(dotted)
                yield dotted, value


def _tells(value: Any) -> bool:
    if isinstance(value, bool):
        return True
    return isinstance(value, str) and bool(
        value in _FLIPPED
        or _AWS_POLICY.fullmatch(value)
        or (_CONSTANT.fullmatch(value) and len(value) <= _LONGEST)
    )


def _scalars(value: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every scalar below a value, with its path; list elements share theirs."""
    if len(path) > _DEPTH:
        return
    if isinstance(value, dict):
        for key, below in value.items():
            if _KEY.fullmatch(key):
                yield from _scalars(below, (*path, key))
    elif isinstance(value, list):
        for below in value:
            yield from _scalars(below, path)
    elif value is not None:
        yield path, value


def _naming(record: Record) -> list[str]:
    """The plain parameters that name something, the likeliest first."""
    given = record.get("requestParameters")
    if not isinstance(given, dict):
        return []
    names = [
        key
        for key, value in given.items()
        if isinstance(value, str) and 0 < len(value) <= _LONGEST and value != MASK and _KEY.fullmatch(key)
    ]
    names.sort(key=lambda key: not key.lower().endswith(("name", "arn", "identifier", "id")))
    return [f"requestParameters.{key}" for key in names]


def _cut(record: Record, paths: Iterable[str]) -> Record:
    """The record with these fields alone, and who acted."""
    wanted = {tuple(path.split(".")) for path in paths if not path.startswith("userIdentity")}
    cut: Record = _kept(record, wanted)
    identity = record.get("userIdentity")
    if isinstance(identity, dict):
        who = {key: identity[key] for key in _IDENTITY if isinstance(identity.get(key), str)}
        if who:
            cut["userIdentity"] = who
    return cut


def _kept(value: Any, wanted: set[tuple[str, ...]]) -> Any:
    if isinstance(value, list):
        return [part for each in value if (part := _kept(each, wanted)) not in ({}, [])]
    if not isinstance(value, dict) or () in wanted:
        return value
    kept: Record = {}
    for key, below in value.items():
        under = {path[1:] for path in wanted if path[0] == key}
        if under and (part := _kept(below, under)) not in ({}, []):
            kept[key] = part
    return kept


def _near_miss(record: Record, telling: list[str]) -> Record:
    """The record with its decisive value flipped: the last telling parameter, else whether it failed."""
    if telling:
        miss: Record = _flipped(record, tuple(telling[-1].split(".")))
        return miss
    code = record.get("errorCode")
    if code is None:
        return {**record, "errorCode": "AccessDenied"}
    return {key: value for key, value in record.items() if key != "errorCode"}


def _flipped(value: Any, path: tuple[str, ...]) -> Any:
    if isinstance(value, list):
        return [_flipped(each, path) for each in value]
    if isinstance(value, dict) and path:
        return {key: _flipped(below, path[1:]) if key == path[0] else below for key, below in value.items()}
    if isinstance(value, bool):
        return not value
    if not isinstance(value, str) or path:
        return value
    return _FLIPPED.get(value) or (_OTHER_POLICY if _AWS_POLICY.fullmatch(value) else "SOMETHING_ELSE")


_FRAME = Proposal(
    "",
    {"eventSource": "iam.amazonaws.com", "eventName": "CreateUser", "errorCode": None},
    {
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "requestParameters": {"userName": "alice"},
    },
    {
        "eventSource": "iam.amazonaws.com",
        "eventName": "CreateUser",
        "errorCode": "AccessDenied",
        "requestParameters": {"userName": "alice"},
    },
    named="requestParameters.userName",
)


def rule_text(title: str, rule_id: str, date: datetime.date, proposal: Proposal | None = None) -> str:
    """The YAML of a new rule, with a comment where the author has a say. Without a proposal the selection is
    an example, to be replaced."""
    given = proposal or _FRAME
    on = f" on {{{given.named}}}" if given.named else ""
    selection_hint = "" if proposal else "      # replace: which call, of which service"
    return f"""\
title: {_scalar(title)}
id: {rule_id}
status: experimental      # evaluated and counted, but told to nobody until it is stable
description: {_scalar(f"{title}. Say what it means when this happens, and why someone should look.")}
# references:             # what describes the technique, or the page of the API call
#   - https://attack.mitre.org/techniques/T1098/
date: {date:%Y-%m-%d}
# tags:                   # ATT&CK's tactic and technique
#   - attack.persistence
#   - attack.t1098
logsource:
  product: aws
  service: cloudtrail
detection:
  selection:{selection_hint}
{_block(given.selection, 4)}
  condition: selection    # exceptions: add `filter_...` selections, and `and not 1 of filter_*`
# falsepositives:         # what is harmless, and looks the same
#   - Administrators who do this by hand
level: medium             # informational, low, medium, high, critical
trailwarden:
  title: {_scalar(f"{{actor}} called {{eventName}}{on} in {{region}}")}
  runbook:
    - Ask whoever acted whether it was agreed.
  owner: security team
  tests:
    match:
{_item(given.match, 6)}
    no_match:             # near misses: almost the same, and harmless
{_item(given.near_miss, 6)}
"""


def _scalar(text: str) -> str:
    dumped: str = yaml.safe_dump(text, allow_unicode=True, width=10_000, default_style='"')
    return dumped.strip()


class _Dumper(yaml.SafeDumper):
    """Writes texts in quotes that YAML 1.1 or 1.2 would take for something else: PyYAML knows the first only,
    and of it neither `y` nor `n`."""


def _text(dumper: _Dumper, text: str) -> yaml.ScalarNode:
    quoted = NUMBER_OF_1_2.fullmatch(text) or text in _YES_NO or not text.isprintable()
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style='"' if quoted else None)


_Dumper.add_representer(str, _text)


def _block(value: Any, indent: int) -> str:
    dumped: str = yaml.dump(value, Dumper=_Dumper, allow_unicode=True, sort_keys=False, width=10_000)
    return "\n".join(" " * indent + line for line in dumped.splitlines())


def _item(record: Record, indent: int) -> str:
    lines = _block(record, indent + 2)
    return " " * indent + "- " + lines[indent + 2 :]
