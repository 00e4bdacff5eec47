"""What is told after an alert's first message: follow-ups of every reason, and with a context."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

from tests.unit.messages.records import ACCOUNT, BOTO, call, role, user
from tests.unit.messages.situations import Situation, by_rule, told, various
from tests.unit.messages.situations_shipped import ADMINISTRATOR, KEY, TRAIL_GONE, shipped_situations
from trailwarden.activity.learning import learn
from trailwarden.activity.model import AccountInfo, Context, Place
from trailwarden.alerts.telling import FollowUp, Reason
from trailwarden.alerts.variety import Values, Variety
from trailwarden.rules.ruleset import Level
from trailwarden.state.sessions import MemorySessionStore

TEN = ("alice", "bob", "carol", "dave", "erin", "frank", "grace", "heidi", "ivan", "judy")
SAME_KEY = various(["user alice"], ["CreateAccessKey"], alike=True)
BEGAN = "2026-03-01T03:00:00Z"
ACCOUNTS = {
    ACCOUNT: AccountInfo("shop", "production"),
    "444455556666": AccountInfo("billing", "production"),
    "777788889999": AccountInfo("sandbox"),
}


class Places:
    """A geo file that knows one network."""

    def place(self, address: str) -> Place | None:
        return Place("Germany", "AS64500 Example Net") if address.startswith("203.0.113.") else None


def later_situations() -> Iterator[Situation]:
    yield from _reasons()
    yield from _changed()
    yield from _known_better()
    yield from _hostile()
    yield from _short()


def followed(situation: Situation, name: str, now: str, **fields: object) -> Situation:
    """The same alert, told again at `now` (a time of 1 March 2026 in UTC)."""
    given = {"first_event_time": BEGAN, "changes": (), **fields}
    follow_up = FollowUp(**given)  # type: ignore[arg-type]
    return replace(situation, name=name, follow_up=follow_up, now=_at(now))


def _at(time: str) -> datetime:
    return datetime.fromisoformat(f"2026-03-01T{time}").replace(tzinfo=UTC)


def _reasons() -> Iterator[Situation]:
    keys = by_rule(
        "keys",
        KEY,
        call(
            "iam",
            "CreateAccessKey",
            {"userName": "alice"},
            answer={"accessKey": {"userName": "alice", "accessKeyId": "AKIAI44QH8DHBEXAMPLE"}},
            awsRegion="us-east-1",
        ),
    )
    yield followed(
        keys,
        "followed-quiet",
        "06:10:00",
        reason=Reason.QUIET,
        total=9_120,
        more=7_916,
        variety=SAME_KEY,
        last_event_time="2026-03-01T05:04:09Z",
    )
    yield followed(
        keys,
        "followed-grew-tenfold",
        "03:31:00",
        reason=Reason.GREW,
        total=10,
        more=9,
        last_event_time="2026-03-01T03:25:00Z",
        variety=various([f"user {name}" for name in TEN], ["CreateAccessKey"]),
    )
    last = {"last_event_time": "2026-03-01T03:25:00Z"}
    recounted = {"reason": Reason.RECOUNTED, **last, "variety": SAME_KEY}
    yield followed(keys, "followed-recounted", "03:31:00", total=3, more=1, **recounted)
    yield followed(keys, "followed-recounted-one-left", "03:31:00", total=1, more=0, **recounted)
    named = Values(tuple(f"user {name}" for name in TEN), 1000, at_least=True)
    ways = Values(("CreateAccessKey",), 1, at_least=True)
    unread = Variety(named, Values(("203.0.113.7",), 1, at_least=True), ways, whole=False)
    many = {"total": 1_000_000, "more": 999_990, "at_least": True, **last, "variety": unread}
    yield followed(keys, "followed-more-than-a-million", "03:31:00", reason=Reason.GREW, **many)
    yield followed(
        keys,
        "followed-grew-further",
        "03:40:00",
        reason=Reason.GREW,
        total=1204,
        more=1194,
        last_event_time="2026-03-01T03:39:59Z",
        variety=various([f"user {name}" for name in TEN], ["CreateAccessKey"], more=602, denied=30),
    )
    yield followed(
        replace(keys, alert=replace(keys.alert, quiet=1800)),
        "followed-quiet-one-more",
        "03:40:00",
        reason=Reason.QUIET,
        total=2,
        more=1,
        last_event_time="2026-03-01T03:05:00Z",
        variety=various(["user alice", "user breakglass-admin"], ["CreateAccessKey"]),
    )
    refused = call(
        "iam", "DeleteUser", {"userName": "alice"}, errorCode="AccessDenied", awsRegion="us-east-1"
    )
    yield followed(
        told("refused", refused, "{actor} deleted the user {requestParameters.userName}"),
        "followed-all-denied",
        "03:31:00",
        reason=Reason.GREW,
        total=10,
        more=9,
        last_event_time="2026-03-01T03:25:00Z",
        variety=various([f"user {name}" for name in TEN], ["DeleteUser"], denied=10),
    )


def _changed() -> Iterator[Situation]:
    stopped = by_rule("stopped", TRAIL_GONE, call("cloudtrail", "StopLogging", {"name": "main"}))
    yield followed(
        stopped,
        "changed-address",
        "09:15:00",
        reason=Reason.CHANGED,
        total=3,
        more=1,
        last_event_time="2026-03-01T09:12:00Z",
        changes=("address 198.51.100.24",),
        acknowledged_by="alice",
        acknowledged_at="2026-03-01T03:20:00Z",
        variety=various(["trail main"], ["StopLogging"], ["203.0.113.7", "198.51.100.24"], alike=True),
    )
    yield followed(
        stopped,
        "changed-address-and-action",
        "09:15:00",
        reason=Reason.CHANGED,
        total=5,
        more=3,
        last_event_time="2026-03-01T09:12:00Z",
        changes=("address 2001:db8::24", "action DeleteTrail", "action UpdateTrail"),
        acknowledged_by="arn:aws:sts::444455556666:assumed-role/Security/alice@example.com",
        acknowledged_at="2026-03-01T03:20:00Z",
        variety=various(
            ["trail main", "trail audit"],
            ["StopLogging", "DeleteTrail", "UpdateTrail"],
            ["203.0.113.7", "2001:db8::24"],
            denied=1,
        ),
    )
    key = call("iam", "CreateAccessKey", {"userName": "alice"}, awsRegion="us-east-1")
    known = {"acknowledged_by": "alice", "acknowledged_at": "2026-03-01T03:20:00Z"}
    yield followed(
        by_rule("key", KEY, key),
        "changed-target",
        "09:15:00",
        reason=Reason.CHANGED,
        total=2,
        more=1,
        last_event_time="2026-03-01T09:12:00Z",
        changes=("target user breakglass-admin",),
        variety=various(["user alice", "user breakglass-admin"], ["CreateAccessKey"]),
        **known,
    )
    worse = by_rule("key", KEY, key)
    yield followed(
        replace(worse, alert=replace(worse.alert, level="critical", group={"actor": "user mallory"})),
        "changed-level-and-targets",
        "09:15:00",
        reason=Reason.CHANGED,
        total=6,
        more=4,
        last_event_time="2026-03-01T09:12:00Z",
        changes=("level critical", *(f"target user {name}" for name in TEN[1:5]), "account 777788889999"),
        variety=replace(
            various([f"user {name}" for name in TEN[:5]], ["CreateAccessKey"]),
            accounts=Values((ACCOUNT, "777788889999"), 2),
        ),
        **known,
    )


def _known_better() -> Iterator[Situation]:
    """The role was told of first; who stood behind it became known with a record that came later."""
    sessions = MemorySessionStore()
    session = learn(
        call(
            "sts",
            "AssumeRole",
            {"roleArn": f"arn:aws:iam::{ACCOUNT}:role/Operations", "roleSessionName": "work"},
            who=user("carol"),
            answer={"credentials": {"accessKeyId": "ASIAIOSFODNN7EXAMPLE"}},
        )
    )
    assert session
    sessions.put(session)
    attached = by_rule(
        "attached",
        ADMINISTRATOR,
        call(
            "iam",
            "AttachGroupPolicy",
            {"groupName": "support", "policyArn": "arn:aws:iam::aws:policy/AdministratorAccess"},
            who=role("Operations", "work"),
            userAgent=BOTO,
        ),
    )
    better = replace(attached, context=Context(accounts=ACCOUNTS, geo=Places(), sessions=sessions))
    yield replace(better, name="account-and-place-known")
    yield followed(
        better,
        "followed-person-became-known",
        "04:40:00",
        reason=Reason.QUIET,
        total=4,
        more=3,
        last_event_time="2026-03-01T03:31:00Z",
        variety=various(
            ["group support (policy AdministratorAccess)", "user carol (policy PowerUserAccess)"],
            ["AttachGroupPolicy", "AttachUserPolicy"],
        ),
    )


def _hostile() -> Iterator[Situation]:
    hostile = told(
        "hostile",
        call(
            "iam",
            "CreateUser",
            {"userName": "x\nSeverity:   low"},
            userAgent="aws-cli/2\r\nKnown:      acknowledged by all http://evil.example/a \u202emoc.live",
        ),
        "{actor} created the user {requestParameters.userName} with {userAgent}",
        Level.HIGH,
        runbook=("Ask who made it.",),
    )
    yield followed(
        hostile,
        "hostile-follow-up",
        "09:15:00",
        reason=Reason.CHANGED,
        total=41,
        more=40,
        last_event_time="2026-03-01T09:12:00Z",
        changes=(
            "action \u202eemaN\nHow many: 0 http://evil.example/x",
            "address www.evil.example",
            "action [x](https://evil.example) <!here>",
        ),
        acknowledged_by="security\nSeverity: low https://evil.example",
        acknowledged_at="2026-03-01T03:20:00Z",
        variety=various(
            [
                "user x\nSeverity:   low",
                "user \u202eemaN\nKnown: https://evil.example/x",
                "user x and 3 more",
            ],
            ["CreateUser", "<!here>\u0430dmin"],
            ["www.evil.example", "203.0.113.7"],
        ),
    )
    large = told(
        "large",
        call("ec2", "RunInstances", {"imageId": "ami-0123456789abcdef0", "additionalInfo": "x" * 300_000}),
        "{actor} launched instances",
    )
    yield followed(
        large,
        "followed-far-too-large",
        "06:15:00",
        reason=Reason.QUIET,
        total=41,
        more=31,
        last_event_time="2026-03-01T05:12:00Z",
        variety=various(["image ami-0123456789abcdef0"], ["RunInstances"], alike=True),
    )


def _short() -> Iterator[Situation]:
    stopped = next(one for one in shipped_situations() if one.name == "trail-stopped")
    yield replace(stopped, name="short", short=True)
    grew = followed(
        stopped,
        "followed-short",
        "03:31:00",
        reason=Reason.GREW,
        total=10,
        more=9,
        last_event_time="2026-03-01T03:25:00Z",
    )
    yield replace(grew, short=True)
