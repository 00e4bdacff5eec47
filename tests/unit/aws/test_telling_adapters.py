"""The topics as channels, and Security Hub: who is told what, in which form."""

import json
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.cli.alert_desk import alert
from trailwarden.activity.model import AccountInfo, Context
from trailwarden.alerting import MAIN, Alerting, Route
from trailwarden.aws.channels import Channels
from trailwarden.aws.findings import FindingRefusedError, SecurityHubFindings
from trailwarden.messages.form import Form

TOPIC = "arn:aws-us-gov:sns:us-gov-west-1:111122223333:trailwarden-alerts"


class Sns:
    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []

    def publish(self, **request: Any) -> dict[str, str]:
        self.published.append(request)
        return {"MessageId": "1"}


class Hub:
    def __init__(self, *failed: dict[str, str]) -> None:
        self.failed = list(failed)
        self.findings: list[Any] = []

    def batch_import_findings(self, *, Findings: list[Any]) -> dict[str, Any]:  # noqa: N803
        self.findings += Findings
        return {"FailedFindings": self.failed}


def channels(sns: Sns, *routes: Route, hub: bool = False, names: Any = dict) -> Channels:
    alerting = Alerting(
        topics=(Route(MAIN, TOPIC), *routes),
        security_hub=hub,
        account="111122223333",
        region="us-gov-west-1",
    )
    return Channels(sns, alerting, known=Context(), names=names)


def names_of(found: Any) -> list[str]:
    return [channel.name for channel in found]


def test_an_alert_goes_to_the_topics_of_its_routes() -> None:
    made = channels(
        Sns(),
        Route("network", f"{TOPIC}-network", owners=("network team",)),
        Route("payments", f"{TOPIC}-payments", environments=("production",), exclusive=True),
        names=lambda: {"123456789012": AccountInfo("Payments", "production")},
    )
    plain = replace(alert(), account="444455556666")
    assert names_of(made.all) == [MAIN, "network", "payments"]
    assert names_of(made.of(plain)) == [MAIN]
    assert names_of(made.of(replace(plain, owner="Network team"))) == [MAIN, "network"]
    assert names_of(made.of(replace(plain, account="123456789012"))) == ["payments"]


def test_each_topic_has_its_own_words_and_names_are_asked_for_each_message() -> None:
    sns = Sns()
    known: dict[str, AccountInfo] = {}
    made = channels(
        sns, Route("chat", f"{TOPIC}-chat", https=Form.CHAT, queue=Form.OCSF), names=lambda: known
    )
    main, chat = made.all
    before = main.render(alert(), None)
    known["444455556666"] = AccountInfo("Payments", "production")
    assert "Payments" not in before.email
    assert "Payments" in main.render(alert(), None).email
    main.publish(main.render(alert(), None))
    chat.publish(chat.render(alert(), None))
    assert [one["TopicArn"] for one in sns.published] == [TOPIC, f"{TOPIC}-chat"]
    bodies = [json.loads(one["Message"]) for one in sns.published]
    assert json.loads(bodies[0]["sqs"] if "sqs" in bodies[0] else bodies[0]["default"])["schema"]
    assert bodies[0] != bodies[1]
    assert "class_uid" in bodies[1]["sqs"]


def test_a_finding_is_made_where_security_hub_is_switched_on_in_its_own_partition() -> None:
    (off,) = channels(Sns()).all
    assert off.render(alert(), None).finding is None
    (on,) = channels(Sns(), hub=True).all
    finding = on.render(alert(), None).finding
    assert finding is not None
    assert finding["ProductArn"].startswith("arn:aws-us-gov:securityhub:us-gov-west-1:111122223333:")


def test_what_security_hub_does_not_take_is_an_error_that_says_why() -> None:
    taken = Hub()
    SecurityHubFindings(taken).send({"Id": "1"})
    assert taken.findings == [{"Id": "1"}]
    refusing = Hub({"Id": "1", "ErrorCode": "InvalidInput", "ErrorMessage": "no Types"})
    with pytest.raises(FindingRefusedError, match="refused 1: InvalidInput: no Types"):
        SecurityHubFindings(refusing).send({"Id": "1"})
