"""Where the value ends that stands after a secret's name in free text.

A value is one word of its language: the prefix of a literal (`N'…'`, `$'…'`, `!Sub "…"`), the pieces that are
joined to it (`'a'\\''b'`, `"a" + "b"`, `abc"d"`) and what is in its brackets belong to it.
"""

import re
from collections.abc import Callable, Iterator

from trailwarden.safety.names import is_readable

Span = tuple[int, int]
_FURTHEST = 10_000
"""How far the other end of a bracket, or of a quote within a word, is looked for."""
_BLANK = re.compile(r"[ \t\r\n]{0,80}+")
_STARTS = re.compile(r"(\\*+)(\"\"\"|'''|[\"'`])")
# What stands before a value and is none: YAML's tags and anchors, the end of a continued line, `new`.
_PREFIX = re.compile(
    r"!(?:<[^>\s]*+>|[\w!/:.-]*+)[ \t]++|&[\w-]++[ \t]++|[\\`^][ \t]*+\r?\n[ \t]*+|(?:new|await)[ \t]++"
    r"|\([ \t]*+|/\*(?:[^*/]++|\*++(?!/)|/++(?!\*))*+\*++/\s{0,80}+"
)
_TAGGED_REFERENCE = re.compile(r"!(?:Ref|GetAtt|ImportValue|FindInMap)[ \t]")
_LITERALS = re.compile(r"%[qQwWiI]?(?=[(\[{<|!/])")
_HERE_DOCUMENT = re.compile(r"<<<?[-~]?[ \t]*+[\"'`]?([A-Za-z_]\w*+)[\"'`]?;?[ \t]*+\r?\n")
_HERE_STRING = re.compile(r"@([\"'])[ \t]*+\r?\n")
_SCHEME = re.compile(
    r"(?i)(?:bearer|basic|token|digest|negotiate|apikey|api-key|ssws|genie-?key|aws4-hmac-sha256)[ \t]++"
)
# To white space, or to the next assignment: `a=b;c=d`.
_BARE = re.compile(
    r"(?:[^\s\"'`<>,;&\\]++|\\++(?![\"'`])"
    r"|[,;&](?![ \t]*+[\"']?[A-Za-z_][\w.-]*+[\"']?(?:[ ][\w.-]++)*+[ \t]*+[=:]))*+"
)
_SETTING = re.compile(r"[^;\r\n\"'`<>]*+")
_LINE = re.compile(r"(?:[^\r\n\"'`\\]++|\\++(?![\"'`]))*+")
_BLOCK = re.compile(r"[|>][+-]?[ \t]*+\r?\n")
_OPENING = {")": "(", "}": "{", "]": "["}
_UNQUOTED_END = ")}],;."
_WHOLE_LINE = frozenset({"authorization", "cookie", "setcookie", "proxyauthorization"})
_BRACKET = re.compile(r"[\[\](){}\"'`]")
_WORDISH = re.compile(r"[\w$@#%!*+=~^-]|[.:/](?=[\w$])|\\\\*+[\"'`](?=[\w$\"'`])")
# An operator, before another literal: of strings, or of alternatives.
_JOINT = re.compile(
    r"\s{0,80}+(?:[+&~%^]|\.{1,3}|\|\||<>|\?\??|:|or\b|else\b|\\)\s{0,80}+"
    r"(?=[A-Za-z_$@]{0,8}+\\*+[\"'`]|[A-Za-z_$][\w.]{0,60}+[ \t]*+(?:[+.&]|\|\|)[ \t]*+\\*+[\"'`])"
)
_BETWEEN_LITERALS = re.compile(r"[ \t]{1,20}+(?=[A-Za-z_$@]{0,2}+\\*+[\"'`][^\s,;:)\]}])")
_ENTRY = re.compile(
    r"([ \t]*+)((?:-[ \t]++)*+)(?:[\"']?([\w.-]++(?:::?[\w.-]++)*+)[\"']?:(?=[ \t\r\n]|\Z)[ \t]*+)?"
)


def value_spans(
    text: str, start: int, name: str, named_at: int, charge: Callable[[int], object]
) -> Iterator[Span]:
    """Where the value stands that begins at `start`, after white space; `charge` is paid for what is read in
    vain."""
    blank = _end_of(_BLANK, text, start)
    at, tagged = _after_prefixes(text, blank)
    if tagged:
        return
    blank_line = "\n" in text[start:blank] or ("\n" in text[blank:at] and text[blank] == "!")
    quoted = _STARTS.match(text, at)
    if quoted is not None:
        yield _from_quote(text, at, quoted, named_at)
    elif blank_line:
        yield from entries(text, named_at, readable=is_readable)
    elif _BLOCK.match(text, at):
        yield _block(text, at, named_at)
    elif (here := _here_text(text, at)) is not None:
        yield here
    elif text[at : at + 1] in {"[", "{", "("} or _LITERALS.match(text, at):
        yield _bracketed(text, at, charge)
    else:
        yield _unquoted(text, at, name, named_at)


