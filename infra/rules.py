"""What live rule editing must not lose: the rules bucket, its key, its queue, and the authors' topic."""

from aws_cdk import Acknowledgment, CfnOutput, Duration, Environment, RemovalPolicy, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names as n
from infra.constructs.messaging import encrypted_queue, encrypted_topic, subscribe
from infra.log_archive import RULES_PREFIX
from infra.permissions import RuleFolders, RulePermissions
from infra.settings import Settings
from infra.trust import build_role_of_people

PUBLISH_TIMEOUT = Duration.seconds(120)
"""How long one run of `publish_rules` may take; it needs a few seconds for a thousand rules."""
PUBLISH_BATCHING_WINDOW = Duration.seconds(1)
"""How long announcements are gathered before a run: an upload of many files is announced file by file, within
a moment. A submission is one message, and does not wait for more than this."""
# https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html, and the batching window on top:
# it begins with the first message that is received, which is hidden from then on.
_HIDDEN = Duration.seconds(6 * PUBLISH_TIMEOUT.to_seconds() + PUBLISH_BATCHING_WINDOW.to_seconds())
# One run of publish_rules publishes at a time. Another one waits for it, and gives its messages back where
# that takes too long; they are seen again after the visibility timeout. Twenty receives of that are hours:
# what still is not done then is no congestion, and the alarm is right. And every run reads the whole folder,
# so that one message that is set aside loses no edit: the next one, or the hourly run, takes it up.
_RECEIVES = 20
_READS = ("s3:GetObject*", "s3:ListMultipartUploadParts")
_EDITS = ("s3:ObjectCreated:*", "s3:ObjectRemoved:*")
_OLD_VERSION_DAYS = 90
_SUBMISSION_DAYS = 30
_MOST_SESSION = Duration.hours(8)


