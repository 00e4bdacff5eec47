"""Where the value ends that stands after a secret's name in free text.

A value is one word of its language: the prefix of a literal (`N'…'`, `$'…'`, `!Sub "…"`), the pieces that are
joined to it (`'a'\\''b'`, `"a" + "b"`, `abc"d"`) and what is in its brackets belong to it.
"""

import re
from collections.abc import Callable, Iterator

from trailwarden.safety.lookahead import FURTHEST, STARTS, Lookahead, line_before
from trailwarden.safety.names import is_readable

Span = tuple[int, int]
_PIECE_COST = 10
"""What a piece that is joined to a value costs, besides its length."""
_BLANK = re.compile(r"[ \t\r\n]{0,80}+")
# What stands before a value and is none: YAML's tags and anchors, the end of a continued line, `new`.
_PREFIX = re.compile(
    r"!(?:<[^>\s]{0,80}+>|[\w!/:.-]{0,80}+)[ \t]++|&[\w-]{1,80}+[ \t]++|[\\`^][ \t]*+\r?\n[ \t]*+"
    r"|(?:new|await)[ \t]++|\([ \t]*+|/\*(?:[^*/]++|\*++(?!/)|/++(?!\*))*+\*++/\s{0,80}+"
)
_TAGGED_REFERENCE = re.compile(r"!(?:Ref|GetAtt|ImportValue|FindInMap)[ \t]")
_LITERALS = re.compile(r"%[qQwWiI]?(?=[(\[{<|!/])")
_HERE_DOCUMENT = re.compile(r"<<<?[-~]?[ \t]*+[\"'`]?([A-Za-z_]\w*+)[\"'`]?;?[ \t]*+\r?\n")
_FIRST_WORD = re.compile(r"\n[ \t]*+(\w++)")
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
_BLOCK = re.compile(r"[|>][+-]?[1-9]?[+-]?[ \t]*+\r?\n")
_OPENING = {")": "(", "}": "{", "]": "["}
_UNQUOTED_END = ")}],;."
_WHOLE_LINE = frozenset({"authorization", "cookie", "setcookie", "proxyauthorization"})
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


def value_spans(ahead: Lookahead, start: int, name: str, named_at: int) -> Iterator[Span]:
    """Where the value stands that begins at `start`, after white space."""
    text = ahead.text
    blank = _end_of(_BLANK, text, start)
    at, tagged = _after_prefixes(text, blank)
    if tagged:
        return
    blank_line = "\n" in text[start:blank] or ("\n" in text[blank:at] and text[blank] == "!")
    quoted = STARTS.match(text, at)
    if quoted is not None:
        yield _from_quote(ahead, at, quoted, named_at)
    elif blank_line:
        yield from entries(ahead, named_at, readable=is_readable)
    elif _BLOCK.match(text, at):
        yield _block(ahead, at, named_at)
    elif (here := _here_text(text, at)) is not None:
        yield here
    elif text[at : at + 1] in {"[", "{", "("} or _LITERALS.match(text, at):
        yield _bracketed(ahead, at)
    else:
        yield _unquoted(ahead, at, name, named_at)


def _after_prefixes(text: str, at: int) -> tuple[int, bool]:
    """Where the value itself begins; and whether a tag says that it is but a reference."""
    for _ in range(4):
        if _TAGGED_REFERENCE.match(text, at):
            return at, True
        met = _PREFIX.match(text, at)
        if met is None or (met.group()[0] == "(" and not STARTS.match(text, met.end())):
            break
        at = met.end()
    return at, False


def _from_quote(ahead: Lookahead, at: int, opening: re.Match[str], named_at: int) -> Span:
    """What is in the quotes; all of the word, if more is joined to it."""
    first, last = _quoted(ahead.text, opening, len(ahead.text))
    closed = min(len(ahead.text), last + len(opening.group()))
    end = _joined(ahead, closed, _BARE, named_at, opening.group())
    return (first, last) if end == closed else (at, end)


def _quoted(text: str, opening: re.Match[str], stop: int) -> Span:
    """What is in the quotes; up to `stop`, if they are not closed before it."""
    escapes, quote = opening.groups()
    start = end = opening.end()
    while True:
        end = text.find(escapes + quote, end, stop)
        if end < 0:
            return start, stop
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


def _joined(ahead: Lookahead, at: int, bare: re.Pattern[str], named_at: int, literal: str = "") -> int:
    """Where the word ends of which a piece ends at `at`; `literal` is the quote of that, if it has any."""
    while True:
        end = _next_piece(ahead, at, bare, named_at, literal)
        if end is None or end <= at or not ahead.charge(_PIECE_COST):
            return at
        literal = ahead.text[end - 1] if ahead.text[end - 1] in "\"'`" else ""
        at = end


def _next_piece(ahead: Lookahead, at: int, bare: re.Pattern[str], named_at: int, literal: str) -> int | None:
    text = ahead.text
    quote = STARTS.match(text, at)
    if quote is not None and (end := _piece_in_quotes(ahead, quote, named_at)) is not None:
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
    return _end_of_operand(ahead, joint.end())


