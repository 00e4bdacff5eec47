"""Filters and overrides that take more away than an exception may: what publication refuses.

A rule's test records show what it is for. They seldom hold all that a real record has, so each is tried also
with the fields that every record has, several times with other values: a filter that hides all of these goes
by something that every record has.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.exceptions import LONGEST_DAYS
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.finding import Finding, Severity
from trailwarden.rules.load import RuleFolder
from trailwarden.rules.outline import outline_of_filter
from trailwarden.rules.overrides import Override
from trailwarden.rules.ruleset import Correlation, Rule, RuleSet
from trailwarden.rules.source import RuleSource, Source

_FEWEST_RECORDS = 10
"""Of fewer records a share says nothing."""
_Hides = Callable[[Mapping[str, Any]], bool]


def _filling(number: int, region: str, account: str, origin: tuple[str, str], kind: str) -> dict[str, Any]:
    address, program = origin
    return {
        "eventVersion": f"1.{number}",
        "eventTime": f"2026-0{number}-1{number}T0{number}:1{number}:00Z",
        "eventID": f"{number}c1f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a1{number}",
        "eventType": "AwsApiCall",
        "eventCategory": "Management",
        "managementEvent": True,
        "readOnly": number % 2 == 0,
        "awsRegion": region,
        "recipientAccountId": account,
        "requestID": f"{number}d2f0a5e-6a0e-4e0e-9d5e-0a4b8c8f4a1{number}",
        "sourceIPAddress": address,
        "userAgent": program,
        "eventSource": f"service{number}.amazonaws.com",
        "userIdentity": {
            "type": kind,
            "principalId": f"A{number}EXAMPLE:{number}",
            "accountId": account,
            "accessKeyId": f"ASIA{number}EXAMPLE",
            "arn": f"arn:aws:iam::{account}:user/u{number}",
            "userName": f"u{number}",
        },
    }


_FILLINGS = (
    _filling(5, "us-east-1", "111122223333", ("198.51.100.7", "aws-cli/2.17.32"), "IAMUser"),
    _filling(8, "eu-central-1", "444455556666", ("203.0.113.80", "Boto3/1.34.0"), "AssumedRole"),
    _filling(9, "ap-southeast-2", "999988887777", ("192.0.2.44", "Mozilla/5.0"), "FederatedUser"),
)


def suppressions(
    sources: Sequence[RuleSource], protected: Sequence[RuleSource], today: date
) -> Iterator[Finding]:
    """What publication refuses of the filters that apply to `sources`, or would hide what is protected."""
    filters = list({id(each): each for source in sources for each in source.filters}.values())
    hides = {id(each): test for each in filters if (test := _hidden_by(each)) is not None}
    for each in filters:
        yield from _too_long(each, today)
        if each.rules is None and id(each) in hides:
            yield from _of_protected(each, hides[id(each)], protected)
    yield from _too_wide(sources, filters, hides)


def _hidden_by(each: FilterSource) -> _Hides | None:
    outline = outline_of_filter(each)
    if outline is None:
        return None
    condition = compile_condition(["not", outline.node] if each.says_what_remains else outline.node)

    def hides(record: Mapping[str, Any]) -> bool:
        """Whether the record is hidden as it is written, or whatever else it may hold."""
        return condition(RecordView(dict(record))) or all(
            condition(RecordView(_filled(record, filling))) for filling in _FILLINGS
        )

    return hides


def _filled(record: Mapping[str, Any], filling: Mapping[str, Any]) -> dict[str, Any]:
    whole = {**filling, **record}
    identity = record.get("userIdentity")
    if isinstance(identity, dict):
        whole["userIdentity"] = {**filling["userIdentity"], **identity}
    return whole


def _too_long(each: FilterSource, today: date) -> Iterator[Finding]:
    if each.expires is not None and each.expires > today + timedelta(days=LONGEST_DAYS):
        message = f"the exception holds until {each.expires}, more than {LONGEST_DAYS} days from now"
        cure = f"choose a date within {LONGEST_DAYS} days, and review it then"
        yield _error(each, "exception-too-long", message, cure)


def _of_protected(each: FilterSource, hides: _Hides, protected: Sequence[RuleSource]) -> Iterator[Finding]:
    for source in protected:
        for test in source.block.tests:
            if test.must_match and hides(test.record):
                message = (
                    f"the filter would hide a record that the protected rule {source.title!r} must match "
                    f"({source.path}:{test.line})"
                )
                cure = "narrow the filter, or name the rules that it is for"
                yield _error(each, "filter-hides-protected", message, cure)
                return  # one says it: a filter that hides all of them would be told a hundred times


def _too_wide(
    sources: Sequence[RuleSource], filters: Sequence[FilterSource], hides: Mapping[int, _Hides]
) -> Iterator[Finding]:
    """All filters together, so that ten narrow ones do not what one may not."""
    hidden_by = dict.fromkeys(map(id, filters), 0)
    hidden = records = 0
    for source in sources:
        for test in source.block.tests:
            if not test.must_match:
                continue
            records += 1
            by = [id(each) for each in source.filters if id(each) in hides and hides[id(each)](test.record)]
            hidden += bool(by)
            for one in by:
                hidden_by[one] += 1
    if records < _FEWEST_RECORDS or hidden * 2 <= records:
        return
    widest = max(filters, key=lambda each: hidden_by[id(each)])
    message = f"the filters hide {hidden:,} of {records:,} records that rules must match; this hides the most"
    cure = "narrow it, or name the rules that it is for; rules that nobody needs can be switched off"
    yield _error(widest, "filters-hide-most", message, cure)


def nothing_alerts(folder: RuleFolder, rule_set: RuleSet) -> Iterator[Finding]:
    """Whether no rule besides the protected ones alerts: all of them are switched off, on trial, or only feed
    correlations. Asked of a whole rule set, where the rules that ship are among the folder's."""
    every = [*folder.sources, *folder.switched_off]
    compiled: list[Rule | Correlation] = [*rule_set.rules, *rule_set.correlations]
    alerting = any(one.generates and not one.staged and not one.protected for one in compiled)
    if alerting or not any(source.document.shipped for source in every):
        return
    first: Override | Source = folder.overrides[0] if folder.overrides else every[0]
    message = (
        "no rule besides the protected ones would alert: all are switched off, on trial, or only counted"
    )
    cure = "leave some of the rules at work"
    yield _error(first, "nothing-alerts", message, cure)


def _error(each: FilterSource | Override | Source, code: str, message: str, cure: str) -> Finding:
    return Finding(each.path, each.line, each.column, message, cure, code=code, severity=Severity.ERROR)
