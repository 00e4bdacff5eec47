"""Lists of words in a text that are a command: `CMD ["redis-server", "--requirepass", "x"]` of Dockerfiles,
`args: [--token, x]` and the lines of a block in YAML, the arguments of a call.
"""

import re
from collections.abc import Callable, Iterator, Sequence

from trailwarden.safety.secret_commands import as_line, is_command
from trailwarden.safety.secret_value import Span

LIST = (
    # In brackets, with an option among them, or a command that takes secrets without.
    r"\[(?:[^\[\]]*?[\"'\s,\\])?-{1,2}[A-Za-z]"
    r"|\([^\[\]()]*?[\"']-{1,2}[A-Za-z]"
    r"|(?i:\[[ \t]*[\"'\\]*(?:net|vault|htpasswd|rabbitmqctl|sqlplus|mysqladmin|setx|cmdkey|chamber)\b)"
)
LINES = r"(?m)^[ \t]*-[ \t]+[\"']?[^\s\"'#][^\n]*\n(?:[ \t]*#[^\n]*\n)*[ \t]*-[ \t]+[\"']?[^\s\"'#][^\n]*\n?"
"""Two items below each other, in YAML."""
_WORD = re.compile(r"[\s,]*+(?:(\\*+[\"'])|([^\s,()\[\]\"'\\]++))")
_BEFORE = re.compile(r"[\"']([\w./-]{1,80}+)[\"'][ \t]*+,[ \t]*+$")
_ITEM = re.compile(r"([ \t]*+)-[ \t]++")
_COMMENT = re.compile(r"[ \t]*+#")
_WORD_COST = 5
_FURTHEST = 10_000
_LOOK_BACK = 100


def words_in_brackets(text: str, start: int, charge: Callable[[int], bool]) -> Iterator[Span]:
    """The words of the list, or of the arguments, that begin at `start`; and the one before it, which is the
    command in `run("docker", ["login", …])`."""
    before = _BEFORE.search(text[max(0, start - _LOOK_BACK) : start])
    if before is not None:
        at = max(0, start - _LOOK_BACK)
        yield at + before.start(1), at + before.end(1)
    at, stop = start + 1, min(len(text), start + _FURTHEST)
    while (met := _WORD.match(text, at, stop)) is not None and charge(_WORD_COST + met.end() - at):
        quote = met.group(1)
        if quote is None:
            yield met.span(2)
            at = met.end()
            continue
        end = text.find(quote, met.end(), stop)
        end = stop if end < 0 else end
        charge(end - met.end())
        yield met.end(), end
        at = min(stop, end + len(quote))


def words_below(text: str, start: int, charge: Callable[[int], bool]) -> Iterator[Span]:
    """The items of YAML's list that begins with the line at `start`, each on a line."""
    stop = min(len(text), start + _FURTHEST)
    indent = None
    while start < stop:
        end = text.find("\n", start, stop)
        end = stop if end < 0 else end
        if _COMMENT.match(text, start, end) and charge(_WORD_COST + end - start):
            start = end + 1
            continue
        met = _ITEM.match(text, start, end)
        if met is None or indent not in {None, met.group(1)} or not charge(_WORD_COST + end - start):
            return
        indent = met.group(1)
        first, last = met.end(), end
        while last > first and text[last - 1] in " \t\r":
            last -= 1
        if last - first > 1 and text[first] in "\"'" and text[last - 1] == text[first]:
            first, last = first + 1, last - 1
        yield first, last
        start = end + 1


def secrets_among(
    words: Sequence[str], find: Callable[[str], list[Span]], is_flag: Callable[[str], bool]
) -> Iterator[tuple[int, Span]]:
    """Of the words of a command, which holds a secret, and where within it; what one has by itself is not
    looked for here. `find` finds secrets in a line."""
    if len(words) > 1 and is_command(words):
        yield from within_words(words, find(as_line(words)))
    for place in range(1, len(words)):
        if words[place][:1] != "-" and words[place - 1][:1] == "-" and is_flag(words[place - 1]):
            yield place, (0, len(words[place]))


def is_script(lines: Sequence[str]) -> bool:
    """Whether lines may go on in the next: a here-document, a continued line, what `expect` expects."""
    return any("<<" in line or line[-1:] in {"\\", "`", "^"} or "expect" in line for line in lines)


def within_words(words: Sequence[str], spans: Sequence[Span]) -> Iterator[tuple[int, Span]]:
    """The spans of a line, by the words that it was made of: which word, and where within it."""
    ordered, start, at = sorted(spans), 0, 0
    for place, word in enumerate(words):
        end = start + len(word)
        while at < len(ordered) and ordered[at][0] < end:
            first, last = ordered[at]
            yield place, (max(0, first - start), min(len(word), last - start))
            if last > end:  # it goes on with the next word
                ordered[at] = (end + 1, last)
                break
            at += 1
        start = end + 1