def _after_prefixes(text: str, at: int) -> tuple[int, bool]:
    """Where the value itself begins; and whether a tag says that it is but a reference."""
    for _ in range(4):
        if _TAGGED_REFERENCE.match(text, at):
            return at, True
        met = _PREFIX.match(text, at)
        if met is None or (met.group()[0] == "(" and not _STARTS.match(text, met.end())):
            break
        at = met.end()
    return at, False


def _from_quote(text: str, at: int, opening: re.Match[str], named_at: int) -> Span:
    """What is in the quotes; all of the word, if more is joined to it."""
    first, last = _quoted(text, opening)
    closed = min(len(text), last + len(opening.group()))
    end = _joined(text, closed, _BARE, named_at, opening.group())
    return (first, last) if end == closed else (at, end)


def _quoted(text: str, opening: re.Match[str]) -> Span:
    escapes, quote = opening.groups()
    start = end = opening.end()
    while True:
        end = text.find(escapes + quote, end)
        if end < 0:
            return start, len(text)
        if escapes or not _is_escaped(text, start, end):
            if escapes or text[end + 1 : end + 2] != quote or end == start:
                return start, end
            end += 1  # a quote in SQL and in YAML is written twice
        end += 1


def _is_escaped(text: str, start: int, at: int) -> bool:
    escapes = 0
    while at - escapes > start and text[at - escapes - 1] == "\\":
        escapes += 1
    return escapes % 2 == 1


def _joined(text: str, at: int, bare: re.Pattern[str], named_at: int, literal: str = "") -> int:
    """Where the word ends of which a piece ends at `at`; `literal` is the quote of that, if it has any."""
    while True:
        end = _next_piece(text, at, bare, named_at, literal)
        if end is None or end <= at:
            return at
        literal = text[end - 1] if text[end - 1] in "\"'`" else ""
        at = end


def _next_piece(text: str, at: int, bare: re.Pattern[str], named_at: int, literal: str) -> int | None:
    quote = _STARTS.match(text, at)
    if quote is not None and (end := _piece_in_quotes(text, quote, named_at)) is not None:
        return end
    if literal and bare is _LINE and text[at : at + 1] not in {*"\"'`\\\r\n", ""}:
        return _end_of(bare, text, at)
    if literal and _WORDISH.match(text, at) and text[at : at + 2] != "/>":
        return max(at + 1, _end_of(bare, text, at + (2 if text[at] == "\\" else 0)))
    joint = _JOINT.match(text, at)
    if joint is None and literal:
        joint = _BETWEEN_LITERALS.match(text, at)
    if joint is None:
        return None
    return _end_of_operand(text, joint.end())


def _end_of_operand(text: str, at: int) -> int:
    at = _end_of(_BARE, text, at)
    quote = _STARTS.match(text, at)
    if quote is None:
        return at
    last = _quoted(text, quote)[1]
    return min(last + len(quote.group()), len(text)) if last - at <= _FURTHEST else _end_of_line(text, at)


def _piece_in_quotes(text: str, quote: re.Match[str], named_at: int) -> int | None:
    """The end of a piece in quotes that goes on with the word; None if the quote closes what is around."""
    token, start = quote.group(), quote.end()
    if text[start : start + 1] in {"", "\n", "\r"}:
        return None
    if not _WORDISH.match(text, start) and _is_open(text, token, named_at):
        return None
    end = text.find(token, start, start + _FURTHEST)
    return None if end < 0 or text.find("\n", start, end) >= 0 else end + len(token)


def _is_open(text: str, token: str, named_at: int) -> bool:
    """Whether this quote was opened in the line before the name, or may have been."""
    before = _line_before(text, named_at)
    return (
        len(before) >= _LINE_BEFORE or sum(met.group() == token for met in _STARTS.finditer(before)) % 2 == 1
    )


def _here_text(text: str, at: int) -> Span | None:
    """A here-document or PowerShell's here-string."""
    document = _HERE_DOCUMENT.match(text, at)
    if document is not None:
        end = re.compile(rf"\n[ \t]*+{document.group(1)}\b").search(text, document.end() - 1)
        return document.end(), end.start() if end else len(text)
    string = _HERE_STRING.match(text, at)
    if string is None:
        return None
    last = text.find(string.group(1) + "@", string.end())
    return string.end(), last if last >= 0 else len(text)


def _bracketed(text: str, at: int, charge: Callable[[int], object]) -> Span:
    """What is in the brackets; to the end of the line, if they are not closed."""
    literal = _LITERALS.match(text, at)
    if text.startswith("{{", at) and (end := text.find("}}", at, at + _FURTHEST)) >= 0:
        return at, end + 2  # a template's variable
    first = (literal.end() if literal else at) + 1
    if literal and text[first - 1] in "|!/<":
        end = text.find(">" if text[first - 1] == "<" else text[first - 1], first, _end_of_line(text, first))
        return first, end if end >= 0 else _end_of_line(text, first)
    end = _closing(text, first - 1)
    if end < 0:
        charge(min(_FURTHEST, len(text) - at))
        return first, _end_of_line(text, first)
    return first, end - 1


