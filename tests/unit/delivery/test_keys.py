from datetime import UTC, datetime
from pathlib import Path

import pytest

from trailwarden.delivery.keys import LogFileKey, LogFileKind

FOLDER = "AWSLogs/111122223333/CloudTrail/us-east-2/2015/08/01"
NAME = "111122223333_CloudTrail_us-east-2_20150801T0210Z_Mu0KsOhtH1ar15ZZ.json.gz"
KEY = f"{FOLDER}/{NAME}"

CORPUS = Path(__file__).parents[4] / "shared" / "corpus"


def parsed(key: str) -> LogFileKey:
    parts = LogFileKey.parse(key)
    assert parts is not None, key
    assert str(parts) == key
    return parts


def test_a_key_is_split_into_its_parts() -> None:
    assert parsed(KEY) == LogFileKey(
        account_id="111122223333",
        kind=LogFileKind.EVENTS,
        region="us-east-2",
        time=datetime(2015, 8, 1, 2, 10, tzinfo=UTC),
        unique="Mu0KsOhtH1ar15ZZ",
    )


@pytest.mark.parametrize(
    "prefix", ["logs", "security/trails", "AWSLogs", "a/AWSLogs/b", "", "/", "a//", "ü b"]
)
def test_any_prefix_is_kept_as_the_trail_has_it(prefix: str) -> None:
    assert parsed(f"{prefix}/{KEY}").prefix == prefix


def test_a_prefix_may_look_like_the_folders_of_a_log_file() -> None:
    assert parsed(f"{FOLDER}/{KEY}").prefix == FOLDER


def test_an_organisation_trail_names_the_organisation() -> None:
    key = KEY.replace("AWSLogs/", "AWSLogs/o-exampleorgid/")

    assert parsed(key).organization_id == "o-exampleorgid"
    assert parsed(f"logs/{key}").prefix == "logs"


@pytest.mark.parametrize("region", ["us-gov-west-1", "ap-central-2r", "apiso-centralnorth-2r", "cn-north-1"])
def test_regions_come_in_odd_shapes(region: str) -> None:
    assert parsed(KEY.replace("us-east-2", region)).region == region


@pytest.mark.parametrize(
    "kind", ["CloudTrail-Insight", "CloudTrail-NetworkActivity", "CloudTrail-Aggregated"]
)
def test_each_kind_of_log_file_is_known(kind: str) -> None:
    parts = parsed(KEY.replace("CloudTrail", kind))

    assert parts.kind == kind
    assert parts.unique == "Mu0KsOhtH1ar15ZZ"


@pytest.mark.parametrize("kind", ["CloudTrail-NetworkActivity", "CloudTrail-Aggregated"])
def test_kinds_whose_file_names_are_undocumented_may_be_named_plainly(kind: str) -> None:
    parts = parsed(KEY.replace("/CloudTrail/", f"/{kind}/"))

    assert parts.kind == kind
    assert parts.plain_name


@pytest.mark.parametrize(
    "trail", ["management-events", "my_trail", "a.b_c-d", "trail_us-east-1", "_20200101T000000Z"]
)
@pytest.mark.parametrize("backfill", [True, False])
def test_a_digest_names_its_trail(trail: str, backfill: bool) -> None:
    ending = "_backfill" if backfill else ""
    key = (
        "logs/AWSLogs/o-exampleorgid/111122223333/CloudTrail-Digest/eu-west-1/2026/11/22/"
        f"111122223333_CloudTrail-Digest_eu-west-1_{trail}_us-gov-west-1_20261122T130507Z{ending}.json.gz"
    )

    assert parsed(key) == LogFileKey(
        prefix="logs",
        organization_id="o-exampleorgid",
        account_id="111122223333",
        kind=LogFileKind.DIGEST,
        region="eu-west-1",
        time=datetime(2026, 11, 22, 13, 5, 7, tzinfo=UTC),
        trail=trail,
        home_region="us-gov-west-1",
        backfill=backfill,
    )


@pytest.mark.parametrize(
    "key",
    [
        "",
        "AWSLogs/",
        NAME,
        FOLDER + "/",
        "AWSLogs/111122223333/CloudTrail/",
        "AWSLogs/111122223333/Config/us-east-2/2015/8/1/ConfigHistory/x.json.gz",
        f"xAWSLogs/{KEY.removeprefix('AWSLogs/')}",
        KEY.removesuffix(".gz"),
        KEY + "\n",
        KEY + ".tmp",
        KEY.replace("CloudTrail", "CloudTrail-Other"),
        KEY.replace("T0210Z", "T2510Z"),
        KEY.replace("T0210Z", "T021007Z"),
        KEY.replace("2015/08/01", "2015/02/30").replace("20150801", "20150230"),
        KEY.replace("111122223333", "11112222333"),
        KEY.replace("111122223333", "１１１１２２２２３３３３"),  # noqa: RUF001 (digits of another script)
        KEY.replace("AWSLogs/", "AWSLogs/r-root/"),
    ],
)
def test_what_is_no_log_file_is_none(key: str) -> None:
    assert LogFileKey.parse(key) is None


@pytest.mark.parametrize(
    "name",
    [
        NAME.replace("111122223333", "444455556666"),
        NAME.replace("us-east-2", "us-east-1"),
        NAME.replace("CloudTrail", "CloudTrail-Insight"),
        NAME.replace("20150801", "20150802"),
    ],
)
def test_folder_and_file_name_must_agree(name: str) -> None:
    assert LogFileKey.parse(f"{FOLDER}/{name}") is None


def test_an_insight_file_cannot_be_named_plainly() -> None:
    assert LogFileKey.parse(KEY.replace("/CloudTrail/", "/CloudTrail-Insight/")) is None


@pytest.mark.corpus
@pytest.mark.skipif(not CORPUS.exists(), reason="../shared/corpus is missing")
def test_every_key_of_the_corpus_is_read() -> None:
    keys = [path.relative_to(CORPUS).as_posix() for path in CORPUS.glob("AWSLogs/**/*.json.gz")]

    assert len(keys) > 100
    for key in keys:
        assert parsed(key).kind is LogFileKind.EVENTS
