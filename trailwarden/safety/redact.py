"""Secrets that CloudTrail records can carry, masked once: where an alert, or anything else that is stored or
shown, is made of a record.

CloudTrail hides most secrets itself, but session tokens, pre-signed addresses, user data, parameter values
and passwords of some services do reach the log; and people write secrets where none belong: in tags, command
lines and descriptions. Account ids and access key ids are not secrets.

What it costs is bounded, whatever a record holds: what there is no budget left for is left out, and says so.
"""

import json
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any, TypeVar

from trailwarden.safety import secret_members, sensitive
from trailwarden.safety.names import (
    holds_settings,
    holds_variables,
    is_environment,
    is_readable,
    is_secret,
    is_secret_flag,
    is_secret_object,
    is_setting,
    may_be_id,
    names_something,
    plain,
    values_something,
)
from trailwarden.safety.placeholders import HOLDS_VALUES, secret_values
from trailwarden.safety.safe_record import SafeRecord
from trailwarden.safety.secret_commands import as_line, is_command
from trailwarden.safety.secret_lists import is_script, within_words
from trailwarden.safety.secret_text import (
    Budget,
    is_filled_in,
    is_reference,
    masked,
    may_hold_secret,
    secret_spans,
)
from trailwarden.safety.secret_value import Span
from trailwarden.safety.text import MASK

__all__ = [
    "MASK",
    "TOO_DEEP",
    "redacted",
    "redacted_members",
    "redacted_record",
    "redacted_text",
]

_T = TypeVar("_T")
TOO_DEEP = "(nested too deep)"
TEXT_LIMIT = 512 * 1024
"""The most characters that are kept of one text: twice what CloudTrail's largest record has."""
_MARGIN = 2048
"""How much further is read: a secret that begins within the limit is seen as one."""
_MAX_DEPTH = 64
_CHARACTERS = 1_200_000
_NODES = 20_000
_LONGEST_JSON = 512 * 1024
_LONG_NAME = 16
_LONG_NAME_COST = 3
"""What a longer name costs, in nodes: it is searched as a text as well."""
_LEFT_OUT = "(left out)"
_TOO_MUCH = "(left out: too much to check for secrets)"
# Where a record holds what its caller chose; the rest, which says who did what, is read before.
_BULKY = frozenset({"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails"})
_SHORT = 200  # characters
_SECRET_NUMBERS = re.compile(r"(?:password|passwd|pwd|passcode|pin|otp|code)[0-9]?$")
_ID = re.compile(
    r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|mrk-[0-9a-f]+|alias/.+|(?:AKIA|ASIA)[A-Z0-9]{12,})$"
)
_NO_ADDRESS = re.compile(r"[^./*\s]++$")
_ADDRESSES = frozenset(
    {"endpoint", "endpointUrl", "httpEndpoint", "invocationEndpoint", "confirmationUrl", "aws:Referer"}
)
"""Where messages are sent to, if whoever knows a long segment of its path may send there; and where requests
come from, if a word that only some know lets them in."""
_FOREIGN = re.compile(r"https?://(?![^/?#]{0,200}amazonaws\.com)")
_PATH_TOKEN = re.compile(r"(?<=/)[\w-]{20,}+(?=[/?#]|$)")
_DIGIT = re.compile(r"[0-9]")
_SEARCHED = frozenset({"searchString", "SearchString", "regexString", "RegexString"})
_TEAM = re.compile(r"[a-z]++(?:-[a-z]++)*+$")
_FLAGGED = frozenset({"isvaluesecret", "issecret", "secret", "sensitive", "secure", "noecho", "masked"})
_OF_ONE_WORD = frozenset({"env", "environment"})
_SHORTEST_COMMAND = 2
_PAIR = 2
_SETS = re.compile(r"([A-Za-z_][\w.-]*+)=.")


def redacted(value: Any, field: str = "") -> Any:
    """A copy of `value` (any JSON, a record too) with secrets replaced by `***`; `field` is its name."""
    return _Redactor(_marked_of(value)).value(value, field)


