"""The rules bucket: one moment of the team's folder, whatever happens meanwhile."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from trailwarden.aws.rules_bucket import RulesBucket
from trailwarden.rules.folder import MAX_ARCHIVE, MAX_FILE
from trailwarden.state.rules_folder import FolderBusyError

BUCKET = "rules"


class Client:
    """S3, with something that happens before the calls of a name; each happens once."""

    def __init__(self, s3: Any) -> None:
        self._s3 = s3
        self.before: dict[str, list[Any]] = {}
        self.calls: list[str] = []
        self.page = 1000

    def __getattr__(self, name: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls.append(name)
            if self.before.get(name):
                self.before[name].pop(0)()
            small = {"MaxKeys": self.page} if name == "list_objects_v2" else {}
            return getattr(self._s3, name)(**small | request)

        return call


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        client = boto3.client("s3", region_name="eu-west-1")
        client.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
        client.put_bucket_versioning(Bucket=BUCKET, VersioningConfiguration={"Status": "Enabled"})
        yield client


@pytest.fixture
def client(s3: Any) -> Client:
    return Client(s3)


@pytest.fixture
def bucket(client: Client) -> RulesBucket:
    return RulesBucket(client, BUCKET)


def put(s3: Any, key: str, body: bytes = b"x: 1\n") -> str:
    return str(s3.put_object(Bucket=BUCKET, Key=key, Body=body)["VersionId"])


def test_the_folder_is_read_with_versions_and_what_is_no_yaml_is_named(s3: Any, bucket: RulesBucket) -> None:
    version = put(s3, "team/aws/a.yml")
    for key in ("team/", "team/empty/", "team/README.md", "submissions/x.zip", "team.yml"):
        put(s3, key)
    by_hand = put(s3, "team/hand.YML")
    snapshot = bucket.team()
    versions = {path: file.version_id for path, file in snapshot.files.items()}
    assert versions == {"aws/a.yml": version, "hand.YML": by_hand}
    assert snapshot.contents == {"aws/a.yml": b"x: 1\n", "hand.YML": b"x: 1\n"}
    assert snapshot.ignored == ("README.md",)
    assert snapshot.problems == ()


def test_a_folder_of_many_pages_is_read_whole(s3: Any, client: Client, bucket: RulesBucket) -> None:
    client.page = 2
    for number in range(5):
        put(s3, f"team/{number}.yml", b"%d" % number)
    assert bucket.team().contents == {f"{number}.yml": b"%d" % number for number in range(5)}


def test_what_did_not_change_is_not_read_again(s3: Any, client: Client, bucket: RulesBucket) -> None:
    for name in ("a", "b"):
        put(s3, f"team/{name}.yml")
    bucket.team()
    client.calls.clear()
    put(s3, "team/b.yml", b"y: 2\n")
    assert bucket.team().contents == {"a.yml": b"x: 1\n", "b.yml": b"y: 2\n"}
    assert client.calls.count("get_object") == 1


@pytest.mark.parametrize("moment", ["get_object", "list_objects_v2"])
def test_a_folder_that_changes_while_it_is_read_is_read_again(
    s3: Any, client: Client, bucket: RulesBucket, moment: str
) -> None:
    """Both files are changed by one person; no snapshot holds one new and one old."""
    put(s3, "team/a.yml", b"old")
    put(s3, "team/b.yml", b"old")

    def change() -> None:
        put(s3, "team/a.yml", b"new")
        put(s3, "team/b.yml", b"new")

    client.before[moment] = [lambda: None, change]
    assert bucket.team().contents == {"a.yml": b"new", "b.yml": b"new"}


def test_a_file_that_goes_while_the_folder_is_read_is_gone(
    s3: Any, client: Client, bucket: RulesBucket
) -> None:
    put(s3, "team/a.yml")
    put(s3, "team/b.yml")
    client.before["get_object"] = [lambda: s3.delete_object(Bucket=BUCKET, Key="team/b.yml")] * 2
    assert set(bucket.team().files) == {"a.yml"}


def test_a_folder_that_never_holds_still_comes_again_later(
    s3: Any, client: Client, bucket: RulesBucket
) -> None:
    put(s3, "team/a.yml")
    client.before["list_objects_v2"] = [
        (lambda n=number: put(s3, "team/a.yml", b"%d" % n)) for number in range(50)
    ]
    with pytest.raises(FolderBusyError):
        bucket.team()


def test_files_that_cannot_be_taken_are_named_and_not_fetched(
    s3: Any, client: Client, bucket: RulesBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(s3, "team/../up.yml")
    put(s3, "team/big.yml", b"x" * (MAX_FILE + 1))
    put(s3, "team/ok.yml")
    put(s3, "team/ok2.yml")
    monkeypatch.setattr("trailwarden.aws.rules_bucket.MAX_FILES", 1)
    snapshot = bucket.team()
    assert set(snapshot.files) == {"ok.yml"}
    assert {problem.path for problem in snapshot.problems} == {"../up.yml", "big.yml", "ok2.yml"}
    assert set(snapshot.untaken) == {"../up.yml", "big.yml", "ok2.yml"}
    assert client.calls.count("get_object") == 1


def answer(code: str, status: int) -> ClientError:
    """What S3 says instead of an object."""
    response: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "GetObject")


def refuse(code: str, status: int) -> Any:
    def raises() -> None:
        raise answer(code, status)

    return raises


OF_THE_OBJECT = [
    ("InvalidObjectState", 403),  # archived, also by INTELLIGENT_TIERING
    ("InvalidRequest", 400),  # SSE-C
    ("AccessDenied", 403),
    ("KMS.DisabledException", 400),
    ("KMS.KMSInvalidStateException", 400),
    ("KMS.NotFoundException", 400),
    ("AllAccessDisabled", 403),
]
MAY_PASS = [
    ("SlowDown", 503),
    ("InternalError", 500),
    ("ThrottlingException", 400),
    ("KMS.ThrottlingException", 400),
    ("TooManyRequestsException", 429),
    ("RequestTimeout", 400),
    ("RequestTimeTooSkewed", 403),
    ("ExpiredToken", 400),
    ("InvalidAccessKeyId", 403),
]


@pytest.mark.parametrize(("code", "status"), OF_THE_OBJECT)
def test_a_file_that_s3_does_not_return_is_a_problem_of_its_path(
    s3: Any, client: Client, bucket: RulesBucket, code: str, status: int
) -> None:
    put(s3, "team/a.yml")
    put(s3, "team/b.yml")
    client.before["get_object"] = [refuse(code, status)]
    snapshot = bucket.team()
    assert set(snapshot.files) == {"b.yml"}
    assert set(snapshot.untaken) == {"a.yml"}
    (problem,) = snapshot.problems
    assert problem.path == "a.yml"
    assert "upload it again" in problem.cure
    assert set(bucket.team().files) == {"a.yml", "b.yml"}, "it is asked for again"


@pytest.mark.parametrize("storage_class", ["GLACIER", "DEEP_ARCHIVE"])
def test_an_archived_object_is_named_with_what_to_do(
    s3: Any, bucket: RulesBucket, storage_class: str
) -> None:
    s3.put_object(Bucket=BUCKET, Key="team/cold.yml", Body=b"x: 1", StorageClass=storage_class)
    s3.put_object(Bucket=BUCKET, Key="submissions/cold.zip", Body=b"x", StorageClass=storage_class)
    (problem,) = bucket.team().problems
    assert "archived" in problem.message
    found = bucket.submission("submissions/cold.zip", "")
    assert found is not None
    assert found.problem is not None
    assert (found.body, found.problem.path) == (None, "submissions/cold.zip")


@pytest.mark.parametrize(("code", "status"), MAY_PASS)
def test_what_may_pass_is_no_problem_of_a_file(
    s3: Any, client: Client, bucket: RulesBucket, code: str, status: int
) -> None:
    put(s3, "team/a.yml")
    put(s3, "submissions/a.zip")
    for read in (bucket.team, lambda: bucket.submission("submissions/a.zip", "")):
        client.before["get_object"] = [refuse(code, status)]
        with pytest.raises(ClientError, match=code):
            read()
    client.before["head_object"] = [refuse(code, status)]
    with pytest.raises(ClientError, match=code):
        bucket.is_mirror("a.yml")


@pytest.mark.parametrize(("code", "status"), OF_THE_OBJECT)
def test_a_submission_that_s3_does_not_return_is_handed_back_with_the_problem(
    s3: Any, client: Client, bucket: RulesBucket, code: str, status: int
) -> None:
    version = put(s3, "submissions/a.zip")
    client.before["get_object"] = [refuse(code, status)]
    found = bucket.submission("submissions/a.zip", version)
    assert found is not None
    assert found.problem is not None
    assert found.version_id == version


def test_a_submission_that_s3_denies_because_it_is_gone_is_gone(
    s3: Any, client: Client, bucket: RulesBucket
) -> None:
    put(s3, "submissions/a.zip.other")
    client.before["get_object"] = [refuse("AccessDenied", 403)]
    assert bucket.submission("submissions/a.zip", "v") is None


def test_a_file_that_cannot_be_looked_at_is_not_the_mirrors(client: Client, bucket: RulesBucket) -> None:
    client.before["head_object"] = [refuse("403", 403)]
    assert not bucket.is_mirror("a.yml")


def test_what_the_mirror_wrote_is_told_from_what_people_wrote(s3: Any, bucket: RulesBucket) -> None:
    bucket.put_team("a.yml", b"x")
    assert bucket.is_mirror("a.yml")
    put(s3, "team/a.yml", b"y")
    assert not bucket.is_mirror("a.yml")
    bucket.remove_team("a.yml")
    bucket.remove_team("a.yml")
    assert not bucket.is_mirror("a.yml")
    assert bucket.team().files == {}


def test_a_submission_is_read_by_its_version(s3: Any, bucket: RulesBucket) -> None:
    origin = bucket.submit("submissions/a.zip", b"one", {"trailwarden-base": "1"})
    version = origin.partition("@")[2]
    put(s3, "submissions/a.zip", b"two")
    found = bucket.submission("submissions/a.zip", version)
    assert found is not None
    assert (found.body, found.version_id, found.metadata) == (b"one", version, {"trailwarden-base": "1"})
    newest = bucket.submission("submissions/a.zip", "")
    assert newest is not None
    assert newest.body == b"two"


def test_a_submission_that_is_gone_is_none_and_one_too_large_is_not_read(
    s3: Any, bucket: RulesBucket
) -> None:
    assert bucket.submission("submissions/none.zip", "") is None
    assert bucket.submission("submissions/none.zip", "abc") is None
    put(s3, "submissions/large.zip", b"\0" * (MAX_ARCHIVE + 1))
    found = bucket.submission("submissions/large.zip", "")
    assert found is not None
    assert (found.body, found.size) == (None, MAX_ARCHIVE + 1)


def test_artefacts_and_sources_lie_under_their_names(s3: Any, bucket: RulesBucket) -> None:
    bucket.put_artefact("v" * 16, b"{}")
    bucket.put_sources("s" * 16, b"PK")
    keys = [item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]]
    assert keys == [f"rule-sets/{'v' * 16}.json", f"sources/{'s' * 16}.zip"]
    assert (bucket.artefact("v" * 16), bucket.sources("s" * 16)) == (b"{}", b"PK")