def _end_of_operand(ahead: Lookahead, at: int) -> int:
    at = _end_of(_BARE, ahead.text, at)
    quote = STARTS.match(ahead.text, at)
    if quote is None:
        return at
    stop = min(len(ahead.text), at + FURTHEST)
    last = _quoted(ahead.text, quote, stop)[1]
    if last < stop or stop == len(ahead.text):
        return min(last + len(quote.group()), len(ahead.text))
    ahead.charge(FURTHEST)
    return ahead.end_of_line(at)


def _piece_in_quotes(ahead: Lookahead, quote: re.Match[str], named_at: int) -> int | None:
    """The end of a piece in quotes that goes on with the word; None if the quote closes what is around."""
    token, start = quote.group(), quote.end()
    if ahead.text[start : start + 1] in {"", "\n", "\r"}:
        return None
    if not _WORDISH.match(ahead.text, start) and ahead.is_open(token, named_at):
        return None
    end = ahead.find(token, start, start + FURTHEST)
    return None if end < 0 or ahead.find("\n", start, end) >= 0 else end + len(token)


def _here_text(text: str, at: int) -> Span | None:
    """A here-document or PowerShell's here-string."""
    document = _HERE_DOCUMENT.match(text, at)
    if document is not None:
        first_words = _FIRST_WORD.finditer(text, document.end() - 1)
        ends = (met.start() for met in first_words if met.group(1) == document.group(1))
        return document.end(), next(ends, len(text))
    string = _HERE_STRING.match(text, at)
    if string is None:
        return None
    last = text.find(string.group(1) + "@", string.end())
    return string.end(), last if last >= 0 else len(text)


def _bracketed(ahead: Lookahead, at: int) -> Span:
    """What is in the brackets; to the end of the line, if they are not closed."""
    text = ahead.text
    literal = _LITERALS.match(text, at)
    if text.startswith("{{", at) and (end := ahead.find("}}", at, at + FURTHEST)) >= 0:
        return at, end + 2  # a template's variable
    first = (literal.end() if literal else at) + 1
    if literal and text[first - 1] in "|!/<":
        line = ahead.end_of_line(first)
        end = text.find(">" if text[first - 1] == "<" else text[first - 1], first, line)
        return first, end if end >= 0 else line
    end = ahead.closing(first - 1)
    return first, end - 1 if end >= 0 else ahead.end_of_line(first)


def _unquoted(ahead: Lookahead, start: int, name: str, named_at: int) -> Span:
    """To the white space; of a header, and of a YAML scalar that begins its line, to the line's end."""
    text = ahead.text
    plain_name = name.lower().replace("-", "").replace("_", "")
    if plain_name in _WHOLE_LINE:
        scheme = _SCHEME.match(text, start)
        first = scheme.end() if scheme else start
        return first, _joined(ahead, _end_of(_LINE, text, first), _LINE, named_at)
    first, end = start, _end_of(_BARE, text, start)
    before = line_before(text, named_at)
    if before.rstrip().endswith(";"):  # a connection string, in which a value ends with the next semicolon
        whole = _end_of(_SETTING, text, start)
        if before.endswith(";") or text[whole : whole + 1] == ";":
            return first, whole
    if (
        not before.strip(" \t-")
        and text[named_at:start].endswith(": ")
        and "\n" in text[named_at - len(before) - 1 : end + 400]
    ):
        return first, _joined(ahead, _end_of(_LINE, text, start), _LINE, named_at)
    return first, _end_of_bare(ahead, first, end, named_at)


def _end_of_bare(ahead: Lookahead, first: int, end: int, named_at: int) -> int:
    text = ahead.text
    joined = _joined(ahead, end, _BARE, named_at)
    for opening, closing in (("(", ")"), ("{", "}"), ("[", "]")):
        if text.count(opening, first, joined) > text.count(closing, first, joined):
            closed = ahead.closing(text.find(opening, first, joined))
            if joined < closed <= ahead.end_of_line(joined):
                joined = _joined(ahead, closed, _BARE, named_at)
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


def _block(ahead: Lookahead, start: int, named_at: int) -> Span:
    """YAML's block scalar: the lines that are indented further than the name's."""
    first = end = ahead.end_of_line(start) + 1
    for _, stop in ahead.lines_below(first, _indent(ahead.text, named_at)):
        end = stop
    return first, end - (end > first and ahead.text[end - 1] == "\n")


def _indent(text: str, named_at: int) -> int:
    before = line_before(text, named_at)
    return 0 if before.strip(" -") else len(before)


def entries(ahead: Lookahead, named_at: int, readable: Callable[[str], bool]) -> Iterator[Span]:
    """The values in YAML's mapping or list below a name that begins its line, but for the readable ones."""
    text = ahead.text
    before = line_before(text, named_at).rstrip("\"'")
    if before.strip(" \t-"):  # within a text in quotes, it may be the first
        before = re.split("[\"'`]", line_before(text, named_at))[-1]
    first = ahead.find("\n", named_at) + 1
    if before.strip(" \t-") or not first:
        return
    for at, stop in ahead.lines_below(first, len(before)):
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
