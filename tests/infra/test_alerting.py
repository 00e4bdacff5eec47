"""The settings as the functions get them."""

from pathlib import Path
from typing import Any

from infra.alerting import alert_topics, alerting, files_beside
from infra.settings import parse_settings
from tests.infra.conftest import ORGANIZATION, sample
from trailwarden.alerting import AccountName, Expected, LevelOverride, Route, load_alerting
from trailwarden.messages.form import Form

TOPIC = "arn:aws:sns:eu-central-1:111122223333:trailwarden-alerts"
OPERATIONS = "arn:aws:sns:eu-central-1:111122223333:trailwarden-operations"


def full() -> dict[str, Any]:
    return sample(
        organization=ORGANIZATION | {"names": True, "environment_tag": "stage"},
        account_names=[{"id": "123412341234", "name": "shop"}],
        subscribers=[{"protocol": "email", "endpoint": "security@example.com"}],
        routes=[
            {
                "name": "network-team",
                "min_severity": "high",
                "environments": ["production"],
                "owners": ["network team"],
                "exclusive": True,
                "https": "chat",
                "subscribers": [{"protocol": "https", "endpoint": "https://chat.example.com"}],
            }
        ],
        messages={"queue": "ocsf"},
        level_overrides=[{"environments": ["staging"], "at_most": "low"}],
        security_hub=True,
        alerts={"quiet": "2h", "messages_per_rule_and_hour": 3, "messages_per_hour": 30},
    )


def test_the_functions_know_what_the_settings_say() -> None:
    found = alerting(parse_settings(full()))
    assert found.topics == (
        Route(name="main", topic_arn=TOPIC, queue=Form.OCSF),
        Route(
            name="network-team",
            topic_arn=f"{TOPIC}-network-team",
            levels=("high", "critical"),
            environments=("production",),
            owners=("network team",),
            exclusive=True,
            https=Form.CHAT,
        ),
    )
    assert found.levels == (LevelOverride(environments=("staging",), at_most="low"),)
    assert found.accounts == {
        "444455556666": AccountName(name="production", environment="production"),
        "777788889999": AccountName(name="staging", environment="staging"),
        "123412341234": AccountName(name="shop"),
        "999900001111": AccountName(),
    }
    assert found.unrecorded == ()
    assert (found.quiet_seconds, found.rule_budget, found.overall_budget) == (7200, 3, 30)
    assert (found.security_hub, found.account, found.region) == (True, "111122223333", "eu-central-1")
    assert (found.organization, found.environment_tag) == (True, "stage")


def test_the_daily_check_expects_every_subscription_that_was_made() -> None:
    assert alerting(parse_settings(full())).subscriptions == (
        Expected(topic_arn=TOPIC, protocol="email", endpoint="security@example.com"),
        Expected(topic_arn=f"{TOPIC}-network-team", protocol="https", endpoint="https://chat.example.com"),
        Expected(topic_arn=OPERATIONS, protocol="email", endpoint="operations@example.com"),
    )


def test_without_routes_there_is_the_main_topic() -> None:
    assert alert_topics(parse_settings(sample())) == {"main": TOPIC}


def test_the_file_is_what_the_functions_read(tmp_path: Path) -> None:
    (tmp_path / "asn.mmdb").write_bytes(b"\xab\xcd\xefMaxMind.com")
    settings = parse_settings({**full(), "geo_files": ["asn.mmdb"]}, folder=tmp_path)
    beside = files_beside(settings, geo=True)
    assert set(beside) == {"alerting.json", "asn.mmdb"}
    assert beside["asn.mmdb"] == tmp_path / "asn.mmdb"
    content = beside["alerting.json"]
    assert isinstance(content, bytes)
    assert load_alerting(content) == alerting(settings)
    assert load_alerting(content).geo_files == ("asn.mmdb",)
    assert set(files_beside(settings)) == {"alerting.json"}
