"""What a service does under its own service-linked role is found by what asked for it."""

from typing import Any

import pytest

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level
from trailwarden.rules.shipped import shipped_rules_path

ROOT = shipped_rules_path()
FILES = (
    "impact/backups_made_to_expire.yml",
    "impact/capacity_taken_to_nothing.yml",
    "impact/machines_ended_by_alarm.yml",
    "exfiltration/backup_shared_otherwise.yml",
    "exfiltration/images_distributed_by_a_service.yml",
    "defense_evasion/web_firewall_removed.yml",
)
RULES = compile_rules(load_rules([ROOT / file for file in FILES])).rules
CONDITIONS = [compile_condition(rule.detection) for rule in RULES]
FOREIGN = "arn:aws-cn:backup:cn-north-1:444455556666:backup-vault:v"
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    ("monitoring", "PutCompositeAlarm", {"alarmActions": ["arn:aws-cn:automate:cn-north-1:ec2:stop"]}),
    ("monitoring", "PutLogAlarm", {"oKActions": ["arn:aws:automate:eu-west-1:ec2:terminate"]}),
    (
        "events",
        "PutTargets",
        {"targets": [{"arn": "arn:aws:events:eu-west-1:111122223333:target/stop-instance"}]},
    ),
    ("autoscaling", "SetDesiredCapacity", {"autoScalingGroupName": "web", "desiredCapacity": 0}),
    ("autoscaling", "PutScheduledUpdateGroupAction", {"autoScalingGroupName": "web", "maxSize": 0}),
    ("autoscaling", "PutScheduledAction", {"scalableTargetAction": {"minCapacity": 0, "maxCapacity": 0}}),
    ("ec2", "CancelSpotFleetRequests", {"CancelSpotFleetRequestsRequest": {"TerminateInstances": True}}),
    ("ec2", "CancelSpotFleetRequests", {"terminateInstances": "true"}),
    ("ec2", "ModifySpotFleetRequest", {"spotFleetRequestId": "sfr-1", "targetCapacity": 0}),
    ("eks", "UpdateNodegroupConfig", {"scalingConfig": {"minSize": 0, "maxSize": 3, "desiredSize": 0}}),
    ("ecs", "UpdateService", {"service": "web", "desiredCount": 0}),
    ("backup", "UpdateBackupPlan", {"backupPlan": {"rules": [{"lifecycle": {"deleteAfterDays": 7}}]}}),
    (
        "dlm",
        "UpdateLifecyclePolicy",
        {"policyDetails": {"schedules": [{"retainRule": {"interval": 1, "intervalUnit": "DAYS"}}]}},
    ),
    ("rds", "ModifyDBCluster", {"dBClusterIdentifier": "d", "backupRetentionPeriod": 0}),
    ("redshift", "ModifyCluster", {"clusterIdentifier": "c", "automatedSnapshotRetentionPeriod": 0}),
    ("redshift", "BatchModifyClusterSnapshots", {"manualSnapshotRetentionPeriod": 1}),
    ("elasticache", "ModifyServerlessCache", {"serverlessCacheName": "c", "snapshotRetentionLimit": 0}),
    ("fsx", "UpdateFileSystem", {"ontapConfiguration": {"automaticBackupRetentionDays": 0}}),
    ("imagebuilder", "DistributeImage", {"launchPermission": {"organizationArns": ["o"]}}),
    (
        "imagebuilder",
        "CreateDistributionConfiguration",
        {
            "distributions": [
                {"amiDistributionConfiguration": {"launchPermission": {"organizationalUnitArns": ["o"]}}}
            ]
        },
    ),
    (
        "dlm",
        "UpdateLifecyclePolicy",
        {"policyDetails": {"schedules": [{"shareRules": [{"targetAccounts": ["4"]}]}]}},
    ),
    (
        "backup",
        "CreateBackupPlan",
        {"backupPlan": {"rules": [{"copyActions": [{"destinationBackupVaultArn": FOREIGN}]}]}},
    ),
    ("fms", "DisassociateAdminAccount", {}),
]
DAILY: list[tuple[str, str, dict[str, Any]]] = [
    ("monitoring", "PutMetricAlarm", {"alarmActions": ["arn:aws:automate:eu-west-1:ec2:reboot"]}),
    ("monitoring", "PutMetricAlarm", {"alarmName": "arn:aws:automate:eu-west-1:ec2:terminate-watch"}),
    ("autoscaling", "UpdateAutoScalingGroup", {"minSize": 0, "maxSize": 20, "desiredCapacity": 20}),
    ("autoscaling", "SetDesiredCapacity", {"desiredCapacity": 10}),
    ("autoscaling", "RegisterScalableTarget", {"minCapacity": 0, "maxCapacity": 100}),
    ("autoscaling", "DeleteAutoScalingGroup", {"autoScalingGroupName": "web"}),
    ("ec2", "ModifySpotFleetRequest", {"targetCapacity": 100}),
    ("ecs", "UpdateService", {"service": "web", "desiredCount": 10}),
    ("backup", "UpdateBackupPlan", {"backupPlan": {"rules": [{"lifecycle": {"deleteAfterDays": 70}}]}}),
    ("dlm", "UpdateLifecyclePolicy", {"policyDetails": {"schedules": [{"retainRule": {"count": 10}}]}}),
    (
        "dlm",
        "UpdateLifecyclePolicy",
        {"policyDetails": {"schedules": [{"retainRule": {"interval": 1, "intervalUnit": "YEARS"}}]}},
    ),
    ("rds", "ModifyDBCluster", {"dBClusterIdentifier": "d"}),
    ("redshift", "ModifyClusterSnapshot", {"manualSnapshotRetentionPeriod": -1}),
    ("fms", "PutPolicy", {}),
]


def matched(service: str, event: str, parameters: dict[str, Any], **fields: Any) -> list[str]:
    record = {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": event,
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "recipientAccountId": "111122223333",
        "requestParameters": parameters,
        **fields,
    }
    view = RecordView(record)
    return [rule.title for rule, condition in zip(RULES, CONDITIONS, strict=True) if condition(view)]


@pytest.mark.parametrize(("service", "event", "parameters"), ASKED)
def test_what_asks_a_service_to_destroy_or_share_is_found(
    service: str, event: str, parameters: dict[str, Any]
) -> None:
    through = {"type": "AssumedRole", "invokedBy": "cloudformation.amazonaws.com"}

    assert len(matched(service, event, parameters)) == 1
    assert len(matched(service, event, parameters, userIdentity=through)) == 1
    assert matched(service, event, parameters, errorCode="AccessDenied") == []


@pytest.mark.parametrize(("service", "event", "parameters"), DAILY)
def test_daily_settings_are_left_alone(service: str, event: str, parameters: dict[str, Any]) -> None:
    assert matched(service, event, parameters) == []


def test_they_are_worth_a_look() -> None:
    assert {rule.level for rule in RULES} == {Level.MEDIUM}
