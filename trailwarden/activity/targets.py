"""What was acted on: from the request, the answer, and `resources`; a bounded few, the most telling first."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import chain, islice
from typing import Any
from urllib.parse import unquote

from trailwarden.activity.model import TARGETS_AT_MOST, Target
from trailwarden.activity.parameters import ANSWERS, BY_SERVICE, COMMON, NAMED_AFTER, RESOURCE_TYPES
from trailwarden.activity.services import service_key
from trailwarden.activity.text import NAME_LIMIT, arn_account, arn_region, arn_resource, mapping, text
from trailwarden.activity.wording import plain_event_name, words_of
from trailwarden.delivery.records import Record, field_values
from trailwarden.safety.text import ELLIPSIS, one_line

_VALUES_AT_MOST = 200
# By service: what an ARN's resource begins with before the name, and whether all of the rest is the name, or
# a version or stream follows it after a colon.
_NAMED_WHOLE = {
    "secretsmanager": (("secret:", True),),
    "ecr": (("repository/", True),),
    "lambda": (("function:", False), ("layer:", False)),
    "logs": (("log-group:", False),),
    "rds": (("snapshot:", True), ("cluster-snapshot:", True)),
    "dynamodb": (("table/", True),),
}
_ARN_LIMIT = 300
_IN_TEXT = 3
_TEXT_LIMIT = 160
_TOLD_AT_MOST = 2048
_HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def targets_of(record: Record) -> tuple[tuple[Target, ...], int]:
    """At most `TARGETS_AT_MOST` targets, and how many more there are (counted to a few hundred)."""
    kept = _different(chain(_asked_for(record), _answered(record)))
    return tuple(kept[:TARGETS_AT_MOST]), max(0, len(kept) - TARGETS_AT_MOST)


def acted_on(record: Record) -> tuple[str, Sequence[str] | None]:
    """What a call acted on, in one text: `user bob (policy AdministratorAccess)`; empty if it does not say.
    And each thing in full, as the record writes it, in one order; None if that cannot be told.

    What the call made counts only if it names nothing else: an access key for `bob` acts on `user bob`, each
    time. A name in several words stands in quotes. A text that does not say all of it ends in an ellipsis.
    """
    named = list(_asked_for(record)) or list(_answered(record))
    if not named:
        return "", None if _HIDDEN in mapping(record.get("requestParameters")).values() else ()
    found, whole = _different(named), sorted({f"{one.type} {one.whole}" for one in named})
    first, *others = map(_in_words, found[:_IN_TEXT])
    more = ELLIPSIS if len(found) > _IN_TEXT else ""
    shown = one_line(f"{first} ({', '.join(others)}){more}" if others else first, _TEXT_LIMIT)
    told = len(named) < _VALUES_AT_MOST and all(len(one) <= _TOLD_AT_MOST for one in whole)
    return shown, whole if told else None


def names_acted_on(record: Record) -> frozenset[str]:
    """The values of the request that name what a call acts on, as the record writes them."""
    return frozenset(one.whole for one in _asked_for(record))


def _in_words(target: Target) -> str:
    name = target.name.replace('"', "'")
    return f'{target.type} "{name}"' if len(name.split()) > 1 else f"{target.type} {name}"


def _different(targets: Iterable[Target]) -> list[Target]:
    found: dict[tuple[str, str], Target] = {}
    for target in targets:
        found.setdefault((target.type, target.name), target)
    return _without_repeats(list(found.values()))


def _asked_for(record: Record) -> Iterator[Target]:
    """What the call itself names."""
    service = service_key(text(record, "eventSource") or "")
    event_name = plain_event_name(text(record, "eventName") or "")
    if service == "sts" and event_name in ("AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity"):
        yield from _named(record, "requestParameters.roleArn", "role")
        return
    request = "requestParameters"
    wrapped = _wrapper(mapping(record.get(request)))
    for prefix in (request, *([f"{request}.{wrapped}"] if wrapped else [])):
        yield from _parameters(record, prefix, service, event_name)
    if service == "kms":  # what KMS does by itself has no request
        yield from _named(record, "serviceEventDetails.keyId", "KMS key")
    if service == "signin":  # Identity Center names the user that is tried beside the request
        yield from _named(record, "additionalEventData.UserName", "user")


def _answered(record: Record) -> Iterator[Target]:
    """What AWS says of it."""
    service = service_key(text(record, "eventSource") or "")
    for path, kind in ANSWERS.get(service, ()):
        yield from _named(record, f"responseElements.{path}", kind)
    yield from _resources(record)


def _wrapper(request: Any) -> str | None:
    """EC2 wraps some requests in one object: `{"CreateLaunchTemplateRequest": {…}}`."""
    if len(request) != 1:
        return None
    (name, value), *_ = request.items()
    return name if isinstance(value, dict) and name.endswith(("Request", "Req")) else None


def _parameters(record: Record, prefix: str, service: str, event_name: str) -> Iterator[Target]:
    if service == "s3":
        bucket = next(_texts(record, f"{prefix}.bucketName"), None)
        key = next(_texts(record, f"{prefix}.key"), None)
        if bucket and key:
            yield _target("object", f"{bucket}/{key}")
            return
    request = record.get(prefix) if prefix in record else next(field_values(record, prefix), None)
    present = {name.lower() for name in mapping(request)}
    named_after = next((kind for part, kind in NAMED_AFTER.get(service, ()) if part in event_name), None)
    for head, path, kind in _paths_of(service):
        if head in present:
            yield from _named(
                record, f"{prefix}.{path}", named_after if path == "name" and named_after else kind
            )


@lru_cache(maxsize=512)
def _paths_of(service: str) -> tuple[tuple[str, str, str], ...]:
    """The parameters of a service that name what is acted on: the first step in small letters, path, kind."""
    own = BY_SERVICE.get(service, ())
    named = {path for path, _ in own}
    pairs = (*own, *(pair for pair in COMMON if pair[0] not in named))
    return tuple((path.partition(".")[0].lower(), path, kind) for path, kind in pairs)


def _named(record: Record, path: str, kind: str) -> Iterator[Target]:
    for value in _texts(record, path):
        yield _target(kind, value)


def _texts(record: Record, path: str) -> Iterator[str]:
    """The texts at a path, lists opened; the first letter of its last step in either case."""
    head, _, last = path.rpartition(".")
    holder = record.get(head)
    for name in (last, last[:1].upper() + last[1:]):
        if isinstance(holder, dict):  # most stand right there
            found = [holder[name]] if name in holder else []
        else:
            found = list(islice(field_values(record, f"{head}.{name}"), _VALUES_AT_MOST))
        for value in found:
            values = value[:_VALUES_AT_MOST] if isinstance(value, list) else [value]
            for wrapped in values:
                entry = _unwrapped(wrapped)
                if isinstance(entry, str) and entry and entry != _HIDDEN:
                    yield entry


def _unwrapped(value: Any) -> Any:
    """Some requests of EC2 come as XML was read: `{"content": "fl-1", "tag": 1}`."""
    return value["content"] if isinstance(value, dict) and set(value) == {"content", "tag"} else value


def _target(kind: str, value: str) -> Target:
    """A name, or an ARN: then its last part names it."""
    if value.lower().startswith("arn%3a"):  # EKS has it in the address of the call
        value = unquote(value)
    shown = one_line(value, _ARN_LIMIT)
    if kind == "queue" and shown.startswith("https://"):
        return Target(kind, one_line(shown.rpartition("/")[2] or shown, NAME_LIMIT), whole=value)
    if not shown.startswith("arn:"):
        return Target(kind, one_line(value, NAME_LIMIT), whole=value)
    return Target(
        type=kind,
        name=one_line(_name_of(shown), NAME_LIMIT),
        arn=shown,
        account_id=arn_account(shown),
        region=arn_region(shown),
        whole=value,
    )


def _name_of(arn: str) -> str:
    """What an ARN names, as the service's own calls do: most by its last part, some with what leads to it.

    https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
    """
    resource, service = arn_resource(arn), "".join(arn.split(":")[2:3])
    if service == "s3":
        return resource or arn
    for start, whole in _NAMED_WHOLE.get(service, ()):
        if resource.startswith(start) and len(resource) > len(start):
            name = resource.removeprefix(start)
            return name if whole else name.partition(":")[0]
    last = resource.rpartition("/")[2] if "/" in resource else resource.rpartition(":")[2]
    return last or resource or arn


def _resources(record: Record) -> Iterator[Target]:
    resources = record.get("resources")
    for entry in resources[:_VALUES_AT_MOST] if isinstance(resources, list) else ():
        resource = mapping(entry)
        arn = text(resource, "ARN", "arn", limit=_ARN_LIMIT) or text(resource, "ARNPrefix", limit=_ARN_LIMIT)
        if arn is None:
            continue
        target = _target(_resource_type(text(resource, "type"), arn), arn)
        account = target.account_id or text(resource, "accountId")
        yield replace(target, account_id=account)


def _resource_type(stated: str | None, arn: str) -> str:
    if stated in RESOURCE_TYPES:
        return RESOURCE_TYPES[stated]
    if stated and stated.count("::") == 2:
        return " ".join(
            word if word.isupper() else word.lower() for word in words_of(stated.rpartition("::")[2])
        )
    head = arn_resource(arn)
    if arn.split(":")[2:3] == ["s3"]:
        return "object" if "/" in head else "bucket"
    start = head.partition("/")[0] if "/" in head else head.partition(":")[0] if ":" in head else ""
    return one_line(start.replace("-", " "), 40) if start else "resource"


def _without_repeats(targets: list[Target]) -> list[Target]:
    """What `resources` repeats of the request under a wider name (a bucket beside its object) goes last."""
    objects = {target.name.partition("/")[0] for target in targets if target.type == "object"}
    wider = [target for target in targets if target.type == "bucket" and target.name in objects]
    return [target for target in targets if target not in wider] + wider if wider else targets
