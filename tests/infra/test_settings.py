"""Settings are read once, and everything that is wrong is told at once."""

import copy
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.accounts import MOST_ACCOUNTS, Account, Organization
from infra.endpoints import endpoint_mistake
from infra.names import Names
from infra.partitions import partitions_by_region
from infra.permissions import use_key
from infra.settings import host_python, load_settings, parse_settings
from infra.subscribers import MOST_ELSEWHERE
from trailwarden.errors import SettingsError

ROOT = Path(__file__).parents[2]
SAMPLE: dict[str, Any] = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]["trailwarden"]


def problems_of(change: Callable[[dict[str, Any]], object]) -> tuple[str, ...]:
    raw = copy.deepcopy(SAMPLE)
    change(raw)
    with pytest.raises(SettingsError) as caught:
        parse_settings(raw)
    return caught.value.problems


def test_the_sample_is_read_as_it_stands() -> None:
    settings = parse_settings(SAMPLE)
    assert settings.accounts == (
        Account("444455556666", "production", "production"),
        Account("777788889999", "staging", "staging"),
    )
    assert settings.subscribers[0].severities == ("medium", "high", "critical")
    assert settings.subscribers[2].severities == ("critical",)
    assert settings.functions.architecture == "arm64"
    assert settings.names.partition == "aws"


def test_only_what_has_no_default_must_be_given() -> None:
    least = {
        "audit_account": "111122223333",
        "region": "eu-central-1",
        "accounts": ["444455556666"],
        "subscribers": [],
    }
    settings = parse_settings(least)
    assert settings.trail_accounts == ("444455556666", "111122223333")
    assert settings.object_lock is None
    assert settings.retention.archive_after_days is None


def test_whoever_may_edit_rules_is_named_by_an_arn() -> None:
    writers = ["arn:aws:iam::111122223333:role/path/detection", "arn:aws:iam::444455556666:root"]
    assert parse_settings(SAMPLE | {"rule_writers": writers}).rule_writers == tuple(writers)
    assert parse_settings(SAMPLE).rule_authors[0].endpoint == "detection-engineers@example.com"


@pytest.mark.parametrize(("setting", "most"), [("responders", 13), ("rule_writers", 13)])
def test_a_trust_policy_that_iam_would_refuse_is_refused(setting: str, most: int) -> None:
    path = "role/aws-reserved/sso.amazonaws.com/eu-central-1/AWSReservedSSO_Responders_0123456789ab"
    arns = [f"arn:aws:iam::111122223333:{path}{number:04}" for number in range(30)]
    parse_settings({**SAMPLE, setting: arns[:most]})
    (problem,) = problems_of(lambda raw: raw.update({setting: arns}))
    assert problem.startswith(f"{setting}: 30 ARNs make a trust policy of more than 2048 characters")


@pytest.mark.parametrize(
    ("writer", "words"),
    [
        ("detection", "'detection' is no ARN such as arn:aws:iam::111122223333:role/detection-engineers"),
        (12, "12 is no ARN such as"),
        ("*", "'*' is no ARN such as"),
        ("arn:aws:iam::111122223333:role/*", "patterns are not taken"),
        ("arn:aws:iam::111122223333:group/detection", "names no role, no user and no account"),
        ("arn:aws:sts::111122223333:assumed-role/detection/me", "is that of a session; name its role"),
        ("arn:aws:s3:::role/detection", "is no ARN of IAM, such as arn:aws:iam::111122223333:role/"),
        ("arn:aws-cn:iam::111122223333:role/detection", "lies in the partition aws-cn, not in aws"),
        ("arn:aws:iam::11112222:role/detection", "has no account of 12 digits"),
    ],
)
def test_nobody_else_may_edit_rules(writer: object, words: str) -> None:
    (problem,) = problems_of(lambda raw: raw.update(rule_writers=[writer]))
    assert problem.startswith("rule_writers[0]: ")
    assert words in problem


def test_a_writer_stands_once_in_the_list() -> None:
    role = "arn:aws:iam::111122223333:role/detection"
    (problem,) = problems_of(lambda raw: raw.update(rule_writers=[role, role]))
    assert problem == f"rule_writers[1]: {role} is listed twice"


