"""Conditions that can never hold, and those that may."""

import pytest

from trailwarden.checking.logic import Prover, holds_one_value, satisfiable
from trailwarden.rules.ruleset import Node


def field(name: str, *predicate: object) -> Node:
    return ["field", name, list(predicate)]


A, B = field("eventName", "is", "A"), field("eventName", "is", "B")
NEVER = [
    ["and", A, ["not", A]],
    ["and", A, B],
    ["and", A, field("eventName", "null")],
    ["and", field("eventName", "like", "Get*"), field("eventName", "like", "Put*", "List*")],
    ["and", field("eventName", "like", "*Key"), field("eventName", "like", "*Role")],
    ["and", A, field("eventName", "like", "B*")],
    ["and", field("eventName", "is", "A", "B"), ["not", A], ["not", field("eventName", "like", "b*")]],
    ["and", ["or", A, B], field("eventName", "is", "C", "D")],
    ["and", ["not", field("x.y", "exists")], ["not", field("x.y", "null")]],
    ["and", ["not", field("x.y", "exists")], field("x.y", "is", "1")],
    ["and", field("x.y", "is", "A"), ["not", field("x.y", "like", "a*")]],
    ["and", field("requestParameters", "null"), field("requestParameters.a.b", "is", "A")],
    ["and", field("eventTime", "time", "hour", "gte", 22), field("eventTime", "time", "hour", "lt", 6)],
    ["and", field("userIdentity.type", "is", "Root"), field("userIdentity.type", "cidr", "10.0.0.0/8")],
    ["not", ["or", A, ["not", A]]],
    ["and", ["keyword", ["like", "*x*"]], ["not", ["keyword", ["like", "*x*"]]]],
]
MAYBE = [
    ["and", A, field("eventName", "is", "a", "c")],
    ["and", field("requestParameters.list", "is", "A"), field("requestParameters.list", "is", "B")],
    ["and", field("requestParameters.x", "null"), field("requestParameters.x", "is", "A")],
    ["and", field("resources.ARN", "is", "A"), field("resources.ARN", "is", "B")],
    ["and", field("eventName", "is_cased", "Root"), field("eventName", "is", "ROOT")],
    ["and", field("eventName", "like", "*a"), field("eventName", "like", "b*")],
    ["and", field("eventName", "is", "5"), field("eventName", "number", 5)],
    ["and", field("eventName", "re", "^x", ""), A],
    ["and", field("x", "number", 1), ["not", field("x", "number", 1.0)]],
    ["or", ["and", A, B], A],
    ["not", A],
]


@pytest.mark.parametrize("node", NEVER, ids=repr)
def test_what_no_record_can_meet_is_proved(node: Node) -> None:
    assert satisfiable(node) is False


@pytest.mark.parametrize("node", MAYBE, ids=repr)
def test_what_some_record_may_meet_is_left_open(node: Node) -> None:
    assert satisfiable(node) is True


def test_too_many_cases_prove_nothing() -> None:
    pairs = [["or", field(f"x.a{n}", "is", "1"), field(f"x.b{n}", "is", "1")] for n in range(40)]
    last = [["not", ["or", pair[1], pair[2]]] for pair in pairs[-1:]]
    assert satisfiable(["and", *pairs[:-1], ["or", A, B], pairs[-1], *last]) in {False, None}
    assert not Prover().never(["and", *pairs])


def test_the_proofs_about_one_rule_are_bounded_together() -> None:
    pairs = [["or", field(f"x.a{n}", "is", "1"), field(f"x.b{n}", "is", "1")] for n in range(40)]
    hard: Node = ["and", *pairs, ["not", ["and", *pairs]]]
    prover = Prover(budget=50_000)

    verdicts = [prover.satisfiable(hard) for _ in range(5)]

    assert verdicts[-1] is None
    assert prover.satisfiable(A) is None
    assert Prover().satisfiable(A) is True


def test_implications_are_proved() -> None:
    assert Prover().implies(A, field("eventName", "like", "a*"))
    assert Prover().implies(field("x.y", "is", "A"), field("x.y", "exists"))
    assert not Prover().implies(field("eventName", "like", "a*"), A)


@pytest.mark.parametrize(
    ("name", "one"),
    [
        ("eventName", True),
        ("userIdentity.sessionContext.attributes.mfaAuthenticated", True),
        ("userIdentity", False),
        ("requestParameters.userName", False),
        ("resources.type", False),
        ("unheard.of", False),
    ],
)
def test_which_fields_hold_one_value(name: str, one: bool) -> None:
    assert holds_one_value(name) is one
