"""What a record that issues credentials teaches: to whom the new access key was given.

https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html shows such records.

By far the most are of AWS services that assume roles for instances and functions, every hour for each.
`LESSON` leaves them out: the role session's own records name the instance (`ec2RoleDelivery`) or the
function (`inScopeOf`), and whom the instance or function assumes another role for is told by a record of
its own.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from trailwarden.activity.actors import actor_of, session_of
from trailwarden.activity.identity import identity_of
from trailwarden.activity.kinds import ActorKind, Nature
from trailwarden.activity.sessions import CREDENTIAL_EVENTS, Session, is_temporary
from trailwarden.activity.text import NAME_LIMIT, arn_resource, mapping, text
from trailwarden.delivery.records import Record, event_time
from trailwarden.safety.redact import redacted_text
from trailwarden.safety.text import one_line

LESSON: Final[list[Any]] = [
    "and",
    ["field", "eventName", ["is", *sorted(CREDENTIAL_EVENTS)]],
    ["field", "eventSource", ["is", *sorted({*CREDENTIAL_EVENTS.values()})]],
    ["field", "errorCode", ["null"]],
    ["not", ["field", "userIdentity.type", ["is", "AWSService"]]],
]
"""The records that are worth learning from, as a condition of the compiled rule set (`rules.ruleset`):
whoever reads log files decides it beside the rules, so that all other records cost nothing."""
_LONGEST = timedelta(hours=36)
"""GetSessionToken and GetFederationToken issue credentials for up to 36 hours; roles for up to 12."""
_FAILURES_TOLD = 20
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_KEY = re.compile(r"[A-Z0-9]{16,128}")
# To what the services that assume roles hand the credentials; they name the session after it.
_HOLDERS = {
    "ec2.amazonaws.com": "EC2 instance",
    "lambda.amazonaws.com": "Lambda function",
    "ecs-tasks.amazonaws.com": "ECS task",
    "pods.eks.amazonaws.com": "EKS pod",
    "codebuild.amazonaws.com": "CodeBuild job",
    "glue.amazonaws.com": "Glue job",
    "sagemaker.amazonaws.com": "SageMaker",
}


class LearnedSessions:
    """Takes records that issue credentials; gives what they teach, once for each key."""

    __slots__ = ("_by_key", "failures")

    def __init__(self) -> None:
        self._by_key: dict[str, Session] = {}
        self.failures: list[str] = []
        """The first 20 reasons why a record could not be read, which then taught nothing."""

    def add(self, record: Record) -> None:
        """Learn from a record. Of two that tell of one key the one of higher rank stays. Never raises: what
        cannot be learned from costs a name in a message, and must not cost the file."""
        try:
            session = learn(record)
        except Exception as error:  # noqa: BLE001 (whatever one odd record raises, its file goes on)
            if len(self.failures) < _FAILURES_TOLD:
                self.failures.append(one_line(redacted_text(f"{type(error).__name__}: {error}"), 300))
            return
        if session is None:
            return
        known = self._by_key.get(session.access_key_id)
        if known is None or known.rank < session.rank:
            self._by_key[session.access_key_id] = session

    @property
    def pending(self) -> int:
        """How many sessions wait to be drained."""
        return len(self._by_key)

    def drain(self) -> list[Session]:
        """What was learned since the last time."""
        sessions = list(self._by_key.values())
        self._by_key.clear()
        return sessions

    def drain_failures(self) -> tuple[str, ...]:
        """Why records could not be read, since the last time; at most 20."""
        failures = tuple(self.failures)
        self.failures.clear()
        return failures


def learn(record: Record) -> Session | None:
    """Who was given which temporary access key; None where the record issued none, or says not to whom."""
    event_name = record.get("eventName")
    if not isinstance(event_name, str) or record.get("eventSource") != CREDENTIAL_EVENTS.get(event_name, ""):
        return None
    credentials = mapping(mapping(record.get("responseElements")).get("credentials"))
    if event_name == "SwitchRole":
        return _switched(record)
    key = text(credentials, "accessKeyId")
    if key is None or not _KEY.fullmatch(key) or not is_temporary(key):
        return None
    actor = actor_of(record)
    if actor.kind is ActorKind.UNKNOWN:
        return None
    request = mapping(record.get("requestParameters"))
    session = session_of(actor, access_key_id=key, issued_by=event_name)
    session = replace(
        session,
        time=event_time(record),
        expires=_expiry(credentials, record),
        session_name=text(request, "roleSessionName", "name"),
        source_identity=text(request, "sourceIdentity") or session.source_identity,
    )
    if _by_service(actor.kind):
        session = _of_a_holder(session, identity_of(record).invoked_by)
    return _without_secrets(session)


def _without_secrets(session: Session) -> Session:
    """The session as it may be kept: callers choose its names, and may write anything there."""
    return replace(
        session,
        who=redacted_text(session.who),
        label=redacted_text(session.label),
        behind=redacted_text(session.behind) if session.behind else None,
        source_identity=redacted_text(session.source_identity) if session.source_identity else None,
        session_name=redacted_text(session.session_name) if session.session_name else None,
    )


def _by_service(kind: ActorKind) -> bool:
    return kind is ActorKind.AWS_SERVICE


def _of_a_holder(session: Session, service: str | None) -> Session:
    """A service that assumes a role hands the credentials on: the instance or function stands behind them."""
    holder = _HOLDERS.get(service or "")
    if holder is None or session.session_name is None:
        return session
    return replace(
        session,
        who=one_line(f"{holder} {session.session_name}", NAME_LIMIT),
        nature=Nature.AUTOMATION,
        reason=f"AWS gave it the role as an {holder}"
        if holder[0] in "AE"
        else f"AWS gave it the role as a {holder}",
    )


def _switched(record: Record) -> Session | None:
    """The console's change of role, where the record says from whom (`SwitchFrom`) and with which key."""
    came_from = text(mapping(record.get("additionalEventData")), "SwitchFrom", limit=300)
    identity = identity_of(record)
    key = identity.access_key_id
    if came_from is None or key is None or not _KEY.fullmatch(key) or not is_temporary(key):
        return None
    caller = actor_of({"userIdentity": {"arn": came_from}})
    if caller.kind is ActorKind.UNKNOWN or caller.name == arn_resource(identity.arn or ""):
        return None
    session = session_of(caller, access_key_id=key, issued_by="SwitchRole")
    session = replace(
        session,
        time=event_time(record),
        expires=_expiry({}, record),
        session_name=identity.session,
        nature=Nature.PERSON,
        reason="changed roles in the AWS console",
    )
    return _without_secrets(session)


def _expiry(credentials: Mapping[str, Any], record: Record) -> str | None:
    """`expiration` as CloudTrail writes it: `Jul 19, 2023, 10:30:00 AM`, the second comma or not."""
    stated = text(credentials, "expiration", limit=60)
    if stated:
        plain = stated.replace(",", "")
        for pattern in ("%b %d %Y %I:%M:%S %p", "%b %d %Y %H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"):
            try:
                return _written(datetime.strptime(plain, pattern).replace(tzinfo=UTC))
            except ValueError:
                continue
    issued = event_time(record)
    if issued is None:
        return None
    try:
        return _written(datetime.strptime(issued, _TIME).replace(tzinfo=UTC) + _LONGEST)
    except (ValueError, OverflowError):
        return None


def _written(time: datetime) -> str:
    return f"{time.year:04}-{time:%m-%dT%H:%M:%SZ}"  # %Y leaves the zeros of early years out
