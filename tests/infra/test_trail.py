"""The trails' templates."""

from tests.infra.conftest import Synthesized


def test_a_members_trail_sees_all_regions_and_can_be_verified(deployment: Synthesized) -> None:
    for account in ("444455556666", "777788889999"):
        trail = deployment.properties(f"TrailwardenTrail-{account}", "AWS::CloudTrail::Trail")
        assert trail == {
            "TrailName": "trailwarden",
            "IsLogging": True,
            "IsMultiRegionTrail": True,
            "IncludeGlobalServiceEvents": True,
            "IsOrganizationTrail": False,
            "EnableLogFileValidation": True,
            "S3BucketName": "trailwarden-logs-111122223333-eu-central-1",
            "KMSKeyId": "arn:aws:kms:eu-central-1:111122223333:alias/trailwarden-logs",
            "SnsTopicName": "arn:aws:sns:eu-central-1:111122223333:trailwarden-delivery",
        }


def test_the_organizations_trail_lies_in_the_management_account(organization: Synthesized) -> None:
    trail = organization.properties("TrailwardenTrail-999900001111", "AWS::CloudTrail::Trail")
    assert trail["IsOrganizationTrail"] is True
    assert trail["KMSKeyId"] == "arn:aws-us-gov:kms:us-gov-west-1:111122223333:alias/trailwarden-logs"
    assert [name for name in organization.templates if "Trail-" in name] == ["TrailwardenTrail-999900001111"]


def test_a_deleted_stack_leaves_the_trail_running(deployment: Synthesized) -> None:
    (trail,) = deployment.resources("TrailwardenTrail-444455556666", "AWS::CloudTrail::Trail").values()
    assert trail["DeletionPolicy"] == "RetainExceptOnCreate"
