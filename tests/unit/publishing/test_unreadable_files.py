"""Objects that S3 does not return: they cost their own path, and stop nobody from going back."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.unit.publishing.world import OWN, OWN_LATER, CrashError, World
from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.publishing.notices import FolderChange
from trailwarden.publishing.press import Outcome
from trailwarden.publishing.publisher import Publisher
from trailwarden.publishing.submission import (
    FolderSubmission,
    RollbackSubmission,
    Submission,
    pack_submission,
)

BUCKET = "rules"


@dataclass
class Shop:
    """A publisher whose bucket is S3's. `denied` are keys that S3 refuses to return, with its code."""

    s3: Any
    world: World = field(default_factory=World)
    denied: dict[str, str] = field(default_factory=dict)
    submissions: int = 0

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(**request: Any) -> Any:
            code = self.denied.get(request.get("Key", "")) if name == "get_object" else None
            if code:
                answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": 400}}
                raise ClientError(answer, "GetObject")
            return getattr(self.s3, name)(**request)

        return call

    def publisher(self) -> Publisher:
        world = self.world
        return Publisher(
            shipped=world.shipped,
            folder=RulesBucket(self, BUCKET),
            store=world.store,
            authors=world,
            operations=world,
            now=world.now,
        )

    def edit(self, path: str, body: bytes, **how: str) -> list[Outcome]:
        self.s3.put_object(Bucket=BUCKET, Key=f"team/{path}", Body=body, **how)
        return self.publisher().edited([FolderChange(BUCKET, f"team/{path}", "", False, "AWS:A", "")])

    def hand_in(self, submission: Submission) -> list[Outcome]:
        self.submissions += 1
        packed = pack_submission(submission, f"s{self.submissions}")
        version = RulesBucket(self.s3, BUCKET).submit(packed.key, packed.body, packed.metadata)
        change = FolderChange(BUCKET, packed.key, version.partition("@")[2], False, "AWS:A", "")
        return self.publisher().submitted(change)

    def names(self) -> set[str]:
        listed = self.s3.list_objects_v2(Bucket=BUCKET, Prefix="team/").get("Contents", [])
        return {item["Key"] for item in listed}


@pytest.fixture
def shop(monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        s3 = boto3.client("s3", region_name="us-east-1")
        s3.create_bucket(Bucket=BUCKET)
        s3.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        made = Shop(s3)
        made.world.time = 4e9  # no object of S3's clock is newer than what is published
        made.edit("own.yml", OWN)
        made.edit("own.yml", OWN_LATER)
        made.world.subjects()
        yield made


def results(outcomes: list[Outcome]) -> list[str]:
    return [outcome.result for outcome in outcomes]


UNREADABLE = ["InvalidObjectState", "InvalidRequest", "AccessDenied", "KMS.DisabledException"]


@pytest.mark.parametrize("code", UNREADABLE)
def test_an_edit_is_refused_once_and_names_the_file(shop: Shop, code: str) -> None:
    shop.denied["team/bad.yml"] = code
    assert results(shop.edit("bad.yml", b"x")) == ["refused"]
    assert results(shop.edit("bad.yml", b"x")) == ["unchanged"]
    ((subject, text),) = shop.world.letters
    assert subject == "Trailwarden: a rule set was refused"
    assert "bad.yml:1:1" in text
    assert "upload it again" in text
    assert shop.world.live().sequence == 2


@pytest.mark.parametrize("code", UNREADABLE)
@pytest.mark.parametrize("path", ["bad.yml", "own.yml"])
def test_a_rollback_goes_live_and_clears_the_folder(shop: Shop, code: str, path: str) -> None:
    shop.denied[f"team/{path}"] = code
    shop.edit(path, b"x")
    outcomes = shop.hand_in(RollbackSubmission(2, "Ada", "back", 1))
    assert results(outcomes) == ["published", "told", "mirrored"]
    assert shop.world.live().sequence == 3
    shop.denied.clear()
    assert RulesBucket(shop.s3, BUCKET).team().contents == {"own.yml": OWN}


def test_a_folder_goes_live_over_an_archived_file(shop: Shop) -> None:
    shop.edit("cold.yml", b"x", StorageClass="DEEP_ARCHIVE")
    outcomes = shop.hand_in(FolderSubmission(2, "Ada", "", {"own.yml": OWN}))
    assert results(outcomes) == ["published", "told", "mirrored"]
    assert shop.names() == {"team/own.yml"}


def test_a_submission_that_cannot_be_read_is_refused_with_the_reason(shop: Shop) -> None:
    packed = pack_submission(RollbackSubmission(2, "Ada", "", 1), "cold")
    stored = shop.s3.put_object(
        Bucket=BUCKET, Key=packed.key, Body=packed.body, Metadata=packed.metadata, StorageClass="GLACIER"
    )
    change = FolderChange(BUCKET, packed.key, stored["VersionId"], False, "AWS:A", "")
    assert results(shop.publisher().submitted(change)) == ["refused"]
    assert results(shop.publisher().submitted(change)) == ["unchanged"]
    ((_, text),) = shop.world.letters
    assert "storage class STANDARD" in text


def test_a_throttled_read_is_no_refusal(shop: Shop) -> None:
    shop.denied["team/own.yml"] = "ThrottlingException"
    with pytest.raises(ClientError, match="ThrottlingException"):
        shop.edit("own.yml", OWN)
    assert shop.world.letters == []


def test_a_rollback_goes_live_before_a_folder_that_cannot_be_read_at_all() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.edited("own.yml", OWN_LATER)
    world.failing += ["team", "team"]  # before it goes live, and for the mirror
    with pytest.raises(CrashError):
        world.roll_back(1, base=2)
    assert world.live().sequence == 3
    world.publisher().settle()
    assert world.folder.team().contents == {"own.yml": OWN}


def test_a_rollback_does_not_wait_for_the_mirror_of_what_it_goes_back_from() -> None:
    world = World()
    world.publish({"own.yml": OWN}, base=0)
    world.failing += ["put_team"]
    world.publish_crashing({"own.yml": OWN_LATER}, base=1)
    world.failing += ["team"]
    assert "published" in results(world.roll_back(1, base=2))
    assert world.folder.team().contents == {"own.yml": OWN}
    told = [subject for subject, _ in world.letters if "is live (" in subject]
    assert [subject.split()[3] for subject in told] == ["1", "2", "3"], "nobody is left untold of the second"
