"""Which rules need events that Trailwarden's trails do not record, so that they see nothing.

The trails record all management events, and what is written into Trailwarden's own buckets (infra/trail.py).
Events of other kinds need selectors of one's own, which AWS bills:
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/logging-data-events-with-cloudtrail.html
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from trailwarden.engine.prefilter import needed_texts
from trailwarden.rules.ruleset import Correlation, CorrelationType, Node, Rule

OWN_BUCKETS = ("trailwarden-logs-", "trailwarden-rules-")
"""What the names of the buckets whose writes are recorded begin with."""
_OURS = "|".join(map(re.escape, OWN_BUCKETS))
_NAMES_BUCKET = {
    "requestParameters.bucketName": re.compile(_OURS),
    "resources.ARN": re.compile(rf"(?:\*|arn:[a-z*-]+):s3:::(?:{_OURS})"),
}
"""The fields that say which bucket a call was on, and how what they hold of our own begins."""
_KINDS = {"insight": "Insights events", "networkactivity": "network activity events"}
_DATA = "data events"
_EVENT_TYPES = {"awscloudtrailinsight": "insight", "awsvpceevents": "networkactivity"}
_NOT_RUN = frozenset({"deprecated", "unsupported"})
_TOGETHER = frozenset({CorrelationType.TEMPORAL, CorrelationType.TEMPORAL_ORDERED})
"""Correlations that need an event of each of their rules."""

DATA_EVENTS: Mapping[str, frozenset[str]] = {
    source: frozenset(names.lower().split())
    for source, names in {
        "s3.amazonaws.com": (
            "AbortMultipartUpload CompleteMultipartUpload CopyObject CreateMultipartUpload DeleteObject"
            " DeleteObjectAnnotation DeleteObjectTagging DeleteObjectVersion DeleteObjects GetObject"
            " GetObjectAcl GetObjectAnnotation GetObjectAttributes GetObjectLegalHold GetObjectRetention"
            " GetObjectTagging GetObjectTorrent GetObjectVersion HeadBucket HeadObject"
            " ListMultipartUploads ListObjectAnnotations ListObjectVersions ListObjects ListObjectsV2"
            " ListParts PutObject PutObjectAcl PutObjectAnnotation PutObjectLegalHold PutObjectRetention"
            " PutObjectTagging RenameObject RestoreObject SelectObjectContent UpdateObjectEncryption"
            " UploadPart UploadPartCopy"
        ),
        "lambda.amazonaws.com": "Invoke InvokeAsync InvokeFunction InvokeWithResponseStream",
        "dynamodb.amazonaws.com": (
            "BatchExecuteStatement BatchGetItem BatchWriteItem DeleteItem ExecuteStatement ExecuteTransaction"
            " GetItem GetRecords GetShardIterator PutItem Query Scan TransactGetItems TransactWriteItems"
            " UpdateItem"
        ),
        "ebs.amazonaws.com": (
            "CompleteSnapshot GetSnapshotBlock ListChangedBlocks ListSnapshotBlocks PutSnapshotBlock"
            " StartSnapshot"
        ),
        "sns.amazonaws.com": "Publish PublishBatch",
        "sqs.amazonaws.com": (
            "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch"
            " ReceiveMessage SendMessage SendMessageBatch"
        ),
        "kinesis.amazonaws.com": "GetRecords GetShardIterator PutRecord PutRecords SubscribeToShard",
        "cognito-identity.amazonaws.com": (
            "GetCredentialsForIdentity GetId GetOpenIdToken GetOpenIdTokenForDeveloperIdentity UnlinkIdentity"
        ),
        "rds-data.amazonaws.com": (
            "BatchExecuteStatement BeginTransaction CommitTransaction ExecuteStatement RollbackTransaction"
        ),
        "rdsdata.amazonaws.com": (
            "BatchExecuteStatement BeginTransaction CommitTransaction ExecuteStatement RollbackTransaction"
        ),
    }.items()
}
"""Names of data events by their source, folded: of those services whose data attackers are after."""


@dataclass(frozen=True, slots=True)
class Unrecorded:
    """A kind of events, such as `data events of s3`, and the rules that need it: `rules` see nothing without
    it, `in_part` see some of their events without it, but for the `parts`, by rule's id: names of events, or
    titles of the rules that a correlation is built on."""

    events: str
    rules: tuple[Rule | Correlation, ...]
    in_part: tuple[Rule | Correlation, ...]
    parts: Mapping[str, tuple[str, ...]]


def unrecorded_of(rules: Iterable[Rule | Correlation]) -> tuple[Unrecorded, ...]:
    """What the rules need and Trailwarden's trails do not record, by kind. Those that only feed correlations
    count in these."""
    known = {rule.id: rule for rule in rules}
    needs = {rule.id: _needs(rule.detection) for rule in known.values() if isinstance(rule, Rule)}
    left = [one for one in known.values() if isinstance(one, Correlation)]
    while ready := [one for one in left if needs.keys() >= {part for part in one.rules if part in known}]:
        needs |= {
            one.id: _together(one, [needs[part] for part in one.rules if part in known]) for one in ready
        }
        left = [one for one in left if one.id not in needs]
    kinds = sorted({kind for kinds, _ in needs.values() for kind in kinds})
    shown = sorted(
        (rule for rule in known.values() if rule.generates and rule.status not in _NOT_RUN),
        key=lambda rule: (-rule.level, rule.title),
    )
    found = []
    for kind in kinds:
        blind, in_part = (tuple(_with(kind, shown, needs, whole=whole)) for whole in (True, False))
        if blind or in_part:
            parts = {rule.id: tuple(_parts(rule, kind, known, needs)) for rule in in_part}
            found.append(Unrecorded(kind, blind, in_part, parts))
    return tuple(found)


def _parts(
    rule: Rule | Correlation, kind: str, known: Mapping[str, Rule | Correlation], needs: Mapping[str, "Needs"]
) -> Iterator[str]:
    """What of a rule needs a kind of events."""
    if isinstance(rule, Correlation):
        yield from (known[part].title for part in rule.rules if part in known and kind in needs[part][0])
        return
    service = kind.removeprefix(_DATA).removeprefix(" of ")
    tables = [names for source, names in DATA_EVENTS.items() if service in {"", _service(source)}]
    for name in dict.fromkeys(_written_names(rule.detection)):
        if any(_is_met(name.casefold(), names) for names in tables):
            yield name


def _written_names(node: Node) -> Iterator[str]:
    """The names of events in a rule, as they are written."""
    name, *arguments = node
    if name in {"and", "or"}:
        for child in arguments:
            yield from _written_names(child)
    elif name == "field" and arguments[0] == "eventName" and arguments[1][0].startswith(("is", "like")):
        yield from map(str, arguments[1][1:])


Needs = tuple[frozenset[str], bool]
"""The kinds of unrecorded events that a rule asks for, and whether it asks for nothing else."""


def _with(
    kind: str, rules: list[Rule | Correlation], needs: Mapping[str, Needs], *, whole: bool
) -> list[Rule | Correlation]:
    nothing: Needs = (frozenset(), False)
    found = ((rule, *needs.get(rule.id, nothing)) for rule in rules)
    return [rule for rule, kinds, alone in found if kind in kinds and alone == whole]


def _together(correlation: Correlation, parts: list[Needs]) -> Needs:
    kinds = frozenset().union(*(kinds for kinds, _ in parts)) if parts else frozenset()
    asks = any if correlation.type in _TOGETHER else all
    return kinds, bool(parts) and asks(alone for _, alone in parts)


def _needs(detection: Node) -> Needs:
    category = _category(detection)
    if category in _KINDS:
        return frozenset({_KINDS[category]}), True
    elsewhere = _elsewhere(detection)
    if elsewhere is None:
        return frozenset(), False
    kinds, alone = _data_events(elsewhere, category)
    return kinds, alone and elsewhere == detection


def _data_events(detection: Node, category: str) -> Needs:
    sources, names = needed_texts(detection, "eventSource"), _names(detection)
    if category == "data":
        return frozenset(f"{_DATA} of {_service(source)}" for source in sources or [""]), True
    if names is None:
        return frozenset(), False
    tables = {source: DATA_EVENTS.get(source, frozenset()) for source in sources or DATA_EVENTS}
    met = {source for source, known in tables.items() if any(_is_met(name, known) for name in names)}
    every = frozenset().union(*tables.values())
    alone = all(name.removesuffix("*") in every for name in names)
    if sources is None:
        # Names alone, which several services may have, do not say which is meant.
        return frozenset({_DATA} if met else ()), alone
    return frozenset(f"{_DATA} of {_service(source)}" for source in met), alone and len(met) == len(tables)


def _names(node: Node) -> frozenset[str] | None:
    """The folded names of events, and globs of them, of which a rule needs one; None if it needs none."""
    name, *arguments = node
    if name in {"and", "or"}:
        found = [_names(child) for child in arguments]
        bounded = [names for names in found if names is not None]
        if name == "or":
            return frozenset().union(*bounded) if bounded and len(bounded) == len(found) else None
        return min(bounded, key=len, default=None)
    if name == "field" and arguments[0] == "eventName" and arguments[1][0].startswith(("is", "like")):
        return frozenset(text.casefold() for text in arguments[1][1:])
    return None


def _is_met(name: str, known: frozenset[str]) -> bool:
    return name in known or ("*" in name and any(fnmatchcase(one, name) for one in known))


def _category(detection: Node) -> str:
    """The one category of events that a rule asks for, folded; empty if it leaves that open."""
    categories = needed_texts(detection, "eventCategory") or frozenset()
    types = needed_texts(detection, "eventType") or frozenset()
    found = {*categories, *(_EVENT_TYPES.get(name, name) for name in types)}
    if needed_texts(detection, "managementEvent") == frozenset({"false"}):
        found.add("data")
    return found.pop() if len(found) == 1 else ""


def _service(source: str) -> str:
    return source.partition(".")[0] or "any service"


def _elsewhere(node: Node) -> Node | None:
    """What a rule asks for besides what is done to Trailwarden's own buckets; None if nothing."""
    name, *arguments = node
    if name in {"and", "or"}:
        parts = [_elsewhere(child) for child in arguments]
        left = [part for part in parts if part is not None]
        return [name, *left] if left and (name == "or" or len(left) == len(parts)) else None
    if name != "field" or arguments[0] not in _NAMES_BUCKET:
        return node
    kind, *texts = arguments[1]
    if kind.removesuffix("_cased") not in {"is", "like"}:
        return node
    left = [text for text in texts if not _NAMES_BUCKET[arguments[0]].match(str(text))]
    return [name, arguments[0], [kind, *left]] if left else None
