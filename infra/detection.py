"""Detection: the queue of delivery notices, the two functions, and the alarms. Holds no state of its own."""

import json

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names as n
from infra.alert_permissions import AlertPermissions
from infra.alerting import alert_topics, files_beside
from infra.bundling import Bundler
from infra.constructs.alarms import Alarm, failing, not_empty, unfed
from infra.constructs.function import METRICS_NAMESPACE, Function, FunctionSpec
from infra.constructs.messaging import encrypted_queue, last_resort_queue
from infra.permissions import DetectPermissions, RuleFolders
from infra.settings import Settings

_DETECT_BATCH = 10
# How often a notice may come, at most. A large file comes again for each of its runs, and so does what is not
# begun for lack of time. Attempts that fail are counted in the ledger (trailwarden/state/ledger.py), which
# sets a file aside after five. The queue counts for what is never begun: no rules can be loaded, no ledger.
_MOST_RECEIVES = 1000  # SQS takes no more
# A failure hides a notice for the visibility timeout, and SQS deletes it 14 days after it was sent, in
# whichever queue it is: it must be among the dead letters well before. https://docs.aws.amazon.com/
# AWSSimpleQueueService/latest/SQSDeveloperGuide/setting-up-dead-letter-queue-retention.html
_FAILING_AT_MOST = Duration.days(7)
_UNFED_HOURS = 2  # every trail delivers every few minutes: AWS's own services make events all the time
_NOTIFY_TIMEOUT = Duration.seconds(60)
_NOTIFY_BATCH = 10
# An alert that cannot be sent is tried again a few times: it must not hold up what is behind it for long;
# then it is left to tend_alerts, whose list it has been on from the start. Alerts have no order, so ten
# batches of a shard go side by side.
_NOTIFY_RETRIES = 10
_NOTIFY_LONGEST_AGE = Duration.hours(1)
_NOTIFY_SIDE_BY_SIDE = 10
# The outbox: alerts, what came after their first message, and notices (docs/architecture.md lists the items).
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
_OUTBOX = {
    "eventName": ["INSERT"],
    "dynamodb": {"Keys": {"sk": {"S": ["ALERT", {"prefix": "MORE#"}]}}},
}