@pytest.mark.parametrize(
    ("endpoint", "words"),
    [
        ("sqs alerts", "is no ARN such as arn:aws:sqs:eu-central-1:111122223333:alerts"),
        ("sqs arn:aws:sqs:eu-central-1:111122223333:alerts.fifo", "is a FIFO queue"),
        ("sqs arn:aws:sqs:eu-central-1:111122223333:my alerts", "names no queue"),
        ("sqs arn:aws:sns:eu-central-1:111122223333:alerts", "is an ARN of sns, not of sqs"),
        ("lambda arn:aws:lambda:eu-central-1:111122223333:function:a:$LATEST", "leave it out"),
        ("lambda arn:aws:lambda:eu-central-1:111122223333:layer:a:1", "names no function"),
        ("lambda arn:aws:lambda:eu-central-1:111122223333:function:a:", "names no function"),
        ("lambda function:a", "is no ARN such as arn:aws:lambda:eu-central-1:111122223333:function:alerts"),
    ],
)
def test_what_is_wrong_with_the_arn_of_a_subscriber_is_said(endpoint: str, words: str) -> None:
    protocol, _, arn = endpoint.partition(" ")
    mistake = endpoint_mistake(protocol, arn, "eu-central-1")
    assert mistake is not None
    assert words in mistake


@pytest.mark.parametrize("region", ["us-isob-east1", "eu-isoe-west-2", "us-iso-eat-1", "cn-nort-1"])
def test_no_isolated_region_is_proposed(region: str) -> None:
    (problem,) = problems_of(lambda raw: raw.update(region=region))
    assert "did you mean" in problem
    assert "iso" not in problem.partition("did you mean")[2]


def test_every_mistake_is_told_at_once() -> None:
    raw = {
        "audit_acount": "111122223333",
        "region": "eu-centrl-1",
        "accounts": ["44445555666", {"name": "no id"}],
        "subscribers": [
            {"protocol": "email", "endpoint": "nobody", "min_severity": "hihg"},
            {"protocol": "carrier-pigeon", "endpoint": "x"},
        ],
        "retention": {"log_days": True, "alert_days": 0},
        "object_lock": {"mode": "strict"},
    }
    with pytest.raises(SettingsError) as caught:
        parse_settings(raw)
    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "audit_account",
        "region",
        "accounts[0].id",
        "accounts[1].id",
        "subscribers[0].min_severity",
        "subscribers[0].endpoint",
        "subscribers[1].protocol",
        "retention.log_days",
        "retention.alert_days",
        "object_lock.mode",
        "object_lock.days",
        "audit_acount",
    ]


@pytest.mark.parametrize(("key", "least"), [("log_days", 15), ("alert_days", 60)])
def test_what_would_be_gone_before_it_is_needed_is_refused(key: str, least: int) -> None:
    raw = copy.deepcopy(SAMPLE) | {"retention": {key: least}}
    raw.pop("object_lock", None)
    parse_settings(raw)
    raw["retention"][key] -= 1
    with pytest.raises(SettingsError) as caught:
        parse_settings(raw)
    (problem,) = caught.value.problems
    assert problem == f"retention.{key}: must be a whole number from {least} to 36500, not {least - 1}"


def test_a_typo_in_a_key_is_told_with_the_nearest_key() -> None:
    (problem,) = problems_of(lambda raw: raw["retention"].update(log_dys=30))
    assert problem == "retention.log_dys: unknown key (did you mean log_days?)"


def test_an_unknown_severity_is_told_with_the_nearest() -> None:
    (problem,) = problems_of(lambda raw: raw["subscribers"][2].update(severities=["critcal"]))
    assert "(did you mean critical?)" in problem


@pytest.mark.parametrize("account", ["12345678901", "1234567890123", "12345678901x", "١٢٣٤٥٦٧٨٩٠١٢"])
def test_an_account_is_twelve_digits(account: str) -> None:
    (problem,) = problems_of(lambda raw: raw.update(audit_account=account))
    assert problem.startswith("audit_account: must be an account id")