def redacted_record(record: Mapping[str, Any]) -> SafeRecord:
    """A copy of a record with secrets replaced by `***`, cut off where it nests absurdly deep or is too much
    to be checked."""
    redactor = _Redactor(_marked_of(record))
    found = {
        key: redactor.value(record[key], key, 1) for key in sorted(record, key=lambda key: key in _BULKY)
    }
    return SafeRecord({key: found[key] for key in record})


def redacted_members(record: Mapping[str, Any], names: Collection[str]) -> dict[str, Any]:
    """The members of a record of these names, as `redacted_record` shows them: for who needs but a few."""
    redactor = _Redactor(_marked_of(record))
    return {name: redactor.value(record[name], name, 1) for name in record if name in names}


def redacted_text(text: str) -> str:
    """Free text with what can be told to be a secret replaced by `***`; what is beyond `TEXT_LIMIT` is left
    out, and said to be."""
    return _redacted_short(text) if len(text) <= _SHORT else _redacted_text(text)


def _redacted_text(text: str) -> str:
    if len(text) <= TEXT_LIMIT and text[:1] not in {"{", "["} and not may_hold_secret(text):
        return text
    return _Redactor().text(text)


# Names and regions come again with each record, and with each rule that matches it.
_redacted_short = lru_cache(maxsize=2048)(_redacted_text)


_VERSION = re.compile(r"20\d\d_?\d\d_?\d\d(?:v\d)?\Z")
"""CloudTrail writes an API's version behind the names of some calls: UpdateFunctionCode20150331v2."""
_WRITTEN_OTHERWISE = {"sso": "ssooauth", "customerprofiles": "profile"}
"""Event sources under which CloudTrail writes calls of another endpoint."""


@cache
def _members() -> dict[tuple[str, str], frozenset[str]]:
    members: dict[tuple[str, str], frozenset[str]] = {}
    for line in (*sensitive.MEMBERS.splitlines(), *secret_members.MEMBERS.splitlines()):
        call, _, names = line.partition(": ")
        service, operation = call.split()
        service = _service_of(service)
        members[service, operation] = members.get((service, operation), frozenset()) | set(names.split())
    return members


def _marked_of(value: Any) -> frozenset[str]:
    """The secret members of the call, if `value` is the record of one."""
    if not isinstance(value, Mapping):
        return frozenset()
    source, name = (value.get(field) for field in ("eventSource", "eventName"))
    if not isinstance(source, str) or not isinstance(name, str):
        return frozenset()
    service, members = _service_of(source), _members()
    operation = _VERSION.sub("", name)
    return members.get((service, "*"), frozenset()) | members.get((service, operation), frozenset())


def _service_of(source: str) -> str:
    """The service of an event source, as its models name it, without case and punctuation."""
    name = source.lower().removesuffix(".amazonaws.com").replace("-", "")
    return _WRITTEN_OTHERWISE.get(name, name)


