"""Who acts in the member account: an intruder and an innocent, by real AWS calls with keys of their own."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from infra.names import TRAIL_NAME
from local.emulator import Emulator

OUTSIDE_ACCOUNT = "777788889999"
ADMINISTRATOR_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
DEPLOYMENT_ROLE, OPERATIONS_ROLE = "deployment", "operations"
SESSION = "nightly-build"
MORE_PORTS = range(3301, 3316)
"""Enough of them for the alert of the first to count ten times what was told, whichever file holds which."""
ClientOf = Callable[[str], Any]


@dataclass(frozen=True, slots=True)
class Act:
    """One API call, or the same again and again. `words` say what it is; `alerting_event` is the event that
    must raise an alert, or a follow-up where it is done `again`; `who` must be named in it then."""

    words: str
    call: Callable[[], Any]
    alerting_event: str | None = None
    again: bool = False
    who: str = ""


def user_clients(emulator: Emulator, account_id: str, user_name: str) -> ClientOf:
    """Clients of a new IAM user with an administrator's rights, made by the account's owner."""
    iam = emulator.client("iam", account_id)
    iam.create_user(UserName=user_name)
    iam.attach_user_policy(UserName=user_name, PolicyArn=ADMINISTRATOR_POLICY)
    key = iam.create_access_key(UserName=user_name)["AccessKey"]

    def client(service: str) -> Any:
        return emulator.client(service, key["AccessKeyId"], key["SecretAccessKey"])

    return client


def make_roles(emulator: Emulator, account_id: str) -> None:
    """The roles of the account: whoever is in it may take one, and act as an administrator."""
    iam = emulator.client("iam", account_id)
    trust = {"Effect": "Allow", "Principal": {"AWS": account_id}, "Action": "sts:AssumeRole"}
    for name in (DEPLOYMENT_ROLE, OPERATIONS_ROLE):
        document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)
        iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR_POLICY)


def role_clients(emulator: Emulator, client: ClientOf, account_id: str, role: str) -> ClientOf:
    """Clients of a session of the role, which whoever `client` acts for takes by AssumeRole."""
    arn = f"arn:aws:iam::{account_id}:role/{role}"
    key = client("sts").assume_role(RoleArn=arn, RoleSessionName=SESSION)["Credentials"]

    def session_client(service: str) -> Any:
        return emulator.client(
            service, key["AccessKeyId"], key["SecretAccessKey"], session_token=key["SessionToken"]
        )

    return session_client


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


class Intruder:
    """Somebody with a stolen administrator's key. `take_role` gives clients of a role's session."""

    def __init__(self, name: str, client: ClientOf, take_role: Callable[[ClientOf, str], ClientOf]) -> None:
        self._name = name
        self._client = client
        self._take_role = take_role
        self._ec2 = client("ec2")
        self._group = ""
        self._session = client

    def breaks_in(self) -> Iterator[Act]:
        """Stays, opens a door, and hides behind one role and then another."""
        client, iam = self._client, self._client("iam")
        user = "support-backup"
        yield Act("asks whose key was stolen", client("sts").get_caller_identity)
        yield Act("creates a user of its own", lambda: iam.create_user(UserName=user))
        yield Act(
            "makes that user an administrator",
            lambda: iam.attach_user_policy(UserName=user, PolicyArn=ADMINISTRATOR_POLICY),
            "AttachUserPolicy",
        )
        yield Act(
            "creates an access key for that user",
            lambda: iam.create_access_key(UserName=user),
            "CreateAccessKey",
        )
        yield Act(
            "sets a console password for it",
            lambda: iam.create_login_profile(UserName=user, Password=secrets.token_urlsafe(24) + "aA1!"),
            "CreateLoginProfile",
        )
        self._group = self._ec2.create_security_group(GroupName="maintenance", Description="maintenance")[
            "GroupId"
        ]
        yield Act("opens SSH to the whole world", lambda: self._open(22), "AuthorizeSecurityGroupIngress")
        yield Act(f"takes the role {DEPLOYMENT_ROLE}", lambda: self._take(DEPLOYMENT_ROLE))
        yield Act(f"takes the role {OPERATIONS_ROLE} from there", lambda: self._take(OPERATIONS_ROLE))

    def goes_on(self) -> Iterator[Act]:
        """Opens more doors of the same kind; then, behind its roles, takes data out and stops the trail."""
        yield Act(
            f"opens {len(MORE_PORTS)} more ports",
            lambda: self._open(*MORE_PORTS),
            "AuthorizeSecurityGroupIngress",
            again=True,
        )
        ec2, cloudtrail = self._session("ec2"), self._session("cloudtrail")
        volume = ec2.create_volume(AvailabilityZone=f"{ec2.meta.region_name}a", Size=8)["VolumeId"]
        snapshot = ec2.create_snapshot(VolumeId=volume, Description="before the migration")["SnapshotId"]
        behind = f"{self._name} through role {DEPLOYMENT_ROLE}, role {OPERATIONS_ROLE}"
        yield Act(
            f"shares a disk's snapshot with an account outside, as the role {OPERATIONS_ROLE}",
            lambda: ec2.modify_snapshot_attribute(
                SnapshotId=snapshot, CreateVolumePermission={"Add": [{"UserId": OUTSIDE_ACCOUNT}]}
            ),
            "ModifySnapshotAttribute",
            who=behind,
        )
        yield Act(
            f"stops the trail, as the role {OPERATIONS_ROLE}",
            lambda: cloudtrail.stop_logging(Name=TRAIL_NAME),
            "StopLogging",
            who=behind,
        )

    def _open(self, *ports: int) -> None:
        anybody = [{"CidrIp": "0.0.0.0/0"}]
        for port in ports:
            opened = {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": anybody}
            self._ec2.authorize_security_group_ingress(GroupId=self._group, IpPermissions=[opened])

    def _take(self, role: str) -> None:
        self._session = self._take_role(self._session, role)
