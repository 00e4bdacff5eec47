"""Who acted: a name for people, the stable label for groups, and who stands behind a role."""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace

import msgspec

from trailwarden.activity.identity import Identity, delegate_name, identity_of
from trailwarden.activity.model import AccountInfo, Actor, ActorKind, Nature
from trailwarden.activity.nature import issuer_host, machine_provider, nature_of
from trailwarden.activity.services import service_name
from trailwarden.activity.sessions import CHAIN_AT_MOST, Session, SessionLookup, ancestors, is_cut
from trailwarden.activity.text import NAME_LIMIT, mapping, role_path_begins, text
from trailwarden.delivery.records import Record
from trailwarden.safety.text import UNKNOWN, one_line, shorten

ANONYMOUS = "anonymous caller"
"""Who showed no credentials: no actor, so one of many; the address follows."""
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
_LABEL_LIMIT = 200
_CHAIN_LIMIT = 240
_REMEMBERED, _LONGEST_REMEMBERED = 1024, 2048
_encode = msgspec.json.Encoder().encode
_labels: dict[bytes, str] = {}
_PERMISSION_SET = re.compile(r"AWSReservedSSO_(.+)_[0-9a-f*]{1,32}")
_AS_DELEGATE = " as delegate of "
_DELEGATE = re.compile(rf"\baccount (\d{{12}})({_AS_DELEGATE})")
_SSO_PATH = "/aws-reserved/sso.amazonaws.com/"
_SESSIONS = frozenset({ActorKind.ASSUMED_ROLE, ActorKind.ROOT, ActorKind.ASSUMED_ROOT})
# Whoever issues their credentials chooses their names.
_NAMED_BY_OTHERS = {ActorKind.WEB_IDENTITY, ActorKind.FEDERATED_USER}
_TOO_LONG = f"somebody unknown (more than {CHAIN_AT_MOST} sessions before)"
# Identity providers check their users' MFA themselves; AWS then says `false`, or `No`, always.
_MFA_UNKNOWN = {
    ActorKind.SAML_USER,
    ActorKind.WEB_IDENTITY,
    ActorKind.IDENTITY_CENTER_USER,
    ActorKind.FEDERATED_USER,
}


def actor_label(record: Record) -> str:
    """The actor's stable name, from the record alone: `user alice`, `role Admin (session bob)`.

    Who acts does so again and again: what was read of an identity is remembered, within bounds, since callers
    choose their names."""
    return _placed(_label_of_identity(record), record)


def _placed(label: str, record: Record) -> str:
    """The label; callers without an identity are told apart by their addresses."""
    if label != ANONYMOUS:
        return label
    address = text(record, "sourceIPAddress")
    return one_line(f"{label} at {address}", _LABEL_LIMIT) if address else label


def _label_of_identity(record: Record) -> str:
    try:
        identity = _encode(record.get("userIdentity"))
    except (
        ValueError,
        OverflowError,
        RecursionError,
    ):  # half a character; a number, or a nesting, beyond all
        return label_of(identity_of(record))
    if len(identity) > _LONGEST_REMEMBERED:
        return label_of(identity_of(record))
    label = _labels.get(identity)
    if label is None:
        if len(_labels) >= _REMEMBERED:
            _labels.clear()
        label = _labels[identity] = label_of(identity_of(record))
    return label


def label_of(identity: Identity) -> str:
    """The stable name; `unknown` where the record has no identity."""
    label = _LABELS.get(identity.kind)
    return one_line(_by_delegate(identity, label(identity) if label else identity.principal), _LABEL_LIMIT)


def _by_delegate(identity: Identity, name: str) -> str:
    """`account 444455556666 as delegate of user alice`: a company outside that acts with access which the
    identity delegated to it is somebody else than the identity."""
    return f"{delegate_name(identity.delegate)}{_AS_DELEGATE}{name}" if identity.delegate else name


def principal_of(record: Record) -> str:
    """Who acted, in full, to tell apart who has the same label in two accounts; empty if the record hides it.

    A role's sessions count as the role, whose holders choose the sessions' names; those of Identity Center as
    the persons that they are named after; a delegate is another principal than whoever delegated."""
    identity = identity_of(record)
    principal = _own_principal(record, identity)
    return _by_delegate(identity, principal) if principal else ""


