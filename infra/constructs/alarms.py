"""Alarms that tell the operations topic when Trailwarden itself needs a hand."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.names import ALARM_PREFIX

_PERIOD = Duration.minutes(5)


@dataclass(frozen=True, slots=True)
class Alarm:
    """When `metric` reaches `threshold` (in the metric's unit), `description` says what to do."""

    name: str
    namespace: str
    metric: str
    dimension: tuple[str, str]
    statistic: str
    threshold: int
    description: str

    def build(self, scope: Construct, topic_arn: str) -> None:
        """The alarm; no data is no alarm, for a queue that nobody uses reports nothing."""
        words = "".join(word.capitalize() for word in self.name.split("-"))
        cloudwatch.CfnAlarm(
            scope,
            f"{words}Alarm",
            alarm_name=f"{ALARM_PREFIX}{self.name}",
            alarm_description=self.description,
            namespace=self.namespace,
            metric_name=self.metric,
            dimensions=[{"name": self.dimension[0], "value": self.dimension[1]}],
            statistic=self.statistic,
            period=_PERIOD.to_seconds(),
            evaluation_periods=1,
            threshold=self.threshold,
            comparison_operator="GreaterThanOrEqualToThreshold",
            treat_missing_data="notBreaching",
            alarm_actions=[topic_arn],
        )


def not_empty(name: str, queue: str, description: str) -> Alarm:
    """A dead-letter queue holds something."""
    metric = "ApproximateNumberOfMessagesVisible"
    return Alarm(name, "AWS/SQS", metric, ("QueueName", queue), "Maximum", 1, description)


def failing(name: str, function: str, description: str) -> Alarm:
    """A function's invocations end in errors."""
    return Alarm(name, "AWS/Lambda", "Errors", ("FunctionName", function), "Sum", 1, description)