def test_an_account_that_json_took_for_a_number_is_told_so() -> None:
    (problem,) = problems_of(lambda raw: raw.update(audit_account=111122223333))
    assert problem.endswith("(put it in quotes)")


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("email", "a b@example.com"),
        ("email-json", "example.com"),
        ("https", "http://example.com"),
        ("https", "https://"),
        ("https", "https://[broken"),
        ("sms", "0049301234"),
        ("sqs", "https://sqs.eu-central-1.amazonaws.com/111122223333/x"),
        ("sqs", "arn:aws:sqs:eu-central-1:1:queue"),
        ("sqs", "arn:aws-cn:sqs:eu-central-1:111122223333:queue"),
        ("lambda", "arn:aws:lambda:eu-central-1:111122223333:layer:x"),
    ],
)
def test_an_endpoint_that_its_protocol_cannot_reach_is_told(protocol: str, endpoint: str) -> None:
    (problem,) = problems_of(lambda raw: raw["subscribers"][0].update(protocol=protocol, endpoint=endpoint))
    assert problem.startswith("subscribers[0].endpoint: ")


@pytest.mark.parametrize(
    ("region", "protocol", "endpoint", "words"),
    [
        ("cn-north-1", "sms", "+4930123456", "SNS sends no SMS from cn-north-1; take email or https"),
        ("ap-east-1", "sms", "+4930123456", "SNS sends no SMS from ap-east-1; take email or https"),
        (
            "eu-central-1",
            "lambda",
            "arn:aws:lambda:eu-south-1:111122223333:function:triage",
            "SNS in eu-central-1 invokes no functions in eu-south-1; name one in eu-central-1, or a queue",
        ),
        (
            "me-south-1",
            "lambda",
            "arn:aws:lambda:af-south-1:444455556666:function:triage",
            "SNS in me-south-1 invokes no functions in af-south-1; name one in me-south-1, or a queue",
        ),
        (
            "eu-central-1",
            "sqs",
            "arn:aws:sqs:eu-cental-1:111122223333:queue",
            "'arn:aws:sqs:eu-cental-1:111122223333:queue' names no region of the partition aws",
        ),
        (
            "eusc-de-east-1",
            "sqs",
            "arn:aws-eusc:sqs:eu-central-1:111122223333:queue",
            "'arn:aws-eusc:sqs:eu-central-1:111122223333:queue' names no region of the partition aws-eusc",
        ),
    ],
)
@pytest.mark.parametrize("key", ["subscribers", "operations_subscribers", "rule_authors"])
def test_what_sns_would_not_deliver_to_is_refused_before(
    key: str, region: str, protocol: str, endpoint: str, words: str
) -> None:
    entry = {"protocol": protocol, "endpoint": endpoint}
    found = problems_of(
        lambda raw: raw.update(
            {"region": region, "subscribers": [], "operations_subscribers": [], "rule_authors": []}
            | {key: [entry]}
        )
    )
    assert found == (f"{key}[0].endpoint: {words}",)


@pytest.mark.parametrize(
    ("region", "protocol", "endpoint"),
    [
        ("us-gov-west-1", "sms", "+4930123456"),
        ("af-south-1", "sms", "+4930123456"),
        ("eu-south-1", "lambda", "arn:aws:lambda:eu-south-1:111122223333:function:triage"),
        ("eu-south-1", "lambda", "arn:aws:lambda:us-east-1:444455556666:function:triage"),
        ("cn-north-1", "lambda", "arn:aws-cn:lambda:cn-northwest-1:444455556666:function:triage"),
        ("eu-central-1", "sqs", "arn:aws:sqs:eu-south-1:444455556666:siem"),
    ],
)
def test_what_sns_delivers_to_is_taken(region: str, protocol: str, endpoint: str) -> None:
    entry = {"protocol": protocol, "endpoint": endpoint}
    changes = {"region": region, "subscribers": [entry], "operations_subscribers": [], "rule_authors": []}
    assert parse_settings(SAMPLE | changes).subscribers[0].endpoint == endpoint


