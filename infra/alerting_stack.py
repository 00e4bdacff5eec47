"""Alerts over time, and the watch on their delivery: two functions, their clocks, and the alarms."""

import json

from aws_cdk import CfnOutput, Duration, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names as n
from infra.alert_permissions import AlertPermissions
from infra.alerting import alert_topics, files_beside
from infra.bundling import Bundler
from infra.constructs.alarms import A_DAY, HOUR, Alarm, failing, not_empty, silent, undelivered, unfiltered
from infra.constructs.function import METRICS_NAMESPACE, Function, FunctionSpec
from infra.settings import Settings

_MEMORY_MB = 256
# Summing up an hour of 250,000 messages takes half a minute of a whole core; memory buys the share of it.
_TEND_MEMORY_MB = 512
_TEND_TIMEOUT = Duration.seconds(300)
_WATCH_TIMEOUT = Duration.seconds(300)
_APPLY_TIMEOUT = Duration.seconds(60)
_APPLY_BATCH = 100
_APPLY_LONGEST_AGE = Duration.minutes(15)
_NO_RESPONDERS = "none"
# https://docs.aws.amazon.com/lambda/latest/dg/with-ddb-filtering.html
_REQUESTS = {"eventName": ["INSERT"], "dynamodb": {"Keys": {"pk": {"S": [{"prefix": "REQUEST#"}]}}}}
_EVERY_MINUTE = "rate(1 minute)"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-scheduled-rule-pattern.html (all in UTC)
_DAILY_AT_6 = "cron(0 6 * * ? *)"
_SILENT_PERIODS = 3


