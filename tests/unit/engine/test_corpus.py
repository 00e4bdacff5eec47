"""The engine on real records: the oracle's matches exactly, and the naive evaluator's."""

import json

from tests.corpus import CORPUS, corpus_records, needs_corpus
from tests.unit.engine.reference import reference
from trailwarden.engine.engine import Engine
from trailwarden.rules.compile import compile_rules, compile_usable
from trailwarden.rules.load import load_rules
from trailwarden.rules.shipped import shipped_rules_path
from trailwarden.rules.source import RuleSource

UNFILLED = "313e72de-0c0d-4d65-8c95-87f4d546eceb"  # its placeholders are the reader's to fill


@needs_corpus
def test_sigmahq_rules_match_what_the_oracle_says() -> None:
    sources = load_rules([CORPUS / "sigma_aws"])
    rule_set, refused = compile_usable(sources)
    oracle = json.loads((CORPUS / "sigma_aws_matches.json").read_text())

    engine = Engine(rule_set)
    found: dict[str, list[list[str | int]]] = {rule.id: [] for rule in rule_set.rules}
    for file, index, record in corpus_records():
        for rule in engine.matches(record):
            found[rule.id].append([file, index])

    assert {problem.message for problem in refused} == {
        "the placeholder %Legitimate_Countries% is not filled",
        "the placeholder %Legitimate_IP_Ranges% is not filled",
    }
    assert oracle.pop(UNFILLED) == []
    assert found == {rule_id: sorted(places) for rule_id, places in oracle.items()}
    assert not engine.failures


@needs_corpus
def test_the_engine_equals_the_naive_evaluator_on_every_record() -> None:
    sources = [
        source for source in load_rules([CORPUS / "sigma_aws", shipped_rules_path()]) if source.id != UNFILLED
    ]
    engine = Engine(compile_rules(sources))
    naive = [(source.id, reference(source.rule)) for source in sources if isinstance(source, RuleSource)]

    for file, index, record in corpus_records():
        expected = sorted(rule_id for rule_id, holds in naive if holds(record))
        assert [rule.id for rule in engine.matches(record)] == expected, f"{file} {index}"