def _own_principal(record: Record, identity: Identity) -> str:
    session = identity.session if permission_set_of(identity) else None
    if identity.kind is ActorKind.ASSUMED_ROLE and (identity.issuer_arn or identity.role):
        name = identity.issuer_arn or f"role {identity.role} of account {identity.account_id or UNKNOWN}"
        return f"{name} ({session})" if session else name
    name = identity.arn or _placed(label_of(replace(identity, delegate=None)), record)
    if HIDDEN in {identity.user_name, identity.principal_id}:
        return ""
    return name if identity.arn or not identity.account_id else f"{name} of account {identity.account_id}"


def _assumed_root_label(identity: Identity) -> str:
    return f"root session of {identity.account_id or UNKNOWN}"


def _root_label(identity: Identity) -> str:
    return f"root of {identity.account_id or UNKNOWN}"


def _user_name(identity: Identity) -> str:
    return identity.user_name or (identity.arn or "").rpartition("/")[2] or identity.principal


def _role_label(identity: Identity) -> str:
    if identity.stated_type == "Role":
        return f"role {identity.user_name or identity.principal}"
    if identity.role and identity.session:
        return f"role {identity.role} (session {identity.session})"
    return f"role {identity.role}" if identity.role else identity.principal


def _service_label(identity: Identity) -> str:
    service = identity.invoked_by or identity.principal_id or UNKNOWN
    return service if service.startswith("AWS ") else f"AWS service {service}"


def _account_label(identity: Identity) -> str:
    return f"account {identity.account_id or identity.principal_id or UNKNOWN}"


def _named(kind: str) -> Callable[[Identity], str]:
    return lambda identity: f"{kind} {identity.user_name or identity.principal}"


def _identity_center_label(identity: Identity) -> str:
    return f"Identity Center user {identity.user_name or identity.on_behalf_of or identity.principal}"


_LABELS: dict[ActorKind, Callable[[Identity], str]] = {
    ActorKind.ROOT: _root_label,
    ActorKind.ASSUMED_ROOT: _assumed_root_label,
    ActorKind.ANONYMOUS: lambda _: ANONYMOUS,
    ActorKind.IAM_USER: lambda identity: f"user {_user_name(identity)}",
    ActorKind.ASSUMED_ROLE: _role_label,
    ActorKind.FEDERATED_USER: _named("federated user"),
    ActorKind.SAML_USER: _named("SAML user"),
    ActorKind.WEB_IDENTITY: _named("web identity"),
    ActorKind.IDENTITY_CENTER_USER: _identity_center_label,
    ActorKind.DIRECTORY: _named("directory user"),
    ActorKind.AWS_SERVICE: _service_label,
    ActorKind.AWS_ACCOUNT: _account_label,
}


def permission_set_of(identity: Identity) -> str | None:
    """The permission set of an Identity Center session; None for other roles.

    Only Identity Center makes roles under its reserved path, and there it names sessions after its users. A
    role of that name elsewhere is somebody's who wishes to look like it; without the role's ARN, and so
    without its path, nobody vouches for the session's name.
    """
    found = _PERMISSION_SET.fullmatch(identity.role or "")
    return found[1] if found and role_path_begins(identity.issuer_arn, _SSO_PATH) else None


def actor_of(record: Record, sessions: SessionLookup | None = None) -> Actor:
    """The actor of a record; `sessions` tells who stands behind a role, where it is known."""
    identity = identity_of(record)
    permission_set = permission_set_of(identity)
    nature, reason = nature_of(record, identity, permission_set)
    name, behind, chain = _names(identity, permission_set)
    actor = Actor(
        name=name,
        label=_placed(label_of(identity), record),
        kind=identity.kind,
        account_id=identity.account_id,
        arn=identity.arn,
        session=identity.session,
        issuer=_issuer(identity, permission_set),
        access_key_id=identity.access_key_id,
        mfa=_mfa(record, identity, permission_set),
        nature=nature,
        reason=one_line(reason, _LABEL_LIMIT),
        through=shorten(chain, _CHAIN_LIMIT),
        behind=behind,
        source_identity=identity.source_identity,
        delegate=identity.delegate,
    )
    # Who stands behind the identity's own session is not who acts as its delegate.
    return actor if sessions is None or identity.delegate else _with_sessions(actor, sessions)