class AlertingStack(Stack):
    """What tends alerts after their first message, and what watches over the topics.

    Holds no state of its own. While it is away alerts are told as ever, and what comes after their first
    message waits.
    """

    def __init__(self, scope: Construct, settings: Settings, bundler: Bundler) -> None:
        super().__init__(
            scope,
            n.ALERTING_STACK,
            description="Trailwarden: tends alerts until they are over, and watches over their delivery",
            env=Environment(account=settings.audit_account, region=settings.region),
        )
        self._settings = settings
        self._names = settings.names
        self._bundler = bundler
        self._topics = alert_topics(settings)
        self._permissions = AlertPermissions(
            settings.names,
            state_key_arn=ssm.StringParameter.value_for_string_parameter(self, n.STATE_KEY_PARAMETER),
            operations_key_arn=ssm.StringParameter.value_for_string_parameter(
                self, n.OPERATIONS_KEY_PARAMETER
            ),
            topic_arns=list(self._topics.values()),
        )
        self.tend = self._build_tend()
        self.apply = self._build_apply()
        self.watch = self._build_watch()
        self._build_alarms()
        CfnOutput(self, "TendFunctionName", value=self.tend.function_name)
        CfnOutput(self, "WatchFunctionName", value=self.watch.function_name)

    def _build_tend(self) -> lambda_.Function:
        """Two runs may overlap: whatever it writes, it writes on a condition."""
        built = Function(
            self,
            "TendAlerts",
            self._settings,
            self._bundler,
            FunctionSpec(
                folder="tend_alerts",
                name=n.TEND_FUNCTION,
                description="Closes alerts that are over, tells what came after their first message, sums up",
                memory_mb=_TEND_MEMORY_MB,
                timeout=_TEND_TIMEOUT,
                environment={
                    "ALERT_TABLE_NAME": n.ALERT_TABLE,
                    "OPERATIONS_TOPIC_ARN": self._names.operations_topic_arn,
                    "ALERT_RETENTION_DAYS": str(self._settings.retention.alert_days),
                },
                statements=self._permissions.tend(security_hub=self._settings.alerts.security_hub),
                wildcards={},
                beside=files_beside(self._settings, geo=True),
            ),
        ).function
        self._start("EveryMinute", "Tends alerts", _EVERY_MINUTE, built)
        return built

    def _build_apply(self) -> lambda_.Function:
        """What it gives up stays in the table as a request without an outcome, and an alarm tells.

        One batch of a shard at a time: Lambda keeps the order of an item's changes, not of a partition's, and
        requests of one requester are to be applied, and counted, one after the other.
        https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html
        """
        stream_arn = ssm.StringParameter.value_for_string_parameter(self, n.ALERT_STREAM_PARAMETER)
        built = Function(
            self,
            "ApplyRequests",
            self._settings,
            self._bundler,
            FunctionSpec(
                folder="apply_requests",
                name=n.APPLY_FUNCTION,
                description="Acknowledges and closes alerts, as responders ask for",
                memory_mb=_MEMORY_MB,
                timeout=_APPLY_TIMEOUT,
                environment={
                    "ALERT_TABLE_NAME": n.ALERT_TABLE,
                    "RESPONDERS_ROLE_ID": self._responders_role_id(),
                },
                statements=self._permissions.apply(stream_arn),
                wildcards={},
            ),
        ).function
        lambda_.CfnEventSourceMapping(
            self,
            "RequestsToApply",
            function_name=built.function_arn,
            event_source_arn=stream_arn,
            starting_position="TRIM_HORIZON",  # what is old is refused
            filter_criteria={"filters": [{"pattern": json.dumps(_REQUESTS, separators=(",", ":"))}]},
            batch_size=_APPLY_BATCH,
            function_response_types=["ReportBatchItemFailures"],
            bisect_batch_on_function_error=True,
            maximum_record_age_in_seconds=_APPLY_LONGEST_AGE.to_seconds(),
            maximum_retry_attempts=-1,  # as often as that age allows; the function itself counts attempts
        )
        return built

    def _responders_role_id(self) -> str:
        """What `aws:userid` of the responders' sessions begins with."""
        if not self._settings.responders:
            return _NO_RESPONDERS
        return ssm.StringParameter.value_for_string_parameter(self, n.RESPONDERS_ROLE_ID_PARAMETER)

    def _build_watch(self) -> lambda_.Function:
        organization = self._settings.organization
        built = Function(
            self,
            "WatchAlerting",
            self._settings,
            self._bundler,
            FunctionSpec(
                folder="watch_alerting",
                name=n.WATCH_FUNCTION,
                description="Sees daily that alerts can reach those who subscribed",
                memory_mb=_MEMORY_MB,
                timeout=_WATCH_TIMEOUT,
                environment={
                    "ALERT_TABLE_NAME": n.ALERT_TABLE,
                    "OPERATIONS_TOPIC_ARN": self._names.operations_topic_arn,
                },
                statements=self._permissions.watch(organization),
                wildcards=self._permissions.watch_wildcards(organization),
                beside=files_beside(self._settings),
            ),
        ).function
        self._start("Daily", "Watches over the alert topics", _DAILY_AT_6, built)
        return built

    def _start(self, construct_id: str, description: str, schedule: str, function: lambda_.Function) -> None:
        """Have the clock start `function`."""
        target = events.CfnRule.TargetProperty(arn=function.function_arn, id=construct_id.lower())
        rule = events.CfnRule(
            self, construct_id, description=description, schedule_expression=schedule, targets=[target]
        )
        lambda_.CfnPermission(
            self,
            f"{construct_id}Invoke",
            action="lambda:InvokeFunction",
            function_name=function.function_arn,
            principal="events.amazonaws.com",
            source_arn=rule.attr_arn,
        )

    def _build_alarms(self) -> None:
        alarms = [
            failing("tend-alerts-errors", n.TEND_FUNCTION, "tend_alerts fails as a whole. See its log."),
            failing(
                "apply-requests-errors", n.APPLY_FUNCTION, "apply_requests fails as a whole. See its log."
            ),
            Alarm(
                "apply-requests-set-aside",
                METRICS_NAMESPACE,
                "RequestsSetAside",
                ("service", n.APPLY_FUNCTION),
                "Sum",
                1,
                "A request of a responder failed again and again, and was given up. See the log of"
                " apply_requests.",
            ),
            Alarm(
                "apply-requests-failed",
                METRICS_NAMESPACE,
                "RequestsFailed",
                ("service", n.APPLY_FUNCTION),
                "Sum",
                1,
                "A request of a responder could not be applied. It is tried again for 15 minutes. See the log"
                " of apply_requests.",
            ),
            failing("watch-alerting-errors", n.WATCH_FUNCTION, "watch_alerting fails. See its log."),
            silent(
                "watch-alerting-silent",
                n.WATCH_FUNCTION,
                "watch_alerting has not run for a day: nobody checks whether alerts reach their subscribers."
                " Is its rule in EventBridge enabled? (After the first deployment this passes by itself.)",
                periods=A_DAY,
                period=HOUR,
            ),
            silent(
                "tend-alerts-silent",
                n.TEND_FUNCTION,
                "tend_alerts has not run for a quarter of an hour: nothing is told of alerts after their"
                " first message. (Right after the first deployment this passes by itself.)",
                periods=_SILENT_PERIODS,
            ),
            Alarm(
                "topics-deaf",
                METRICS_NAMESPACE,
                "DeafTopics",
                ("service", n.WATCH_FUNCTION),
                "Maximum",
                1,
                "Nobody hears a topic that alerts or operations are told on: subscribe to it, or confirm. See"
                " the log of watch_alerting.",
            ),
        ]
        alarms.append(
            not_empty(
                "subscriber-dead-letters",
                n.resource_name(self._names.subscriber_dead_letter_queue_arn),
                "A queue, function or web address did not take a message, however often SNS tried. It is kept"
                " for 14 days; docs/settings.md says what to do, under Watching the delivery.",
            )
        )
        for name, arn in self._topics.items():
            alarms.append(
                undelivered(
                    f"topic-{name}-undelivered",
                    n.resource_name(arn),
                    "SNS could not deliver alerts to a subscriber of this topic; the alert table has them.",
                )
            )
            alarms.append(
                unfiltered(
                    f"topic-{name}-unfiltered",
                    n.resource_name(arn),
                    "SNS saw no attributes in messages of this topic, so subscribers with a filter policy got"
                    " none of them. The alert table has the alerts; take the filter policies off.",
                )
            )
        for alarm in alarms:
            alarm.build(self, self._names.operations_topic_arn)
