"""The fields that CloudTrail's records have, at every depth at which they are fixed, and the normalised ones.

Names are compared as they are written: a field in another case is another field, which no record has.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

import difflib
import re
from collections.abc import Iterable, Mapping
from typing import Final, Union

Fields = Mapping[str, Union["Fields", None]]

_ANYTHING: Final = None
"""Below such a field there may be anything."""
_VALUE: Fields = {}
"""Such a field holds a value, and nothing below it."""


def _values(names: str) -> Fields:
    return dict.fromkeys(names.split(), _VALUE)


_IDENTITY: Fields = {
    **_values("accessKeyId accountId arn credentialId identityProvider invokedBy principalId type userName"),
    "inScopeOf": _values("credentialsIssuedTo issuerType sourceAccount sourceArn"),
    "invokedByDelegate": _values("accountId"),
    "onBehalfOf": _values("identityStoreArn userId"),
    "sessionContext": {
        **_values("assumedRoot ec2RoleDelivery signInSessionArn sourceIdentity"),
        "attributes": _values("creationDate mfaAuthenticated sessionCredentialFromConsole"),
        "sessionIssuer": _values("accountId arn principalId type userName"),
        "webIdFederationData": {**_values("federatedProvider"), "attributes": _ANYTHING},
    },
}
RECORD_FIELDS: Fields = {
    **_values(
        """apiVersion awsRegion errorCode errorMessage eventCategory eventID eventId eventName eventSource
        eventTime eventType eventVersion managementEvent readOnly recipientAccountId requestID
        sessionCredentialFromConsole sharedEventID sourceIPAddress userAgent vpcEndpointAccountId
        vpcEndpointId"""
    ),
    "addendum": _values("originalEventID originalRequestID originalUID reason updatedFields"),
    "additionalEventData": _ANYTHING,
    "edgeDeviceDetails": _ANYTHING,
    "eventContext": _ANYTHING,
    "insightDetails": _ANYTHING,
    "requestParameters": _ANYTHING,
    "resources": _values("ARN ARNPrefix accountId arn type"),
    "responseElements": _ANYTHING,
    "serviceEventDetails": _ANYTHING,
    "tlsDetails": _values("cipherSuite clientProvidedHostHeader keyExchange tlsVersion"),
    "userIdentity": _IDENTITY,
}
_NORMALISED = """
    account action action.infinitive action.outcome action.service actor actor.account actor.delegate
    actor.issuer actor.kind actor.mfa actor.name actor.nature actor.session actor.source_identity origin
    origin.attack_tool origin.service origin.vpc_endpoint outcome region sentence target targets tool"""
NORMALISED: frozenset[str] = frozenset(_NORMALISED.split())
"""What a record tells in other words (docs/fields.md); no field of CloudTrail has such a name, or begins so.
`activity.fields` reads them: a test holds the two together."""
WORDS: Mapping[str, tuple[str, ...]] = {
    "action.outcome": ("done", "denied", "failed"),
    "actor.kind": (
        "root",
        "assumed_root",
        "iam_user",
        "assumed_role",
        "federated_user",
        "saml_user",
        "web_identity",
        "identity_center_user",
        "aws_service",
        "aws_account",
        "directory",
        "anonymous",
    ),
    "actor.mfa": ("true", "false"),
    "actor.nature": ("person", "automation", "aws_service"),
    "origin.attack_tool": ("true", "false"),
}
"""The normalised fields that hold one of a few words."""
_TRUTHS = ("true", "false")
_IDENTITY_TYPES = """
    AssumedRole AWSAccount AWSService Directory FederatedUser IAMUser IdentityCenterUser Role Root SAMLUser
    Unknown User WebIdentityUser"""
CLOSED: Mapping[str, tuple[str, ...]] = {
    "userIdentity.type": tuple(_IDENTITY_TYPES.split()),
    "userIdentity.sessionContext.sessionIssuer.type": ("Role", "IAMUser", "Root", "User"),
    "userIdentity.sessionContext.attributes.mfaAuthenticated": _TRUTHS,
    "userIdentity.sessionContext.assumedRoot": _TRUTHS,
    "eventType": (
        *("AwsApiCall", "AwsServiceEvent", "AwsConsoleAction", "AwsConsoleSignIn", "AwsCloudTrailInsight"),
        *("AwsVpceEvent", "AwsAggregatedEvent"),
    ),
    "eventCategory": ("Management", "Data", "NetworkActivity", "Insight", "Aggregated"),
    "readOnly": _TRUTHS,
    "managementEvent": _TRUTHS,
    "sessionCredentialFromConsole": _TRUTHS,
}
"""The fields of CloudTrail's records that hold one of a few words, in any case."""
NAMING: frozenset[str] = frozenset(
    {"awsRegion", "eventCategory", "eventName", "eventSource", "eventType", "userIdentity.type"}
)
"""The fields that hold one name, without spaces or commas."""
_BRACKETS = re.compile(r"\[[^\]]*\]?|\]")
_PATH = re.compile(r"[^\s.|{}]+(?:\.[^.|{}\x00-\x1f]+)*")
_MEANT: Mapping[str, str] = {
    "username": "userIdentity.userName",
    "user": "userIdentity.userName",
    "src_ip": "sourceIPAddress",
    "sourceip": "sourceIPAddress",
    "region": "awsRegion",
    "account": "recipientAccountId",
    "account_id": "recipientAccountId",
}
"""What other logs call a field that CloudTrail has under another name."""
RECORDS_OWN: Mapping[str, str] = {
    "account": "recipientAccountId",
    "region": "awsRegion",
    "action": "eventName",
    "actor": "userIdentity.arn",
    "origin": "sourceIPAddress",
    "outcome": "errorCode",
    "target": "resources.ARN",
    "targets": "resources.ARN",
    "tool": "userAgent",
}
"""The record's own field that is like a normalised one."""


