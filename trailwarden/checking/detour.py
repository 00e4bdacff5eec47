"""Conditions that a detour through an AWS service silences.

CloudFormation, Systems Manager, Service Catalog and others act for their caller with the caller's identity
(forward access sessions): the record names the caller, and in `userIdentity.invokedBy`, `sourceIPAddress` and
`userAgent` the service. Whoever may use one of them decides that these fields are there, so no rule may fall
silent because they are. Exempt by who acts instead: `userIdentity.type: AWSService`, service-linked roles.
Services that look at accounts on their own (AWS Config) act for callers too: at most their reads are exempt.
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from trailwarden.activity.services import PRINCIPALS
from trailwarden.checking.logic import Prover
from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.finding import Finding, Severity
from trailwarden.rules.outline import Kind, Part, outline_of_filter
from trailwarden.rules.ruleset import Node
from trailwarden.rules.source import RuleSource

_INVOKED = frozenset({"userIdentity.invokedBy", "userIdentity", "origin.service"})
"""Where the service stands beside the caller: in a field of its own, and in the whole identity as text."""
_PROGRAM = frozenset({"sourceIPAddress", "userAgent", "origin", "tool"})
"""Where the service's name stands in place of the caller's address and program."""
_MOST_NAMED = 1000
"""How many names are tried at most."""
_ANY = "made-up-service.amazonaws.com"
"""Stands for every service that nobody has named."""
_SERVICES = (
    _ANY,
    "cloudformation.amazonaws.com",
    "ssm.amazonaws.com",
    "servicecatalog.amazonaws.com",
    "AWS Internal",
)
"""Tried with every condition, besides those that it names; some say only that they are `AWS Internal`."""
_READING_SERVICES = tuple(
    f"{name}.amazonaws.com"
    for name in (
        "access-analyzer",
        "compute-optimizer",
        "config",
        "detective",
        "guardduty",
        "inspector2",
        "macie",
        "securityhub",
        "trustedadvisor",
    )
)
"""What they read, they read on their own; what they change, they may change for a caller."""
_WRITING = {"readOnly": False}
_WORD = re.compile(r"[a-z][a-z0-9-]+")
_NAME = re.compile(r"[A-Za-z][\w. -]*+")
_SAID = re.compile("amazonaws|AWS Internal", re.IGNORECASE)
_SERVICE_ALONE = frozenset({"userIdentity.invokedBy", "origin.service", "sourceIPAddress"})
"""No other word stands there than a service's name."""
_LINKED = ":role/aws-service-role/"
_WHO = frozenset({"userIdentity.type", "userIdentity.sessionContext.sessionIssuer.arn"})
"""Where AWS vouches for who acts: what holds of its own services and roles alone holds of no caller."""
_ROLE = "arn:aws:iam::111122223333:role"
_OF_AWS = RecordView(
    {
        "userIdentity": {
            "type": "AWSService",
            "sessionContext": {
                "sessionIssuer": {"arn": f"{_ROLE}/aws-service-role/x.amazonaws.com/AWSServiceRoleForX"}
            },
        }
    }
)
_CALLER: dict[str, Any] = {
    "eventSource": "iam.amazonaws.com",
    "sourceIPAddress": "198.51.100.7",
    "userAgent": "aws-cli/2.17.32",
    "userIdentity": {
        "type": "AssumedRole",
        "accountId": "111122223333",
        "arn": "arn:aws:sts::111122223333:assumed-role/Developer/mallory",
    },
}
_CALLERS = tuple(
    RecordView(
        {"userIdentity": {"type": kind, "sessionContext": {"sessionIssuer": {"arn": f"{_ROLE}/{name}"}}}}
    )
    for kind in ("AssumedRole", "FederatedUser", "IAMUser", "IdentityCenterUser", "Root", "WebIdentityUser")
    for name in ("Developer", "team/aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS")
)
_TRUE: Node = ["and"]
_FALSE: Node = ["or"]
_ROOT: Node = ["field", "userIdentity.type", ["is", "Root"]]
_CURE = (
    "exempt by who acts: `userIdentity.type: AWSService`, `eventType: AwsServiceEvent`, service-linked roles "
    "by the issuer's path, or `userIdentity.invokedBy|expand: '%services_on_their_own%'` together with "
    "`readOnly: true`"
)


def through_service(service: str) -> dict[str, Any]:
    """The fields that a service changes in the record of a call that it makes for its caller."""
    identity = {**_CALLER["userIdentity"], "invokedBy": service}
    return {**_CALLER, "sourceIPAddress": service, "userAgent": service, "userIdentity": identity}


def detours_of_rule(source: RuleSource, whole: Part) -> Iterator[Finding]:
    """Whether the rule falls silent when a service makes the call for its caller. Root use as the benchmark
    defines it (no `invokedBy`) is left out, and shipped rules that are about the caller's own address."""
    prover, shipped = Prover(), source.document.shipped
    service = _silencing(prover, whole.node, _INVOKED if shipped else _INVOKED | _PROGRAM)
    if service is not None and not prover.implies(whole.node, _ROOT):
        message = f"the rule falls silent when {_said(service)} makes the call for its caller"
        severity = Severity.ERROR if shipped else Severity.WARNING
        yield _finding(source, whole, message, severity)