class _Redactor:
    """One walk through a value, with a budget for all of it."""

    def __init__(self, marked: frozenset[str] = frozenset()) -> None:
        self._marked = marked
        self._budget = Budget(_CHARACTERS)
        self._nodes = _NODES

    def value(self, value: Any, field: str, depth: int = 0, *, inside: bool = False) -> Any:
        """`value`, which stands under the name `field`; `inside` something that is secret as a whole."""
        self._nodes -= 1
        if isinstance(value, (dict, list)):
            if depth >= _MAX_DEPTH:
                return TOO_DEEP
            if self._nodes <= 0:
                return _TOO_MUCH
            if is_environment(field) and not inside:
                return self._environment(value, depth)
            if isinstance(value, list):
                return self._list(value, field, depth, inside)
            return self._object(
                value, depth, inside or is_secret_object(field) or self._is_marked(field, depth)
            )
        if isinstance(value, str):
            return self._string(value, field, depth, inside)
        if isinstance(value, bool) or value is None:
            return value
        return MASK if is_secret(field) and _SECRET_NUMBERS.search(plain(field)) else value

    def _is_marked(self, field: str, depth: int) -> bool:
        """Whether a member of this call is secret by AWS's models or their words; the record's own fields are
        none."""
        return depth > 1 and plain(field) in self._marked

    def text(self, text: str, depth: int = 0) -> str:
        """Free text, or JSON in a text."""
        if self._nodes <= 0:
            return _TOO_MUCH
        start = text[:80].lstrip()[:1]
        if start in {"{", "["} and depth < _MAX_DEPTH and len(text) <= _LONGEST_JSON:
            whole = self._json(text, depth)
            if whole is not None:
                return whole
        if len(text) <= TEXT_LIMIT:
            spans = secret_spans(text, self._budget)
            return _TOO_MUCH if self._is_spent(spans, text) else masked(text, spans)
        head = text[: TEXT_LIMIT + _MARGIN]
        spans = secret_spans(head, self._budget)
        if self._is_spent(spans, head):
            return _TOO_MUCH
        kept = [(first, min(last, TEXT_LIMIT)) for first, last in spans if first < TEXT_LIMIT]
        return f"{masked(head[:TEXT_LIMIT], kept)}... (left out: {len(text) - TEXT_LIMIT:,} characters)"

    def _is_spent(self, spans: list[Span], text: str) -> bool:
        return not self._budget.left and (0, len(text)) in spans

    def _json(self, text: str, depth: int) -> str | None:
        """Text that is JSON, masked as what it stands for; None if it is no JSON."""
        if not self._budget.take(len(text)):
            return _TOO_MUCH
        try:
            value = json.loads(text, object_pairs_hook=_object_of)
        except (ValueError, RecursionError):
            return None
        safe = self.value(value, "", depth + 1)
        return text if safe == value else json.dumps(safe, ensure_ascii=False)

    def _string(self, value: str, field: str, depth: int, inside: bool) -> str:
        hidden = inside or is_secret(field) or self._is_marked(field, depth)
        if not value or not hidden:
            if is_environment(field) and value:
                return self._environment_text(value, field, depth)
            return self._address(value, field, depth) if field in _ADDRESSES else self.text(value, depth)
        if is_reference(value) or (field == "Fn::Sub" and is_filled_in(value)):
            return value
        return value if _ID.match(value) and may_be_id(field) else MASK

    def _address(self, value: str, field: str, depth: int) -> str:
        """An address of which a part may be known only to those who may use it."""
        if field == "aws:Referer" and _NO_ADDRESS.match(value):  # a word that a site and its bucket share
            return MASK
        safe = self.text(value, depth)
        if field != "aws:Referer" and _FOREIGN.match(safe):
            safe = _PATH_TOKEN.sub(lambda met: MASK if _DIGIT.search(met.group()) else met.group(), safe)
        return safe

    def _object(self, value: dict[str, Any], depth: int, inside: bool) -> dict[str, Any]:
        if not inside and value.keys() & HOLDS_VALUES:
            value = self._without_placed(value, depth)
        pair = None if inside else _secret_value_of(value)
        exported = (
            not inside
            and plain(str(value.get("classification", value.get("Classification", "")))) == "export"
        )
        safe: dict[str, Any] = {}
        for key, item in value.items():
            if self._nodes <= 0:
                safe[_LEFT_OUT] = f"{len(value) - len(safe):,} of {len(value):,} entries"
                break
            name = key
            if len(key) > _LONG_NAME or "=" in key:
                self._nodes -= _LONG_NAME_COST
                shown = self.text(key)
                name = key if shown == str(key) else type(key)(shown)
            is_value = pair is not None and str.__eq__(key, pair)
            if is_value and isinstance(item, (str, int, float)) and not isinstance(item, bool):
                self._nodes -= 1
                safe[name] = item if isinstance(item, str) and is_reference(item) else MASK
            elif exported and plain(key) == "properties" and isinstance(item, dict):
                safe[name] = self._variables(item, depth + 1)
            else:
                below = is_value or (inside and not is_readable(key))
                safe[name] = self.value(item, key, depth + 1, inside=below)
        return safe

    def _without_placed(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        """The object without the secrets that stand apart from their names: DynamoDB's."""
        hidden: dict[str, Any] = {}
        for member, secret in secret_values(value, self._budget.take).items():
            held = value[member]
            hidden[member] = (
                {key: self.value(item, key, depth + 2, inside=key in secret) for key, item in held.items()}
                if isinstance(held, dict)
                else [self.value(item, "", depth + 2, inside=at in secret) for at, item in enumerate(held)]
            )
        return value | hidden

    def _list(self, value: list[Any], field: str, depth: int, inside: bool) -> list[Any]:
        safe: list[Any] = []
        flag = ""
        for item in value if inside else self._without_arguments(self._without_lines(value)):
            if self._nodes <= 0:
                safe.append(f"(left out: {len(value) - len(safe):,} of {len(value):,} elements)")
                break
            if isinstance(item, str) and flag and not item.startswith("-"):
                self._nodes -= 1
                safe.append(item if is_reference(item) else MASK)
            elif not inside and _is_pair(item):
                self._nodes -= 1 + len(item)
                safe.append([item[0], item[1] if is_reference(item[1]) else MASK])
            else:
                safe.append(self.value(item, field, depth + 1, inside=inside))
            # `["--password", "x"]`: a command line, word by word.
            flag = item if isinstance(item, str) and item[:1] == "-" and is_secret_flag(item[:200]) else ""
        return safe

    def _without_arguments(self, value: list[Any]) -> list[Any]:
        """The list without the secrets that its words have as those of a command: `["mysql", "-px"]`."""
        read = value[: self._nodes]
        if len(read) < _SHORTEST_COMMAND or not is_command([item for item in read if type(item) is str]):
            return value
        words = [_word(item) for item in read]
        found = secret_spans(as_line(words), self._budget)
        safe = list(value)
        for place, spans in _by_word(within_words(words, found)).items():
            if isinstance(value[place], (str, int, float)):
                # What the word has by itself is found, and bounded better, where it is read as a text.
                alone = secret_spans(as_line([words[place]]), self._budget)
                safe[place] = masked(words[place], [span for span in spans if span not in alone])
        return safe

    def _without_lines(self, value: list[Any]) -> list[Any]:
        """The list without the secrets that its elements have as the lines of one script: what stands below
        `chpasswd <<EOF`."""
        lines = value[: self._nodes]
        if len(lines) < _SHORTEST_COMMAND or not is_script([item for item in lines if type(item) is str]):
            return value
        words = [_word(item) for item in lines]
        found = secret_spans("\n".join(words), self._budget)
        safe = list(value)
        for place, spans in _by_word(within_words(words, found)).items():
            if isinstance(value[place], str):
                safe[place] = masked(words[place], spans)
        return safe

    def _environment(self, value: Any, depth: int) -> Any:
        """Environment variables, of which the names are kept: `{variables: {NAME: value}}` (Lambda),
        `[{name, value}]` (ECS, CodeBuild), `{NAME: value}`; or an object that holds them and more."""
        if isinstance(value, list):
            return [self._variable(item, depth + 1) for item in self._affordable(value)]
        if holds_settings((key, isinstance(item, (dict, list))) for key, item in value.items()):
            return {key: self._setting(key, item, depth + 1) for key, item in self._affordable(value.items())}
        return self._variables(value, depth)

    def _setting(self, key: str, item: Any, depth: int) -> Any:
        """What stands beside the variables of an environment, or they themselves."""
        if holds_variables(key) and isinstance(item, (dict, list)):
            return self._environment(item, depth) if isinstance(item, list) else self._variables(item, depth)
        if isinstance(item, (dict, list)) or is_setting(key):
            return self.value(item, key, depth)
        return _hidden(item)

    def _variables(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        return {
            key: self.value(item, key, depth + 1) if isinstance(item, (dict, list)) else _hidden(item)
            for key, item in self._affordable(value.items())
        }

    def _affordable(self, items: Iterable[_T]) -> Iterator[_T]:
        for item in items:
            if self._nodes <= 0:
                return
            self._nodes -= 1
            yield item

    def _variable(self, item: Any, depth: int) -> Any:
        if isinstance(item, str):
            set_to = _SETS.match(item)
            return f"{set_to.group(1)}={MASK}" if set_to else self.text(item, depth)
        if not isinstance(item, dict):
            return self.value(item, "", depth)
        if not any(values_something(key) for key in item):
            return self.value(item, "", depth)
        return {
            key: _hidden(inner) if values_something(key) else self.value(inner, key, depth)
            for key, inner in item.items()
        }

    def _environment_text(self, text: str, field: str, depth: int) -> str:
        try:
            is_json = text.lstrip()[:1] in {"{", "["} and len(text) <= TEXT_LIMIT
            value = json.loads(text, object_pairs_hook=_object_of) if is_json else None
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, (dict, list)):
            return json.dumps(self._environment(value, depth + 1), ensure_ascii=False)
        return self.text(text, depth) if plain(field) in _OF_ONE_WORD else MASK


class _Repeated(str):
    """A name that an object has again further on: equal to nothing but itself, so that both values stay."""

    __slots__ = ()
    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        return self is other


def _object_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in JSON, with all values of a name that stands in it more than once: which of them counts is
    for its reader to say."""
    last = dict(pairs)
    if len(last) == len(pairs):
        return last
    places = {name: place for place, (name, _) in enumerate(pairs)}
    return {
        name if places[name] == place else _Repeated(name): value for place, (name, value) in enumerate(pairs)
    }


def _word(item: Any) -> str:
    """An element of a list as a word of a command."""
    return item if isinstance(item, str) else str(item) if isinstance(item, (int, float)) else "_"


def _by_word(found: Iterable[tuple[int, Span]]) -> dict[int, list[Span]]:
    """The spans of each word."""
    spans: dict[int, list[Span]] = {}
    for place, span in found:
        spans.setdefault(place, []).append(span)
    return spans


def _is_pair(item: Any) -> bool:
    """Whether an element of a list is a secret's name and value: `[["x-api-key", "x"]]`."""
    return (
        isinstance(item, list)
        and len(item) == _PAIR
        and isinstance(item[0], str)
        and isinstance(item[1], str)
        and is_secret(item[0][-_SHORT:])
    )


def _hidden(value: Any) -> Any:
    """A variable's value: whatever it is, for most names tell enough."""
    return MASK if value and not isinstance(value, bool) else value


def _secret_value_of(value: Mapping[str, Any]) -> str | None:
    """The key under which a secret stands in a pair of name and value: `{parameterKey: DBPassword, …}`."""
    held = next((key for key in value if values_something(key)), None)
    if held is None:
        return None if _SEARCHED.isdisjoint(value) else _searched_secret(value)
    if any(plain(key) in _FLAGGED and item in (True, "true") for key, item in value.items()):
        return held
    for key, given in value.items():
        item = _of_dynamodb(given)
        if not isinstance(item, str):
            continue
        if plain(key) == "type" and item == "SecureString":
            return held
        if plain(key) == "namespace" and item.endswith(":application:environment"):
            return held
        if plain(item) == "auth" and isinstance(value[held], str) and _TEAM.match(value[held]):
            continue
        if names_something(key) and is_secret(item) and _belong_together(plain(key), plain(held)):
            return held
    return None


def _of_dynamodb(value: Any) -> Any:
    """What an attribute of DynamoDB says: `{"S": "password"}`."""
    return value.get("S", value.get("s")) if isinstance(value, dict) and len(value) == 1 else value


def _searched_secret(value: Mapping[str, Any]) -> str | None:
    """The key of what a firewall looks for in a header or argument whose name says that it holds a secret."""
    held = next((key for key in _SEARCHED if key in value), None)
    if held is None:
        return None
    field = value.get("fieldToMatch", value.get("FieldToMatch"))
    parts = field.values() if isinstance(field, dict) else ()
    names = (part.get("name", part.get("Name")) for part in parts if isinstance(part, dict))
    return held if any(isinstance(name, str) and is_secret(name) for name in names) else None


def _belong_together(name: str, held: str) -> bool:
    """`parameterKey` and `parameterValue`, `optionName` and `value`, `key` and `defaultValue`."""
    prefix = name.removesuffix("name").removesuffix("key")
    return (
        held in {"value", "values"}
        or prefix in {"", held.removesuffix("s").removesuffix("value")}
        or (prefix == name)
    )