def wrong_path(name: str) -> tuple[str, str] | None:
    """What keeps a text from being a field's path, and the cure; None where it is one.

    AWS names the record's own fields; below them, keys may have slashes, colons, spaces and quotes.
    """
    if _BRACKETS.search(name):
        plain = _BRACKETS.sub("", name).strip(".")
        cure = "a list is walked element by element" + (f": write `{plain}`" if plain else "")
        return f"`{name}` is no field: brackets are not evaluated", cure
    if not _PATH.fullmatch(name):
        return f"`{name}` is no field", "write a dotted path, such as userIdentity.arn"
    return None


def unknown_name(name: str) -> tuple[str, str] | None:
    """What is wrong with a field that a detection names, and its cure; None where it is a normalised one, or
    where CloudTrail's records may have it."""
    if name in NORMALISED:
        return None
    told = unknown_field(name)
    if told is None:
        return None
    head, dot, _ = name.partition(".")
    if dot and head in _HEADS:
        below = sorted(each for each in NORMALISED if each.startswith(f"{head}."))
        near = nearest(name, below or [head])
        return (
            f"there is no normalised field `{name}`",
            f"did you mean `{near}`?" if near else f"known are {', '.join(below or [head])}",
        )
    near = "" if dot or "did you mean" in told[1] else nearest(name, NORMALISED, cutoff=0.8)
    return (told[0], f"did you mean `{near}`?") if near else told


def unknown_field(field: str) -> tuple[str, str] | None:
    """What is wrong with a dotted field, and its cure; None where CloudTrail's records may have it."""
    known: Fields = RECORD_FIELDS
    steps = field.split(".")
    for depth, name in enumerate(steps):
        if name not in known:
            above = ".".join(steps[:depth])
            if not known:
                return f"`{above}` is a plain value, and has no field `{name}`", f"write `{above}`"
            where = f"`{above}` has" if above else "CloudTrail's records have"
            message = f"{where} no field `{name}`, so `{field}` is always missing"
            return message, _cure(above, name, known)
        below = known[name]
        if below is _ANYTHING:
            return None
        known = below
    return None


_HEADS = frozenset(name.partition(".")[0] for name in NORMALISED)


def _cure(above: str, name: str, known: Fields) -> str:
    elsewhere = {each.rpartition(".")[2].lower(): each for each in _paths(_IDENTITY, "userIdentity")}
    near = nearest(name, known, cutoff=0.75)
    if near:
        near = f"{above}.{near}" if above else near
    elif above.startswith("userIdentity") or not above:
        near = _MEANT.get(name.lower()) or elsewhere.get(name.lower(), "")
    if near or (near := nearest(name, known)):
        return f"did you mean `{near}`?"
    if above:
        return f"known are {', '.join(sorted(known))}"
    return "fields are named as in CloudTrail's records, in their case"


def _paths(fields: Fields, above: str) -> Iterable[str]:
    """The dotted paths below `above`, the longest first, so that the shortest is what is found by name."""
    for name, below in fields.items():
        if below:
            yield from _paths(below, f"{above}.{name}")
    for name in fields:
        yield f"{above}.{name}"


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """The known name that is most like a name, case aside; empty where none is."""
    by_folded = {each.lower(): each for each in sorted(known)}
    near = difflib.get_close_matches(name.lower(), by_folded, n=1, cutoff=cutoff)
    return by_folded[near[0]] if near else ""
