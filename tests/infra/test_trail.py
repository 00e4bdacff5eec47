"""The trails' templates."""

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.infra.conftest import ROOT, Synthesized

Record = dict[str, Any]
LOGS, RULES = "trailwarden-logs-111122223333-eu-central-1", "trailwarden-rules-111122223333-eu-central-1"
MALLORY = {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/mallory"}
CLOUDTRAIL = {"type": "AWSService", "invokedBy": "cloudtrail.amazonaws.com"}
STRANGER = {"type": "AWSAccount", "accountId": "999988887777", "principalId": "AIDASTRANGER"}
"""A caller of another account: what the bucket's owner sees of them has no ARN."""
ANONYMOUS = {"type": "AWSAccount", "principalId": "", "accountId": "ANONYMOUS_PRINCIPAL"}
TRAIL = "AWS::CloudTrail::Trail"
OWN_RULES = ("log_files_tampered", "rules_changed_by_hand")


def test_a_members_trail_sees_all_regions_and_can_be_verified(deployment: Synthesized) -> None:
    for account in ("444455556666", "777788889999"):
        assert deployment.properties(f"TrailwardenTrail-{account}", TRAIL) == plain_trail()


def plain_trail() -> dict[str, Any]:
    return {
        "TrailName": "trailwarden",
        "IsLogging": True,
        "IsMultiRegionTrail": True,
        "IncludeGlobalServiceEvents": True,
        "IsOrganizationTrail": False,
        "EnableLogFileValidation": True,
        "S3BucketName": LOGS,
        "KMSKeyId": "arn:aws:kms:eu-central-1:111122223333:alias/trailwarden-logs",
        "SnsTopicName": "arn:aws:sns:eu-central-1:111122223333:trailwarden-delivery",
    }


def test_the_audit_account_is_recorded_too_and_what_is_done_to_trailwarden(deployment: Synthesized) -> None:
    trail = deployment.properties("TrailwardenTrail-111122223333", TRAIL)
    assert trail == plain_trail() | {"AdvancedEventSelectors": trail["AdvancedEventSelectors"]}


def test_the_organizations_trail_lies_in_the_management_account(organization: Synthesized) -> None:
    trail = organization.properties("TrailwardenTrail-999900001111", TRAIL)
    assert trail["IsOrganizationTrail"] is True
    assert trail["KMSKeyId"] == "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/trailwarden-logs"
    assert [name for name in organization.templates if "Trail-" in name] == ["TrailwardenTrail-999900001111"]


def test_a_deleted_stack_leaves_the_trail_running(deployment: Synthesized) -> None:
    (trail,) = deployment.resources("TrailwardenTrail-444455556666", TRAIL).values()
    assert trail["DeletionPolicy"] == "RetainExceptOnCreate"


def selected(trail: dict[str, Any], record: Record, *, missing_is_unequal: bool) -> bool:
    """Whether a trail with advanced event selectors records an event. What a field that an event does not
    have is to the operators that exclude, the documentation does not say.

    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    return any(
        all(met(record.get(field["Field"]), field, missing_is_unequal) for field in one["FieldSelectors"])
        for one in trail["AdvancedEventSelectors"]
    )


def met(value: str | None, field: dict[str, Any], missing_is_unequal: bool) -> bool:
    tests: dict[str, Callable[[str, str], bool]] = {
        "Equals": lambda text, whole: text == whole,
        "StartsWith": lambda text, start: text.startswith(start),
        "EndsWith": lambda text, end: text.endswith(end),
    }
    for operator, wanted in field.items():
        if operator == "Field":
            continue
        negated = operator.startswith("Not")
        if value is None:
            if not (negated and missing_is_unequal):
                return False
            continue
        test = tests[operator.removeprefix("Not")]
        if any(test(value, text) for text in wanted) == negated:
            return False
    return True


def written(
    name: str, bucket: str, who: dict[str, str], key: str = "AWSLogs/x.json.gz", *, read_only: bool = False
) -> Record:
    """A data event on an object, as selectors see it."""
    record = {
        "eventCategory": "Data",
        "eventName": name,
        "eventSource": "s3.amazonaws.com",
        "readOnly": str(read_only).lower(),
        "resources.type": "AWS::S3::Object",
        "resources.ARN": f"arn:aws:s3:::{bucket}/{key}",
    }
    return record | ({"userIdentity.arn": who["arn"]} if "arn" in who else {})


def own_trails(deployment: Synthesized, organization: Synthesized) -> list[tuple[dict[str, Any], str, str]]:
    """Each trail that watches Trailwarden itself, with its partition and what its buckets' names end in."""
    return [
        (deployment.properties("TrailwardenTrail-111122223333", TRAIL), "aws", "eu-central-1"),
        (organization.properties("TrailwardenTrail-999900001111", TRAIL), "aws-us-gov", "us-gov-west-1"),
    ]


RECORDED = [
    *((written(name, LOGS, MALLORY)) for name in ("PutObject", "DeleteObject", "CompleteMultipartUpload")),
    *((written(name, LOGS, STRANGER)) for name in ("DeleteObjects", "DeleteObjectVersion", "RenameObject")),
    written("PutObjectRetention", LOGS, MALLORY),
    written("CopyObject", LOGS, {"arn": "arn:aws:sts::111122223333:assumed-role/admin/alice"}),
    *(
        written(name, LOGS, who, key)
        for name in ("PutObject", "CompleteMultipartUpload", "UploadPart")
        for who in (STRANGER, ANONYMOUS)
        for key in ("index.html", "AWSLogs/111122223333/CloudTrail/x.json", "x.gz", "AWSLogs/a.json.gz.sig")
    ),
    written("DeleteObject", LOGS, ANONYMOUS),
    written("PutObjectAcl", LOGS, ANONYMOUS),
    written("PutObject", RULES, STRANGER),
    written("PutObject", RULES, ANONYMOUS),
    written("DeleteObjects", RULES, MALLORY),
    {"eventCategory": "Management", "eventName": "ListUsers", "readOnly": "true"},
    {"eventCategory": "Management", "eventName": "StopLogging", "readOnly": "false"},
]
UNRECORDED = [
    *((written(name, LOGS, CLOUDTRAIL)) for name in ("PutObject", "UploadPart", "CompleteMultipartUpload")),
    # No field tells them from CloudTrail's own.
    *(written("PutObject", LOGS, who) for who in (STRANGER, ANONYMOUS)),
    written("GetObject", LOGS, MALLORY, read_only=True),
    written("GetObject", RULES, MALLORY, read_only=True),
    written("DeleteObject", f"{LOGS}-of-another", MALLORY),
    written("DeleteObject", "shop", MALLORY),
    {"eventCategory": "Data", "eventName": "Invoke", "resources.type": "AWS::Lambda::Function"},
    {"eventCategory": "NetworkActivity", "eventName": "GetObject"},
]


@pytest.mark.parametrize("missing_is_unequal", [True, False])
def test_writes_of_our_own_buckets_are_recorded_and_never_cloudtrails_own(
    deployment: Synthesized, organization: Synthesized, *, missing_is_unequal: bool
) -> None:
    for trail, partition, region in own_trails(deployment, organization):

        def there(record: Record, partition: str = partition, region: str = region) -> Record:
            arn = record.get("resources.ARN", "").replace("arn:aws:s3", f"arn:{partition}:s3")
            return record | {"resources.ARN": arn.replace("eu-central-1", region)}

        found = [selected(trail, there(one), missing_is_unequal=missing_is_unequal) for one in RECORDED]
        assert all(found), [one for one, yes in zip(RECORDED, found, strict=True) if not yes]
        found = [selected(trail, there(one), missing_is_unequal=missing_is_unequal) for one in UNRECORDED]
        assert not any(found), [one for one, yes in zip(UNRECORDED, found, strict=True) if yes]


def test_every_event_that_a_self_protection_rule_needs_of_our_buckets_is_recorded(
    deployment: Synthesized,
) -> None:
    trail = deployment.properties("TrailwardenTrail-111122223333", TRAIL)
    for name in OWN_RULES:
        document = yaml.safe_load((ROOT / "rules" / "self_protection" / f"{name}.yml").read_text())
        bucket = LOGS if name == "log_files_tampered" else RULES
        names = [
            event
            for part in document["detection"].values()
            if isinstance(part, dict)
            for event in part.get("eventName", [])
        ]
        assert len(names) > 5
        assert [
            event
            for event in names
            if not selected(trail, written(event, bucket, MALLORY), missing_is_unequal=False)
        ] == []


def test_selectors_are_what_cloudtrail_takes(deployment: Synthesized, organization: Synthesized) -> None:
    """Up to 500 values; `readOnly`, `eventCategory` and `resources.type` know `Equals` alone; a field stands
    once in a selector. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/filtering-data-events.html"""
    for trail, *_ in own_trails(deployment, organization):
        for one in trail["AdvancedEventSelectors"]:
            fields = [field["Field"] for field in one["FieldSelectors"]]
            assert len(set(fields)) == len(fields)
            for field in one["FieldSelectors"]:
                if field["Field"] in {"readOnly", "eventCategory", "resources.type"}:
                    assert set(field) == {"Field", "Equals"}