class RulesStack(Stack):
    """Key, bucket, queue, topic and writers' role. Key and bucket are kept on deletion.

    The queue stands here and not with the function: S3 asks whether it may send to a queue when the
    notification is set, and edits must wait somewhere while the function's stack is away.
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(
            scope,
            n.RULES_STACK,
            description="Trailwarden: the rules bucket, and the topic that tells what became of an edit",
            env=Environment(account=settings.audit_account, region=settings.region),
            termination_protection=settings.protect,
        )
        self._settings = settings
        self._names = settings.names
        self._folders = RuleFolders(settings.names)
        self.key = self._build_key()
        self.queue = self._build_queue()
        self.bucket = self._build_bucket(self._accept_edits())
        self.topic = self._build_topic()
        ssm.StringParameter(
            self, "RulesKeyArn", parameter_name=n.RULES_KEY_PARAMETER, string_value=self.key.key_arn
        )
        CfnOutput(self, "RulesBucketName", value=self.bucket.bucket_name)
        CfnOutput(self, "RuleAuthorsTopicArn", value=self.topic.topic_arn)
        if settings.rule_writers:
            CfnOutput(self, "RuleWritersRoleArn", value=self._build_writers_role().role_arn)

    def _build_key(self) -> kms.Key:
        key = kms.Key(
            self,
            "RulesKey",
            description="Trailwarden: the security team's rules, and what their authors are told",
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        kms.Alias(self, "RulesKeyAlias", alias_name=n.RULES_KEY_ALIAS, target_key=key)
        return key

    def _build_queue(self) -> sqs.Queue:
        dead_letters = encrypted_queue(self, "PublishDeadLetters", self._names.publish_dead_letter_queue_arn)
        return encrypted_queue(
            self,
            "Publish",
            self._names.publish_queue_arn,
            visibility_timeout=_HIDDEN,
            dead_letter_queue=sqs.DeadLetterQueue(queue=dead_letters, max_receive_count=_RECEIVES),
        )

    def _accept_edits(self) -> iam.AddToResourcePolicyResult:
        """https://docs.aws.amazon.com/AmazonS3/latest/userguide/grant-destinations-permissions-to-s3.html"""
        return self.queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AcceptEdits",
                principals=[iam.ServicePrincipal("s3.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[self.queue.queue_arn],
                conditions={
                    "ArnEquals": {"aws:SourceArn": self._names.rules_bucket_arn},
                    "StringEquals": {"aws:SourceAccount": self._settings.audit_account},
                },
            )
        )

    def _build_bucket(self, accepted: iam.AddToResourcePolicyResult) -> s3.Bucket:
        """Its notifications are written as CloudFormation has them: the CDK's own need a function more."""
        bucket = s3.Bucket(
            self,
            "RulesBucket",
            bucket_name=self._names.rules_bucket,
            encryption=s3.BucketEncryption.KMS,
            encryption_key=self.key,
            bucket_key_enabled=True,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            versioned=True,
            lifecycle_rules=_lifecycle(),
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        resource = bucket.node.default_child
        assert isinstance(resource, s3.CfnBucket)  # noqa: S101 (narrows the type; the CDK makes no other)
        resource.logging_configuration = s3.CfnBucket.LoggingConfigurationProperty(
            destination_bucket_name=self._names.access_log_bucket, log_file_prefix=RULES_PREFIX
        )
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            queue_configurations=[
                s3.CfnBucket.QueueConfigurationProperty(
                    event=event, queue=self.queue.queue_arn, filter=_below(folder)
                )
                for folder in (RuleFolders.TEAM, RuleFolders.SUBMISSIONS)
                for event in _EDITS
            ]
        )
        if accepted.policy_dependable is not None:
            resource.node.add_dependency(accepted.policy_dependable)
        bucket.add_to_resource_policy(self._only_published())
        if bucket.policy is not None:
            bucket.policy.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
        return bucket

    def _only_published(self) -> iam.PolicyStatement:
        """What `detect` reads is written by `publish_rules` alone, whatever rights somebody else has.

        All that is no reading is denied: besides puts and deletions that is replication, restoring, tags,
        ACLs, retention, and whatever S3 learns to do. A key that a request lacks makes `ArnNotEquals` true.
        https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazons3.html
        """
        return iam.PolicyStatement(
            sid="OnlyPublishRulesWritesWhatIsLive",
            effect=iam.Effect.DENY,
            principals=[iam.AnyPrincipal()],
            not_actions=list(_READS),
            resources=[self._folders.sources, self._folders.rule_sets],
            conditions={"ArnNotEquals": {"aws:PrincipalArn": self._names.publish_role_arn}},
        )

    def _build_topic(self) -> sns.Topic:
        topic = encrypted_topic(
            self, "RuleAuthorsTopic", self._names.rule_authors_topic_arn, self.key, "Trailwarden rules"
        )
        for subscriber in self._settings.rule_authors:
            subscribe(
                self,
                topic,
                subscriber,
                self._names,
                "RuleAuthors",
                self._names.subscriber_dead_letter_queue_arn,
            )
        return topic

    def _build_writers_role(self) -> iam.Role:
        permissions = RulePermissions(
            self._names,
            rules_key_arn=self.key.key_arn,
            state_key_arn=ssm.StringParameter.value_for_string_parameter(self, n.STATE_KEY_PARAMETER),
        )
        role = build_role_of_people(
            self,
            "RuleWriters",
            role_name=self._names.role(n.RULE_WRITERS_ROLE),
            arns=self._settings.rule_writers,
            description="Edits the live rules of Trailwarden, and reads what became of the edits",
            longest_session=_MOST_SESSION,
            policies={"edit-rules": permissions.writers()},
        )
        for pattern, reason in self._folders.reasons.items():
            finding = f"AwsSolutions-IAM5[Resource::{pattern}]"
            Validations.of(role).acknowledge(Acknowledgment(id=finding, reason=reason))
        return role


def _below(folder: str) -> s3.CfnBucket.NotificationFilterProperty:
    rule = s3.CfnBucket.FilterRuleProperty(name="prefix", value=folder)
    return s3.CfnBucket.NotificationFilterProperty(s3_key=s3.CfnBucket.S3KeyFilterProperty(rules=[rule]))


def _lifecycle() -> list[s3.LifecycleRule]:
    """Old versions go after a while, submissions too (their outcome is history); what was published stays.

    A lifecycle rule's deletions are other events than the ones that start `publish_rules`.
    """
    return [
        s3.LifecycleRule(
            id="old-versions",
            noncurrent_version_expiration=Duration.days(_OLD_VERSION_DAYS),
            abort_incomplete_multipart_upload_after=Duration.days(1),
            expired_object_delete_marker=True,
        ),
        s3.LifecycleRule(
            id="submissions", prefix=RuleFolders.SUBMISSIONS, expiration=Duration.days(_SUBMISSION_DAYS)
        ),
    ]
