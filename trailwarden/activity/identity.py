"""`userIdentity`, read once: its fields wherever the record's writer put them.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trailwarden.activity.model import ActorKind
from trailwarden.activity.services import is_service
from trailwarden.activity.text import arn_account, arn_resource, arn_service, mapping, text
from trailwarden.delivery.records import Record
from trailwarden.safety.text import UNKNOWN

_ARN_LIMIT = 300
_KINDS = {
    "Root": ActorKind.ROOT,
    "IAMUser": ActorKind.IAM_USER,
    "User": ActorKind.IAM_USER,
    "AssumedRole": ActorKind.ASSUMED_ROLE,
    "Role": ActorKind.ASSUMED_ROLE,
    "FederatedUser": ActorKind.FEDERATED_USER,
    "SAMLUser": ActorKind.SAML_USER,
    "WebIdentityUser": ActorKind.WEB_IDENTITY,
    "IdentityCenterUser": ActorKind.IDENTITY_CENTER_USER,
    "Directory": ActorKind.DIRECTORY,
    "AWSService": ActorKind.AWS_SERVICE,
    "AWSAccount": ActorKind.AWS_ACCOUNT,
}
KNOWN_TYPES = frozenset(_KINDS)
_NAMELESS_TYPES = (None, "", "AWSAccount", "Unknown")
_NAMES = ("arn", "userName", "accessKeyId", "invokedBy")
_ANONYMOUS = frozenset({"anonymous", "anonymous_principal", "unauthenticated"})
# What an ARN's resource begins with, where the type is missing, or not one of those above.
_ARN_KINDS = (
    ("root", ActorKind.ROOT),
    ("user/", ActorKind.IAM_USER),
    ("assumed-role/", ActorKind.ASSUMED_ROLE),
    ("role/", ActorKind.ASSUMED_ROLE),
    ("federated-user/", ActorKind.FEDERATED_USER),
)


@dataclass(frozen=True, slots=True)
class Identity:
    """The identity's texts, each one line, None where it has none."""

    kind: ActorKind
    stated_type: str | None
    arn: str | None
    account_id: str | None
    user_name: str | None
    principal_id: str | None
    access_key_id: str | None
    invoked_by: str | None
    role: str | None
    session: str | None
    issuer_arn: str | None
    issuer_type: str | None
    issuer_name: str | None
    provider: str | None
    """The identity provider: a SAML provider's ARN, or an OpenID Connect issuer's address."""
    source_identity: str | None
    mfa: bool | None
    ec2_delivered: bool
    """Whether EC2's metadata service handed out the credentials (`ec2RoleDelivery`)."""
    scope: str | None
    """The function or task that the credentials were issued to (`inScopeOf`)."""
    on_behalf_of: str | None
    """The Identity Center user's id."""
    delegate: str | None
    """The account that acts with temporary access which this identity delegated to it (`invokedByDelegate`);
    None where the identity acts itself."""

    @property
    def principal(self) -> str:
        """What names the identity where nothing better does."""
        parts = (self.arn, self.user_name, self.principal_id, self.invoked_by, self.account_id)
        return next((part for part in parts if part), UNKNOWN)