@pytest.mark.parametrize("region", ["us-iso-east-1", "us-isob-west-1", "eu-isoe-west-1", "aws-global"])
def test_regions_of_partitions_that_nobody_thought_of_are_refused(region: str) -> None:
    found = problems_of(lambda raw: raw.update(region=region))
    assert found[0].startswith(f"region: '{region}' is not one of")


@pytest.mark.parametrize(("count", "refused"), [(200, False), (201, True)])
def test_a_topic_has_as_many_subscribers_as_sns_filters_for(count: int, refused: bool) -> None:
    many = [{"protocol": "email", "endpoint": f"a{number}@example.com"} for number in range(count)]
    raw = SAMPLE | {"subscribers": many, "operations_subscribers": many}
    if not refused:
        assert len(parse_settings(raw).subscribers) == count
        return
    (problem,) = problems_of(lambda settings: settings.update(raw))
    assert problem.startswith("subscribers: SNS takes 200 subscribers with severities a topic, not 201;")


@pytest.mark.parametrize("flag", ["yes", 1, "true"])
def test_protection_is_true_or_false(flag: object) -> None:
    (problem,) = problems_of(lambda raw: raw.update(protect=flag))
    assert problem == f"protect: must be true or false, not {flag!r}"


@pytest.mark.parametrize(
    ("protocol", "endpoint"),
    [
        ("email", "first.last+tag@mail.example.com"),
        ("https", "https://hooks.example.com/x?token=1"),
        ("sms", "+4930123456"),
        ("sqs", "arn:aws:sqs:eu-central-1:444455556666:alerts"),
        ("lambda", "arn:aws:lambda:eu-central-1:111122223333:function:triage:live"),
    ],
)
def test_an_endpoint_that_can_be_reached_passes(protocol: str, endpoint: str) -> None:
    raw = copy.deepcopy(SAMPLE)
    raw["subscribers"] = [{"protocol": protocol, "endpoint": endpoint}]
    assert parse_settings(raw).subscribers[0].endpoint == endpoint


def test_a_subscriber_listed_twice_is_told() -> None:
    (problem,) = problems_of(lambda raw: raw["subscribers"].append(dict(raw["subscribers"][0])))
    assert "is listed twice" in problem


@pytest.mark.parametrize("key", ["subscribers", "operations_subscribers", "rule_authors"])
def test_more_queues_of_others_than_a_topics_policy_has_room_for_are_refused(key: str) -> None:
    def named(number: int, account: str) -> list[dict[str, str]]:
        queue = f"arn:aws:sqs:eu-central-1:{account}:{'q' * 70}"
        return [{"protocol": "sqs", "endpoint": f"{queue}{each}"} for each in range(number)]

    own = SAMPLE["audit_account"]
    (problem,) = problems_of(lambda raw: raw.update({key: named(MOST_ELSEWHERE + 1, "999988887777")}))
    assert problem.startswith(f"{key}: a topic's policy has room for {MOST_ELSEWHERE} queues")
    raw = {**SAMPLE, key: [*named(MOST_ELSEWHERE, "999988887777"), *named(60, own)]}
    assert len(getattr(parse_settings(raw), key)) == MOST_ELSEWHERE + 60


def test_severities_are_given_one_way_only() -> None:
    (problem,) = problems_of(lambda raw: raw["subscribers"][0].update(severities=["low"]))
    assert problem == "subscribers[0]: give min_severity or severities, not both"


def test_somebody_must_be_watched() -> None:
    (problem,) = problems_of(lambda raw: raw.update(accounts=[]))
    assert "nothing would be watched" in problem


def test_an_account_owns_one_trail_only() -> None:
    organization = {"id": "o-a1b2c3d4e5", "management_account": "444455556666"}
    (problem,) = problems_of(lambda raw: raw.update(organization=organization))
    assert "444455556666 would own two trails" in problem


def test_an_organization_may_stand_beside_accounts_outside_it() -> None:
    organization = {"id": "o-a1b2c3d4e5", "management_account": "999900001111"}
    settings = parse_settings({**SAMPLE, "organization": organization})
    assert settings.organization == Organization("o-a1b2c3d4e5", "999900001111")
    assert settings.trail_accounts == ("999900001111", "444455556666", "777788889999")


