"""Who stands behind a temporary access key: learned from the records that say who was given it.

`detect` hands every record whose `eventName` is in `CREDENTIAL_EVENTS` to `learn`, and puts what it gives
into a `SessionStore`; what words an alert asks the store by the access key that the alert's record carries.
A session says who the caller was by itself alone, so records may come in any order: chains are followed when
they are asked for.
"""

from dataclasses import dataclass
from typing import Protocol

CREDENTIAL_EVENTS: frozenset[str] = frozenset(
    {
        "AssumeRole",
        "AssumeRoleWithSAML",
        "AssumeRoleWithWebIdentity",
        "AssumeRoot",
        "ConsoleLogin",
        "GetFederationToken",
        "GetSessionToken",
        "SwitchRole",
    }
)


@dataclass(frozen=True, slots=True)
class Session:
    """Who was given a temporary access key."""

    access_key_id: str
    who: str
    """The actor's name: `alice`, `role Deploy`."""
    issued_by: str
    """The event that said so: `AssumeRole`, …"""
    time: str | None = None
    """`YYYY-MM-DDTHH:MM:SSZ`, when it was issued."""
    expires: str | None = None
    parent_key_id: str | None = None
    """The access key that the caller used: a temporary one leads further up the chain."""
    source_identity: str | None = None
    session_name: str | None = None
    is_session: bool = False
    """Whether `who` is a role session itself, so that somebody else stands behind it."""


class SessionLookup(Protocol):
    """What readers ask."""

    def get(self, access_key_id: str) -> Session | None:
        """Who was given this access key; None where that is not known (yet)."""


class SessionStore(SessionLookup, Protocol):
    """Where sessions are kept until some days after they expire."""

    def put(self, session: Session) -> None:
        """Keep it. May be repeated: the same session changes nothing."""
