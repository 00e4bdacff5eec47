"""Thousands of values of one field: found together, and the same as one by one."""

import random
from ipaddress import ip_address, ip_network

from trailwarden.delivery.records import Record
from trailwarden.engine.decision import Decision, Limits, OvergrownError
from trailwarden.engine.evaluate import holds
from trailwarden.engine.patterns import GlobSet, _Substrings, automaton_fits
from trailwarden.engine.predicates import NetworkIndex
from trailwarden.engine.text import compile_glob
from trailwarden.engine.values import RecordView
from trailwarden.rules.ruleset import Node


def _word(rng: random.Random, longest: int) -> str:
    return "".join(rng.choice("abé/") for _ in range(rng.randint(1, longest)))


def test_globs_of_every_kind_match_what_each_does_alone() -> None:
    rng = random.Random(9)  # noqa: S311 (repeatable)
    forms = ["*{}*", "{}*", "*{}", "{}*{}", "*{}*{}*", "*{}?{}*", "{}", "*"]
    globs = [(rng.choice(forms).format(_word(rng, 9), _word(rng, 3)), n) for n in range(600)]
    tests = [(compile_glob(glob), leaf) for glob, leaf in globs]
    together = GlobSet(globs)

    for text in ["", "\ud800aab", *(_word(rng, 60) for _ in range(120))]:
        assert set(together.leaves_in(text)) == {leaf for test, leaf in tests if test(text)}, text


def test_many_substrings_are_found_by_their_grams() -> None:
    rng = random.Random(8)  # noqa: S311 (repeatable)
    literals = [(_word(rng, 24), n) for n in range(3_000)] + [
        ("a" * 40 + "b" * n, 9_000 + n) for n in range(30)
    ]
    assert not automaton_fits([literal for literal, _ in literals])
    together = _Substrings(literals)

    for text in [*(_word(rng, 90) for _ in range(40)), "a" * 50 + "b" * 20, "a" * 200, _word(rng, 3_000)]:
        assert set(together.leaves_in(text)) == {leaf for literal, leaf in literals if literal in text}


def test_networks_hold_what_each_does_alone() -> None:
    rng = random.Random(7)  # noqa: S311 (repeatable)
    addresses = [str(ip_address(rng.getrandbits(32))) for _ in range(60)]
    addresses += ["::ffff:10.1.2.3", "2001:db8::1", "::", "10.1.2.3"]
    written = [f"{one}/{rng.randint(0, 128 if ':' in one else 32)}" for one in addresses * 3]
    networks = [str(ip_network(one, strict=False)) for one in written] + ["::ffff:10.0.0.0/104", "::/0"]
    index = NetworkIndex()
    for leaf, network in enumerate(networks):
        index.add(network, leaf)

    for address in [*addresses, "10.1.2.3, 2001:db8::1", "not one", ""]:
        alone = {
            n for n, each in enumerate(networks) if holds(["field", "a", ["cidr", each]], {"a": address})
        }
        assert index.leaves_of(address) == alone, address


def test_fields_of_thousands_of_values_are_compared() -> None:
    record: Record = {"a": [f"x{n}y" for n in range(3_000)], "b": [f"z{n}" for n in range(3_000)] + ["10y"]}
    expected = {"is": False, "starts": False, "ends": True, "contains": True}

    for relation, held in expected.items():
        assert holds(["fieldref", "a", "b", relation], record) is held, relation
        assert not holds(["fieldref", "a", "missing", relation], record)
        assert not holds(["fieldref", "missing", "a", relation], record)


def test_a_record_adds_no_more_nodes_than_it_is_worth() -> None:
    """Each rule looks at a field of its own, and nothing else rules it out."""
    rules: list[Node] = [["field", f"requestParameters.f{n}", ["is", "x"]] for n in range(400)]
    decision = Decision(rules, Limits(growth=1_000))
    record: Record = {"requestParameters": {"f399": "x"}}
    plain = [n for n, rule in enumerate(rules) if holds(rule, record)]

    found: list[int] | None = None
    for _ in range(400):
        before = decision._weight
        try:
            found = decision.at_record(decision.roots, RecordView(record))
            break
        except OvergrownError:
            assert decision._weight - before < 2_000
    assert found == plain
