"""Warnings: rules that can be evaluated, but hardly mean what they say, or cost more than they need.

- Lambda, and CloudFront for its functions, write event names with the version of their API, so the plain name
  never matches.
  https://docs.aws.amazon.com/lambda/latest/dg/logging-using-cloudtrail.html
- A field that CloudTrail does not have is missing from every record.
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
- A rule that tests nothing but the contents of a call, or normalised fields, makes the engine decode every
  record in full.
- Some normalised fields hold one of a few words; any other is none that they ever are.
- `all` asks for a list; a filter is best written as the specification's example is.
- An exception that ends soon, or has ended, or holds for longer than people remember why.
- What is copied from a message keeps the marks that keep it from becoming a link.
- A rule that its author has given up, by its status, still costs its evaluation and tells nobody.
  https://sigmahq.io/docs/basics/rules.html
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fnmatch import fnmatchcase
from itertools import chain

from sigma.modifiers import SigmaAllModifier
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import SigmaExpansion, SigmaFieldReference, SigmaNull, SigmaString, SigmaType

from trailwarden.errors import Problem
from trailwarden.rules.compile import compile_rule
from trailwarden.rules.cost import Effort
from trailwarden.rules.exceptions import exceptions_of, expiry_warnings, today_utc
from trailwarden.rules.fields import CLOSED, NAMING, NORMALISED, RECORDS_OWN, WORDS, nearest, unknown_name
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.finding import WARNING_MARK, Finding
from trailwarden.rules.modifiers import MODIFIERS
from trailwarden.rules.ruleset import Node
from trailwarden.rules.source import RuleSource, Source

_UNBOUNDED = frozenset(
    {"requestParameters", "responseElements", "additionalEventData", "serviceEventDetails", "resources"}
)
_UTF_16 = frozenset({"utf16", "utf16be", "utf16le"})
_NAMES = {modifier: name for name, modifier in MODIFIERS.items() if name != "wide"}
_NULLS = frozenset({"None", "null", "Null", "NULL", "nil", "undefined"})
_SEVERAL = re.compile(r"(?:[\s,;|]|\bor\b)+")
_DEFANGED = re.compile(r"\w\[\.\]\w|\b\w+\[:\]|\bhxxps?://")
_GIVEN_UP = frozenset({"deprecated", "unsupported"})
_LAMBDA, _CLOUDFRONT = "lambda.amazonaws.com", "cloudfront.amazonaws.com"
_LAMBDA_VERSIONS = {
    "20150331": """CreateAlias CreateEventSourceMapping CreateFunction DeleteAlias DeleteEventSourceMapping
        DeleteFunction GetAlias GetEventSourceMapping ListAliases ListEventSourceMappings ListFunctions
        ListVersionsByFunction PublishVersion UpdateAlias UpdateEventSourceMapping""",
    "20150331v2": """AddPermission GetFunction GetFunctionConfiguration GetPolicy RemovePermission
        UpdateFunctionCode UpdateFunctionConfiguration""",
    "20160819": "GetAccountSettings",
    "20170331": "ListTags",
    "20170331v2": "TagResource UntagResource",
    "20171031": "DeleteFunctionConcurrency PutFunctionConcurrency",
    "20181031": """AddLayerVersionPermission DeleteLayerVersion GetLayerVersion GetLayerVersionPolicy
        ListLayerVersions ListLayers PublishLayerVersion RemoveLayerVersionPermission""",
}
_LAMBDA_NAMES = {
    name.lower(): f"{name}{version}" for version, names in _LAMBDA_VERSIONS.items() for name in names.split()
}
_SHARED = """
    addpermission createalias createfunction deletealias deletefunction getaccountsettings getalias
    getfunction getpolicy listaliases listfunctions listtags removepermission tagresource untagresource
    updatealias"""
_SHARED_NAMES = frozenset(_SHARED.split())
"""Lambda's names that other services have too, without a version: told only where a rule means Lambda."""
_CLOUDFRONT_VERSION = "2020_05_31"


def lint_rules(sources: Sequence[Source], *, today: date | None = None) -> list[Problem]:
    """Every warning about the rules and their filters, sorted by place; `message` begins with `warning:`.
    `today` is a day in UTC, the clock's where it is left out."""
    day = today_utc() if today is None else today
    rules = [source for source in sources if isinstance(source, RuleSource)]
    effort = Effort()
    found = chain(
        chain.from_iterable(_of_rule(each, effort) for each in rules),
        chain.from_iterable(map(_of_status, sources)),
        chain.from_iterable(_of_filter(each, day) for each in exceptions_of(rules)),
    )
    return sorted(set[Problem](found))


def normalised_names(sources: Sequence[Source]) -> list[Problem]:
    """Where rules of others name a field as a normalised one is called (`region`, `action`): here it means
    that one, and their authors may have meant a field of their own logs."""
    found: list[Problem] = []
    for source in sources:
        if isinstance(source, RuleSource):
            for item in _items(source.rule.detection):
                found += [_normalised(source, *_place(source, item), name) for name in _fields(item)]
        else:
            for index, name in enumerate(source.parts.group_by):
                place = source.document.place(("correlation", "group-by", index))
                found += [_normalised(source, *place, name)] if name not in source.parts.aliases else []
    return sorted({each for each in found if each.message})


