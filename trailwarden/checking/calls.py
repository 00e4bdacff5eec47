"""Which API calls a part of a condition is about, and what AWS's service models know of them.

CloudTrail writes a parameter under the model's name with its first letter in lower case, or as the wire has
it. It also writes what no model tells: parameters of the console and of AWS's own clients, EC2's and S3's
request in a layout of their own, responses without their outermost shell. So a name that the model lacks is
told only where it is all but one that the model has: measured on real records, that calls none of their
fields unknown (tests/unit/rules/check/test_corpus.py).
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trailwarden.checking.api import ApiModels, ApiOperation, ApiShape
from trailwarden.engine.text import fold, glob_parts
from trailwarden.rules.fields import nearest
from trailwarden.rules.ruleset import Node

REQUEST, RESPONSE = "requestParameters", "responseElements"
NEAR = 0.8
NEAR_EVENT = 0.88
"""How alike two names must be for the one to be taken for the other misspelt, from 0 to 1."""

_VERSION = re.compile(r"(?:20\d{6}(?:v\d)?|20\d\d_\d\d_\d\d|20)$")
_LOOSE = frozenset({"ec2.amazonaws.com", "s3.amazonaws.com", "apigateway.amazonaws.com"})
"""Sources whose records have a layout that their models do not tell: below the first step anything goes."""
_LOWER_CAMEL_NAMES = """
    appmesh appsync autoscaling bedrock cloudfront cloudtrail codebuild config dynamodb ecr eks
    elasticfilesystem elasticloadbalancing es glacier glue guardduty iam kafka kms lambda logs monitoring rds
    rolesanywhere route53resolver secretsmanager servicequotas ses sns sqs ssm sso sts support tagging"""
_LOWER_CAMEL = frozenset(_LOWER_CAMEL_NAMES.split())
"""Services that are seen to begin every parameter with a lower-case letter."""
_UNTOLD = {
    "s3.amazonaws.com": frozenset(
        {"Host", "acl", "bucketName", "key", "x-amz-acl", "x-amz-id-2", "x-amz-request-id"}
    ),
    "ec2.amazonaws.com": frozenset({"aclProtocol", "attributeType"}),
    "rds.amazonaws.com": frozenset(
        {
            "dBClusterAutomatedBackupArn",
            "dBInstanceAutomatedBackupArn",
            "finalDBClusterSnapshotIdentifier",
        }
    ),
}
"""What records of a source hold, though its models have only something like it."""
_SOURCES_SHOWN = 3
_COMPLETE = frozenset(
    {
        *("cloudtrail", "config", "dynamodb", "ec2", "ecr", "eks", "guardduty", "iam", "kms", "lambda"),
        *("organizations", "rds", "secretsmanager", "securityhub", "sns", "sqs", "sts"),
    }
)
"""Services whose records were seen to name no call that their models lack."""
_CALL = re.compile(
    r"(?i:add|associate|attach|batch|cancel|create|delete|describe|detach|disable|disassociate|enable|get"
    r"|import|invoke|list|modify|put|register|remove|restore|revoke|run|send|set|start|stop|tag|terminate"
    r"|untag|update)[A-Z]"
)
_EVENTS_WITHOUT_MODEL = {
    "account.amazonaws.com": """
        EmailUpdated EnableOptInRegion PasswordRecoveryCompleted PasswordRecoveryRequested PasswordUpdated""",
    "bedrock.amazonaws.com": "PutFoundationModelEntitlement",
    "codecommit.amazonaws.com": "GitPull GitPush",
    "ec2-instance-connect.amazonaws.com": "OpenTunnel",
    "ec2.amazonaws.com": "SharedSnapshotCopyInitiated SharedSnapshotVolumeCreated",
    "quicksight.amazonaws.com": "QueryDatabase",
    "secretsmanager.amazonaws.com": """
        CancelSecretVersionDelete EndSecretVersionDelete RotationAbandoned RotationFailed RotationStarted
        RotationSucceeded SecretVersionDeletion StartSecretVersionDelete TestRotationFailed""",
    "signin.amazonaws.com": """
        ConsoleLogin CredentialChallenge CredentialVerification ExitRole ExternalIdPDirectoryLogin
        GetSigninToken PasswordUpdated RenewRole SwitchRole UserAuthentication""",
    "ssm.amazonaws.com": "ListInstanceAssociations UpdateInstanceInformation",
    "sso.amazonaws.com": """
        AssociateDirectory CreateExternalIdPConfigurationForDirectory DeleteExternalIdPCertificate
        DisableExternalIdPConfigurationForDirectory DisassociateDirectory
        EnableExternalIdPConfigurationForDirectory Federate ImportExternalIdPCertificate
        UpdateExternalIdPConfigurationForDirectory UpdateSsoConfiguration""",
}
"""Events that services log without an API model: what only an IAM permission names, the console's own calls,
and what happens without a call."""
_LOGGED = frozenset(
    (source, name.lower()) for source, names in _EVENTS_WITHOUT_MODEL.items() for name in names.split()
)
_EVERYWHERE = frozenset(["_return", "message", "omitted", "originalSize", "reason", "requestID", "requestId"])

Texts = frozenset[str] | None


@dataclass(frozen=True, slots=True)
class Call:
    """The sources and event names that a part of a condition is bound to; None where it is bound to none."""

    sources: Texts = None
    names: Texts = None

    def narrowed(self, node: Node) -> "Call":
        """The call where the node must hold too."""
        return Call(
            _both(self.sources, needed_texts(node, "eventSource")),
            _both(self.names, needed_texts(node, "eventName")),
        )


def _both(one: Texts, other: Texts) -> Texts:
    if one is None or other is None:
        return other if one is None else one
    return one & other


def needed_texts(node: Node, field: str) -> Texts:
    """The texts, without case, of which a field must hold one, or None where there is no such bound.

    A pattern that only leaves a version open (`UpdateFunctionCode20*`) stands as the text before it.
    """
    name, *arguments = node
    if name == "and":
        bound: Texts = None
        for child in arguments:
            bound = _both(bound, needed_texts(child, field))
        return bound
    if name == "or":
        choices = [needed_texts(child, field) for child in arguments]
        bounded = [texts for texts in choices if texts is not None]
        return frozenset[str]().union(*bounded) if len(bounded) == len(choices) else None
    if name != "field" or arguments[0] != field:
        return None
    kind, *texts = arguments[1]
    if kind in {"is", "is_cased"}:
        return frozenset(map(fold, texts))
    if kind in {"like", "like_cased"} and all(glob_parts(glob)[1:] == [None] for glob in texts):
        return frozenset(fold(str(glob_parts(glob)[0])) for glob in texts)
    return None


def plain_name(name: str) -> str:
    """An event name without the version of its API."""
    return _VERSION.sub("", name)


def operations(api: ApiModels, call: Call) -> list[tuple[str, Sequence[ApiOperation]]]:
    """The API calls that a part is about, each with its source; none unless all of them are known."""
    if not call.sources or not call.names:
        return []
    found: list[tuple[str, Sequence[ApiOperation]]] = []
    for name in sorted(call.names):
        for source in sorted(call.sources):
            if known := api.operations(source, name) or api.operations(source, plain_name(name)):
                found.append((source, known))
                break
        else:
            return []
    return found


def has_call(api: ApiModels, source: str, name: str) -> bool:
    """Whether a source has an API call of that name, with or without a version."""
    return bool(api.operations(source, name) or api.operations(source, plain_name(name)))


def unknown_event(api: ApiModels, source: str, name: str, elsewhere: Iterable[str]) -> tuple[str, str] | None:
    """What is wrong with an event name of a source, and its cure; None where it may be right.

    Not every event is an API call, and not every call has a model, so a name is told only where it is all but
    that of a call, or that of a call of another source (of those in `elsewhere` first), or where it is worded
    like a call of a source of which every call has a model.
    """
    known = api.calls(source)
    if known is None or (source, name.lower()) in _LOGGED or not name.isalnum():
        return None
    if has_call(api, source, name):
        return None
    if _bare(name) in {_bare(each) for each in known}:  # S3's PutBucketPublicAccessBlock and its like
        return None
    message = f"`{source}` has no event `{name}` that AWS's models know"
    if near := nearest(name, known, cutoff=NEAR_EVENT):
        return message, f"did you mean `{near}`?"
    for other in elsewhere:
        if other != source and (found := api.operations(other, name)):
            return message, f"`{found[0].name}` is a call of `{other}`"
    if others := [other for other in api.sources_of(plain_name(name)) if other != source]:
        return message, f"`{name}` is a call of `{'`, `'.join(others[:_SOURCES_SHOWN])}`"
    if source.partition(".")[0] in _COMPLETE and _CALL.match(name):
        near = nearest(name, known)
        return message, f"did you mean `{near}`?" if near else "look the event's name up in a record"
    return None


def _bare(name: str) -> str:
    return name.lower().replace("bucket", "").replace("account", "")


def unknown_parameter(api: ApiModels, call: Call, field: str) -> tuple[str, str] | None:
    """What is wrong with a dotted field below a call's request or response, and its cure; None where nothing
    is, or where the calls are not known well enough to say."""
    side, *steps = field.split(".")
    if side not in {REQUEST, RESPONSE} or not steps:
        return None
    nears: list[tuple[str, str]] = []
    for source, known in operations(api, call):
        shapes = [each.request if side == REQUEST else each.response for each in known]
        near = _nearest_step(source, [shape for shape in shapes if shape is not None], steps, side)
        if near is None:
            return None
        nears.append((known[0].name, near))
    if not nears:
        return None
    name, near = nears[0]
    where = "takes" if side == REQUEST else "returns"
    return f"`{name}` {where} nothing that CloudTrail writes as `{field}`", f"did you mean `{side}.{near}`?"


def _nearest_step(source: str, shapes: list[ApiShape], steps: Sequence[str], side: str) -> str | None:
    """The path that is meant, where a step is all but a known name; None where nothing is wrong for sure."""
    for depth, step in enumerate(steps):
        shapes = [element for shape in shapes for element in _unwrapped(shape, step, depth, side)]
        if not shapes or any(shape.is_open for shape in shapes):
            return None
        known = {_spelled(name, source) for shape in shapes for name in shape.members}
        if not known:
            return None
        if depth == 0:
            known |= _EVERYWHERE | _UNTOLD.get(source, frozenset())
        if step not in known and (near := _meant(step, known, source)):
            return ".".join([*steps[:depth], near])
        if source in _LOOSE:
            return None
        shapes = [below for shape in shapes if (below := shape.member(step)) is not None]
    return None


def _unwrapped(shape: ApiShape, step: str, depth: int, side: str) -> Iterable[ApiShape]:
    """What a step goes into: a list's elements; a response's one member, whose shell CloudTrail drops."""
    while (element := shape.element()) is not None:
        shape = element
    yield shape
    if depth == 0 and side == RESPONSE and shape.member(step) is None:
        for name in shape.members:
            if (below := shape.member(name)) is not None and below.members:
                yield below


def _spelled(name: str, source: str) -> str:
    """A member's name as CloudTrail writes it."""
    if source.partition(".")[0] in _LOWER_CAMEL:
        return name[:1].lower() + name[1:]
    return name


def _meant(step: str, known: Iterable[str], source: str) -> str:
    """The known name that a step all but is; empty where it may be right."""
    lowered = step[:1].lower() + step[1:]
    known = {*known, *(name[:1].lower() + name[1:] for name in known)}
    if step in known or step.endswith(("Set", "Request", "Response", "Req")):
        return ""
    if step != lowered and lowered in known:
        return lowered if source.partition(".")[0] in _LOWER_CAMEL else ""
    in_camel = {name for name in known if name[:1].islower()}
    return nearest(step, in_camel, cutoff=NEAR)
