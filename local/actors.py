"""Who acts in the member account: an intruder and an innocent, by real AWS calls with keys of their own."""

import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.names import TRAIL_NAME
from local.emulator import Emulator

OUTSIDE_ACCOUNT = "777788889999"
ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
ClientOf = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One API call. `words` say what it is; `alerting_event` is the event that must raise an alert."""

    words: str
    call: Callable[[], Any]
    alerting_event: str | None = None


def user_clients(emulator: Emulator, account_id: str, user_name: str) -> ClientOf:
    """Clients of a new IAM user with an administrator's rights, made by the account's owner."""
    iam = emulator.client("iam", account_id)
    iam.create_user(UserName=user_name)
    iam.attach_user_policy(UserName=user_name, PolicyArn=ADMINISTRATOR_POLICY)
    key = iam.create_access_key(UserName=user_name)["AccessKey"]

    def client(service: str) -> Any:
        return emulator.client(service, key["AccessKeyId"], key["SecretAccessKey"])

    return client


def innocent(client: ClientOf) -> Iterator[Act]:
    """A working day: looks around, makes a bucket, labels it. None of it is worth an alert."""
    s3, ec2, iam = client("s3"), client("ec2"), client("iam")
    bucket = "quarterly-figures-of-the-member"
    yield Act("asks who it is", client("sts").get_caller_identity)
    yield Act("lists the virtual machines", ec2.describe_instances)
    yield Act("lists the users", iam.list_users)
    yield Act(
        "creates a bucket",
        lambda: s3.create_bucket(
            Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": s3.meta.region_name}
        ),
    )
    yield Act(
        "labels the bucket",
        lambda: s3.put_bucket_tagging(
            Bucket=bucket, Tagging={"TagSet": [{"Key": "department", "Value": "finance"}]}
        ),
    )
    yield Act("lists the buckets", s3.list_buckets)


def intruder(client: ClientOf) -> Iterator[Act]:
    """An intruder with a stolen administrator's key: stays, opens a door, and blinds the watcher."""
    iam, ec2, cloudtrail = client("iam"), client("ec2"), client("cloudtrail")
    user = "support-backup"
    yield Act("asks whose key was stolen", client("sts").get_caller_identity)
    yield Act("creates a user of its own", lambda: iam.create_user(UserName=user))
    yield Act(
        "makes that user an administrator",
        lambda: iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR_POLICY),
        "AttachUserPolicy",
    )
    yield Act(
        "creates an access key for that user", lambda: iam.create_access_key(UserName=user), "CreateAccessKey"
    )
    yield Act(
        "sets a console password for it",
        lambda: iam.create_login_profile(UserName=user, Password=secrets.token_urlsafe(24) + "aA1!"),
        "CreateLoginProfile",
    )
    group = ec2.create_security_group(GroupName="maintenance", Description="maintenance")["GroupId"]
    yield Act(
        "opens SSH to the whole world",
        lambda: ec2.authorize_security_group_ingress(
            GroupId=group,
            IpPermissions=[
                {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}
            ],
        ),
        "AuthorizeSecurityGroupIngress",
    )
    zone = f"{ec2.meta.region_name}a"
    volume = ec2.create_volume(AvailabilityZone=zone, Size=8)["VolumeId"]
    snapshot = ec2.create_snapshot(VolumeId=volume, Description="before the migration")["SnapshotId"]
    yield Act(
        "shares a disk's snapshot with an account outside",
        lambda: ec2.modify_snapshot_attribute(
            SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OUTSIDE_ACCOUNT}]}
        ),
        "ModifySnapshotAttribute",
    )
    yield Act("stops the trail", lambda: cloudtrail.stop_logging(Name=TRAIL_NAME), "StopLogging")
