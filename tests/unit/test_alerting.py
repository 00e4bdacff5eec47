"""Who is told of what, at which level: what the functions know of the settings."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.activity.model import AccountInfo
from trailwarden.alerting import (
    MAIN,
    AccountName,
    Alerting,
    Expected,
    LevelOverride,
    Route,
    dump_alerting,
    load_alerting,
)
from trailwarden.alerts.model import Alert, Evidence
from trailwarden.errors import SettingsError
from trailwarden.messages.form import Form

LEVELS = ("informational", "low", "medium", "high", "critical")
ACCOUNTS = ("444455556666", "777788889999", "unknown")
ENVIRONMENTS = ("production", "staging")
TAGS = ("attack.persistence", "attack.t1078.004", "cis.5.1")
OWNERS = ("network team", "security team")
PRODUCTION, STAGING = ACCOUNTS[:2]


def topic(name: str) -> str:
    return f"arn:aws:sns:eu-central-1:111122223333:trailwarden-alerts-{name}"


def alert(
    *, level: str = "high", account: str = PRODUCTION, tags: tuple[str, ...] = TAGS[:1], owner: str = ""
) -> Alert:
    return Alert(
        alert_id="a" * 32,
        rule_id="r1",
        rule_title="Rule",
        level=level,
        group={},
        count=1,
        first_event_time=None,
        last_event_time=None,
        title="something happened",
        account=account,
        region="eu-central-1",
        evidence=Evidence("s3://logs/key", 0),
        rule_set_version="0" * 16,
        tags=tags,
        owner=owner,
    )


def main() -> Route:
    return Route(name=MAIN, topic_arn=topic(MAIN))


def told(told_alert: Alert, environment: str | None, *routes: Route) -> list[str]:
    found = Alerting(topics=(main(), *routes)).routes_of(told_alert, environment)
    return [route.name for route in found]


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        ({}, True),
        ({"levels": ("medium", "high")}, True),
        ({"levels": ("medium",)}, False),
        ({"accounts": (PRODUCTION,)}, True),
        ({"accounts": (STAGING,)}, False),
        ({"environments": ("Production",)}, True),
        ({"environments": ("staging",)}, False),
        ({"tags": ("ATTACK.Persistence",)}, True),
        ({"tags": ("attack.*",)}, True),
        ({"tags": ("attack",)}, False),
        ({"tags": ("cis.*", "attack.persist*")}, True),
        ({"owners": ("Network Team",)}, True),
        ({"owners": ("identity team",)}, False),
        ({"levels": ("high",), "owners": ("identity team",)}, False),
    ],
)
def test_a_route_takes_what_meets_every_condition(conditions: dict[str, tuple[str, ...]], met: bool) -> None:
    extra = Route(name="extra", topic_arn=topic("extra"), **conditions)  # type: ignore[arg-type]
    one = alert(owner="network team")
    assert told(one, "production", extra) == ([MAIN, "extra"] if met else [MAIN])


def test_an_environment_that_is_not_known_meets_no_condition_on_it() -> None:
    staging = Route(name="staging", topic_arn=topic("staging"), environments=("staging",))
    assert told(alert(), None, staging) == [MAIN]


def test_what_an_exclusive_route_takes_the_main_topic_does_not_get() -> None:
    mine = Route(name="mine", topic_arn=topic("mine"), accounts=(PRODUCTION,), exclusive=True)
    copy = Route(name="copy", topic_arn=topic("copy"))
    assert told(alert(), None, mine, copy) == ["mine", "copy"]
    assert told(alert(account=STAGING), None, mine, copy) == [MAIN, "copy"]


def chosen(values: tuple[str, ...]) -> st.SearchStrategy[tuple[str, ...]]:
    return st.lists(st.sampled_from(values), unique=True).map(tuple)


routes = st.lists(
    st.builds(
        Route,
        name=st.text(min_size=1),
        topic_arn=st.just(topic("any")),
        levels=chosen(LEVELS),
        accounts=chosen(ACCOUNTS),
        environments=chosen(ENVIRONMENTS),
        tags=chosen((*TAGS, "attack.*", "*")),
        owners=chosen(OWNERS),
        exclusive=st.booleans(),
        https=st.sampled_from(Form),
    ),
    unique_by=lambda route: route.name,
    min_size=1,
)
alerts = st.builds(
    alert,
    level=st.sampled_from(LEVELS),
    account=st.sampled_from(ACCOUNTS),
    tags=chosen(TAGS),
    owner=st.sampled_from(("", *OWNERS)),
)


@given(routes, alerts, st.sampled_from((None, *ENVIRONMENTS)))
def test_every_alert_reaches_at_least_one_topic_and_each_once(
    topics: list[Route], one: Alert, environment: str | None
) -> None:
    found = Alerting(topics=tuple(topics)).routes_of(one, environment)
    assert found
    assert len({route.name for route in found}) == len(found)
    if found[0] is not topics[0]:  # the main topic is passed over for an exclusive one alone
        assert any(route.exclusive for route in found)


@given(routes)
def test_what_is_written_is_read_again_and_written_the_same(topics: list[Route]) -> None:
    alerting = Alerting(
        topics=tuple(topics),
        levels=(LevelOverride(environments=("staging",), at_most="low"),),
        accounts={STAGING: AccountName(name="staging", environment="staging"), PRODUCTION: AccountName()},
        geo_files=("country.mmdb",),
        subscriptions=(Expected(topic_arn=topic(MAIN), protocol="email", endpoint="a@example.com"),),
    )
    written = dump_alerting(alerting)
    assert load_alerting(written) == alerting
    turned = msgspec.structs.replace(alerting, accounts=dict(reversed(alerting.accounts.items())))
    assert dump_alerting(turned) == written


@pytest.mark.parametrize(
    ("change", "level", "expected"),
    [
        ({"level": "low"}, "critical", "low"),
        ({"at_least": "high"}, "medium", "high"),
        ({"at_least": "high"}, "critical", "critical"),
        ({"at_most": "low"}, "medium", "low"),
        ({"at_most": "low"}, "informational", "informational"),
        ({"at_least": "low", "at_most": "medium"}, "high", "medium"),
    ],
)
def test_a_level_is_set_raised_or_lowered(change: dict[str, str], level: str, expected: str) -> None:
    override = LevelOverride(accounts=(PRODUCTION,), **change)  # type: ignore[arg-type]
    alerting = Alerting(topics=(main(),), levels=(override,))
    assert alerting.level_of(level, PRODUCTION, None, "r1", ()) == expected
    assert alerting.level_of(level, STAGING, None, "r1", ()) == level


def test_the_last_override_that_applies_wins() -> None:
    alerting = Alerting(
        topics=(main(),),
        levels=(
            LevelOverride(environments=("staging",), at_most="low"),
            LevelOverride(accounts=(STAGING,), rules=("R1",), at_least="high"),
            LevelOverride(accounts=(STAGING,), tags=("cis.*",), level="critical"),
        ),
    )

    def level(rule_id: str, *tags: str) -> str:
        return alerting.level_of("medium", STAGING, "Staging", rule_id, tags)

    assert level("r2", "attack.impact") == "low"
    assert level("r1") == "high"
    assert level("r1", "CIS.5.1") == "critical"


def test_the_settings_name_accounts() -> None:
    alerting = Alerting(
        topics=(main(),),
        accounts={PRODUCTION: AccountName(name="prod"), STAGING: AccountName(environment="staging")},
    )
    assert alerting.names() == {
        PRODUCTION: AccountInfo("prod", None),
        STAGING: AccountInfo(None, "staging"),
    }


ROUTE = {"name": MAIN, "topic_arn": topic(MAIN)}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "truncated"),
        (b'{"topics":[]}', "no topic to tell"),
        (b'{"topics":[{"name":"main"}]}', "topic_arn"),
        (msgspec.json.encode({"topics": [ROUTE, ROUTE]}), "two topics have one name"),
        (msgspec.json.encode({"topics": [ROUTE | {"levels": ["hihg"]}]}), "'hihg' is no level"),
        (msgspec.json.encode({"topics": [ROUTE | {"https": "xml"}]}), "xml"),
        (msgspec.json.encode({"topics": [ROUTE], "levels": [{"level": "low"}]}), "neither is named"),
        (msgspec.json.encode({"topics": [ROUTE], "levels": [{"accounts": ["1"]}]}), "a level override says"),
        (
            msgspec.json.encode(
                {"topics": [ROUTE], "levels": [{"accounts": ["1"], "level": "low", "at_most": "low"}]}
            ),
            "a level override says",
        ),
        (
            msgspec.json.encode(
                {"topics": [ROUTE], "levels": [{"accounts": ["1"], "at_least": "high", "at_most": "low"}]}
            ),
            "at_least high is above at_most low",
        ),
        (msgspec.json.encode({"topics": [ROUTE], "rule_budget": 0}), "must be at least 1"),
        (msgspec.json.encode({"topics": [ROUTE], "security_hub": True}), "Security Hub's account"),
        (msgspec.json.encode({"topics": [ROUTE], "colour": "red"}), "colour"),
    ],
)
def test_what_cannot_be_used_is_told(content: bytes, words: str) -> None:
    with pytest.raises(SettingsError, match=words) as caught:
        load_alerting(content)
    assert "alerting.json" in str(caught.value)
