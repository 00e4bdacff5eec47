"""Alarms that tell the operations topic when Trailwarden itself needs a hand."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.names import ALARM_PREFIX

_PERIOD = Duration.minutes(5)
_AT_LEAST = "GreaterThanOrEqualToThreshold"
_BELOW = "LessThanThreshold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """When `metric` reaches `threshold` (in the metric's unit), `description` says what to do.

    `expected`: the other way round, where the metric stays below it, or away, for `periods` of 5 minutes.
    """

    name: str
    namespace: str
    metric: str
    dimension: tuple[str, str]
    statistic: str
    threshold: int
    description: str
    expected: bool = False
    periods: int = 1

    def build(self, scope: Construct, topic_arn: str) -> None:
        """The alarm; where data is not `expected`, none is no alarm: an unused queue reports nothing."""
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
            evaluation_periods=self.periods,
            threshold=self.threshold,
            comparison_operator=_BELOW if self.expected else _AT_LEAST,
            treat_missing_data="breaching" if self.expected else "notBreaching",
            alarm_actions=[topic_arn],
        )


def not_empty(name: str, queue: str, description: str) -> Alarm:
    """A dead-letter queue holds something."""
    metric = "ApproximateNumberOfMessagesVisible"
    return Alarm(name, "AWS/SQS", metric, ("QueueName", queue), "Maximum", 1, description)


def failing(name: str, function: str, description: str) -> Alarm:
    """A function's invocations end in errors."""
    return Alarm(name, "AWS/Lambda", "Errors", ("FunctionName", function), "Sum", 1, description)


def silent(name: str, function: str, description: str, *, periods: int) -> Alarm:
    """A function that is started by the clock did not run."""
    dimension = ("FunctionName", function)
    return Alarm(
        name, "AWS/Lambda", "Invocations", dimension, "Sum", 1, description, expected=True, periods=periods
    )


def undelivered(name: str, topic: str, description: str) -> Alarm:
    """A topic could not deliver to a subscriber, however often SNS tried.

    https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    """
    metric = "NumberOfNotificationsFailed"
    return Alarm(name, "AWS/SNS", metric, ("TopicName", topic), "Sum", 1, description)
