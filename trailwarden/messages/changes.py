"""The parameters of a call, laid out for reading: a policy by its statements, a security group by its rules,
tags by name and value, the rest by name and value, nested as it came.

Every line is bounded, and so is their number: what is left out is said, and stands in the record.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any
from urllib.parse import unquote

from trailwarden.safety.text import defanged, visible

LINES_AT_MOST = 60
_DEPTH = 8
_ITEMS = 20
_VALUE_LIMIT = 300
_NAME_LIMIT = 60
_LARGEST_DOCUMENT = 128 * 1024
_OMITTED = "CloudTrail left the parameters out, as they were too large: no record holds them."
_MORE = "(There is more of it than fits here: see the record.)"
_WORLD = {"0.0.0.0/0": "everyone on the internet", "::/0": "everyone on the internet, IPv6"}


@dataclass(frozen=True, slots=True)
class Line:
    """One line, and how deep it stands under the others."""

    depth: int
    text: str


def laid_out(parameters: Any, most: int = LINES_AT_MOST) -> list[Line]:
    """The lines for `requestParameters` (any JSON), at most `most` and one that says that there is more."""
    if parameters is None or parameters in ({}, [], ""):
        return []
    if isinstance(parameters, dict) and parameters.get("omitted") is True:
        return [Line(0, _OMITTED)]
    found = _object(parameters, 0) if isinstance(parameters, dict) else _value("", parameters, 0)
    # No more is laid out than is shown: a request of 100 kB costs no more than its head.
    lines = list(islice(found, most + 1))
    return lines if len(lines) <= most else [*lines[:most], Line(0, _MORE)]


def _object(value: Mapping[str, Any], depth: int) -> Iterator[Line]:
    rules = _lowered(value)
    if "ipprotocol" in rules:
        yield from _firewall_rule(rules, depth)
        return
    for number, (name, item) in enumerate(value.items()):
        if number == _ITEMS * 2:
            yield Line(depth, f"(and {len(value) - number:,} more)")
            return
        yield from _value(name, item, depth)


def _value(name: str, value: Any, depth: int) -> Iterator[Line]:
    label = visible(name, _NAME_LIMIT)
    start = f"{defanged(label)}: " if label else ""
    value = _unwrapped(value)
    if depth >= _DEPTH:
        yield Line(depth, f"{start}(nested too deep to show)")
    elif value is None or value in ({}, [], ""):
        yield Line(depth, f"{start}(empty)" if value is not None else f"{start}(none)")
    elif isinstance(value, dict):
        if _is_policy(value):
            yield Line(depth, f"{start}a policy with {_statements_text(value)}")
            yield from _policy(value, depth + 1)
        else:
            yield Line(depth, start.rstrip() or "-")
            yield from _object(value, depth + 1)
    elif isinstance(value, list):
        yield from _list(start, value, depth)
    else:
        yield Line(depth, start + _scalar(value))


def _list(start: str, value: list[Any], depth: int) -> Iterator[Line]:
    tags = [pair for item in value if (pair := _tag(item)) is not None]
    if len(tags) == len(value):
        yield Line(depth, start.rstrip() or "tags:")
        yield from (Line(depth + 1, f"{_scalar(key)} = {_scalar(text)}") for key, text in tags[:_ITEMS])
    elif not any(isinstance(item, (dict, list)) for item in value):
        yield Line(depth, start + ", ".join(_scalar(item) for item in value[:_ITEMS]))
    else:
        yield Line(depth, start.rstrip() or "-")
        for item in value[:_ITEMS]:
            flat = _flat(item)
            if flat:
                yield Line(depth + 1, flat)
            else:
                yield from _item(item, depth + 1)
    if len(value) > _ITEMS:
        yield Line(depth + 1, f"(and {len(value) - _ITEMS:,} more)")


def _item(item: Any, depth: int) -> Iterator[Line]:
    """An element of a list: its first line begins with a dash; of a firewall rule, each."""
    lines = list(_object(item, depth)) if isinstance(item, dict) else list(_value("", item, depth))
    if isinstance(item, dict) and "ipprotocol" in _lowered(item):
        yield from (Line(line.depth, f"- {line.text}") for line in lines)
        return
    for number, line in enumerate(lines):
        yield Line(line.depth, f"- {line.text}") if number == 0 else Line(line.depth + 1, line.text)


def _flat(item: Any) -> str:
    """An object of up to three plain values on one line: `userId: 1111…, group: all`; else nothing."""
    if not isinstance(item, dict) or not 0 < len(item) <= 3 or "ipprotocol" in _lowered(item):
        return ""
    if any(isinstance(_unwrapped(inner), (dict, list)) for inner in item.values()):
        return ""
    parts = (f"{defanged(visible(name, _NAME_LIMIT))}: {_scalar(inner)}" for name, inner in item.items())
    return "- " + ", ".join(parts) + (" (every AWS account)" if item.get("group") == "all" else "")


def _unwrapped(value: Any) -> Any:
    """What AWS wraps: lists as `{"items": […]}`, documents as text (which IAM percent-encodes in answers)."""
    if isinstance(value, dict) and set(value) == {"items"} and isinstance(value["items"], list):
        return value["items"]
    if isinstance(value, str) and len(value) <= _LARGEST_DOCUMENT:
        text = unquote(value) if value.startswith(("%7B", "%5B", "%7b", "%5b")) else value
        if text.lstrip()[:1] in {"{", "["}:
            try:
                document = json.loads(text)
            except (ValueError, RecursionError):
                return value
            return document if isinstance(document, (dict, list)) and document else value
    return value


def _tag(item: Any) -> tuple[Any, Any] | None:
    """Name and value of a tag, in the spellings that services use."""
    if not isinstance(item, dict):
        return None
    names = _lowered(item)
    for key, value in (("key", "value"), ("tagkey", "tagvalue"), ("name", "value")):
        if set(names) == {key, value} and not isinstance(names[value], (dict, list)):
            return names[key], names[value]
    return None


def _lowered(item: Mapping[str, Any]) -> dict[str, Any]:
    return {str(name).lower(): value for name, value in item.items()}


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "(none)"
    if isinstance(value, (dict, list)):
        value = json.dumps(value, separators=(",", ":"))
    text = defanged(visible(value, _VALUE_LIMIT))
    size = len(str(value))
    return f"{text} ({size:,} characters in all)" if size > _VALUE_LIMIT else text


def _firewall_rule(rule: Mapping[str, Any], depth: int) -> Iterator[Line]:
    """`tcp 22, 0.0.0.0/0 (everyone on the internet)`: one line an address range, group or prefix list."""
    traffic = _traffic(rule)
    peers = [
        *_peers(rule, "ipranges", "cidrIp"),
        *_peers(rule, "ipv6ranges", "cidrIpv6"),
        *_peers(rule, "groups", "groupId"),
        *_peers(rule, "prefixlistids", "prefixListId"),
        *(str(rule[name]) for name in ("cidrip", "cidripv4", "cidripv6") if rule.get(name)),
    ]
    for peer in peers[:_ITEMS] or ["(no address named)"]:
        known = _WORLD.get(peer)
        text = defanged(visible(peer, _VALUE_LIMIT))
        yield Line(depth, f"{traffic}, {text}" + (f" ({known})" if known else ""))
    if len(peers) > _ITEMS:
        yield Line(depth, f"(and {len(peers) - _ITEMS:,} more)")


def _traffic(rule: Mapping[str, Any]) -> str:
    protocol = visible(rule.get("ipprotocol"), 20)
    first, last = rule.get("fromport"), rule.get("toport")
    if protocol == "-1":
        return "all traffic"
    if first is None or first == -1:
        return f"{protocol}, all ports"
    first_text, last_text = visible(first, 20), visible(last, 20)
    return f"{protocol} {first_text}" if first == last else f"{protocol} {first_text} to {last_text}"


def _peers(rule: Mapping[str, Any], kind: str, name: str) -> list[str]:
    found = _unwrapped(rule.get(kind))
    items = found if isinstance(found, list) else [found]
    return [str(item[name]) for item in items if isinstance(item, dict) and item.get(name)]


def _is_policy(value: Mapping[str, Any]) -> bool:
    statement = value.get("Statement")
    return isinstance(statement, (dict, list)) and bool(statement)


def _statements(policy: Mapping[str, Any]) -> Sequence[Any]:
    statement = policy["Statement"]
    return statement if isinstance(statement, list) else [statement]


def _statements_text(policy: Mapping[str, Any]) -> str:
    number = len(_statements(policy))
    return "one statement" if number == 1 else f"{number:,} statements"


def _policy(policy: Mapping[str, Any], depth: int) -> Iterator[Line]:
    """Each statement: what it allows or denies, to whom, on what, and if what holds."""
    statements = _statements(policy)
    for statement in statements[:_ITEMS]:
        if not isinstance(statement, dict):
            yield Line(depth, f"- {_scalar(statement)}")
            continue
        effect = visible(statement.get("Effect"), 20)
        acts, but = statement.get("Action"), statement.get("NotAction")
        what = _names(acts) if but is None else f"everything but {_names(but)}"
        yield Line(depth, f"- {effect} {what}")
        if "Principal" in statement:
            yield Line(depth + 1, f"to {_principals(statement['Principal'])}")
        if "NotPrincipal" in statement:
            yield Line(depth + 1, f"to everyone but {_principals(statement['NotPrincipal'])}")
        if "Resource" in statement:
            yield Line(depth + 1, f"on {_names(statement['Resource'])}")
        if "NotResource" in statement:
            yield Line(depth + 1, f"on everything but {_names(statement['NotResource'])}")
        yield from _conditions(statement.get("Condition"), depth + 1)
    if len(statements) > _ITEMS:
        yield Line(depth, f"(and {len(statements) - _ITEMS:,} more statements)")


def _names(value: Any) -> str:
    names = value if isinstance(value, list) else [value]
    shown = ", ".join("everything (*)" if name == "*" else _scalar(name) for name in names[:_ITEMS])
    return f"{shown} and {len(names) - _ITEMS:,} more" if len(names) > _ITEMS else shown


def _principals(value: Any) -> str:
    if not isinstance(value, dict):
        return "everyone (*)" if value == "*" else _scalar(value)
    parts = []
    for kind, names in list(value.items())[:_ITEMS]:
        text = "everyone (*)" if names in ("*", ["*"]) else _names(names)
        parts.append(f"{visible(kind, _NAME_LIMIT)} {text}")
    return "; ".join(parts)


def _conditions(value: Any, depth: int) -> Iterator[Line]:
    if not isinstance(value, dict):
        return
    for operator, tests in list(value.items())[:_ITEMS]:
        for key, expected in list(tests.items())[:_ITEMS] if isinstance(tests, dict) else ():
            name = f"{visible(operator, _NAME_LIMIT)} {defanged(visible(key, _NAME_LIMIT))}"
            yield Line(depth, f"only if {name}: {_names(expected)}")
