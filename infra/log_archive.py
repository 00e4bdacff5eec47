"""The log archive: where every trail delivers, and the topic that it tells of each delivery."""

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names as n
from infra.constructs.messaging import encrypted_topic
from infra.settings import Settings

RULES_PREFIX = "rules-bucket/"
"""Where the access logs of the rules bucket lie in the access-log bucket."""
_CLOUDTRAIL = "cloudtrail.amazonaws.com"
# What CloudTrail overwrites or somebody deletes stays for a while as a version that is not the current one.
_OLD_VERSION_DAYS = 90
# In a versioned bucket an expired object leaves a delete marker, which nothing else would ever remove.
_EMPTY_MARKERS = s3.LifecycleRule(id="delete-markers", expired_object_delete_marker=True)


class LogArchiveStack(Stack):
    """Key, log bucket, access-log bucket and delivery topic. Key and buckets are kept on deletion.

    Every statement for CloudTrail names the trails that it is for by `aws:SourceArn`, so that no other
    account's trail can be pointed at this bucket, topic or key (the confused deputy).
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(
            scope,
            n.LOG_ARCHIVE_STACK,
            description="Trailwarden: the log bucket, its key, and the topic of delivery notices",
            env=Environment(account=settings.audit_account, region=settings.region),
            termination_protection=settings.protect,
        )
        self._settings = settings
        self._names = settings.names
        self._trails = [self._names.trail_arn(account) for account in settings.trail_accounts]
        self.key = self._build_key()
        self.bucket = self._build_bucket(self._build_access_log_bucket())
        self.topic = self._build_topic()
        ssm.StringParameter(
            self, "LogKeyArn", parameter_name=n.LOG_KEY_PARAMETER, string_value=self.key.key_arn
        )
        CfnOutput(self, "LogBucketName", value=self.bucket.bucket_name)
        CfnOutput(self, "DeliveryTopicArn", value=self.topic.topic_arn)

    def _build_key(self) -> kms.Key:
        """What CloudTrail may do with the key, as AWS documents it, and pinned by what every such call has.

        Files are encrypted for a trail, whose ARN is in the encryption context, and a topic's messages for
        the topic. `aws:SourceArn` is documented for files alone: of the other calls, which another service
        makes for CloudTrail (SNS, or S3 for its bucket keys), it is only asked where it is there.
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/create-kms-key-policy-for-cloudtrail.html
        https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html
        """
        key = kms.Key(
            self,
            "LogKey",
            description="Trailwarden: log files and delivery notices",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        kms.Alias(self, "LogKeyAlias", alias_name=n.LOG_KEY_ALIAS, target_key=key)
        accounts = self._settings.trail_accounts
        contexts = [f"arn:{self._names.partition}:cloudtrail:*:{account}:trail/*" for account in accounts]
        encrypt = self._for_cloudtrail("EncryptLogFiles", ["kms:GenerateDataKey*"], "*")
        encrypt.add_condition("StringLike", {"kms:EncryptionContext:aws:cloudtrail:arn": contexts})
        notify = self._through_services("EncryptNotices", ["kms:GenerateDataKey*", "kms:Decrypt"])
        topic = {"kms:EncryptionContext:aws:sns:topicArn": self._names.delivery_topic_arn}
        notify.add_condition("StringEquals", topic)
        use = self._through_services("UseBucketKey", ["kms:DescribeKey", "kms:Decrypt"])
        for statement in (encrypt, notify, use):
            key.add_to_resource_policy(statement)
        return key

    def _build_access_log_bucket(self) -> s3.Bucket:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html"""
        bucket = s3.Bucket(
            self,
            "AccessLogBucket",
            bucket_name=self._names.access_log_bucket,
            # S3 delivers access logs to buckets under its own keys only.
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=[
                s3.LifecycleRule(
                    id="expire",
                    expiration=Duration.days(self._settings.retention.access_log_days),
                    noncurrent_version_expiration=Duration.days(1),
                    abort_incomplete_multipart_upload_after=Duration.days(1),
                ),
                _EMPTY_MARKERS,
            ],
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        # The rules bucket stands in a stack of its own, so the CDK cannot add this by itself.
        bucket.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogRulesBucket",
                principals=[iam.ServicePrincipal("logging.s3.amazonaws.com")],
                actions=["s3:PutObject"],
                resources=[bucket.arn_for_objects(f"{RULES_PREFIX}*")],
                conditions={
                    "ArnLike": {"aws:SourceArn": self._names.rules_bucket_arn},
                    "StringEquals": {"aws:SourceAccount": self._settings.audit_account},
                },
            )
        )
        return bucket

    def _build_bucket(self, access_logs: s3.Bucket) -> s3.Bucket:
        """Bucket owner enforced: ACLs are off, and a put that names `bucket-owner-full-control` still passes.

        https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html
        """
        lock = self._settings.object_lock
        bucket = s3.Bucket(
            self,
            "LogBucket",
            bucket_name=self._names.log_bucket,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            server_access_logs_bucket=access_logs,
            server_access_logs_prefix="log-bucket/",
            lifecycle_rules=[self._lifecycle(), _EMPTY_MARKERS],
            object_lock_enabled=True if lock else None,
            object_lock_default_retention=_lock_retention(self._settings) if lock else None,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        arn = self._names.log_bucket_arn
        bucket.add_to_resource_policy(self._for_cloudtrail("CheckAcl", ["s3:GetBucketAcl"], arn))
        for sid, account, folders in self._deliveries():
            put = iam.PolicyStatement(
                sid=sid,
                principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
                actions=["s3:PutObject"],
                resources=[f"{arn}/AWSLogs/{folder}/*" for folder in folders],
                conditions={
                    "StringEquals": {
                        "aws:SourceArn": self._names.trail_arn(account),
                        "s3:x-amz-acl": "bucket-owner-full-control",
                    }
                },
            )
            bucket.add_to_resource_policy(put)
        if bucket.policy is not None:
            # A bucket that outlives the stack stays closed to plain HTTP, and open to the trails.
            bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return bucket

    def _deliveries(self) -> list[tuple[str, str, list[str]]]:
        """`(statement id, account that owns the trail, folders under AWSLogs/ it may write)`.

        A statement an account: one list for all would let each trail write into the other accounts' folders.
        """
        organization = self._settings.organization
        found = [(f"Deliver{account}", account, [account]) for account in self._settings.own_trails]
        if organization:
            owner = organization.management_account
            found.append(("DeliverOrganization", owner, [owner, organization.id]))
        return found

    def _lifecycle(self) -> s3.LifecycleRule:
        retention = self._settings.retention
        archive = retention.archive_after_days
        transition = s3.Transition(
            # Read at once when a case needs it. S3 moves no object under 128 KB, as nearly all log files are:
            # https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
            storage_class=s3.StorageClass.GLACIER_INSTANT_RETRIEVAL,
            transition_after=Duration.days(archive or 0),
        )
        return s3.LifecycleRule(
            id="retention",
            expiration=Duration.days(retention.log_days),
            noncurrent_version_expiration=Duration.days(_OLD_VERSION_DAYS),
            abort_incomplete_multipart_upload_after=Duration.days(7),
            transitions=[transition] if archive is not None else None,
        )

    def _build_topic(self) -> sns.Topic:
        """https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-permissions-for-sns-notifications.html"""
        arn = self._names.delivery_topic_arn
        topic = encrypted_topic(self, "DeliveryTopic", arn, self.key, "Trailwarden delivery notices")
        topic.add_to_resource_policy(self._for_cloudtrail("TellOfDelivery", ["sns:Publish"], topic.topic_arn))
        return topic

    def _for_cloudtrail(self, sid: str, actions: list[str], resource: str) -> iam.PolicyStatement:
        """What CloudTrail may do on behalf of our trails, and of no others."""
        return _allow_cloudtrail(sid, actions, resource, {"StringEquals": {"aws:SourceArn": self._trails}})

    def _through_services(self, sid: str, actions: list[str]) -> iam.PolicyStatement:
        """What other services may do for CloudTrail with the key: if they name a trail, it must be ours."""
        condition = {"StringEqualsIfExists": {"aws:SourceArn": self._trails}}
        return _allow_cloudtrail(sid, actions, "*", condition)


def _allow_cloudtrail(
    sid: str, actions: list[str], resource: str, conditions: dict[str, dict[str, list[str]]]
) -> iam.PolicyStatement:
    return iam.PolicyStatement(
        sid=sid,
        principals=[iam.ServicePrincipal(_CLOUDTRAIL)],
        actions=actions,
        resources=[resource],
        conditions=conditions,
    )


def _lock_retention(settings: Settings) -> s3.ObjectLockRetention | None:
    lock = settings.object_lock
    if lock is None:
        return None
    days = Duration.days(lock.days)
    compliance = lock.mode == "compliance"
    return s3.ObjectLockRetention.compliance(days) if compliance else s3.ObjectLockRetention.governance(days)