def _closing(text: str, at: int) -> int:
    """Where the bracket at `at` is closed, behind what closes it; -1 if it is not."""
    depth, stop = 0, min(len(text), at + _FURTHEST)
    while (met := _BRACKET.search(text, at, stop)) is not None:
        at = met.end()
        if met.group() in _OPENING.values():
            depth += 1
        elif met.group() in _OPENING:
            depth -= 1
            if depth <= 0:
                return at
        else:
            before = text[max(0, at - 10) : at - 1]
            token = text[at - 1 - (len(before) - len(before.rstrip("\\"))) : at]
            end = text.find(token, at, stop)
            at = end + len(token) if end >= 0 else at
    return -1


def _unquoted(text: str, start: int, name: str, named_at: int) -> Span:
    """To the white space; of a header, and of a YAML scalar that begins its line, to the line's end."""
    plain_name = name.lower().replace("-", "").replace("_", "")
    if plain_name in _WHOLE_LINE:
        scheme = _SCHEME.match(text, start)
        first = scheme.end() if scheme else start
        return first, _joined(text, _end_of(_LINE, text, first), _LINE, named_at)
    first, end = start, _end_of(_BARE, text, start)
    before = _line_before(text, named_at)
    if before.rstrip().endswith(";"):  # a connection string, in which a value ends with the next semicolon
        whole = _end_of(_SETTING, text, start)
        if before.endswith(";") or text[whole : whole + 1] == ";":
            return first, whole
    if (
        not before.strip(" \t-")
        and text[named_at:start].endswith(": ")
        and "\n" in text[named_at - len(before) - 1 : end + 400]
    ):
        return first, _joined(text, _end_of(_LINE, text, start), _LINE, named_at)
    return first, _end_of_bare(text, first, end, named_at)


def _end_of_bare(text: str, first: int, end: int, named_at: int) -> int:
    joined = _joined(text, end, _BARE, named_at)
    for opening, closing in (("(", ")"), ("{", "}"), ("[", "]")):
        if text.count(opening, first, joined) > text.count(closing, first, joined):
            closed = _closing(text, text.find(opening, first, joined))
            if joined < closed <= _end_of_line(text, joined):
                joined = _joined(text, closed, _BARE, named_at)
    return _without_punctuation(text, first, joined)


def _without_punctuation(text: str, first: int, end: int) -> int:
    """Where a value ends without what closes the sentence or the bracket around it."""
    opened = {closing for closing, opening in _OPENING.items() if text.find(opening, first, end) >= 0}
    while end > first and text[end - 1] in _UNQUOTED_END and text[end - 1] not in opened:
        end -= 1
    return end


def _end_of(pattern: re.Pattern[str], text: str, start: int) -> int:
    met = pattern.match(text, start)
    return met.end() if met else start


def _end_of_line(text: str, at: int) -> int:
    end = text.find("\n", at)
    return len(text) if end < 0 else end


def _block(text: str, start: int, named_at: int) -> Span:
    """YAML's block scalar: the lines that are indented further than the name's."""
    first = end = text.find("\n", start) + 1
    for _, stop in _lines_below(text, first, _indent(text, named_at)):
        end = stop
    return first, end - (end > first and text[end - 1] == "\n")


def _indent(text: str, named_at: int) -> int:
    before = _line_before(text, named_at)
    return 0 if before.strip(" -") else len(before)


def _lines_below(text: str, at: int, indent: int) -> Iterator[Span]:
    while at < len(text):
        stop = text.find("\n", at)
        stop = len(text) if stop < 0 else stop + 1
        line = text[at:stop]
        if line.strip() and len(line) - len(line.lstrip()) <= indent:
            return
        yield at, stop
        at = stop


def entries(text: str, named_at: int, readable: Callable[[str], bool]) -> Iterator[Span]:
    """The values in YAML's mapping or list below a name that begins its line, but for the readable ones."""
    before = _line_before(text, named_at).rstrip("\"'")
    if before.strip(" \t-"):  # within a text in quotes, it may be the first
        before = re.split("[\"'`]", _line_before(text, named_at))[-1]
    first = text.find("\n", named_at) + 1
    if before.strip(" \t-") or not first:
        return
    for at, stop in _lines_below(text, first, len(before)):
        met = _ENTRY.match(text, at)
        end = at + len(text[at:stop].rstrip())
        if met is None or met.end() >= end or (met.group(3) and readable(met.group(3))):
            continue
        start = met.end()
        if _TAGGED_REFERENCE.match(text, start) or text[start] in "|>#":
            continue
        if text[start] in "\"'" and text[end - 1] == text[start] and end - start > 1:
            start, end = start + 1, end - 1
        yield start, end


_LINE_BEFORE = 200


def _line_before(text: str, at: int) -> str:
    """What stands in the line before a name; of a long line, the end of that."""
    return text[max(0, at - _LINE_BEFORE) : at].rpartition("\n")[2]
