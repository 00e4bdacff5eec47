"""What CloudTrail Insights measured, whatever stands in the record."""

from typing import Any

import pytest

from trailwarden.activity.describe import describe
from trailwarden.activity.insight import Insight, insight_of

ARN = "arn:aws:iam::444455556666:user/mallory"


def insight(context: Any, kind: str = "ApiCallRateInsight") -> Insight:
    details = {"eventName": "RunInstances", "insightType": kind, "insightContext": context}
    found = insight_of({"eventCategory": "Insight", "insightDetails": details})
    assert found is not None
    return found


def measured(now: Any, usual: Any) -> dict[str, Any]:
    return {"statistics": {"insight": {"average": now}, "baseline": {"average": usual}}}


@pytest.mark.parametrize(
    ("now", "usual", "said"),
    [
        (664, 10.62, "664 calls a minute, usually 10.6"),
        (1_234_567.8, 0, "1,234,568 calls a minute, usually 0"),
        (6, 0.0020833333, "6 calls a minute, usually 0.0021"),
        (None, 3, "usually 3"),
        (3, "many", "3 calls a minute"),
        (float("nan"), float("inf"), ""),
        (-1, 10**20, ""),
        (True, [], ""),
    ],
)
def test_the_rate_and_what_is_usual(now: Any, usual: Any, said: str) -> None:
    assert str(insight(measured(now, usual))) == said


def test_errors_are_called_so_and_the_sentence_has_them() -> None:
    record = {
        "eventCategory": "Insight",
        "insightDetails": {
            "eventName": "GetItem",
            "insightType": "ApiErrorRateInsight",
            "errorCode": "AccessDenied",
            "insightContext": measured(30, 0.5),
        },
    }
    assert "failed at GetItem with AccessDenied at an unusual rate (30 errors a minute, usually 0.5)" in (
        describe(record).sentence()
    )


ODD: list[Any] = [None, 7, [], {"statistics": []}, {"attributions": {"a": 1}}, {"attributions": [7]}]


@pytest.mark.parametrize("context", ODD)
def test_what_is_no_statistics_is_not_known(context: Any) -> None:
    found = insight(context)
    assert (found.rate, found.baseline, found.callers, str(found)) == (None, None, (), "")


def test_the_first_callers_are_named() -> None:
    callers: list[Any] = [{"value": f"{ARN}{n}", "average": 9 - n} for n in range(9)]
    attributions = [
        {"attribute": "userAgent", "insight": callers},
        {"attribute": "userIdentityArn", "insight": [{"average": 3}, *callers]},
    ]
    assert insight({"attributions": attributions}).callers == ((f"{ARN}0", 9), (f"{ARN}1", 8), (f"{ARN}2", 7))


def test_no_other_record_is_an_insight() -> None:
    assert insight_of({"eventCategory": "Management", "insightDetails": {}}) is None