class DetectionStack(Stack):
    """Everything that runs. It can be deleted and deployed again without losing an alert."""

    def __init__(self, scope: Construct, settings: Settings, bundler: Bundler) -> None:
        super().__init__(
            scope,
            n.DETECTION_STACK,
            description="Trailwarden: reads every log file, and tells of what the rules match",
            env=Environment(account=settings.audit_account, region=settings.region),
        )
        self._settings = settings
        self._names = settings.names
        self._bundler = bundler
        self._state_key_arn = self._parameter(n.STATE_KEY_PARAMETER)
        self._operations_key_arn = self._parameter(n.OPERATIONS_KEY_PARAMETER)
        self._stream_arn = self._parameter(n.ALERT_STREAM_PARAMETER)
        self._detect_timeout = Duration.seconds(settings.functions.detect_timeout_seconds)
        self.dead_letters = encrypted_queue(
            self, "IngestDeadLetters", self._names.ingest_dead_letter_queue_arn
        )
        self.ingest = self._build_ingest_queue()
        self.detect = self._build_detect()
        self.notify = self._build_notify()
        self._build_alarms()
        CfnOutput(self, "IngestQueueUrl", value=self.ingest.queue_url)
        CfnOutput(self, "IngestDeadLetterQueueUrl", value=self.dead_letters.queue_url)
        CfnOutput(self, "DetectFunctionName", value=self.detect.function_name)
        CfnOutput(self, "NotifyFunctionName", value=self.notify.function_name)

    def _parameter(self, name: str) -> str:
        return ssm.StringParameter.value_for_string_parameter(self, name)

    @property
    def _visibility_timeout(self) -> Duration:
        """Six times the function's, as AWS advises (there is no batching window to add).

        https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
        """
        return Duration.seconds(6 * self._settings.functions.detect_timeout_seconds)

    @property
    def _receives(self) -> int:
        visible = self._visibility_timeout.to_seconds()
        return int(min(_MOST_RECEIVES, _FAILING_AT_MOST.to_seconds() / visible))

    def _build_ingest_queue(self) -> sqs.Queue:
        """The queue, fed by the delivery topic; what the topic cannot deliver has a queue of its own."""
        queue = encrypted_queue(
            self,
            "Ingest",
            self._names.ingest_queue_arn,
            visibility_timeout=self._visibility_timeout,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead_letters, max_receive_count=self._receives),
        )
        undelivered = last_resort_queue(
            self,
            "DeliveryDeadLetters",
            self._names.delivery_dead_letter_queue_arn,
            of="the subscription of the ingest queue",
        )
        topic_arn = self._names.delivery_topic_arn
        subscription = sns.CfnSubscription(
            self,
            "NoticesToIngest",
            topic_arn=topic_arn,
            protocol="sqs",
            endpoint=queue.queue_arn,
            raw_message_delivery=True,  # the notice alone: the envelope would only be bytes to parse
            redrive_policy={"deadLetterTargetArn": undelivered.queue_arn},
        )
        for target in (queue, undelivered):
            accept = target.add_to_resource_policy(
                iam.PolicyStatement(
                    sid="AcceptNotices",
                    principals=[iam.ServicePrincipal("sns.amazonaws.com")],
                    actions=["sqs:SendMessage"],
                    resources=[target.queue_arn],
                    conditions={"ArnEquals": {"aws:SourceArn": topic_arn}},
                )
            )
            if accept.policy_dependable is not None:
                subscription.node.add_dependency(accept.policy_dependable)
        return queue

    def _build_detect(self) -> lambda_.Function:
        functions, folders = self._settings.functions, RuleFolders(self._names)
        permissions = DetectPermissions(
            self._names,
            log_key_arn=self._parameter(n.LOG_KEY_PARAMETER),
            rules_key_arn=self._parameter(n.RULES_KEY_PARAMETER),
            state_key_arn=self._state_key_arn,
            operations_key_arn=self._operations_key_arn,
        )
        built = Function(
            self,
            "Detect",
            self._settings,
            self._bundler,
            FunctionSpec(
                folder="detect",
                name=n.DETECT_FUNCTION,
                description="Reads the log files that delivery notices name, and stores what the rules match",
                memory_mb=functions.detect_memory_mb,
                timeout=self._detect_timeout,
                environment={
                    "ALERT_TABLE_NAME": n.ALERT_TABLE,
                    "OPERATIONS_TOPIC_ARN": self._names.operations_topic_arn,
                    "LOG_BUCKET_NAME": self._names.log_bucket,
                    "RULES_BUCKET_NAME": self._names.rules_bucket,
                    "ALERT_RETENTION_DAYS": str(self._settings.retention.alert_days),
                    "INGEST_QUEUE_URL": self.ingest.queue_url,
                    "INGEST_DEAD_LETTER_QUEUE_URL": self.dead_letters.queue_url,
                },
                statements=permissions.statements(),
                wildcards={
                    permissions.log_files: "To read every trail's log files is its purpose.",
                    folders.rule_sets: folders.reasons[folders.rule_sets],
                },
                beside=files_beside(self._settings),
            ),
        )
        lambda_.CfnEventSourceMapping(
            self,
            "IngestToDetect",
            function_name=built.function.function_arn,
            event_source_arn=self.ingest.queue_arn,
            batch_size=_DETECT_BATCH,
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximumConcurrency": functions.detect_max_concurrency},
        )
        return built.function

    def _build_notify(self) -> lambda_.Function:
        permissions = AlertPermissions(
            self._names,
            state_key_arn=self._state_key_arn,
            operations_key_arn=self._operations_key_arn,
            topic_arns=list(alert_topics(self._settings).values()),
        )
        built = Function(
            self,
            "Notify",
            self._settings,
            self._bundler,
            FunctionSpec(
                folder="notify",
                name=n.NOTIFY_FUNCTION,
                description="Tells what is new to those who subscribed",
                memory_mb=self._settings.functions.notify_memory_mb,
                timeout=_NOTIFY_TIMEOUT,
                environment={"ALERT_TABLE_NAME": n.ALERT_TABLE},
                statements=permissions.notify(
                    self._stream_arn, security_hub=self._settings.alerts.security_hub
                ),
                wildcards={},
                beside=files_beside(self._settings, geo=True),
            ),
        )
        untold = last_resort_queue(
            self,
            "NotifyDeadLetters",
            self._names.notify_dead_letter_queue_arn,
            of="the stream of what is to be told",
        )
        lambda_.CfnEventSourceMapping(
            self,
            "AlertsToNotify",
            function_name=built.function.function_arn,
            event_source_arn=self._stream_arn,
            starting_position="TRIM_HORIZON",
            filter_criteria={"filters": [{"pattern": json.dumps(_OUTBOX, separators=(",", ":"))}]},
            batch_size=_NOTIFY_BATCH,
            parallelization_factor=_NOTIFY_SIDE_BY_SIDE,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_record_age_in_seconds=_NOTIFY_LONGEST_AGE.to_seconds(),
            maximum_retry_attempts=_NOTIFY_RETRIES,
            destination_config={"onFailure": {"destination": untold.queue_arn}},
        )
        return built.function

    def _build_alarms(self) -> None:
        names = self._names
        ingest = n.resource_name(names.ingest_queue_arn)
        oldest = 12 * self._settings.functions.detect_timeout_seconds + 600
        alarms = (
            not_empty(
                "ingest-dead-letters",
                n.resource_name(names.ingest_dead_letter_queue_arn),
                "Log files could not be read. Find the reason in the log of detect, then redrive the queue.",
            ),
            not_empty(
                "delivery-dead-letters",
                n.resource_name(names.delivery_dead_letter_queue_arn),
                "Delivery notices did not reach the ingest queue. Send them on, as docs/settings.md shows"
                " under Log files that are set aside.",
            ),
            not_empty(
                "notify-dead-letters",
                n.resource_name(names.notify_dead_letter_queue_arn),
                "notify gave alerts up; tend_alerts goes on. They are in the alert table, without told_at.",
            ),
            Alarm(
                "notify-not-told",
                METRICS_NAMESPACE,
                "AlertsNotTold",
                ("service", n.NOTIFY_FUNCTION),
                "Sum",
                1,
                "An alert could not be published. It is tried again until it is. See the log.",
            ),
            Alarm(
                "notify-set-aside",
                METRICS_NAMESPACE,
                "AlertsRejected",
                ("service", n.NOTIFY_FUNCTION),
                "Sum",
                1,
                "An alert was not sent: the table holds it, and its group does not know it. Who wrote it? See"
                " the log of notify.",
            ),
            Alarm(
                "detect-notices-failed",
                METRICS_NAMESPACE,
                "NoticesFailedAgain",
                ("service", n.DETECT_FUNCTION),
                "Sum",
                1,
                "A delivery notice failed for the second time or more, before its file could be counted as"
                " begun. It is tried again for seven days, then kept among the dead letters. See the log of"
                " detect.",
            ),
            failing("detect-errors", n.DETECT_FUNCTION, "detect fails as a whole. See its log."),
            failing("notify-errors", n.NOTIFY_FUNCTION, "notify fails as a whole. See its log."),
            Alarm(
                "notify-late",
                "AWS/Lambda",
                "IteratorAge",
                ("FunctionName", n.NOTIFY_FUNCTION),
                "Maximum",
                300_000,
                "An alert has waited five minutes (IteratorAge is in milliseconds) to be told.",
            ),
            Alarm(
                "ingest-late",
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                ("QueueName", ingest),
                "Maximum",
                oldest,
                "A delivery notice has waited for longer than two attempts take. See the log of detect.",
            ),
            unfed(
                "ingest-silent",
                ingest,
                "No log file was announced for two hours: nothing that happens is seen. Do the trails log,"
                " and do the bucket, the delivery topic and its key let CloudTrail in? (Until the first trail"
                " is deployed this is as it should be.)",
                hours=_UNFED_HOURS,
            ),
        )
        for alarm in alarms:
            alarm.build(self, names.operations_topic_arn)
