"""What an attacker may have written, made safe to print.

User agents, names, tags and error messages reach an alert as they were sent. Nothing in them may
break a line, hide or reorder text, or reach a terminal as a control sequence.
"""

import re
import unicodedata
from typing import Any

# Cc control, Cf format (bidirectional, zero-width), Cs surrogates, Co private use, Cn unassigned,
# Zl and Zp line and paragraph separators.
_UNPRINTABLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
ELLIPSIS = "..."
MASK = "***"
"""What stands for a secret."""
UNKNOWN = "unknown"

# Letters of the Latin script that are no accented form of another and look like none.
_LATIN_LETTERS = frozenset("ßẞæÆøØœŒłŁþÞ")
# The host ends where another address begins: `http://one)https://two` is two of them.
_ADDRESS = re.compile(
    r"([A-Za-z][A-Za-z0-9+.-]{0,30})://((?:(?![A-Za-z][A-Za-z0-9+.-]{0,30}://)[^\s/\"'<>])*)"
)
_OPENS_A_PROGRAM = re.compile(r"(?i)\b(mailto|tel|sms|callto|skype|sip|javascript):")
_NO_LINK = frozenset({"s3", "hxxp", "hxxps"})
_DOT = re.compile(r"(?<!\[)\.")
# An AWS service's name by itself, which stays; or a dot that a top-level domain may follow.
_DOMAIN_DOT = re.compile(
    r"(?<![\w.@/:%-])[a-z][a-z0-9-]*\.amazonaws\.com(?![\w@/:%-]|\.\w)"
    r"|(?<=[\w%\])-])\.(?=[^\W\d_]{2})|(?i:(?<=www))\.(?=\w)"
)


def one_line(value: Any, limit: int = 200) -> str:
    """`value` on one line of at most `limit` characters, unprintable characters replaced by a space.

    Runs of white space become one space, so that text cannot be pushed out of sight.
    """
    raw = value if isinstance(value, str) else UNKNOWN if value is None else str(value)
    # Unbounded input is cut before it is cleaned: a 100 kB user agent costs no more than its head.
    head = raw[: limit * 8]
    if not (head.isascii() and head.isprintable()):  # most are, and are told so at once
        head = "".join(" " if unicodedata.category(char) in _UNPRINTABLE else char for char in head)
    return shorten(" ".join(head.split()), limit)


def shorten(text: str, limit: int) -> str:
    """`text`, cut to `limit` characters with an ellipsis where it was longer."""
    return text if len(text) <= limit else text[: max(0, limit - len(ELLIPSIS))].rstrip() + ELLIPSIS


def within_bytes(text: str, most: int, ending: str) -> str:
    """`text`, cut between two characters if its UTF-8 has more bytes, and then ended by `ending`."""
    data = text.encode("utf-8", "replace")
    if len(data) > most:
        data = data[: most - len(ending.encode())]
    else:
        ending = ""
    return data.decode("utf-8", "ignore") + ending


def printable_ascii(text: str, limit: int) -> str:
    """`text` as an SNS subject takes it: printable ASCII on one line, letters without their accents.

    A character that has no plain form becomes `?`: leaving it out could forge another name.
    """
    plain = "".join(
        char
        if " " <= char <= "~"
        else (unicodedata.normalize("NFKD", char).encode("ascii", "ignore").decode() or "?")
        for char in one_line(text, limit * 2)
        if not unicodedata.combining(char)
    )
    return shorten("".join(c for c in plain if " " <= c <= "~").strip(), limit)


def visible(value: Any, limit: int = 200) -> str:
    """`one_line`, in which no character can be taken for another: what may be misread is written as its code.

    Kept as they are: ASCII, Latin letters with accents, and the letters of East Asian scripts. Letters of
    other scripts can look like Latin ones (a Cyrillic `a` forges an administrator's name) or turn the
    direction of their line; they become `\\u0430`.
    """
    composed = unicodedata.normalize("NFC", one_line(value, limit))
    if composed.isascii():
        return composed
    return shorten("".join(char if _is_plain(char) else _code(char) for char in composed), limit)


def _is_plain(char: str) -> bool:
    if char.isascii() or char in _LATIN_LETTERS:
        return True
    category = unicodedata.category(char)
    if category in {"Lo", "Lm"}:
        compatible = unicodedata.decomposition(char).startswith("<")
        return unicodedata.east_asian_width(char) == "W" and not compatible
    letters = unicodedata.normalize("NFD", char)
    return category in {"Lu", "Ll"} and letters[0].isascii() and all(map(unicodedata.combining, letters[1:]))


def _code(char: str) -> str:
    number = ord(char)
    return f"\\u{number:04x}" if number <= 0xFFFF else f"\\U{number:08x}"


def defanged(text: str) -> str:
    """`text` in which mail clients, phones and chats find nothing to make a link of.

    They turn addresses and bare domains into links, whoever wrote them. `hxxp` and `[.]` are the custom among
    those who pass on such addresses. The names of AWS services (`ec2.amazonaws.com`) stay: nobody else can
    have such a name.
    """
    hosts = _ADDRESS.sub(_without_scheme, text)
    opened = _OPENS_A_PROGRAM.sub(r"\1[:]", hosts)
    return _DOMAIN_DOT.sub(lambda found: "[.]" if found.group() == "." else found.group(), opened)


def unlinked_json(text: str) -> str:
    """JSON in which nothing makes a link, by escapes that every reader of JSON takes back: what is copied
    from a mail is the record to the character."""
    hosts = _ADDRESS.sub(_escaped_scheme, text)
    opened = _OPENS_A_PROGRAM.sub(r"\1\\u003a", hosts)
    return _DOMAIN_DOT.sub(lambda found: r"\u002e" if found.group() == "." else found.group(), opened)


def _escaped_scheme(found: re.Match[str]) -> str:
    if found.group(1).lower() in _NO_LINK:
        return found.group()
    return rf"{found.group(1)}\u003a//" + found.group(2).replace(".", r"\u002e")


def _without_scheme(found: re.Match[str]) -> str:
    scheme = found.group(1).lower()
    if scheme in _NO_LINK:
        return found.group()
    host = _DOT.sub("[.]", found.group(2))
    if scheme in {"http", "https"}:
        return f"hxxp{scheme[4:]}://{host}"
    return f"{found.group(1)}[:]//{host}"


def quoted(value: Any, limit: int = 200) -> str:
    """What somebody else wrote, in double quotes, so that it cannot pass for words of ours."""
    return '"' + harmless(value, limit).replace('"', "'") + '"'


def harmless(value: Any, limit: int = 200) -> str:
    """What a record says, for people to read in running text: `visible`, and nothing to click on."""
    return defanged(visible(value, limit))