def _normalised(source: Source, line: int, column: int, name: str) -> Problem:
    """A warning; one without a message for a name that is no normalised field's, or says that it is one."""
    if name not in NORMALISED or "." in name:
        return Problem(source.path, line, column, "")
    meant = RECORDS_OWN.get(name)
    message = f"{WARNING_MARK}`{name}` is read as the normalised field of that name (docs/fields.md)"
    cure = (
        f"write `{meant}` if the record's own field is meant"
        if meant
        else "write the record's own field if not"
    )
    return Finding(source.path, line, column, message, cure, code="lint")


def _of_status(source: Source) -> Iterator[Finding]:
    given = source.rule.status if isinstance(source, RuleSource) else source.attributes.get("status")
    status = "" if given is None else str(given)
    if status in _GIVEN_UP:
        message = f"the rule is {status}: its alerts are kept as staged, and told to nobody"
        yield _warning(
            source, None, message, "take it out, or set its status to stable or test", code="status-given-up"
        )


def _of_rule(source: RuleSource, effort: Effort) -> Iterator[Finding]:
    items = list(_items(source.rule.detection))
    yield from _of_items(source, items)
    rule = compile_rule(source, [], effort)
    if rule is not None and not _needs_a_bounded_field(rule.detection):
        yield _warning(
            source,
            None,
            f"the rule tests nothing but {_what_it_tests(items)}, so every record is decoded in full for it",
            "name the eventName too, or at least the eventSource",
            code="slow",
        )


def _what_it_tests(items: Sequence[SigmaDetectionItem]) -> str:
    normalised = [item.field in NORMALISED for item in items]
    if all(normalised):
        return "normalised fields"
    return "the contents of calls and normalised fields" if any(normalised) else "the contents of calls"


def _of_filter(each: FilterSource, today: date) -> Iterator[Finding]:
    yield from _of_items(each, list(_items(each.detections)))
    if each.says_what_remains:
        message = "the filter's condition says what remains, and is read that way, as pySigma does"
        cure = "name what is dropped instead, as in `condition: selection`"
        yield _warning(each, None, message, cure, code="filter-says-what-remains")
    for message, cure in expiry_warnings(each, today):
        yield _warning(each, None, message, cure, code="exception-expiry")


def _items(detections: SigmaDetections) -> Iterator[SigmaDetectionItem]:
    pending: list[SigmaDetection | SigmaDetectionItem] = list(detections.detections.values())
    while pending:
        current = pending.pop()
        if isinstance(current, SigmaDetectionItem):
            yield current
        else:
            pending.extend(current.detection_items)


def _warning(
    source: Source | FilterSource,
    item: SigmaDetectionItem | None,
    message: str,
    cure: str,
    *,
    code: str = "lint",
) -> Finding:
    line, column = _place(source, item)
    return Finding(source.path, line, column, f"{WARNING_MARK}{message}", cure, code=code)


def _place(source: Source | FilterSource, item: SigmaDetectionItem | None) -> tuple[int, int]:
    line, column = source.line, source.column
    if item is not None and item.source is not None:
        line, column = item.source.line or line, item.source.char or column
    return line, column


def _of_items(source: RuleSource | FilterSource, items: Sequence[SigmaDetectionItem]) -> Iterator[Finding]:
    sources = {text.lower() for text in _texts_of("eventSource", items)}
    names = {text.lower() for text in _texts_of("eventName", items, globs=True)}
    for item in items:
        for field in _fields(item):
            if unknown := unknown_name(field):
                yield _warning(source, item, *unknown, code="unknown-field")
        yield from _of_texts(source, item)
        if item.field == "eventName":
            for text in _plain_texts(item.value):
                for message, cure in _unversioned(text, names, sources):
                    yield _warning(source, item, message, cure, code="versioned-event")
        if SigmaAllModifier in item.modifiers and len(item.original_value or ()) == 1:
            message = "`all` joins the values of a list, and there is one value"
            yield _warning(source, item, message, "leave `all` out, or list the values", code="all-of-one")
        if len(item.value) > 1 and any(isinstance(value, SigmaNull) for value in item.value):
            message = "`null` among other values is not Sigma: other tools refuse it, or read it otherwise"
            cure = f"write `{item.field}: null` in a selection of its own, and join the two with `or`"
            yield _warning(source, item, message, cure, code="null-in-list")
        if told := _encoded_oddly(item):
            yield _warning(source, item, *told, code="encoding-order")


