"""Rules edited live: by the command, by hand, by two at once; broken ones; back again; out of staging."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import uuid4

import pytest

from infra.names import TEND_FUNCTION
from local.cloud import wait_for
from tests.e2e.authors import (
    Author,
    act_until_told,
    broken,
    call_of,
    rule,
    told_about,
    wait_until_at_work,
)
from tests.e2e.conftest import Archive
from tests.patience import SECONDS
from tests.samples import log_file
from trailwarden.publishing.submission import FolderSubmission, pack_submission


@pytest.fixture
def author(archive: Archive, tmp_path: Path) -> Author:
    return Author(archive.cloud, tmp_path / "rules")


def live(author: Author) -> dict[str, object]:
    found: dict[str, object] = json.loads(author.must("status", "--json"))["live"]
    return found


def test_a_rule_that_is_published_tells_of_the_next_record(archive: Archive, author: Author) -> None:
    author.write(mallory=rule("mallory"))
    said = author.publish()
    assert "is live" in said
    assert "added: rule 'Anything that mallory does'" in said

    act_until_told(archive, "mallory")

    (alert,) = told_about(archive.cloud, "mallory")
    assert "mallory looked around" in alert.mail.subject
    (item,) = (
        item for item in archive.cloud.table_items("ALERT") if item["pk"]["S"] == f"ALERT#{alert.alert_id}"
    )
    assert json.loads(item["alert"]["S"])["rule_set_version"] == live(author)["version"]
    author.told("is live", "Anything that mallory does")
    assert author.team() == {"mallory.yml": (author.folder / "mallory.yml").read_text()}


def test_a_broken_rule_leaves_the_old_ones_at_work_and_its_author_is_told(
    archive: Archive, author: Author
) -> None:
    author.write(trent=rule("trent"))
    author.publish()
    before = live(author)

    author.upload("eve.yml", broken(rule("eve")))

    letter = author.told("did not go live", "eve.yml:11:", "selektion")
    assert "; " in letter.body.partition("eve.yml:11:")[2].partition("\n")[0]  # the cure
    assert f"still rule set {before['sequence']}" in letter.body
    assert live(author) == before
    status = author.must("status")
    assert "eve.yml:11:" in status
    assert "cure: " in status
    act_until_told(archive, "trent")
    # Mended, it goes live without being asked for again.
    author.upload("eve.yml", rule("eve"))
    author.told("is live", "Anything that eve does")
    act_until_told(archive, "eve")


def test_what_is_uploaded_or_removed_by_hand_is_live_by_itself(archive: Archive, author: Author) -> None:
    author.write(walter=rule("walter"))
    author.publish()
    author.upload("peggy.yml", rule("peggy"))
    letter = author.told("is live", "added: rule 'Anything that peggy does'")
    assert "operator" in letter.body  # who did it, as S3 names them
    act_until_told(archive, "peggy")

    author.remove("walter.yml")

    author.told("is live", "removed: rule 'Anything that walter does'")
    assert set(author.team()) == {"peggy.yml"}


def test_a_rollback_is_one_command_and_as_fast(archive: Archive, author: Author) -> None:
    author.write(carol=rule("carol"))
    author.publish()
    good = live(author)
    author.write(dave=rule("dave"))
    author.publish()
    act_until_told(archive, "dave")

    said = author.must("rollback", "--yes", "--note", "too noisy")
    assert f"back to rule set {good['sequence']}" in said

    assert live(author)["version"] == good["version"]
    assert wait_for(lambda: set(author.team()) == {"carol.yml"}, SECONDS)
    wait_until_at_work(archive, str(good["version"]))
    archive.announce(archive.put(log_file([{**call_of("dave"), "eventTime": "2026-03-02T12:00:00Z"}])))
    archive.settle()
    assert len(told_about(archive.cloud, "dave")) == 1  # what was told before the rollback
    newest, *_ = author.must("history").splitlines()
    assert "rollback" in newest
    assert "'too noisy'" in newest


def test_of_two_who_publish_at_once_one_wins_whole_and_the_other_is_told(author: Author) -> None:
    author.write(zoe=rule("zoe"))
    author.publish()
    base = int(str(live(author)["sequence"]))
    folders = {
        name: {f"{name}-{n}.yml": rule(f"{name}-{n}").encode() for n in range(3)} for name in ("alice", "bob")
    }

    def hand_in(name: str) -> str:
        packed = pack_submission(FolderSubmission(base, name, "", folders[name]), uuid4().hex)
        author.cloud.audit("s3").put_object(
            Bucket=author.bucket, Key=packed.key, Body=packed.body, Metadata=packed.metadata
        )
        return packed.key

    with ThreadPoolExecutor(max_workers=2) as both:
        list(both.map(hand_in, folders))

    author.told("did not go live", "Look at `trailwarden rules diff`")
    status = json.loads(author.must("status", "--json"))
    assert status["live"]["sequence"] == base + 1
    winner = status["publication"]["claimed_author"]
    (loser,) = set(folders) - {winner}
    author.told("did not go live", f"claims to be {loser}")
    wanted = {path: content.decode() for path, content in folders[winner].items()}
    assert wait_for(lambda: author.team() == wanted, SECONDS), author.team()


def test_a_rule_in_staging_is_counted_and_tells_nobody_until_it_is_promoted(
    archive: Archive, author: Author
) -> None:
    author.write(oscar=rule("oscar", status="test"))
    author.publish()
    wait_until_at_work(archive, str(live(author)["version"]))
    archive.announce(archive.put(log_file([call_of("oscar")])))
    archive.settle()

    def staged() -> list[dict[str, object]]:
        found = json.loads(author.must("status", "--days", "90", "--json"))["staged"]
        return [one for one in found if one["title"] == "Anything that oscar does"]

    assert [item for item in archive.cloud.table_items("ALERT") if "staged" in item]
    assert told_about(archive.cloud, "oscar") == []
    (one,) = staged()
    assert one["status"] == "test"

    author.must("promote", "oscar", "--yes")

    assert "status: stable" in author.team()["oscar.yml"]
    wait_until_at_work(archive, str(live(author)["version"]))
    later = {**call_of("oscar"), "eventTime": "2026-03-03T12:00:00Z"}
    archive.announce(archive.put(log_file([later])))
    archive.settle()
    assert len(told_about(archive.cloud, "oscar")) == 1
    assert staged() == []


def test_the_clock_starts_what_tends_alerts(archive: Archive) -> None:
    """Every minute, the first of which the tests before this one have mostly seen pass."""

    def tended() -> bool:
        pages = archive.cloud.audit("logs").get_paginator("filter_log_events")
        found = pages.paginate(logGroupName=f"/aws/lambda/{TEND_FUNCTION}")
        return any('"tended"' in event["message"] for page in found for event in page["events"])

    assert wait_for(tended, SECONDS), archive.cloud.emulator.log
