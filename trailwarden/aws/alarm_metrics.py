"""The counts that alarms watch, as metrics. All others stand in the log line of each run.

CloudWatch bills each name at $0.30 a month, by the hours in which it was sent: a count of zero is not sent,
and none of the alarms misses it. docs/cost.md shows how to read the others.
"""

from aws_lambda_powertools import Metrics
from aws_lambda_powertools.metrics import MetricUnit


def count_for_alarms(**counts: int) -> None:
    """Send the counts that are not zero, as metrics of the function (the dimension `service`)."""
    metrics = Metrics()
    for name, value in counts.items():
        if value:
            metrics.add_metric(name=name, unit=MetricUnit.Count, value=value)
    if any(counts.values()):
        metrics.flush_metrics()
