"""Alarms that tell the operations topic when Trailwarden itself needs a hand."""

from dataclasses import dataclass
from functools import partial

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.names import ALARM_PREFIX

HOUR = Duration.hours(1)
A_DAY = 26
"""Hours without a run of what runs daily: no run is on the second, and metrics come late."""
_PERIOD = Duration.minutes(5)
_AT_LEAST = "GreaterThanOrEqualToThreshold"
_BELOW = "LessThanThreshold"


@dataclass(frozen=True, slots=True)
class Alarm:
    """When `metric` reaches `threshold` (in the metric's unit), `description` says what to do.

    `expected`: the other way round, where the metric stays below it, or away, for `periods` of `period`.
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
    period: Duration = _PERIOD

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
            period=self.period.to_seconds(),
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


# Something that should happen at least once in so many periods. With periods under an hour an alarm looks
# back a day at most, with longer ones a week.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_missed = partial(Alarm, statistic="Sum", threshold=1, expected=True)


def silent(name: str, function: str, description: str, *, periods: int, period: Duration = _PERIOD) -> Alarm:
    """A function that nothing but the clock starts did not run for so long."""
    return _missed(
        name=name,
        namespace="AWS/Lambda",
        metric="Invocations",
        dimension=("FunctionName", function),
        description=description,
        periods=periods,
        period=period,
    )


def stopped(name: str, rule: str, description: str) -> Alarm:
    """A rule of EventBridge that has a schedule did not start what it starts for a day.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
    """
    return _missed(
        name=name,
        namespace="AWS/Events",
        metric="Invocations",
        dimension=("RuleName", rule),
        description=description,
        periods=A_DAY,
        period=HOUR,
    )


def unfed(name: str, queue: str, description: str, *, hours: int) -> Alarm:
    """Nothing was sent to a queue for so many hours. One that is not in use reports no data, which counts.

    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
    """
    return _missed(
        name=name,
        namespace="AWS/SQS",
        metric="NumberOfMessagesSent",
        dimension=("QueueName", queue),
        description=description,
        periods=hours,
        period=HOUR,
    )


def undelivered(name: str, topic: str, description: str) -> Alarm:
    """A topic could not deliver to a subscriber, however often SNS tried.

    https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
    """
    metric = "NumberOfNotificationsFailed"
    return Alarm(name, "AWS/SNS", metric, ("TopicName", topic), "Sum", 1, description)


def unfiltered(name: str, topic: str, description: str) -> Alarm:
    """A topic kept messages from subscribers with a filter, for the messages had no attributes.

    Each of ours has them. But AWS's page on attributes says that they are sent only with messages that are
    not structured as JSON, as ours are, and none says whether filters see them then:
    https://docs.aws.amazon.com/sns/latest/dg/sns-message-attributes.html
    """
    metric = "NumberOfNotificationsFilteredOut-NoMessageAttributes"
    return Alarm(name, "AWS/SNS", metric, ("TopicName", topic), "Sum", 1, description)
