"""Two copies of the publisher on one table and bucket: one rule set goes live, whole; the other is told.

One copy runs at a time; this holds where that fails.
"""

import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.alert_table import create_alert_table
from tests.unit.publishing.world import ADA, BOB, OWN_ID, SHIPPED, rule
from trailwarden.aws.rule_set_table import RuleSetTable
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.publishing.notices import FolderChange
from trailwarden.publishing.publisher import Publisher
from trailwarden.publishing.submission import FolderSubmission, pack_submission
from trailwarden.rules.ruleset import load_rule_set

ROUNDS = 4


class OneCallAtATime:
    """moto's calls are made of steps; AWS's are not seen half-way."""

    lock = Lock()

    def __init__(self, client: Any) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            with self.lock:
                return getattr(self._client, name)(**request)

        return call


class Office:
    """The bucket, the table and the letters that both copies share."""

    def __init__(self, s3: Any, dynamodb: Any) -> None:
        self.letters: list[str] = []
        self.folder = RulesBucket(s3, "rules")
        self.store = RuleSetTable(dynamodb, "alerts", now=time.time)
        self._clients = s3, dynamodb

    def tell(self, subject: str, text: str) -> None:
        self.letters.append(text)

    def publisher(self) -> Publisher:
        s3, dynamodb = self._clients
        return Publisher(
            shipped=SHIPPED,
            folder=RulesBucket(s3, "rules"),
            store=RuleSetTable(dynamodb, "alerts", now=time.time),
            authors=self,
            operations=self,
            now=time.time,
        )

    def hand_in(self, title: str, base: int, who: str) -> FolderChange:
        files = {f"{title}.yml": rule(title, OWN_ID), "list.yml": f"name: L\nvalues: [{title}]\n".encode()}
        packed = pack_submission(FolderSubmission(base, who, "", files), f"{title}{random.random()}")  # noqa: S311
        origin = self.folder.submit(packed.key, packed.body, packed.metadata)
        return FolderChange("rules", packed.key, origin.partition("@")[2], False, who, "")


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3, dynamodb = (boto3.client(name, region_name="us-east-1") for name in ("s3", "dynamodb"))
        s3.create_bucket(Bucket="rules")
        s3.put_bucket_versioning(Bucket="rules", VersioningConfiguration={"Status": "Enabled"})
        create_alert_table(dynamodb, "alerts")
        yield Office(OneCallAtATime(s3), OneCallAtATime(dynamodb))


def test_of_two_submissions_at_once_one_goes_live_whole_and_the_other_is_told(office: Office) -> None:
    with ThreadPoolExecutor(2) as pool:
        for base in range(ROUNDS):
            changes = [office.hand_in(f"Ours {base}", base, ADA), office.hand_in(f"Theirs {base}", base, BOB)]
            barrier = Barrier(2)

            def work(change: FolderChange, barrier: Barrier = barrier) -> None:
                publisher = office.publisher()
                barrier.wait()
                publisher.submitted(change)

            list(pool.map(work, changes))
            office.publisher().settle()

            live = office.store.live()
            assert live is not None
            assert (live.sequence, live.mirrored) == (base + 1, True)
            names = f"Ours {base}", f"Theirs {base}"
            winner, loser = names if live.published_by == ADA else reversed(names)
            rules = load_rule_set(office.folder.artefact(live.version)).rules
            assert sorted(each.title for each in rules) == sorted(["Root used", winner])
            assert office.folder.team().contents == {
                f"{winner}.yml": rule(winner, OWN_ID),
                "list.yml": f"name: L\nvalues: [{winner}]\n".encode(),
            }
            (late,) = (change for change in changes if change.key.startswith(f"submissions/{loser}"))
            refusal = office.store.refusal(f"{late.key}@{late.version_id}")
            assert refusal is not None
            assert f"rule set {base + 1}, by {live.published_by}" in refusal.reason
            told = [text.replace("[.]", ".") for text in office.letters]
            assert sum("did not go live" in text and late.key in text for text in told) == 1


def test_an_edit_and_a_submission_at_once_end_in_one_or_the_other(office: Office) -> None:
    """Whoever is first: what is live is one of the two, whole, and the folder shows it."""
    edit = rule("By hand", OWN_ID)
    office.folder._client.put_object(Bucket="rules", Key="team/hand.yml", Body=edit)
    change = FolderChange("rules", "team/hand.yml", "", False, ADA, "")
    submission = office.hand_in("Handed in", 0, BOB)
    barrier = Barrier(2)

    def work(number: int) -> None:
        publisher = office.publisher()
        barrier.wait()
        if number:
            publisher.submitted(submission)
        else:
            publisher.edited([change])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, range(2)))
    publisher = office.publisher()
    publisher.settle()
    publisher.edited([change])
    publisher.submitted(submission)

    live = office.store.live()
    assert live is not None
    titles = {each.title for each in load_rule_set(office.folder.artefact(live.version)).rules}
    publication = office.store.publication(1)
    assert publication is not None
    folder = set(office.folder.team().files)
    if publication.published_by == ADA:
        assert (titles, folder) == ({"Root used", "By hand"}, {"hand.yml"})
        assert office.store.refusals()[0].published_by == BOB
    else:
        assert (titles, folder) == ({"Root used", "Handed in"}, {"Handed in.yml", "list.yml"})
        assert any("hand.yml (version" in text for text in office.letters)
