"""What detection must not forget: the alert table, and the topics with the people who subscribed."""

from collections.abc import Iterable

from aws_cdk import CfnOutput, Duration, Environment, RemovalPolicy, Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names as n
from infra.alert_permissions import AlertPermissions
from infra.alerting import alert_topics
from infra.constructs.identity import fingerprint
from infra.constructs.messaging import encrypted_topic, last_resort_queue, subscribe
from infra.settings import Settings
from infra.subscribers import Subscriber
from infra.trust import build_role_of_people

_MOST_SESSION = Duration.hours(8)


class DetectionStateStack(Stack):
    """Keys, alert table, the topics with their subscriptions, the queue of what subscribers did not take, the
    responders' role. Keys and table are kept on deletion.

    The operations topic has a key of its own: so it can tell that the key of the others refuses.

    E-mail subscriptions live here so that a new version of the functions never asks anyone to confirm again.
    """

    def __init__(self, scope: Construct, settings: Settings) -> None:
        super().__init__(
            scope,
            n.DETECTION_STATE_STACK,
            description="Trailwarden: the alert table, and the topics that people subscribe to",
            env=Environment(account=settings.audit_account, region=settings.region),
            termination_protection=settings.protect,
        )
        self._settings = settings
        self._names = settings.names
        self.key = self._build_key(
            "StateKey", n.STATE_KEY_ALIAS, "Trailwarden: alerts and messages about them"
        )
        self.operations_key = self._build_operations_key()
        self.table = self._build_table()
        self.dead_letters = self._build_dead_letters()
        self.alert_topic = self._build_alert_topic(
            "Alert", self._names.alert_topic_arn, "Trailwarden alerts", settings.subscribers
        )
        for route in settings.alerts.routes:
            arn, title = self._names.route_topic_arn(route.name), f"Trailwarden alerts {route.name}"
            self._build_alert_topic(f"Route{fingerprint(route.name)}", arn, title, route.subscribers)
        self.operations_topic = self._build_operations_topic()
        self._build_parameters()
        CfnOutput(self, "AlertTableName", value=self.table.table_name)
        CfnOutput(self, "AlertTopicArn", value=self.alert_topic.topic_arn)
        CfnOutput(self, "OperationsTopicArn", value=self.operations_topic.topic_arn)
        if settings.responders:
            role = self._build_responders_role()
            CfnOutput(self, "RespondersRoleArn", value=role.role_arn)
            self._build_parameter("RespondersRoleId", n.RESPONDERS_ROLE_ID_PARAMETER, role.role_id)

    def _build_key(self, construct_id: str, alias: str, description: str) -> kms.Key:
        key = kms.Key(
            self,
            construct_id,
            description=description,
            enable_key_rotation=True,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )
        kms.Alias(self, f"{construct_id}Alias", alias_name=alias, target_key=key)
        return key

    def _build_operations_key(self) -> kms.Key:
        """Alarms use it for the topic alone, and for our alarms, where SNS says for which it asks.

        https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html (alarms to an encrypted topic)
        """
        key = self._build_key(
            "OperationsKey", n.OPERATIONS_KEY_ALIAS, "Trailwarden: what operations are told"
        )
        actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
        use = self._for_alarms("TellOfAlarms", actions, "*", if_exists="IfExists")
        topic = {"kms:EncryptionContext:aws:sns:topicArn": self._names.operations_topic_arn}
        use.add_condition("StringEquals", topic)
        key.add_to_resource_policy(use)
        return key

    def _build_table(self) -> dynamodb.Table:
        """docs/architecture.md lists the items."""
        return dynamodb.Table(
            self,
            "AlertTable",
            table_name=n.ALERT_TABLE,
            partition_key=dynamodb.Attribute(name="pk", type=dynamodb.AttributeType.STRING),
            sort_key=dynamodb.Attribute(name="sk", type=dynamodb.AttributeType.STRING),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            stream=dynamodb.StreamViewType.NEW_IMAGE,
            time_to_live_attribute="expires_at",
            point_in_time_recovery_specification=dynamodb.PointInTimeRecoverySpecification(
                point_in_time_recovery_enabled=True
            ),
            encryption=dynamodb.TableEncryption.CUSTOMER_MANAGED,
            encryption_key=self.key,
            deletion_protection=self._settings.protect,
            removal_policy=RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE,
        )

    def _build_dead_letters(self) -> sqs.Queue:
        """What subscribers of any topic did not take, however often SNS tried.

        https://docs.aws.amazon.com/sns/latest/dg/sns-dead-letter-queues.html
        """
        names = self._names
        queue = last_resort_queue(
            self, "SubscriberDeadLetters", names.subscriber_dead_letter_queue_arn, of="subscribers"
        )
        topics = [*alert_topics(self._settings).values(), names.operations_topic_arn]
        queue.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AcceptUndelivered",
                principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                actions=["sqs:SendMessage"],
                resources=[queue.queue_arn],
                conditions={"ArnEquals": {"aws:SourceArn": [*topics, names.rule_authors_topic_arn]}},
            )
        )
        return queue

    def _build_alert_topic(
        self, role: str, arn: str, title: str, subscribers: Iterable[Subscriber]
    ) -> sns.Topic:
        topic = encrypted_topic(self, f"{role}Topic", arn, self.key, title)
        for subscriber in subscribers:
            subscribe(self, topic, subscriber, self._names, role, self.dead_letters.queue_arn)
        return topic

    def _build_operations_topic(self) -> sns.Topic:
        arn = self._names.operations_topic_arn
        topic = encrypted_topic(self, "OperationsTopic", arn, self.operations_key, "Trailwarden operations")
        topic.add_to_resource_policy(self._for_alarms("TellOfAlarms", ["sns:Publish"], topic.topic_arn))
        for subscriber in self._settings.operations_subscribers:
            subscribe(self, topic, subscriber, self._names, "Operations", self.dead_letters.queue_arn)
        return topic

    def _build_responders_role(self) -> iam.Role:
        permissions = AlertPermissions(
            self._names,
            state_key_arn=self.key.key_arn,
            operations_key_arn=self.operations_key.key_arn,
            topic_arns=list(alert_topics(self._settings).values()),
        )
        return build_role_of_people(
            self,
            "Responders",
            role_name=self._names.role(n.RESPONDERS_ROLE),
            arns=self._settings.responders,
            description="Reads the alerts of Trailwarden, asks to acknowledge and to close them",
            longest_session=_MOST_SESSION,
            policies={"answer-alerts": permissions.responders()},
        )

    def _build_parameters(self) -> None:
        """What the functions' stack cannot foretell. Read when that stack is deployed; nothing is locked."""
        stream = self.table.table_stream_arn
        assert stream is not None  # noqa: S101 (narrows the type: the table above has a stream)
        for construct_id, name, value in (
            ("StateKeyArn", n.STATE_KEY_PARAMETER, self.key.key_arn),
            ("OperationsKeyArn", n.OPERATIONS_KEY_PARAMETER, self.operations_key.key_arn),
            ("AlertStreamArn", n.ALERT_STREAM_PARAMETER, stream),
        ):
            self._build_parameter(construct_id, name, value)

    def _build_parameter(self, construct_id: str, name: str, value: str) -> None:
        ssm.StringParameter(self, construct_id, parameter_name=name, string_value=value)

    def _for_alarms(
        self, sid: str, actions: list[str], resource: str, *, if_exists: str = ""
    ) -> iam.PolicyStatement:
        """What CloudWatch may do for our own alarms."""
        return iam.PolicyStatement(
            sid=sid,
            principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
            actions=actions,
            resources=[resource],
            conditions={
                f"ArnLike{if_exists}": {"aws:SourceArn": self._names.alarms_arn_pattern()},
                f"StringEquals{if_exists}": {"aws:SourceAccount": self._settings.audit_account},
            },
        )