def _names(identity: Identity, permission_set: str | None) -> tuple[str, str | None, str]:
    """The short name, who stands behind, and the whole chain."""
    own = replace(identity, delegate=None)
    name = _name(own, permission_set)
    behind, chain = _from_the_record(own, permission_set, name)
    if identity.delegate is None:
        return name, behind, chain
    # Whoever a delegate acts for is part of its name; nobody but the account stands behind it.
    name = one_line(_by_delegate(identity, name), NAME_LIMIT)
    return name, name, _by_delegate(identity, chain)


def _name(identity: Identity, permission_set: str | None) -> str:
    """The short name, without the session: who shares a role shares it."""
    if permission_set and identity.session:
        name = identity.session
    elif identity.kind is ActorKind.ASSUMED_ROLE:
        name = f"role {identity.role}" if identity.role else _role_label(identity)
    elif identity.kind is ActorKind.IAM_USER:
        name = _user_name(identity)
    elif identity.kind is ActorKind.AWS_SERVICE:
        name = service_name(identity.invoked_by or identity.principal_id)
    elif identity.kind is ActorKind.ANONYMOUS:
        name = f"an {ANONYMOUS}"
    elif identity.kind in _MFA_UNKNOWN | {ActorKind.DIRECTORY} and identity.user_name:
        name = identity.user_name
    elif identity.kind is ActorKind.FEDERATED_USER and identity.arn:
        name = identity.arn.rpartition("/")[2]
    else:
        name = label_of(identity)
    return one_line(name, NAME_LIMIT)


def _from_the_record(identity: Identity, permission_set: str | None, name: str) -> tuple[str | None, str]:
    """Who stands behind, and the whole chain, as far as the record itself vouches for it."""
    if permission_set and identity.session:
        person = _claiming(identity.session, identity.source_identity)
        return identity.session, f"{person} through permission set {permission_set}"
    if identity.kind is ActorKind.FEDERATED_USER:
        issuer, user = identity.issuer_name, f"federated user {name}"
        return (issuer, f"{issuer} through {user}") if issuer else (None, user)
    if identity.kind is ActorKind.WEB_IDENTITY:
        return None, _with_provider(identity, name)
    if identity.kind is not ActorKind.ASSUMED_ROLE:
        return None, name
    behind = None
    if identity.ec2_delivered and identity.session:
        behind = f"EC2 instance {identity.session}"
    elif identity.scope:
        behind = scope_name(identity.scope)
    if behind:
        return behind, f"{_claiming(behind, identity.source_identity)} through {name}"
    return None, _claiming(label_of(identity), identity.source_identity)


def _with_provider(identity: Identity, name: str) -> str:
    """A web identity with the provider that named it, unless the whole world knows that one: anyone may run
    a provider, and have it name them after somebody else."""
    if machine_provider(identity):
        return name
    provider = issuer_host(identity.provider or "") or identity.provider or UNKNOWN
    return one_line(f"{name} (by its identity provider {provider})", _LABEL_LIMIT)


def _claiming(name: str, source_identity: str | None) -> str:
    """The name, with the source identity where that says another: whoever assumes a role chooses it, unless a
    policy that no record shows leaves no choice."""
    if not source_identity or source_identity.casefold() == name.casefold():
        return name
    claim = f"calls itself {source_identity}"
    return f"{name[:-1]}, {claim})" if name.endswith(")") else f"{name} ({claim})"


def scope_name(arn: str) -> str:
    """`Lambda function resize` of the ARN that credentials were issued to."""
    parts = arn.split(":")
    service = parts[2] if len(parts) > 2 else ""
    last = arn.replace("/", ":").rpartition(":")[2]
    kinds = {"lambda": "Lambda function", "ec2": "EC2 instance", "ecs": "ECS task", "eks": "EKS pod"}
    return one_line(
        f"{kinds.get(service, service_name(service) if service else 'resource')} {last}", NAME_LIMIT
    )


