"""Who stands behind a temporary access key: learned from the records that say who was given it.

Whoever reads log files hands the records that meet `learning.LESSON` to `learning.LearnedSessions`, and puts
what that gives into a `SessionStore`; what words an alert asks the store by the access key that the alert's
record carries.
A session says who the caller was by itself alone, so records may come in any order: chains are followed when
they are asked for.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Protocol

from trailwarden.activity.kinds import Nature

_STS, _SIGN_IN = "sts.amazonaws.com", "signin.amazonaws.com"
CREDENTIAL_EVENTS: Mapping[str, str] = {
    "AssumeRole": _STS,
    "AssumeRoleWithSAML": _STS,
    "AssumeRoleWithWebIdentity": _STS,
    "AssumeRoot": _STS,
    "ConsoleLogin": _SIGN_IN,
    "GetFederationToken": _STS,
    "GetSessionToken": _STS,
    "GetSigninToken": _SIGN_IN,
    "SwitchRole": _SIGN_IN,
}
"""Events that issue credentials, and the source of each: another service's event of that name issues none."""
CHAIN_AT_MOST = 32


@dataclass(frozen=True, slots=True)
class Session:
    """Who was given a temporary access key, as the record that issued it says by itself."""

    access_key_id: str
    who: str
    """The caller's short name: `alice`, `role Deploy`."""
    label: str
    """The caller's stable name, with its session: `role Deploy (session ci)`."""
    issued_by: str
    """The event that said so: `AssumeRole`, …"""
    time: str | None = None
    """`YYYY-MM-DDTHH:MM:SSZ`, when it was issued."""
    expires: str | None = None
    """The same, when it ends; where the record does not say, as late as such credentials can."""
    behind: str | None = None
    """Who stands behind the caller, where its record vouches for it."""
    parent_key_id: str | None = None
    """The access key that the caller used: a temporary one leads further up the chain."""
    source_identity: str | None = None
    session_name: str | None = None
    """The name that the caller gave the new session."""
    is_session: bool = False
    """Whether the caller is a role session itself, so that somebody else stands behind it."""
    nature: Nature = Nature.UNKNOWN
    reason: str = ""
    vouched: bool = True
    """False where the record tells the caller's account alone: in the account of a role that another account
    assumes. The caller's own trail tells more of the same key."""

    @property
    def rank(self) -> str:
        """Of two records of one key the session of higher rank stays, whichever came first."""
        content = json.dumps(asdict(self), sort_keys=True).encode()
        return f"{int(self.vouched)}#{hashlib.sha256(content).hexdigest()[:16]}"


class SessionLookup(Protocol):
    """What readers ask."""

    def get(self, access_key_id: str) -> Session | None:
        """Who was given this access key; None where that is not known (yet)."""


class SessionStore(SessionLookup, Protocol):
    """Where sessions are kept until some days after they expire.

    Of the sessions of one key the one of the highest rank is given, whatever came first, and however often.
    """

    def put(self, session: Session) -> None:
        """Keep it. May be repeated: the same session changes nothing."""

    def put_all(self, sessions: Iterable[Session]) -> None:
        """Keep them, all or (where this raises) perhaps some; then all must be put again."""


def ancestors(access_key_id: str, sessions: SessionLookup) -> Sequence[Session]:
    """Who was given the key, then who was given that one's, and so on: the nearest first.

    At most 32, and each key once, so that no forged or looping chain costs more. Long-term keys were issued
    by no record, and are not asked for.
    """
    chain: list[Session] = []
    seen: set[str] = set()
    key: str | None = access_key_id
    while key is not None and is_temporary(key) and key not in seen and len(chain) < CHAIN_AT_MOST:
        seen.add(key)
        session = sessions.get(key)
        if session is None:
            break
        chain.append(session)
        key = session.parent_key_id if session.is_session else None
    return chain


def is_cut(chain: Sequence[Session]) -> bool:
    """Whether the chain went on when its bound was reached, so that its end says nothing of who began it."""
    return len(chain) >= CHAIN_AT_MOST and chain[-1].is_session and not chain[-1].behind


def is_temporary(access_key_id: str) -> bool:
    """Whether STS issued the key: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html"""
    return access_key_id.startswith("ASIA")
