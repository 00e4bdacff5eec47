"""Publishing: the function that makes edits of rules live, and what starts it. Holds no state of its own."""

from aws_cdk import CfnOutput, Environment, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_ssm as ssm
from constructs import Construct

from infra import names as n
from infra.bundling import Bundler
from infra.constructs.alarms import Alarm, failing, not_empty, stopped
from infra.constructs.function import Function, FunctionSpec
from infra.permissions import RuleFolders, RulePermissions
from infra.rules import PUBLISH_BATCHING_WINDOW, PUBLISH_TIMEOUT
from infra.settings import Settings

_BATCH = 1000
# The least that Lambda knows: the second run waits for the first (trailwarden/aws/publishing_lease.py).
_POLLERS = 2
_LATE_SECONDS = 900


class PublishingStack(Stack):
    """Everything that publishes. While it is away edits wait in the queue, and the live rule set stays."""

    def __init__(self, scope: Construct, settings: Settings, bundler: Bundler) -> None:
        super().__init__(
            scope,
            n.PUBLISHING_STACK,
            description="Trailwarden: checks, tests and publishes the rules that people edit",
            env=Environment(account=settings.audit_account, region=settings.region),
        )
        self._settings = settings
        self._names = settings.names
        self.function = self._build_function(bundler)
        self._build_feed()
        self._hourly = self._build_clock()
        self._build_alarms()
        CfnOutput(self, "PublishFunctionName", value=self.function.function_name)

    def _build_function(self, bundler: Bundler) -> lambda_.Function:
        permissions = RulePermissions(
            self._names,
            rules_key_arn=ssm.StringParameter.value_for_string_parameter(self, n.RULES_KEY_PARAMETER),
            state_key_arn=ssm.StringParameter.value_for_string_parameter(self, n.STATE_KEY_PARAMETER),
            operations_key_arn=ssm.StringParameter.value_for_string_parameter(
                self, n.OPERATIONS_KEY_PARAMETER
            ),
        )
        built = Function(
            self,
            "PublishRules",
            self._settings,
            bundler,
            FunctionSpec(
                folder="publish_rules",
                name=n.PUBLISH_FUNCTION,
                description="Checks, tests and compiles the rules that people edit, and makes them live",
                memory_mb=self._settings.functions.publish_memory_mb,
                timeout=PUBLISH_TIMEOUT,
                environment={
                    "ALERT_TABLE_NAME": n.ALERT_TABLE,
                    "RULES_BUCKET_NAME": self._names.rules_bucket,
                    "RULE_AUTHORS_TOPIC_ARN": self._names.rule_authors_topic_arn,
                    "OPERATIONS_TOPIC_ARN": self._names.operations_topic_arn,
                },
                statements=permissions.publish(),
                wildcards=RuleFolders(self._names).reasons,
                role_name=self._names.role(n.PUBLISH_ROLE),
            ),
        )
        return built.function

    def _build_feed(self) -> None:
        lambda_.CfnEventSourceMapping(
            self,
            "EditsToPublish",
            function_name=self.function.function_arn,
            event_source_arn=self._names.publish_queue_arn,
            batch_size=_BATCH,
            maximum_batching_window_in_seconds=PUBLISH_BATCHING_WINDOW.to_seconds(),
            function_response_types=["ReportBatchItemFailures"],
            scaling_config={"maximumConcurrency": _POLLERS},
        )

    def _build_clock(self) -> events.CfnRule:
        """Every hour, so that what expires does; and as soon as this stack is deployed.

        CloudFormation tells EventBridge of each stack whose deployment is complete, so that other shipped
        rules go live at once, without a resource that could fail the deployment for a rule's sake.
        https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/eventbridge-events.html
        """
        stack = self._names.stack_arn_prefix(n.PUBLISHING_STACK)
        deployed = {
            "source": ["aws.cloudformation"],
            "detail-type": ["CloudFormation Stack Status Change"],
            "detail": {
                "stack-id": [{"prefix": stack}],
                "status-details": {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]},
            },
        }
        hourly = events.CfnRule(
            self,
            "Hourly",
            description="Publishes again where an exception of a rule has expired",
            schedule_expression="rate(1 hour)",
            targets=[self._target()],
        )
        after = events.CfnRule(
            self,
            "AfterDeployment",
            description="Publishes the shipped rules that a deployment brought",
            event_pattern=deployed,
            targets=[self._target('{"source":"aws.events","detail-type":"Deployment"}')],
        )
        for rule in (hourly, after):
            lambda_.CfnPermission(
                self,
                f"{rule.node.id}Invoke",
                action="lambda:InvokeFunction",
                function_name=self.function.function_arn,
                principal="events.amazonaws.com",
                source_arn=rule.attr_arn,
            )
        return hourly

    def _target(self, message: str | None = None) -> events.CfnRule.TargetProperty:
        """The function, which gets `message` (the event itself if None): both ask for the scheduled run."""
        return events.CfnRule.TargetProperty(
            arn=self.function.function_arn, id="publish-rules", input=message
        )

    def _build_alarms(self) -> None:
        queue = n.resource_name(self._names.publish_queue_arn)
        alarms = (
            not_empty(
                "publish-dead-letters",
                n.resource_name(self._names.publish_dead_letter_queue_arn),
                "Edits of rules could not be published. See the log of publish_rules; redrive the queue.",
            ),
            failing(
                "publish-rules-errors",
                n.PUBLISH_FUNCTION,
                "publish_rules fails as a whole: the live rule set stays. See its log.",
            ),
            stopped(
                "publish-rules-silent",
                self._hourly.ref,
                "The clock has not started publish_rules for a day: exceptions do not expire. Is its hourly"
                " rule in EventBridge enabled? (After the first deployment this passes by itself.)",
            ),
            Alarm(
                "publish-late",
                "AWS/SQS",
                "ApproximateAgeOfOldestMessage",
                ("QueueName", queue),
                "Maximum",
                _LATE_SECONDS,
                "An edit of rules has waited for a quarter of an hour. See the log of publish_rules.",
            ),
        )
        for alarm in alarms:
            alarm.build(self, self._names.operations_topic_arn)
