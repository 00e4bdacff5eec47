"""Where secrets stand in free text: assignments, flags, connection strings, tokens known by their shape, and
all of these again under the encodings that text comes in.

Everything is a search for spans in the text as it came, which are masked together at the end. The patterns
are RE2's, so none takes more than linear time; what is read in Python goes forward only. All of it is paid
from a budget: what there is no budget left for is taken for a secret.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import re2

from trailwarden.safety.lookahead import Lookahead
from trailwarden.safety.lookalikes import legible
from trailwarden.safety.names import is_secret, is_secret_flag, plain
from trailwarden.safety.names_abroad import ASSIGNED as ASSIGNED_ABROAD
from trailwarden.safety.names_abroad import HINT as HINT_ABROAD
from trailwarden.safety.secret_commands import WRITTEN, WRITTEN_BELOW
from trailwarden.safety.secret_environment import ENVIRONMENT, environment_values
from trailwarden.safety.secret_here import HERE, here_secrets, is_secret_file
from trailwarden.safety.secret_layers import layer_of
from trailwarden.safety.secret_lists import LINES, LIST, secrets_among, words_below, words_in_brackets
from trailwarden.safety.secret_markup import ELEMENTS, HINT, NAME
from trailwarden.safety.secret_shapes import SHAPES
from trailwarden.safety.secret_value import Span, value_spans
from trailwarden.safety.text import MASK

_MATCH_COST = 40
"""What a match costs of the budget, in characters: about what searching that many takes."""
_LAYER_COST = 50
"""What a text costs, and each layer of its escapes, that a pattern finds something in; besides its length."""
_PATTERN_COST = 15
_SCAN_SHARE = 16
"""A pattern that finds something reads all of the text again: it costs this part of its length."""
_LAYERS = 4
_INNOCENT: dict[str, int] = {}
"""Short texts without a secret, and what it cost to say so: records of one account repeat most of theirs. It
costs the budget the same again, so that what is left out does not depend on what was read before."""
_AUTOMATON_BYTES = 32 * 1024 * 1024
"""What RE2 may keep of the automaton of all patterns: ordinary records need some 20 MiB. With the default of
8 MiB it is made anew for nearly each text, which takes twenty times as long."""
_REMEMBERED = 200
_REMEMBERED_AT_MOST = 5_000
_SHORTEST = 4

# What ends the name of a field before its sign: quotes, escaped or not, and an index.
_CLOSE = r"[\"'`\\\]]*"


@dataclass(slots=True)
class Budget:
    """How many characters may still be searched."""

    left: int

    def take(self, cost: int) -> bool:
        """Whether there was enough; if not, there is nothing left for anything after it."""
        self.left = self.left - cost if cost <= self.left else 0
        return self.left > 0


# White space and comments; none reaches over where another begins: what is never closed is read once.
_GAP = r"(?:\s|/\*(?:[^*/]|\*+[^*/]|/+[^*/])*\*+/|--(?:[^\n-]|-[^\n-])*-?\n)"
_ASSIGNED = rf"(?i)({NAME})((?:\[\w{{0,20}}\])?{_CLOSE}\s*(?:{_GAP}+\s*)?)(=>|:=|==|=|:)"
_FLAG = rf"(?i)\B-{{1,2}}({NAME})(?:\s+|[\"']\s*,\s*)"
# A name and its value, in either order, whatever separates them: JSON, YAML, the command line's shorthand.
_PAIR = (
    rf"(?i)(?:name|key|\b[kn])[\"'\\]*\s*[:=]\s*[\"'\\]*([\w./:-]*{HINT}[\w.-]*)[\"'\\]*[\s,]+"
    r"[\"'\\{]*(?:\w*value|v)[\"'\\]*\s*[:=]"
)
# PowerShell's cmdlets, the registry's: `-Name DefaultPassword -Value x`, `/v DefaultPassword /d x`.
_OPTIONS = (
    rf"(?i)[ \t](?:-(?:name|path)|/v)[ \t]+[\"']?([\w.:/\\-]*{HINT}[\w.-]*)[\"']?[ \t](?:[^\n;|]*?[ \t])?"
    r"(?:-value|/d)[ \t]+"
)
# `setProperty("password", "x")`
_CALLED = (
    rf"(?i)(?:set|put|add|append|define|header|insert|store)\w*[ \t]*\([ \t]*[\"']({NAME})[\"'][ \t]*,[ \t]*"
)
_PAIR_BACKWARDS = (
    r"(?i)value[\"'\\]*\s*[:=]\s*[\"'\\]*([^\"'\\,;{}\s]+)[\"'\\]*[\s,]+[\"'\\{]*\w*(?:name|key)[\"'\\]*"
    rf"\s*[:=]\s*[\"'\\]*([\w./:-]*{HINT}[\w.-]*)"
)
# A word of a secret, and then its value in quotes or brackets: SQL, PowerShell, XML.
_SPOKEN = (
    rf"(?i)(?:identified{_GAP}+(?:with{_GAP}+\S+{_GAP}+)?(?:by|as)(?:{_GAP}+password|{_GAP}+values)?"
    r"|(?:old_)?password\s*\("
    rf"|\bset{_GAP}+password{_GAP}+for{_GAP}+(?:'[^']*'|\"[^\"]*\"|`[^`]*`|[^\s=;\"'`])+{_GAP}*(?:=|\bto\b)"
    rf"|\b(?:password|passwd|passphrase){_GAP}+(?:to\s|is\s)?){_GAP}*[\"'`]"
)
# `SECRET_ACCESS_KEY '…'`: a name that is no word of a sentence.
_NAMED = rf"(?i)({NAME}){_GAP}+[\"'`]"
_COMPOUND = re.compile(r"[A-Za-z0-9][_-][A-Za-z]|[a-z][A-Z]")
# `ENV DB_PASSWORD x`, of Dockerfiles, shells and web servers.
_SET = (
    r"(?i)\b(?:env|setenv|setx(?:[ \t]+/m)?|set(?:[ \t]+-\w+)+|fastcgi_param|proxy_set_header|add_header)"
    rf"[ \t]+({NAME})[ \t]+"
)
_QUERY = (
    r"(?i)[?&;](?:sig|code|signature|token|pass|key|x-(?:amz|goog)-(?:signature|credential|security-token))="
    r"([^&\s\"'\\<>]+)"
)
_PLAIN_COLON = re.compile(
    rf"(?i)(?:passw(?:or)?d|pwd|passphrase|pass|api[_-]?key|passwort|kennwort|contrasena|{HINT_ABROAD})s?$"
)
_NO_VALUE = frozenset(
    {"", "***", "true", "false", "null", "none", "required", "optional", "enabled", "disabled", "yes", "no"}
    | {"seconds", "minutes", "hours", "days"}
)
# Where AWS itself looks a secret up: dynamic references, parameters of Systems Manager, resources by ARN.
_REFERENCE = re.compile(
    r"(?:\{\{resolve:(?:ssm|ssm-secure|secretsmanager):(?:[^{}$\s]|\$\{[^{}\s]++\})++\}\}"
    r"|\{\{ ?+ssm(?:-secure)?+:[\w./-]++ ?+\}\}"
    r"|arn:aws(?:-cn|-us-gov|-eusc|-iso(?:-[a-z])?+)?+:[a-z][a-z0-9-]*+:[a-z0-9-]*+:(?:[0-9]*+|aws):\S++"
    r"|HIDDEN_DUE_TO_SECURITY_REASONS|\*++)$"
)
# What stands for a value in scripts and templates; a password may look the same, so its name must say so.
_VARIABLE = re.compile(
    r"(?:\$(?:(?i:env):)?+([A-Z_][A-Z0-9_]*+)"
    r"|\$\{([\w.:/-]++)\}|\$\(([\w.-]++)\)|\{\{([^{}]++)\}\}|<([\w -]++)>|%(\w++)%)$"
)
_COMMAND_OR_TAG = re.compile(
    r"(?:\$\((?!\s*+(?:echo|printf)\b)\s*+[a-z][\w./-]*+\s[^()]++\)|!(?:Ref|GetAtt|ImportValue)[ ]\S++)$"
)
_LONGEST_VARIABLE = 200
_WORDS_GROUP = 5
_SHORTEST_LIST = 2
_NAMES_IN = re.compile(r"[A-Za-z_][\w.-]*+")
_STANDS_FOR_ONE = frozenset({"redacted", "hidden", "masked", "removed", "lookup", "secrets"})
_PATH = re.compile(r"[\w./=+*-]++$")
_IS_A_PATH = re.compile(r"[ \t]*+[\"']?(?:~?/|\.{1,2}/|[A-Za-z]:\\)[\w./\\~@-]{1,200}+(?![\w+=%])")
_LONGEST_PATH = 1024
_ENCODED = r"(?:[A-Za-z0-9+/]{60,}\r?\n)+[A-Za-z0-9+/]*={0,2}|[A-Za-z0-9+/_-]{12,}={0,2}"
_ESCAPED = r"%[0-9A-Fa-f]{2}|&#?\w|\\."
_PATTERNS = (
    *(
        _ASSIGNED,
        ASSIGNED_ABROAD,
        _FLAG,
        _PAIR,
        _PAIR_BACKWARDS,
        _OPTIONS,
        _CALLED,
        _SPOKEN,
        _NAMED,
        _SET,
        LIST,
        LINES,
        HERE,
        WRITTEN,
        WRITTEN_BELOW,
        ENVIRONMENT,
        *ELEMENTS,
        _QUERY,
        _ENCODED,
        _ESCAPED,
    ),
    *SHAPES,
)
_ESCAPED_NUMBER = _PATTERNS.index(_ESCAPED)


@cache
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    return re2.compile(pattern, options)


@cache
def _all_at_once() -> Any:
    """The patterns in one pass; the last of them is found in every text. Made when it is first needed: it
    takes some 30 ms."""
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _AUTOMATON_BYTES
    together = re2.Set.SearchSet(options)
    for pattern in (*_PATTERNS, ""):
        together.Add(pattern)
    together.Compile()
    return together


def _hits(text: str) -> list[int]:
    """The numbers of the patterns that find something in the text; all, if RE2 had too little memory to
    tell."""
    hits = _all_at_once().Match(text)
    if len(_PATTERNS) not in hits:
        return list(range(len(_PATTERNS)))
    return sorted(hit for hit in hits if hit < len(_PATTERNS))


def is_reference(value: str) -> bool:
    """Whether a value under a secret's name only says where the secret is, or that there is none. What may as
    well be a password is one: `${Sommer24}` is no reference where nothing fills it in."""
    return value.strip().lower() in _NO_VALUE or _REFERENCE.match(value.strip()) is not None


def is_filled_in(text: str) -> bool:
    """Whether a value in a script or template is a reference, or is filled in there: `$DB_PASSWORD`."""
    if is_reference(text):
        return True
    value = text.strip()
    met = _VARIABLE.match(value)
    if met is None:
        return _COMMAND_OR_TAG.match(value) is not None
    inner = met.group(met.lastindex or 0)[:_LONGEST_VARIABLE]
    if inner.startswith("AWS::") or (met.lastindex == _WORDS_GROUP and is_secret(inner)):
        return True
    names = _NAMES_IN.findall(inner)
    return any(is_secret(name) or name.lower().partition(".")[0] in _STANDS_FOR_ONE for name in names)


def masked(text: str, spans: list[Span]) -> str:
    """The text with these spans replaced by `***`."""
    if not spans:
        return text
    parts, end = [], 0
    for first, last in _merged(spans):
        parts += [text[end:first], MASK]
        end = last
    return "".join([*parts, text[end:]]) if parts else text


def may_hold_secret(text: str) -> bool:
    """Whether the text is worth a closer look; most are not, and are told so at once."""
    if len(text) < _SHORTEST:
        return False
    try:
        return len(_hits(text if text.isascii() else legible(text))) > 0
    except UnicodeEncodeError:  # half a character
        return True


def secret_spans(text: str, budget: Budget, depth: int = 0) -> list[Span]:
    """Where secrets stand in the text, in any order; they may overlap."""
    cost = _INNOCENT.get(text)
    if cost is not None and not depth:
        return [] if budget.take(cost) else [(0, len(text))]
    before = budget.left
    found = _searched(text, budget, depth)
    if not found and not depth and len(text) <= _REMEMBERED:
        if len(_INNOCENT) >= _REMEMBERED_AT_MOST:
            _INNOCENT.clear()
        _INNOCENT[text] = before - budget.left
    return found


def _searched(text: str, budget: Budget, depth: int) -> list[Span]:
    if len(text) < _SHORTEST:
        return []
    if not budget.take(len(text) + _MATCH_COST):
        return [(0, len(text))]
    found: list[Span] = []
    layer = layer_of(text, budget.take)
    for _ in range(_LAYERS):
        hits = _hits(layer.text)
        if not hits:
            break
        if not budget.take(_LAYER_COST + len(hits) * (_PATTERN_COST + len(layer.text) // _SCAN_SHARE)):
            return [(0, len(text))]
        found += [layer.original(span) for span in _Search(layer.text, budget, depth).spans(hits)]
        inner = layer.decoded(budget.take) if _ESCAPED_NUMBER in hits else None
        if inner is None:
            break
        if not budget.take(len(inner.text)):
            return [(0, len(text))]
        layer = inner
    return found if budget.left else [(0, len(text))]


def _merged(spans: list[Span]) -> Iterator[Span]:
    first, last = -1, -1
    for start, end in sorted(span for span in spans if span[0] < span[1]):
        if start > last:
            if last >= 0:
                yield first, last
            first, last = start, end
        else:
            last = max(last, end)
    if last >= 0:
        yield first, last


class _Search:
    """One text, searched for what the patterns find in it."""

    def __init__(self, text: str, budget: Budget, depth: int) -> None:
        self._text = text
        self._ahead = Lookahead(text, budget.take)
        self._budget = budget
        self._depth = depth
        self._readers: dict[str, Callable[[Any], Iterator[Span]]] = {
            _ASSIGNED: self._assigned,
            ASSIGNED_ABROAD: self._spoken_abroad,
            _FLAG: self._flagged,
            _PAIR: self._paired,
            _OPTIONS: self._paired,
            _CALLED: self._called,
            LIST: self._listed,
            LINES: self._listed_below,
            HERE: self._here,
            WRITTEN: self._written,
            WRITTEN_BELOW: self._written_below,
            _PAIR_BACKWARDS: self._paired_backwards,
            _SPOKEN: self._spoken,
            _NAMED: self._named,
            _SET: self._set,
            ENVIRONMENT: self._environment,
            **dict.fromkeys(ELEMENTS, self._element),
            _ENCODED: self._encoded,
        }

    def spans(self, hits: Sequence[int]) -> Iterator[Span]:
        """Where secrets stand, by the patterns of these numbers."""
        for pattern in (_PATTERNS[number] for number in hits):
            if pattern == _ESCAPED:
                continue
            read = self._readers.get(pattern, self._by_shape)
            done = 0
            for met in _compiled(pattern).finditer(self._text):
                if not self._budget.take(_MATCH_COST):
                    return
                if met.end() <= done:
                    continue
                for span in read(met):
                    done = max(done, span[1])
                    yield span

    def _assigned(self, met: Any) -> Iterator[Span]:
        name, closing, sign = met.groups()
        if is_secret(name) and (sign != ":" or _is_colon_of_a_field(self._text, met, closing)):
            if plain(name).endswith(("file", "path")) and _IS_A_PATH.match(self._text, met.end()):
                return
            spans = self._value(met.end(), name, met.start(1))
            yield from self._within_segment(spans) if self._is_partition(met) else spans

    def _is_partition(self, met: Any) -> bool:
        """Whether a name and its value are a segment of a path: `users/token=abc/part-0001.parquet`."""
        first, text = met.start(1), self._text
        return (
            len(text) <= _LONGEST_PATH
            and text[max(0, first - 1) : first] == "/"
            and _PATH.match(text) is not None
        )

    def _within_segment(self, spans: Iterator[Span]) -> Iterator[Span]:
        for first, last in spans:
            end = self._text.find("/", first, last)
            yield first, last if end < 0 else end

    def _spoken_abroad(self, met: Any) -> Iterator[Span]:
        yield from self._value(met.end(), "", met.start(1))

    def _called(self, met: Any) -> Iterator[Span]:
        if is_secret(met.group(1)) and self._text[met.end() : met.end() + 1] in {'"', "'", "`"}:
            yield from self._value(met.end(), "", met.start(1))

    def _listed(self, met: Any) -> Iterator[Span]:
        yield from self._among(words_in_brackets(self._text, met.start(), self._budget.take))

    def _listed_below(self, met: Any) -> Iterator[Span]:
        start, places = met.start(), list[Span]()
        while (
            start < met.end() and len(places) < _SHORTEST_LIST
        ):  # the first may be no item of the second's list
            places = list(words_below(self._text, start, self._budget.take))
            start = self._ahead.end_of_line(start) + 1
        yield from self._among(iter(places))

    def _among(self, places: Iterator[Span]) -> Iterator[Span]:
        """The secrets among the words of a command that stand at these places."""
        if self._depth >= _LAYERS:
            return
        spans = list(places)
        words = [self._text[first:last] for first, last in spans]

        def find(line: str) -> list[Span]:
            return secret_spans(line, self._budget, self._depth + 1)

        for place, (start, end) in secrets_among(words, find, is_secret_flag):
            first = spans[place][0]
            if not is_filled_in(self._text[first + start : first + end]):
                yield first + start, first + end

    def _here(self, met: Any) -> Iterator[Span]:
        yield from here_secrets(self._text, met.start(), met.end(), self._budget.take)

    def _written(self, met: Any) -> Iterator[Span]:
        if is_secret_file(met.group(2)) and not is_filled_in(met.group(1).strip("\"'")):
            yield met.span(1)

    def _written_below(self, met: Any) -> Iterator[Span]:
        if is_secret_file(met.group(1)):
            yield met.span(2)

    def _flagged(self, met: Any) -> Iterator[Span]:
        if is_secret_flag(met.group(1)) and self._text[met.end() : met.end() + 1] not in {"-", ""}:
            yield from self._value(met.end(), met.group(1), met.start(1))

    def _paired(self, met: Any) -> Iterator[Span]:
        if is_secret(met.group(1)) or is_secret_file(met.group(1)):
            yield from self._value(met.end(), "value", met.start(1))

    def _paired_backwards(self, met: Any) -> Iterator[Span]:
        if is_secret(met.group(2)) and not is_filled_in(met.group(1)):
            yield met.span(1)

    def _spoken(self, met: Any) -> Iterator[Span]:
        yield from self._value(met.end() - 1, "", met.start())

    def _named(self, met: Any) -> Iterator[Span]:
        if _COMPOUND.search(met.group(1)) and is_secret(met.group(1)):
            yield from self._value(met.end() - 1, "", met.start())

    def _set(self, met: Any) -> Iterator[Span]:
        if is_secret(met.group(1)):
            yield from self._value(met.end(), met.group(1), met.start(1))

    def _environment(self, met: Any) -> Iterator[Span]:
        for first, last in environment_values(self._text, met.start(), met.end(), self._budget.take):
            if last > first and not is_filled_in(self._text[first:last]):
                yield first, last

    def _element(self, met: Any) -> Iterator[Span]:
        if is_secret(met.group(1)) and not is_filled_in(met.group(2)):
            yield met.span(2)

    def _encoded(self, met: Any) -> Iterator[Span]:
        """Base64 of text in which secrets stand: all of it is masked."""
        inner = _from_base64(met.group()) if self._depth < _LAYERS else None
        if inner is not None and secret_spans(inner, self._budget, self._depth + 1):
            yield met.span()

    def _by_shape(self, met: Any) -> Iterator[Span]:
        """What its own form says to be a secret: the groups that took part, else all of it."""
        spans = [met.span(number) for number in range(1, len(met.groups()) + 1)]
        for first, last in [span for span in spans if span[0] >= 0] or [met.span()]:
            if not is_filled_in(self._text[first : min(last, first + _LONGEST_VARIABLE)]):
                yield first, last

    def _value(self, start: int, name: str, named_at: int) -> Iterator[Span]:
        """The value that begins at `start`, after white space; nothing if it only refers to a secret."""
        for first, last in value_spans(self._ahead, start, name, named_at):
            self._budget.take(last - first)
            if last > first and not is_filled_in(self._text[first:last]):
                yield first, last


def _is_colon_of_a_field(text: str, met: Any, between: str) -> bool:
    """Whether a colon after a name makes it a field's: in quotes or before white space; directly before its
    value only after a word like `password`, which no ARN has (`…:secret:name`)."""
    end = met.end()
    after = text[end : end + 1]
    if text[end : end + 2] == "//":
        return False
    if between.strip() or after.isspace() or after in {'"', "'", "\\"}:
        return True
    start = met.start(1)
    before = text[start - 1 : start] if start else ""
    return before != ":" and _PLAIN_COLON.search(met.group(1)) is not None


def _from_base64(encoded: str) -> str | None:
    """The text that it stands for; None for what is no base64 or no text."""
    compact = "".join(encoded.split()).rstrip("=").replace("-", "+").replace("_", "/")
    compact = compact[: len(compact) - (len(compact) % 4 == 1)]
    try:
        data = base64.b64decode(compact + "=" * (-len(compact) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None
    wide = data[1:80:2]
    if wide and not any(wide):
        data = data[::2]  # PowerShell's UTF-16
    text = data.decode(errors="replace")
    return text if _is_text(text[:200]) else None


def _is_text(text: str) -> bool:
    return all((char.isprintable() or char.isspace()) and char != "\ufffd" for char in text)