def _issuer(identity: Identity, permission_set: str | None) -> str | None:
    if permission_set:
        return f"permission set {permission_set}"
    if identity.kind in {ActorKind.SAML_USER, ActorKind.WEB_IDENTITY} or not identity.issuer_name:
        return identity.provider
    kind = {"Role": "role", "IAMUser": "user", "Root": "root"}.get(identity.issuer_type or "", "")
    return one_line(f"{kind} {identity.issuer_name}", NAME_LIMIT)


def _mfa(record: Record, identity: Identity, permission_set: str | None) -> bool | None:
    if identity.kind in _MFA_UNKNOWN or permission_set or identity.provider or identity.delegate:
        return None
    used = {"Yes": True, "No": False}.get(str(mapping(record.get("additionalEventData")).get("MFAUsed")))
    if used is not None and identity.kind is not ActorKind.ASSUMED_ROLE:
        return used
    return identity.mfa


def _with_sessions(actor: Actor, sessions: SessionLookup) -> Actor:
    """The actor, and who was given its access key, and so on up the chain."""
    federated = actor.kind is ActorKind.FEDERATED_USER and not actor.behind
    if not (actor.kind in _SESSIONS or federated) or not actor.access_key_id:
        return actor
    chain = ancestors(actor.access_key_id, sessions)
    if not chain:
        return actor
    first = chain[-1]
    source = actor.source_identity or next((s.source_identity for s in chain if s.source_identity), None)
    cut = is_cut(chain)
    top = _TOO_LONG if cut else first.behind or (first.label if first.is_session else first.who)
    steps = [first.who] if cut or first.behind or not first.is_session else []
    names = [*steps, *(session.who for session in reversed(chain[:-1])), _as_a_step(actor)]
    person = actor.behind or top
    passed = [name for name in dict.fromkeys(names) if name != person]
    if actor.behind and top not in {person, *passed}:
        passed.insert(0, top)
    begins = _claiming(person, source)
    through = " through ".join([begins, *passed[:1]]) + "".join(f", {name}" for name in passed[1:])
    nature, reason = actor.nature, actor.reason
    if nature is Nature.UNKNOWN and first.nature is not Nature.UNKNOWN and not cut:
        nature, reason = first.nature, f"{first.who} assumed it: {first.reason}"
    return replace(
        actor,
        behind=person if person not in {_TOO_LONG, actor.name} else actor.behind,
        through=shorten(through, _CHAIN_LIMIT),
        source_identity=source,
        nature=nature,
        reason=one_line(reason, _LABEL_LIMIT),
    )


def _as_a_step(actor: Actor) -> str:
    return actor.through if actor.kind is ActorKind.FEDERATED_USER else actor.name


def with_account_names(actor: Actor, accounts: Mapping[str, AccountInfo]) -> Actor:
    """The actor with the names of the accounts that act as delegates, in what is written for people."""

    def named(found: re.Match[str]) -> str:
        info = accounts.get(found[1])
        return f"account {info.name} ({found[1]}){found[2]}" if info and info.name else found[0]

    through = shorten(_DELEGATE.sub(named, actor.through), _CHAIN_LIMIT)
    if through == actor.through:
        return actor
    return replace(actor, through=through, behind=actor.behind and _DELEGATE.sub(named, actor.behind))


def session_of(actor: Actor, *, access_key_id: str, issued_by: str) -> Session:
    """The session that an actor was given."""
    return Session(
        access_key_id=access_key_id,
        who=actor.through if actor.kind in _NAMED_BY_OTHERS and not actor.behind else actor.name,
        label=actor.label,
        issued_by=issued_by,
        behind=actor.behind,
        parent_key_id=actor.access_key_id,
        source_identity=actor.source_identity,
        is_session=actor.is_session,
        nature=actor.nature,
        reason=actor.reason,
        vouched=actor.kind not in {ActorKind.AWS_ACCOUNT, ActorKind.ANONYMOUS, ActorKind.UNKNOWN},
    )