def identity_of(record: Record) -> Identity:
    """The identity of a record; one of kind `UNKNOWN`, without texts, where it has none."""
    stated = mapping(record.get("userIdentity"))
    context = mapping(stated.get("sessionContext", stated.get("sessioncontext")))
    issuer = mapping(context.get("sessionIssuer", context.get("sessionissuer")))
    attributes = mapping(context.get("attributes"))
    federation = mapping(context.get("webIdFederationData"))
    arn = text(stated, "arn", limit=_ARN_LIMIT)
    principal_id = text(stated, "principalId", limit=_ARN_LIMIT)
    invoked_by = text(stated, "invokedBy")
    kind = _kind(text(stated, "type"), arn, invoked_by)
    if kind is ActorKind.ROOT and _truth(context.get("assumedRoot")):
        kind = ActorKind.ASSUMED_ROOT
    elif _is_anonymous(stated):
        kind = ActorKind.ANONYMOUS
    role, session = _role_and_session(arn, principal_id) if kind is ActorKind.ASSUMED_ROLE else (None, None)
    issuer_name = text(issuer, "userName")
    return Identity(
        kind=kind,
        stated_type=text(stated, "type"),
        arn=arn,
        account_id=None if kind is ActorKind.ANONYMOUS else text(stated, "accountId") or arn_account(arn),
        user_name=text(stated, "userName"),
        principal_id=principal_id,
        access_key_id=text(stated, "accessKeyId"),
        invoked_by=invoked_by,
        role=issuer_name or role,
        session=session,
        issuer_arn=text(issuer, "arn", limit=_ARN_LIMIT),
        issuer_type=text(issuer, "type"),
        issuer_name=issuer_name,
        provider=text(federation, "federatedProvider") or text(stated, "identityProvider"),
        source_identity=text(context, "sourceIdentity"),
        mfa=_truth(attributes.get("mfaAuthenticated", attributes.get("mfaauthenticated"))),
        ec2_delivered=bool(context.get("ec2RoleDelivery")),
        scope=_scope(stated),
        on_behalf_of=text(mapping(stated.get("onBehalfOf")), "userId"),
        delegate=_delegate(stated.get("invokedByDelegate")),
    )


def _kind(stated: str | None, arn: str | None, invoked_by: str | None) -> ActorKind:
    if stated in _KINDS:
        return _KINDS[stated]
    resource = arn_resource(arn) if arn and arn.startswith("arn:") else ""
    for start, kind in _ARN_KINDS:
        if resource.startswith(start):
            return kind
    return ActorKind.AWS_SERVICE if invoked_by and is_service(invoked_by) else ActorKind.UNKNOWN


def _is_anonymous(stated: Mapping[str, Any]) -> bool:
    """Whether the caller showed no credentials: S3 and other services then write `anonymous`, or
    `ANONYMOUS_PRINCIPAL`, for an account or a principal, and Cognito the type `Unknown` with nothing else.
    """
    if stated.get("type") not in _NAMELESS_TYPES or any(text(stated, name) for name in _NAMES):
        return False
    given = [found.lower() for name in ("accountId", "principalId") if (found := text(stated, name))]
    if not given:
        return stated.get("type") == "Unknown"
    return any(found in _ANONYMOUS for found in given)


def _role_and_session(arn: str | None, principal_id: str | None) -> tuple[str | None, str | None]:
    """`arn:aws:sts::<account>:assumed-role/<role>/<session>`; the principal id ends in `:<session>`."""
    kind, _, path = arn_resource(arn or "").partition("/")
    role, session = "", ""
    if kind == "assumed-role":
        role, _, session = path.partition("/")
    elif kind == "role":
        role = path.rpartition("/")[2]
    return role or None, session or (principal_id or "").partition(":")[2] or None


def _scope(stated: Mapping[str, Any]) -> str | None:
    """The resource that the credentials were issued to: `inScopeOf` may name the role as well."""
    scope = mapping(stated.get("inScopeOf"))
    arns = (text(scope, name, limit=_ARN_LIMIT) for name in ("credentialsIssuedTo", "sourceArn"))
    return next((arn for arn in arns if arn_service(arn) not in {"", "iam"}), None)


def _delegate(stated: Any) -> str | None:
    """The product provider's account: `unknown` where only its presence says that another account acts.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/temporary-delegation-cloudtrail.html
    """
    if stated is None:
        return None
    return text(mapping(stated), "accountId") or UNKNOWN


def delegate_name(account_id: str) -> str:
    """`account 444455556666`, or `an unknown account`."""
    return f"an {UNKNOWN} account" if account_id == UNKNOWN else f"account {account_id}"


def _truth(value: Any) -> bool | None:
    return {"true": True, "false": False}.get(str(value).lower())
