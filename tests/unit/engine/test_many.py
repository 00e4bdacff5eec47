"""Thousands of values of one field: found together, and the same as one by one."""

import random
from ipaddress import ip_address, ip_network

import pytest

from trailwarden.delivery.records import Record
from trailwarden.engine.decision import Decision, Limits, OvergrownError
from trailwarden.engine.evaluate import holds
from trailwarden.engine.joined import MANY, Texts
from trailwarden.engine.patterns import GlobSet, OneByOne, Substrings, automaton_fits, regexes
from trailwarden.engine.predicates import NetworkIndex
from trailwarden.engine.text import Test, compile_glob, compile_regex
from trailwarden.engine.values import RecordView, Values
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


_EXPRESSIONS = [
    (r"^a$", ""),
    (r"\Ab+\z", ""),
    (r"a\sb", ""),
    (r"b\n", ""),
    (r"\nb$", ""),
    (r"^b", "m"),
    (r"a$", "m"),
    (r"a.b", "s"),
    (r"a[^x]b", "i"),
    (r"\s?ab\b", ""),
    (r"\Bé", ""),
    (r"^$", ""),
    (r"(?i:A)(?s).é", ""),
    (r"\W\z", ""),
    (r"[\pL]{3}\A?", ""),
    (r"\\A|\x41", ""),
    (r"\Q^\Eb|a\Qb$\E", ""),
    (r"(?-m:^a)é", "m"),
    (r"(?s-m)a.$", "m"),
    (r"[\n]a|a\x0ab", ""),
    (r"[]^$]a", ""),
    (r"[^]$]\B[[:alpha:]^]", ""),
    (r"a[[]^b|[\]^]$", ""),
    (r"(?s)^a(.*b)?", ""),
    (r"^b{0,1}$", ""),
    (r"\ba", ""),
    (r"\\\[^a\\]", ""),
]


def test_expressions_match_many_texts_where_they_match_one() -> None:
    rng = random.Random(6)  # noqa: S311 (repeatable)
    together = regexes([(expression, leaf) for leaf, expression in enumerate(_EXPRESSIONS)])
    tests = [compile_regex(*expression) for expression in _EXPRESSIONS]
    for characters in ["abé", "ab\n", "a\nb$A^\\", "x\n ", "\n", "bé\ud800", ""]:
        for _ in range(60):
            longest = rng.randint(0, 5) if characters else 0
            words = ["".join(rng.choices(characters, k=rng.randint(0, longest))) for _ in range(MANY)]
            texts = Texts(word if len(set(words)) > 1 else words[0] for word in words)
            matched = {leaf for leaf, test in enumerate(tests) if any(map(test, texts))}
            assert set(together.leaves_in_any(texts)) == matched, list(texts)


def test_globs_match_many_texts_where_they_match_one() -> None:
    rng = random.Random(5)  # noqa: S311 (repeatable)
    forms = ["*{}*", "{}*", "*{}", "{}*{}", "*{}*{}*", "*{}?{}*", "{}", "?{}", "*"]
    for number in (3, 200):
        globs = [(rng.choice(forms).format(_word(rng, 4), _word(rng, 3)), n) for n in range(number)]
        together = GlobSet(globs)
        for _ in range(20):
            texts = Texts(rng.choice(["", "\n", "a\n"]) + _word(rng, 9) for _ in range(MANY))
            matched = {leaf for glob, leaf in globs if any(map(compile_glob(glob), texts))}
            assert set(together.leaves_in_any(texts)) == matched


@pytest.mark.parametrize(
    ("pattern", "asked_for"),
    [(r"a[^$]{0}N", set()), (r"^aN", {"1\nb", "x\na8"}), (r"aN\z", {"1\nb", "x\na8"})],
)
def test_many_texts_are_not_asked_one_by_one(pattern: str, asked_for: set[str]) -> None:
    """But for those with line breaks, by patterns with anchors."""
    asked: list[str] = []

    def asks(expression: tuple[str, str]) -> Test:
        test = compile_regex(*expression)
        return lambda text: asked.append(text) or test(text)  # type: ignore[func-returns-value]

    together = OneByOne([((pattern.replace("N", f"{n}"), ""), n) for n in range(9)], asks, tuple)
    texts = Texts([*(f"b{n}" for n in range(3_000)), "a7", "1\nb", "x\na8"])
    tests = [compile_regex(pattern.replace("N", f"{n}")) for n in range(9)]

    assert set(together.leaves_in_any(texts)) == {n for n in range(9) if any(map(tests[n], texts))}
    assert set(asked) == asked_for


def test_globs_mean_the_same_of_half_a_surrogate_pair_among_many() -> None:
    together = GlobSet([("https://*\\?debug=*x", 1), ("a*?*c", 2)])
    texts = Texts([*("b" for _ in range(MANY)), "https://a\ud800debug=1x", "a\ud800\ud800c"])
    assert set(together.leaves_in_any(texts)) == {leaf for text in texts for leaf in together.leaves_in(text)}


def test_many_substrings_are_found_by_their_grams() -> None:
    rng = random.Random(8)  # noqa: S311 (repeatable)
    literals = [(_word(rng, 24), n) for n in range(3_000)] + [
        ("a" * 40 + "b" * n, 9_000 + n) for n in range(30)
    ]
    assert not automaton_fits([literal for literal, _ in literals])
    together = Substrings(literals)

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
        assert index.leaves_of(Values((address,))) == alone, address


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
