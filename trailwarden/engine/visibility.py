"""What rules cannot see: records whose contents CloudTrail left out for their size.

CloudTrail omits `requestParameters`, `responseElements`, `serviceEventDetails` (above 100 KB) and
`additionalEventData` (above 28 KB) as a whole, and writes `"omitted": true` in their place, with the original
size and the reason. An attacker who pads a call can so keep its contents from every rule that looks there.
Such rules are neither met nor cleared by the record: they are blind, and that is a finding of its own.
https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html

A rule is blind where its condition is neither true nor false whatever the omitted contents were, in
Kleene's three-valued logic: what looks at them is unknown, and unknown stays unknown unless the rest of
the condition decides.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from trailwarden.activity.fields import READS
from trailwarden.delivery.records import Record
from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.ruleset import VISIBILITY_RULE_ID, VISIBILITY_TITLE, Level, Node, Rule, RuleSet

OMISSIBLE = ("requestParameters", "responseElements", "additionalEventData", "serviceEventDetails")
MARKS: Node = ["or", *(["field", f"{field}.omitted", ["is", "true"]] for field in OMISSIBLE)]
"""Meets every record with an omitted field, and few others: for an engine that picks records by rules."""

_IN_TITLE, _IN_TEXT = 5, 50
_Unknown = None
Verdict = bool | None
_Judge = Callable[[RecordView, frozenset[str]], Verdict]


def omitted_fields(record: Record) -> tuple[str, ...]:
    """The fields of a record that CloudTrail left out for their size."""
    return tuple(field for field in OMISSIBLE if _is_omitted(record.get(field)))


def _is_omitted(value: Any) -> bool:
    return isinstance(value, dict) and (value.get("omitted") is True or value.get("omitted") == "true")


def blind_rules(rules: Iterable[Rule], record: Record) -> list[Rule]:
    """The rules that could match the record or not, depending on what was omitted from it; in their order.

    None where nothing was omitted. For many records, make one `Visibility`.
    """
    return Visibility(rules).blind(record)


@dataclass(frozen=True, slots=True)
class _Watched:
    rule: Rule
    judge: _Judge


class Visibility:
    """The rules of one rule set that look into what can be omitted, ready to be judged.

    The judges are made when the first record with an omission comes: there are few of these.
    """

    def __init__(self, rules: Iterable[Rule] | RuleSet) -> None:
        given = rules.rules if isinstance(rules, RuleSet) else rules
        self._looking = [rule for rule in given if _looks_into_omissible(rule.detection)]

    @cached_property
    def _watched(self) -> list[_Watched]:
        return [_Watched(rule, _judge(rule.detection)) for rule in self._looking]

    @property
    def needed(self) -> bool:
        """Whether any rule can go blind at all."""
        return bool(self._looking)

    def blind(self, record: Record) -> list[Rule]:
        """The rules that the record's omissions make blind."""
        omitted = frozenset(omitted_fields(record))
        if not omitted or not self._looking:
            return []
        view = RecordView({key: value for key, value in record.items() if key not in omitted})
        return [each.rule for each in self._watched if each.judge(view, omitted) is _Unknown]

    def rule(self, record: Record) -> Rule | None:
        """The built-in rule, in the words that this record calls for; None where no rule goes blind."""
        blind = self.blind(record)
        return visibility_rule(blind, omitted_fields(record)) if blind else None


def visibility_rule(blind: Sequence[Rule], omitted: Sequence[str]) -> Rule:
    """The built-in rule as it reads for one record: which fields were omitted, how many rules and which, the
    worst first. Its level is the worst that the omission may hide; of rules on trial only if there are no
    others."""
    blind = sorted(blind, key=lambda rule: (rule.staged, -rule.level))
    count = f"{len(blind)} rule{'s' if len(blind) != 1 else ''}"
    in_title = _named([_plain(rule.title) for rule in blind], _IN_TITLE)
    in_text = _named([f"{rule.title} ({rule.id})" for rule in blind], _IN_TEXT)
    left_out = " and ".join(omitted)
    return Rule(
        id=VISIBILITY_RULE_ID,
        title=VISIBILITY_TITLE,
        level=_level(blind),
        detection=MARKS,
        status="stable",
        description=(
            f"CloudTrail omitted {left_out} for the size. By what that held, {count} could have matched "
            f"this call: {in_text}."
        ),
        tags=("attack.defense-evasion", "attack.t1562.008"),
        falsepositives=("Calls that are large by nature, such as big templates, policies or batches",),
        references=(
            "https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html",
        ),
        group_by=("actor", "account", "eventSource", "eventName"),
        alert_title=(
            f"{{actor}} called {{eventName}}; {left_out} omitted by CloudTrail: {count} blind ({in_title})"
        ),
        runbook=(
            "Ask the caller, or the service itself, what the call held.",
            "Look at the resource as it is now: what each of the named rules watches for.",
        ),
    )


def _level(blind: Sequence[Rule]) -> Level:
    counting = [rule.level for rule in blind if not rule.staged] or [rule.level for rule in blind]
    return max(counting)


def _named(titles: Sequence[str], most: int) -> str:
    more = f"; and {len(titles) - most} more" if len(titles) > most else ""
    return "; ".join(titles[:most]) + more


def _plain(title: str) -> str:
    """A title without the braces that would make a placeholder of its words."""
    return title.replace("{", "(").replace("}", ")")


def _looks_into_omissible(node: Node) -> bool:
    name, *arguments = node
    if name in {"and", "or", "not"}:
        return any(map(_looks_into_omissible, arguments))
    if name == "keyword":
        return True
    return not _tops(node).isdisjoint(OMISSIBLE)


def _tops(leaf: Node) -> frozenset[str]:
    """The top fields of the record that a leaf looks at, or, of normalised ones, those that can be
    omitted."""
    name, *arguments = leaf
    if name == "normalised":
        return READS.get(arguments[0], frozenset())
    if name == "fieldref":
        sides = [side if isinstance(side, list) else ["field", side] for side in arguments[:2]]
        return _tops(sides[0]) | _tops(sides[1])
    return frozenset({arguments[0].split(".", 1)[0]})


def _judge(node: Node) -> _Judge:
    name, *arguments = node
    match name:
        case "and":
            return _all_of([_judge(argument) for argument in arguments])
        case "or":
            return _any_of([_judge(argument) for argument in arguments])
        case "not":
            return _negated(_judge(arguments[0]))
    return _keyword(node) if name == "keyword" else _leaf(node)


def _all_of(judges: list[_Judge]) -> _Judge:
    def judge(view: RecordView, omitted: frozenset[str]) -> Verdict:
        verdicts = {each(view, omitted) for each in judges}
        return False if False in verdicts else _Unknown if _Unknown in verdicts else True

    return judge


def _any_of(judges: list[_Judge]) -> _Judge:
    def judge(view: RecordView, omitted: frozenset[str]) -> Verdict:
        verdicts = {each(view, omitted) for each in judges}
        return True if True in verdicts else _Unknown if _Unknown in verdicts else False

    return judge


def _negated(inner: _Judge) -> _Judge:
    def judge(view: RecordView, omitted: frozenset[str]) -> Verdict:
        verdict = inner(view, omitted)
        return _Unknown if verdict is _Unknown else not verdict

    return judge


def _leaf(node: Node) -> _Judge:
    condition, tops = compile_condition(node), _tops(node)
    return lambda view, omitted: condition(view) if tops.isdisjoint(omitted) else _Unknown


def _keyword(node: Node) -> _Judge:
    condition = compile_condition(node)
    return lambda view, omitted: True if condition(view) or not omitted else _Unknown