def test_more_accounts_than_a_bucket_policy_holds_are_told() -> None:
    many = [f"{100000000000 + number}" for number in range(MOST_ACCOUNTS + 1)]
    (problem,) = problems_of(lambda raw: raw.update(accounts=many))
    assert "use one organization's trail" in problem


def test_retentions_must_fit_each_other() -> None:
    changes = {"log_days": 90, "archive_after_days": 90, "function_log_days": 91}
    first, second, third = problems_of(
        lambda raw: raw.update(retention=changes, object_lock={"mode": "governance", "days": 91})
    )
    assert first.startswith("retention.archive_after_days: must be less")
    assert second.startswith("retention.function_log_days: CloudWatch Logs knows only 1, 3, 5")
    assert third.startswith("object_lock.days: must not exceed")


def test_the_host_is_taken_as_a_whole() -> None:
    settings = parse_settings({**SAMPLE, "functions": {"architecture": "host", "python": "host"}})
    machine = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
    assert (settings.functions.architecture, settings.functions.python) == (machine, host_python())
    other = "3.12" if host_python() != "3.12" else "3.13"
    (problem,) = problems_of(lambda raw: raw.update(functions={"architecture": "host", "python": other}))
    assert problem.startswith("functions.python: must be")


def test_a_runtime_without_wheels_is_refused() -> None:
    (problem,) = problems_of(lambda raw: raw.update(functions={"architecture": "x86_64", "python": "3.11"}))
    assert "google-re2" in problem


def test_partitions_follow_the_region() -> None:
    assert partitions_by_region()["cn-north-1"] == "aws-cn"
    assert partitions_by_region()["us-gov-west-1"] == "aws-us-gov"
    assert partitions_by_region()["eusc-de-east-1"] == "aws-eusc"
    assert set(partitions_by_region().values()) == {"aws", "aws-cn", "aws-eusc", "aws-us-gov"}


@pytest.mark.parametrize(
    ("region", "hosts"),
    [
        ("eu-central-1", "s3.eu-central-1.amazonaws.com"),
        ("us-gov-east-1", "s3.us-gov-east-1.amazonaws.com"),
        ("cn-northwest-1", ["s3.cn-northwest-1.amazonaws.com", "s3.cn-northwest-1.amazonaws.com.cn"]),
        ("eusc-de-east-1", ["s3.eusc-de-east-1.amazonaws.com", "s3.eusc-de-east-1.amazonaws.eu"]),
    ],
)
def test_a_key_is_used_through_a_service_however_its_host_is_spelt(region: str, hosts: object) -> None:
    names = Names("111122223333", region, partitions_by_region()[region])
    statement = use_key(names, "arn", "s3", "kms:Decrypt").to_statement_json()
    assert statement["Condition"] == {"StringEquals": {"kms:ViaService": hosts}}


def test_pseudo_regions_are_none() -> None:
    assert "aws-global" not in partitions_by_region()


@pytest.mark.parametrize("raw", [None, [], "eu-central-1", 3])
def test_settings_that_are_no_object_are_told(raw: object) -> None:
    with pytest.raises(SettingsError, match="must be an object"):
        parse_settings(raw)


def test_a_file_takes_the_place_of_the_context(tmp_path: Path) -> None:
    file = tmp_path / "settings.json"
    file.write_text(json.dumps({**SAMPLE, "region": "us-gov-west-1"}), encoding="utf-8")
    context: dict[str, Any] = {"settings": str(file), "trailwarden": SAMPLE}
    assert load_settings(context.get).names.partition == "aws-us-gov"
    assert load_settings({"trailwarden": SAMPLE}.get).region == "eu-central-1"


@pytest.mark.parametrize("content", [None, "{", "\udcff"])
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "settings.json"
    if content is not None:
        file.write_text(content, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(SettingsError, match="cannot be read as JSON"):
        load_settings({"settings": str(file)}.get)


def test_no_settings_at_all_are_told() -> None:
    with pytest.raises(SettingsError, match=r"context\.trailwarden"):
        load_settings(dict[str, Any]().get)
