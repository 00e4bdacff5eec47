"""Sessions, as long as the process lives."""

from collections.abc import Iterable

from trailwarden.activity.sessions import Session


class MemorySessionStore:
    """A `SessionStore` in memory, which holds at most `limit` sessions; the oldest goes first."""

    def __init__(self, limit: int = 100_000) -> None:
        self._limit = limit
        self._sessions: dict[str, Session] = {}

    def get(self, access_key_id: str) -> Session | None:
        """Who was given this access key; None where that is not known (yet)."""
        return self._sessions.get(access_key_id)

    def put(self, session: Session) -> None:
        """Keep it; of two records of one key the one that tells more stays, in whatever order they come."""
        known = self._sessions.get(session.access_key_id)
        if known is not None and known.rank >= session.rank:
            return
        self._sessions[session.access_key_id] = session
        if len(self._sessions) > self._limit:
            del self._sessions[next(iter(self._sessions))]

    def put_all(self, sessions: Iterable[Session]) -> None:
        """Keep them all."""
        for session in sessions:
            self.put(session)
