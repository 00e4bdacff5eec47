"""What code does to the table, held against what its role may do: no more, and no less.

https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazondynamodb.html
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any

from tests.alerting_world import START, Event, Topic, World
from tests.infra.conftest import Synthesized
from trailwarden.accounts import remember
from trailwarden.activity.model import AccountInfo
from trailwarden.answering import Applier
from trailwarden.aws.account_table import AccountTable, Source
from trailwarden.aws.alert_book import open_alert_book
from trailwarden.aws.request_table import RequestedAnswers, RequestTable, handed_in
from trailwarden.aws.silence_table import SilenceTable
from trailwarden.dispatch.silence import SilenceWatch
from trailwarden.state.outbox import Budgets

CHANGES = {"PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"}


class Uses(set[tuple[str, str]]):
    """Actions and kinds of partition keys; and beside them, those of each transaction."""

    def __init__(self, uses: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(uses)
        self.transactions: set[frozenset[tuple[str, str]]] = set()

    def note(self, name: str, request: Any) -> None:
        uses = frozenset((action, kind(pk)) for action, pk in used(name, request))
        self.update(uses)
        if name == "transact_write_items":
            self.transactions.add(uses)

    def add_all(self, others: "Uses") -> None:
        self.update(others)
        self.transactions |= others.transactions


class Recording:
    """A client that notes the action and the partition key of each thing that it is asked for."""

    def __init__(self, inner: Any, uses: Uses) -> None:
        self._inner = inner
        self._uses = uses

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self._uses.note(name, request)
            return getattr(self._inner, name)(**request)

        return call


def kind(pk: str) -> str:
    return pk.partition("#")[0] + "#*" if "#" in pk else pk


def used(name: str, request: Any) -> Iterator[tuple[str, str]]:
    if name == "transact_write_items":
        for one in request["TransactItems"]:
            ((action, step),) = one.items()
            yield f"{action}Item", (step.get("Item") or step["Key"])["pk"]["S"]
    elif name == "batch_write_item":
        for asked in request["RequestItems"].values():
            for one in asked:
                (step,) = one.values()
                yield "BatchWriteItem", (step.get("Item") or step["Key"])["pk"]["S"]
    elif name == "batch_get_item":
        for asked in request["RequestItems"].values():
            yield from (("BatchGetItem", key["pk"]["S"]) for key in asked["Keys"])
    elif name == "query":
        yield "Query", request["ExpressionAttributeValues"][":pk"]["S"]
    else:
        action = "".join(part.title() for part in name.split("_"))
        yield action, (request.get("Item") or request["Key"])["pk"]["S"]


@contextmanager
def recorded(world: World, *more: Any) -> Iterator[Uses]:
    """What is done to the table meanwhile, by whatever part of the world."""
    uses = Uses()
    parts = (world.kept, world.outbox, world.due, world.weeks, *more)
    for part in parts:
        part._client = Recording(world.database, uses)
    yield uses
    for part in parts:
        part._client = world.database


def a_busy_week() -> tuple[Uses, Uses, Uses]:
    """What `detect`, `notify` and `tend_alerts` did to the table where everything happens at least once."""
    world = World(in_table=True, budgets=Budgets(2, 100), topics=[Topic("main"), Topic("second")])
    detect, notify, tend = Uses(), Uses(), Uses()
    book = open_alert_book(world.database, "alerts", now=lambda: world.now, pause=lambda _: None)
    world.tender.tend()
    silences = SilenceTable(world.database, "alerts", now=lambda: world.now)
    silence = SilenceWatch(
        weeks=world.weeks,
        silences=silences,
        operations=world.operations,
        accounts=["444455556666"],
        name=str,
        now=lambda: world.now,
    )
    names = AccountTable(world.database, "alerts", now=lambda: world.now, source=Source.SETTINGS)
    for number in range(60):
        with recorded(world) as uses:
            world.deliver(
                [
                    Event(100 * number + each, 60 * number, f"user{each}", f"203.0.113.{number}")
                    for each in range(4)
                ]
                + [Event(100 * number + 50, 60 * number + 5, target="audit" if number == 34 else "main")]
            )
        detect.add_all(uses)
        if number % 5 == 1:  # twice a function died of what is new
            for item in world.database.items.values():
                if item["pk"]["S"].startswith("ALERT#") and not {"told_at", "held_in"} & item.keys():
                    item["attempts"] = {"N": "2"}
        with recorded(world) as uses:
            world.notify(lose=number % 3 == 0)
        notify.add_all(uses)
        if number == 32:  # its message is not lost, nor is the one of what is new two files later
            found = book.list(datetime.fromtimestamp(START, UTC), limit=5)
            entry = next(each for each in found if each.alert.group["actor"] == "user mallory")
            book.acknowledge(entry.alert.alert_id, "alice", "")
        world.pass_time(200)
        with recorded(world, silences, names) as uses:
            world.tender.tend()
            silence.check()
            remember({"444455556666": AccountInfo("payments")}, names)
        tend.add_all(uses)
    return detect, notify, tend


OWN_REQUESTS = "REQUEST#${aws:userid}"
OWN_OUTCOMES = "OUTCOME#${aws:userid}"


IN_TRANSACTIONS = {"dynamodb:EnclosingOperation": "TransactWriteItems"}


def granted(statements: list[dict[str, Any]], *, in_transactions: bool = False) -> set[tuple[str, str]]:
    """Action and pattern of partition keys, `*` where it is bound to none: of what holds always, or of what
    holds in transactions alone. `ForAllValues` holds of a call that names no key: it binds only where that is
    ruled out."""
    found: set[tuple[str, str]] = set()
    for statement in statements:
        bound_to_transactions = "ForAnyValue:StringEquals" in statement.get("Condition", {})
        if bound_to_transactions is in_transactions:
            found |= {(name, key) for name in actions_of(statement) for key in keys_of(statement)}
    return found


def actions_of(statement: dict[str, Any]) -> set[str]:
    """What a statement allows of DynamoDB."""
    actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
    parts = [action.partition(":") for action in actions]
    return {name for service, _, name in parts if service == "dynamodb"}


def keys_of(statement: dict[str, Any]) -> list[str]:
    condition = statement.get("Condition", {})
    bound = condition.get("Null") == {"dynamodb:LeadingKeys": "false"}
    assert condition.get("ForAnyValue:StringEquals", IN_TRANSACTIONS) == IN_TRANSACTIONS
    keys: list[str] = condition.get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
    return keys if bound else ["*"]


def not_allowed(uses: Iterable[tuple[str, str]], statements: list[dict[str, Any]]) -> set[tuple[str, str]]:
    """What is not allowed of calls that stand alone, or of parts that are judged by their own keys."""
    may = granted(statements)
    return {
        (action, key)
        for action, key in uses
        if not any(action == name and fnmatchcase(key, pattern) for name, pattern in may)
    }


def not_allowed_together(uses: Uses, statements: list[dict[str, Any]]) -> list[frozenset[tuple[str, str]]]:
    """The transactions that are not allowed where each part is judged by the keys of all: then one statement
    must have its action and all of the keys."""
    return [
        parts
        for parts in uses.transactions
        if not all(
            any(
                action in actions_of(one) and all(is_among(key, keys_of(one)) for _, key in parts)
                for one in statements
            )
            for action, _ in parts
        )
    ]


def is_among(key: str, patterns: list[str]) -> bool:
    return any(fnmatchcase(key, pattern) for pattern in patterns)


def transacted(uses: Uses) -> set[tuple[str, str]]:
    """Each action with each key of transactions of more than one of both."""
    mixed = [parts for parts in uses.transactions if len({action for action, _ in parts}) > 1]
    keys = {key for parts in mixed for _, key in parts}
    return {(action, key) for parts in mixed for action, _ in parts for key in keys}


def test_functions_may_do_what_they_do_and_change_nothing_else(deployment: Synthesized) -> None:
    detect, notify, tend = a_busy_week()
    roles = {
        name: deployment.role(stack, f"trailwarden-{name}")
        for stack, name in (
            ("TrailwardenDetection", "detect"),
            ("TrailwardenDetection", "notify"),
            ("TrailwardenAlerting", "tend-alerts"),
        )
    }
    assert not_allowed(detect, roles["detect"]) == set()
    assert not_allowed(notify, roles["notify"]) == set()
    assert not_allowed(tend, roles["tend-alerts"]) == set()
    for uses, name in ((detect, "detect"), (notify, "notify"), (tend, "tend-alerts")):
        assert uses.transactions, name
        assert not_allowed_together(uses, roles[name]) == [], name
    file = Uses()
    file.transactions = {frozenset({("PutItem", "FILE#*"), ("UpdateItem", "EXCEPTION#*")})}
    assert not_allowed_together(file, roles["detect"]) == []
    assert granted(roles["notify"], in_transactions=True) == set()
    assert granted(roles["detect"], in_transactions=True) >= transacted(detect)
    assert granted(roles["tend-alerts"], in_transactions=True) == transacted(tend)
    for uses, name in ((notify, "notify"), (tend, "tend-alerts")):
        may_change = {one for one in granted(roles[name]) if one[0] in CHANGES}
        assert may_change == {one for one in uses if one[0] in CHANGES}, name


def test_responders_may_do_what_their_commands_do_and_nothing_else(routed: Synthesized) -> None:
    world = World(in_table=True)
    uses, applied = Uses(), Uses()
    book, answering = (
        open_alert_book(Recording(world.database, by), "alerts", now=lambda: world.now, pause=lambda _: None)
        for by in (uses, applied)
    )
    world.deliver([Event(1, 0), Event(2, 1)])
    world.notify()
    since = datetime.fromtimestamp(START, UTC) - timedelta(days=1)
    (entry,) = book.list(since, limit=10, ongoing=True)
    alert_id = entry.alert.alert_id
    assert book.get(alert_id[:8]) == entry
    assert book.messages(alert_id)
    assert list(book.matches(alert_id, 9))
    own, theirs = (
        RequestTable(Recording(world.database, by), "alerts", now=lambda: world.now) for by in (uses, applied)
    )
    applier = Applier(answers=answering, store=theirs, responders_role_id="AROA", now=lambda: world.now)

    def wait(_: float) -> None:
        requests = [one for one in world.database.inserted if one["pk"]["S"].startswith("REQUEST#")]
        applier.apply(handed_in(requests[-1], world.now))

    answers = RequestedAnswers(book, own, user_id="AROA:alice", now=lambda: world.now, wait=wait)
    world.deliver([Event(3, 2, target="audit")])
    assert not answers.acknowledge(alert_id, "", "").acknowledged_by, "what nobody was sent is sent now"
    world.notify()
    assert answers.acknowledge(alert_id, "", "").acknowledged_by
    answers.unacknowledge(alert_id, "")
    assert answers.close(alert_id, "").closed_by.endswith("/alice")
    function = routed.role("TrailwardenAlerting", "trailwarden-apply-requests")
    assert not_allowed(applied, function) == set()
    assert not_allowed_together(applied, function) == []
    assert granted(function, in_transactions=True) == transacted(applied)
    may = {one for one in granted(function) if one[0] in CHANGES}
    assert may == {one for one in applied if one[0] in CHANGES}

    role = routed.properties(
        "TrailwardenDetectionState", "AWS::IAM::Role", RoleName="trailwarden-responders-eu-central-1"
    )
    (policy,) = role["Policies"]
    statements = [one for one in policy["PolicyDocument"]["Statement"] if "kms:Decrypt" not in one["Action"]]
    own_keys = {"REQUEST#*": OWN_REQUESTS, "OUTCOME#*": OWN_OUTCOMES}
    asked = {(action, own_keys.get(key, key)) for action, key in uses}
    assert not_allowed(asked, statements) == set()
    may = granted(statements)
    assert {one for one in may if one[0] in CHANGES} == {("PutItem", OWN_REQUESTS)}
    read = {key for action, key in asked if action not in CHANGES}
    assert {key for action, key in may if action not in CHANGES} == read | {"ACCOUNTS", "SESSION#*"}
