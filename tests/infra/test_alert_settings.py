"""The settings of how alerts are told, and what is said of mistakes in them."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.accounts import Account, Organization
from infra.alert_permissions import AlertPermissions
from infra.alert_settings import MOST_ROUTES, Forms
from infra.names import Names
from infra.partitions import partitions_by_region
from infra.settings import Settings, parse_settings
from trailwarden.alerting import LevelOverride
from trailwarden.errors import SettingsError
from trailwarden.messages.form import Form

ROOT = Path(__file__).parents[2]
SAMPLE: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["trailwarden"]
ORGANIZATION = {"id": "o-a1b2c3d4e5", "management_account": "999900001111"}
GEO = b"data \xab\xcd\xefMaxMind.com metadata"


def read(**changes: Any) -> Settings:
    return parse_settings({**copy.deepcopy(SAMPLE), **changes})


def problems(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(**changes)
    return caught.value.problems


def route(**changes: Any) -> dict[str, Any]:
    return {"name": "network-team", "subscribers": [], **changes}


def test_what_is_not_said_has_a_default() -> None:
    least = {key: SAMPLE[key] for key in ("audit_account", "region", "accounts", "subscribers")}
    alerts = parse_settings(least).alerts
    assert alerts.routes == ()
    assert alerts.level_overrides == ()
    assert alerts.forms == Forms(Form.ALERT, Form.ALERT)
    assert alerts.security_hub is False
    assert alerts.geo_files == ()
    assert alerts.quiet_seconds == 3600
    assert (alerts.messages_per_rule_and_hour, alerts.messages_per_hour) == (10, 60)


def test_mail_gets_the_heartbeat_and_nothing_else_does_unless_it_asks() -> None:
    asked = [
        {"protocol": "email", "endpoint": "a@example.com"},
        {"protocol": "email-json", "endpoint": "a@example.com"},
        {"protocol": "email", "endpoint": "b@example.com", "heartbeat": False},
        {"protocol": "sms", "endpoint": "+4930123456"},
        {"protocol": "https", "endpoint": "https://example.com", "heartbeat": True},
    ]
    settings = read(subscribers=asked)
    assert [one.heartbeat for one in settings.subscribers] == [True, True, False, False, True]
    assert not any(one.heartbeat for one in settings.operations_subscribers)


def test_operations_subscribers_have_no_heartbeat_to_ask_for() -> None:
    (problem,) = problems(
        operations_subscribers=[{"protocol": "email", "endpoint": "a@example.com", "heartbeat": True}]
    )
    assert problem == "operations_subscribers[0].heartbeat: unknown key"


def test_a_route_is_read_with_all_that_it_asks_for() -> None:
    asked = route(
        min_severity="high",
        accounts=["444455556666"],
        environments=["Production"],
        tags=["attack.*", "cis.5.1"],
        owners=["network team"],
        exclusive=True,
        https="chat",
        queue="ocsf",
        subscribers=[{"protocol": "email", "endpoint": "network@example.com", "min_severity": "critical"}],
    )
    (found,) = read(routes=[asked]).alerts.routes
    assert found.name == "network-team"
    assert found.severities == ("high", "critical")
    assert found.accounts == ("444455556666",)
    assert found.environments == ("Production",)
    assert found.tags == ("attack.*", "cis.5.1")
    assert found.owners == ("network team",)
    assert found.exclusive is True
    assert found.forms == Forms(Form.CHAT, Form.OCSF)
    (subscriber,) = found.subscribers
    assert (subscriber.endpoint, subscriber.severities) == ("network@example.com", ("critical",))
    assert read(routes=[route(levels=["low", "high"])]).alerts.routes[0].severities == ("low", "high")
    assert read(routes=[route()]).alerts.routes[0].severities == ()


@pytest.mark.parametrize(
    ("change", "where", "words"),
    [
        ({"name": "Network"}, "name", "must be a name such as network-team"),
        ({"name": "a-1"}, "name", "must be a name"),
        ({"name": "a" * 41}, "name", "must be a name"),
        ({"name": None}, "name", "is missing"),
        ({"name": "main"}, "name", "is the name of the topic that `subscribers` get"),
        ({"levels": ["hihg"]}, "levels", "(did you mean high?)"),
        ({"levels": ["high"], "min_severity": "low"}, "", "give min_severity or levels, not both"),
        ({"accounts": ["44445555666"]}, "accounts[0]", "must be an account id"),
        ({"accounts": [444455556666]}, "accounts[0]", "(put it in quotes)"),
        ({"accounts": ["123412341234"]}, "accounts", "123412341234 is none of accounts and account_names"),
        ({"accounts": "444455556666"}, "accounts", "must be a list"),
        ({"accounts": []}, "accounts", "is empty: leave it out"),
        ({"environments": ["prodction"]}, "environments", "(did you mean production?)"),
        ({"environments": [" production"]}, "environments[0]", "must be an environment such as"),
        ({"tags": ["*"]}, "tags[0]", "must be a rule's tag"),
        ({"tags": ["attack.*.x"]}, "tags[0]", "must be a rule's tag"),
        ({"tags": ["cis.5", "cis.5"]}, "tags[1]", "cis.5 is listed twice"),
        ({"owners": [""]}, "owners[0]", "must be an owner"),
        ({"exclusive": "yes"}, "exclusive", "must be true or false, not 'yes'"),
        ({"exclusive": True}, "exclusive", "takes every alert from the main topic"),
        ({"https": "xml"}, "https", "is not one of alert, ocsf, chat"),
        ({"queue": "chat"}, "queue", "is not one of alert, ocsf"),
        ({"subscribers": None}, "subscribers", "is missing"),
        (
            {"subscribers": [{"protocol": "email", "endpoint": "nobody"}]},
            "subscribers[0].endpoint",
            "is no e-mail address",
        ),
        ({"severities": ["high"]}, "severities", "unknown key"),
    ],
)
def test_a_mistake_in_a_route_is_told(change: dict[str, Any], where: str, words: str) -> None:
    (problem,) = problems(routes=[route(**change)])
    assert problem.startswith(f"routes[0]{'.' if where else ''}{where}: ")
    assert words in problem


def test_a_route_needs_a_name_of_its_own_and_there_are_not_too_many() -> None:
    (problem,) = problems(routes=[route(), route()])
    assert problem == "routes[1].name: network-team is the name of another route"
    (problem,) = problems(routes=[route(name=f"route{number}") for number in range(MOST_ROUTES + 1)])
    assert problem.startswith("routes: there may be 40 of them")


def test_an_organisation_may_have_accounts_that_the_settings_do_not_name() -> None:
    asked = route(accounts=["123412341234"])
    assert read(organization=ORGANIZATION, routes=[asked]).alerts.routes[0].accounts == ("123412341234",)
    unnamed = route(environments=["sandbox"])
    (problem,) = problems(organization=ORGANIZATION, routes=[unnamed])
    assert "no account is of the environment sandbox" in problem
    tagged = ORGANIZATION | {"names": True, "environment_tag": "stage"}
    assert read(organization=tagged, routes=[unnamed]).alerts.routes[0].environments == ("sandbox",)


def test_levels_are_overridden_for_accounts_and_environments() -> None:
    asked = [
        {"environments": ["staging"], "at_most": "medium"},
        {"accounts": ["444455556666"], "rules": ["r-1"], "tags": ["attack.*"], "at_least": "high"},
        {"accounts": ["444455556666"], "level": "critical"},
    ]
    assert read(level_overrides=asked).alerts.level_overrides == (
        LevelOverride(environments=("staging",), at_most="medium"),
        LevelOverride(accounts=("444455556666",), rules=("r-1",), tags=("attack.*",), at_least="high"),
        LevelOverride(accounts=("444455556666",), level="critical"),
    )


@pytest.mark.parametrize(
    ("override", "where", "words"),
    [
        ({"level": "low"}, "", "name accounts or environments"),
        ({"rules": ["r1"], "level": "low"}, "", "name accounts or environments"),
        ({"environments": ["staging"]}, "", "say `level`, or `at_least` and `at_most`"),
        ({"environments": ["staging"], "level": "low", "at_most": "low"}, "", "say `level`, or"),
        (
            {"environments": ["staging"], "at_least": "high", "at_most": "low"},
            ".at_least",
            "high is above at_most",
        ),
        ({"environments": ["staging"], "level": "lwo"}, ".level", "(did you mean low?)"),
        ({"environments": ["stagin"], "level": "low"}, ".environments", "(did you mean staging?)"),
        ({"environments": ["staging"], "level": "low", "rules": ["a b"]}, ".rules[0]", "must be a rule's id"),
        ({"environments": ["staging"], "level": "low", "owners": ["x"]}, ".owners", "unknown key"),
        ("staging", "", "must be an object"),
    ],
)
def test_a_mistake_in_an_override_is_told(override: Any, where: str, words: str) -> None:
    problem = problems(level_overrides=[override])[0]
    assert problem.startswith(f"level_overrides[0]{where}: ")
    assert words in problem


def test_forms_security_hub_and_budgets_are_read() -> None:
    alerts = read(
        messages={"https": "chat", "queue": "ocsf"},
        security_hub=True,
        alerts={"quiet": "90m", "messages_per_rule_and_hour": 1, "messages_per_hour": 5},
    ).alerts
    assert alerts.forms == Forms(Form.CHAT, Form.OCSF)
    assert alerts.security_hub is True
    assert alerts.quiet_seconds == 5400
    assert (alerts.messages_per_rule_and_hour, alerts.messages_per_hour) == (1, 5)


@pytest.mark.parametrize(("given", "seconds"), [("1s", 1), ("30m", 1800), ("7d", 604_800), ("168h", 604_800)])
def test_a_quiet_time_is_a_timespan(given: str, seconds: int) -> None:
    assert read(alerts={"quiet": given}).alerts.quiet_seconds == seconds


@pytest.mark.parametrize("given", ["0s", "1", "1w", "1M", "h", "-1h", "1.5h", "8d", 3600])
def test_what_is_no_quiet_time_is_told(given: object) -> None:
    (problem,) = problems(alerts={"quiet": given})
    assert problem.startswith("alerts.quiet: must be a timespan of 1s to 7d")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"messages": {"https": "pdf"}}, "messages.https: 'pdf' is not one of alert, ocsf, chat"),
        ({"messages": {"queue": "chat"}}, "messages.queue: 'chat' is not one of alert, ocsf"),
        ({"messages": {"queues": "ocsf"}}, "messages.queues: unknown key (did you mean queue?)"),
        ({"security_hub": "on"}, "security_hub: must be true or false, not 'on'"),
        (
            {"alerts": {"messages_per_hour": 0}},
            "alerts.messages_per_hour: must be a whole number from 1 to 10000, not 0",
        ),
        (
            {"alerts": {"messages_per_rule": 1}},
            "alerts.messages_per_rule: unknown key (did you mean messages_per_hour?)",
        ),
        ({"responders": ["me"]}, "responders[0]: 'me' is no ARN such as"),
        (
            {"account_names": [{"id": "123412341234"}]},
            "account_names[0]: give a name, an environment, or both",
        ),
        ({"account_names": ["123412341234"]}, "account_names[0]: must be an object"),
        (
            {"account_names": [{"id": "444455556666", "name": "again"}]},
            "account_names: 444455556666 is named twice, in accounts or here",
        ),
        (
            {"organization": ORGANIZATION | {"environment_tag": "stage"}},
            "organization.environment_tag: is read only where names is true",
        ),
        (
            {"organization": ORGANIZATION | {"names": 1}},
            "organization.names: must be true or false, not 1",
        ),
        (
            {"accounts": [{"id": "444455556666", "environment": "prod/eu"}]},
            "accounts[0].environment: must be an environment such as production",
        ),
    ],
)
def test_every_other_mistake_is_told(changes: dict[str, Any], problem: str) -> None:
    (found,) = problems(**changes)
    assert found.startswith(problem)


def test_accounts_without_a_trail_of_their_own_have_names_too() -> None:
    settings = read(
        organization=ORGANIZATION | {"names": True},
        account_names=[{"id": "123412341234", "name": "shop", "environment": "production"}],
    )
    assert settings.account_names == (Account("123412341234", "shop", "production"),)
    assert settings.organization is not None
    assert settings.organization.names is True
    assert "123412341234" not in settings.trail_accounts


def test_responders_are_named_like_writers() -> None:
    arn = "arn:aws:iam::111122223333:role/on-call"
    assert read(responders=[arn]).responders == (arn,)
    assert problems(responders=[arn, arn]) == (f"responders[1]: {arn} is listed twice",)


def test_geo_files_are_looked_for_beside_cdk_json(tmp_path: Path) -> None:
    (tmp_path / "geo").mkdir()
    (tmp_path / "geo" / "country.mmdb").write_bytes(GEO)
    settings = parse_settings(SAMPLE | {"geo_files": ["geo/country.mmdb"]}, folder=tmp_path)
    assert settings.alerts.geo_files == (tmp_path / "geo" / "country.mmdb",)


def _nothing(_: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("make", "files", "problem"),
    [
        (_nothing, ["none.mmdb"], "geo_files[0]: there is no file {folder}/none.mmdb"),
        (_nothing, [7], "geo_files[0]: must be the path of a file, not 7"),
        (_nothing, ["geo"], "geo_files[0]: there is no file {folder}/geo"),
        (
            lambda folder: (folder / "country.csv").write_bytes(GEO),
            ["country.csv"],
            "geo_files[0]: {folder}/country.csv is no .mmdb file",
        ),
        (
            lambda folder: (folder / "x.mmdb").write_bytes(b"<html>"),
            ["x.mmdb"],
            "geo_files[0]: {folder}/x.mmdb is not in MaxMind's format",
        ),
        (
            lambda folder: [(folder / name).write_bytes(GEO) for name in ("a.mmdb", "geo/a.mmdb")],
            ["a.mmdb", "geo/a.mmdb"],
            "geo_files[1]: there is another file of the name a.mmdb",
        ),
    ],
)
def test_a_geo_file_that_cannot_be_used_is_told(
    make: Callable[[Path], object], files: list[Any], problem: str, tmp_path: Path
) -> None:
    (tmp_path / "geo").mkdir()
    make(tmp_path)
    with pytest.raises(SettingsError) as caught:
        parse_settings(SAMPLE | {"geo_files": files}, folder=tmp_path)
    (found,) = caught.value.problems
    assert found.startswith(problem.format(folder=tmp_path))


def test_geo_files_leave_room_for_the_function(tmp_path: Path) -> None:
    with (tmp_path / "large.mmdb").open("wb") as file:
        file.truncate(150_000_001)
        file.seek(0, 2)
        file.write(GEO)
    with pytest.raises(SettingsError, match="may have 150,000,000 bytes together"):
        parse_settings(SAMPLE | {"geo_files": ["large.mmdb"]}, folder=tmp_path)


@pytest.mark.parametrize("region", ["ap-northeast-1", "cn-northwest-1", "eusc-de-east-1", "us-gov-west-1"])
def test_as_many_routes_as_there_may_be_fit_into_every_role(region: str) -> None:
    """10,240 characters: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    names = Names("111122223333", region, partitions_by_region()[region])
    routes = [
        f"{'route-' * 6}{chr(97 + number // 26)}{chr(97 + number % 26)}xx" for number in range(MOST_ROUTES)
    ]
    assert {len(route) for route in routes} == {40}
    key = f"arn:{names.partition}:kms:{region}:111122223333:key/{'0' * 36}"
    permissions = AlertPermissions(
        names,
        state_key_arn=key,
        operations_key_arn=key,
        topic_arns=[names.alert_topic_arn, *map(names.route_topic_arn, routes)],
    )
    organization = Organization("o-" + "a" * 32, "999900001111", names=True, environment_tag="stage")
    stream = f"{names.alert_table_arn}/stream/2026-11-28T00:00:00.000"
    for statements in (
        permissions.notify(stream, security_hub=True),
        permissions.tend(security_hub=True),
        permissions.watch(organization),
        permissions.apply(stream),
    ):
        written = [json.dumps(one.to_statement_json(), separators=(",", ":")) for one in statements]
        logs = len(names.log_group_arn("trailwarden-watch-alerting")) + 120
        assert sum(map(len, written)) + len(written) + logs + 50 <= 10_240
