"""What the checker proves of conditions, held against the evaluator: what can never hold never does."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from trailwarden.checking.logic import Prover, satisfiable
from trailwarden.engine.evaluate import holds
from trailwarden.rules.ruleset import Node

TEXTS = st.sampled_from(["", "A", "a", "AB", "ab", "B", "5", "true", "2026-01-31T23:10:00Z", "10.0.0.1"])
GLOBS = st.sampled_from(["*", "a*", "*b", "A?", "*a*", "b*a", "\\*", "?", "2026*"])
NUMBERS = st.sampled_from([5, 5.0, 7, -1])
PREDICATES = st.one_of(
    st.lists(TEXTS, min_size=1, max_size=3).map(lambda texts: ["is", *texts]),
    st.lists(TEXTS, min_size=1, max_size=2).map(lambda texts: ["is_cased", *texts]),
    st.lists(GLOBS, min_size=1, max_size=2).map(lambda globs: ["like", *globs]),
    st.lists(GLOBS, min_size=1, max_size=2).map(lambda globs: ["like_cased", *globs]),
    st.tuples(st.sampled_from(["number", "lt", "lte", "gt", "gte"]), NUMBERS).map(list),
    st.sampled_from([["null"], ["exists"], ["cidr", "10.0.0.0/8"], ["re", "^a", ""], ["re", "b", "i"]]),
    st.tuples(
        st.just("time"),
        st.sampled_from(["hour", "minute"]),
        st.sampled_from(["eq", "lt", "gte"]),
        st.sampled_from([0, 10, 22, 23]),
    ).map(list),
)
FIELDS = st.sampled_from(["eventName", "eventTime", "requestParameters", "requestParameters.x"])
NORMALISED = st.sampled_from(["target", "targets", "region", "actor.nature", "action.outcome"])
LEAVES = st.one_of(
    st.tuples(st.just("normalised"), NORMALISED, PREDICATES).map(list),
    st.tuples(st.just("field"), FIELDS, PREDICATES).map(list),
    st.tuples(st.just("fieldref"), FIELDS, FIELDS, st.sampled_from(["is", "starts"])).map(list),
    st.just(["keyword", ["like", "*a*"]]),
)
NODES: st.SearchStrategy[Node] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: ["and", *nodes]),
        st.lists(inner, min_size=2, max_size=3).map(lambda nodes: ["or", *nodes]),
        inner.map(lambda node: ["not", node]),
    ),
    max_leaves=8,
)
SCALARS = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none())
VALUES = st.one_of(SCALARS, st.lists(SCALARS, max_size=3))
RECORDS = st.fixed_dictionaries(
    {},
    optional={
        "eventName": SCALARS,
        "eventTime": SCALARS,
        "awsRegion": SCALARS,
        "errorCode": st.sampled_from(["a", "AccessDenied"]),
        "requestParameters": st.one_of(
            SCALARS,
            st.fixed_dictionaries({}, optional={"x": VALUES, "userName": VALUES, "bucketName": VALUES}),
            st.lists(st.fixed_dictionaries({}, optional={"x": VALUES}), max_size=2),
        ),
    },
)


@given(NODES, st.lists(RECORDS, min_size=1, max_size=20))
@settings(max_examples=600, deadline=None)
def test_what_is_said_never_to_hold_never_does(node: Node, records: list[dict[str, Any]]) -> None:
    verdict = satisfiable(node)
    if any(holds(node, record) for record in records):
        assert verdict is not False


@given(NODES, NODES, st.lists(RECORDS, min_size=1, max_size=20))
@settings(max_examples=600, deadline=None)
def test_what_is_said_to_follow_does(node: Node, other: Node, records: list[dict[str, Any]]) -> None:
    if Prover().implies(node, other):
        assert all(holds(other, record) for record in records if holds(node, record))