def detours_of_filters(sources: Sequence[RuleSource]) -> Iterator[Finding]:
    """The filters that hide a call because a service makes it for its caller."""
    filters = {id(each): each for source in sources for each in source.filters}
    for each in filters.values():
        outline = outline_of_filter(each)
        if outline is None:
            continue
        remains = outline.node if each.says_what_remains else ["not", outline.node]
        # Who names the caller besides may well name the service too.
        services = (_ANY,) if _names_caller(outline) else (*_SERVICES, *_named(remains))
        service = _silencing(Prover(), remains, _INVOKED | _PROGRAM, services)
        if service is not None:
            message = f"the filter hides calls because {_said(service)} makes them for their caller"
            yield _finding(each, outline, message, Severity.WARNING)


def _said(service: str) -> str:
    return "any service" if service == _ANY else service


def _names_caller(outline: Part) -> bool:
    """Whether a line looks at who the caller is, and not only at the kind of it."""
    fields = {part.field for part in outline.walk() if part.kind is Kind.LINE}
    return any(
        field.startswith(("userIdentity.", "actor")) and field not in _INVOKED | {"userIdentity.type"}
        for field in fields
    )


def _named(node: Node) -> list[str]:
    """The services that a condition names, in whole or in part (`states.`, `(?:glue|dms)\\.amazonaws`)."""
    name, *arguments = node
    if name in {"and", "or", "not"}:
        return list(dict.fromkeys(service for part in arguments for service in _named(part)))
    fields = (_INVOKED | _PROGRAM).intersection(_fields(node))
    found: dict[str, None] = {}
    for text in _texts(arguments[1:]) if fields else ():
        if fields <= _SERVICE_ALONE or _SAID.search(text):
            words = (f"{word}.amazonaws.com" for word in _WORD.findall(text.lower()))
            found |= dict.fromkeys((*_NAME.findall(text), *words))
    if "origin.service" in fields:  # holds what people call a service
        condition = compile_condition(node)
        views = {each: RecordView(through_service(each)) for each in PRINCIPALS}
        found |= {each: None for each, view in views.items() if condition(view)}
    return list(found)[:_MOST_NAMED]


def _texts(arguments: Sequence[Any]) -> Iterator[str]:
    """The texts of a leaf's test, however deep they stand in it."""
    for argument in arguments:
        if isinstance(argument, str):
            yield argument
        elif isinstance(argument, list | tuple):
            yield from _texts(argument)


def _silencing(
    prover: Prover, node: Node, asked: frozenset[str], services: Sequence[str] | None = None
) -> str | None:
    """A service through which what holds for a caller's own call holds no longer; None where there is none,
    and for conditions that look at none of the fields asked for."""
    if not _mentions(node, asked):
        return None
    if services is None:
        services = (*_SERVICES, *_READING_SERVICES, *_named(node))
    for service in services:
        write = _WRITING if service in _READING_SERVICES else {}
        views = RecordView(_CALLER | write), RecordView(through_service(service) | write)
        own, detour = (_decided(node, view, views, frozenset(write)) for view in views)
        if own != detour and not prover.implies(own, detour):
            return service
    return None


def _mentions(node: Node, asked: frozenset[str]) -> bool:
    name, *arguments = node
    if name in {"and", "or", "not"}:
        return any(_mentions(argument, asked) for argument in arguments)
    return not asked.isdisjoint(_fields(node))


def _fields(leaf: Node) -> list[str]:
    """The fields that a leaf looks at; none for a keyword."""
    name, *arguments = leaf
    if name == "fieldref":
        return [side if isinstance(side, str) else side[1] for side in arguments[:2]]
    return [] if name == "keyword" else arguments[:1]


def _decided(
    node: Node, view: RecordView, views: tuple[RecordView, RecordView], given: frozenset[str]
) -> Node:
    """The condition with the leaves decided that the detour changes, or that look at what is `given`; all
    else stays open."""
    name, *arguments = node
    if name in {"and", "or", "not"}:
        return [name, *(_decided(argument, view, views, given) for argument in arguments)]
    fields = _fields(node)
    if not _WHO.isdisjoint(fields) and _of_aws_alone(node):
        return _FALSE
    if (_INVOKED | _PROGRAM | given).isdisjoint(fields):
        return node
    condition = compile_condition(node)
    if given.isdisjoint(fields) and condition(views[0]) is condition(views[1]):
        return node
    return _TRUE if condition(view) else _FALSE


def _of_aws_alone(leaf: Node) -> bool:
    """Whether a leaf on who acts holds of AWS's own services or service-linked roles, and of no caller."""
    condition = compile_condition(leaf)
    named = _LINKED in "".join(_texts(leaf[2:]))
    return (named or condition(_OF_AWS)) and not any(map(condition, _CALLERS))


def _finding(source: RuleSource | FilterSource, whole: Part, message: str, severity: Severity) -> Finding:
    line, column = next(
        (
            (part.line, part.column)
            for part in whole.walk()
            if part.kind is Kind.LINE and part.field in _INVOKED | _PROGRAM
        ),
        (source.line, source.column),
    )
    return Finding(
        source.path, line, column, message, _CURE, code="silent-through-service", severity=severity
    )