def _encoded_oddly(item: SigmaDetectionItem) -> tuple[str, str] | None:
    """Why encoders in this order can hardly match, and the cure: a text is first UTF-16, then Base64, and
    begins anywhere in the field."""
    names = [_NAMES[modifier] for modifier in item.modifiers if modifier in _NAMES]
    wide = next((name for name in names if name in _UTF_16), "")
    base64 = next((name for name in names if name.startswith("base64")), "")
    if wide and not base64:
        return (
            f"`{wide}` alone asks for raw bytes, which JSON does not hold",
            f"write `{wide}|base64offset|contains`",
        )
    if wide and names.index(wide) > names.index(base64):
        return f"`{base64}` before `{wide}` can hardly match", f"write `{wide}|{base64}`"
    if base64 == "base64offset" and "contains" not in names:
        return (
            "`base64offset` is a part of a text, and no whole field is that",
            "write `base64offset|contains`",
        )
    return None


def _of_texts(source: RuleSource | FilterSource, item: SigmaDetectionItem) -> Iterator[Finding]:
    """What no value of the field is."""
    field = str(item.field)
    for value in item.value:
        text = str(value) if isinstance(value, SigmaString) else ""
        if _DEFANGED.search(text):
            message = (
                f"`{text}` is written as messages write it, so that it makes no link; no record has it so"
            )
            meant = text.replace("[.]", ".").replace("[:]", ":").replace("hxxp", "http")
            yield _warning(source, item, message, f"write `{meant}`", code="defanged-value")
    for text in _plain_texts(item.value):
        if text in _NULLS and item.field is not None:
            message = f"`{text}` is a text like any other, which a missing field does not hold"
            cure = f"write `{field}: null` for a field that is missing"
            yield _warning(source, item, message, cure, code="null-as-text")
        elif field in NAMING and len(names := _SEVERAL.split(text.strip(" ,;|"))) > 1:
            message = f"`{text}` is one text, and no `{field}` has such a name"
            yield _warning(source, item, message, f"list them: [{', '.join(names)}]", code="several-names")
        elif field in WORDS or field in CLOSED:
            yield from _of_words(source, item, field, text)
    if field in CLOSED:
        yield from _of_patterns(source, item, field)


def _of_patterns(
    source: RuleSource | FilterSource, item: SigmaDetectionItem, field: str
) -> Iterator[Finding]:
    """The patterns that none of the field's words fits."""
    for value in item.value:
        if not isinstance(value, SigmaString) or not value.contains_special():
            continue
        if not any(fnmatchcase(word.lower(), str(value).lower()) for word in CLOSED[field]):
            message = f"`{field}` is never like `{value}`"
            cure = f"write one of {', '.join(CLOSED[field])}"
            yield _warning(source, item, message, cure, code="unknown-value")


def _of_words(
    source: RuleSource | FilterSource, item: SigmaDetectionItem, field: str, text: str
) -> Iterator[Finding]:
    """Whether a text is none of the words that a normalised field holds."""
    words = WORDS.get(field) or CLOSED[field]
    if text.lower() in map(str.lower, words):
        return
    near = nearest(text, words)
    cure = f"did you mean `{near}`?" if near else f"write one of {', '.join(words)}"
    if text.lower() == "unknown":
        cure = "write `null`: what the record does not tell is missing"
    yield _warning(source, item, f"`{field}` is never `{text}`", cure, code="unknown-value")


def _texts_of(field: str, items: Iterable[SigmaDetectionItem], *, globs: bool = False) -> Iterator[str]:
    for item in items:
        if item.field == field:
            yield from _plain_texts(item.value, globs=globs)


def _plain_texts(values: Iterable[SigmaType], *, globs: bool = False) -> Iterator[str]:
    """The texts among the values; those with wildcards only where asked for."""
    for value in values:
        if isinstance(value, SigmaExpansion):
            yield from _plain_texts(value.values, globs=globs)
        elif isinstance(value, SigmaString) and (globs or not value.contains_special()):
            yield str(value)


def _fields(item: SigmaDetectionItem) -> Iterator[str]:
    if item.field is not None:
        yield item.field
    yield from (value.field for value in item.value if isinstance(value, SigmaFieldReference))


def _unversioned(text: str, names: set[str], sources: set[str]) -> Iterator[tuple[str, str]]:
    """Whether a plain event name stands where CloudTrail writes one with a version, which the rule lacks."""
    name = text.lower()
    written = ""
    if name in _LAMBDA_NAMES and (_LAMBDA in sources or (not sources and name not in _SHARED_NAMES)):
        written = _LAMBDA_NAMES[name]
    elif sources == {_CLOUDFRONT} and text.isalpha() and "function" in name:
        written = f"{text}{_CLOUDFRONT_VERSION}"
    open_end = (f"{name}20", f"{name}*")
    if written and not any(other != name and other.startswith(open_end) for other in names):
        message = f"CloudTrail writes `{text}` with the version of its API, such as `{written}`"
        yield message, f"write `{text}20*` beside it"


def _needs_a_bounded_field(node: Node) -> bool:
    """Whether the condition holds only where some small field of the record holds a certain value."""
    name, *arguments = node
    if name == "and":
        return any(map(_needs_a_bounded_field, arguments))
    if name == "or":
        return all(map(_needs_a_bounded_field, arguments))
    if name == "field":
        return arguments[0].split(".")[0] not in _UNBOUNDED and arguments[1][0] != "null"
    return False
