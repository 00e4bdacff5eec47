"""What groups, correlations and explanations take of a record is what the masked record shows there."""

# ruff: noqa: E501 (a line for each: it is a table)

from typing import Any

import pytest

from tests.samples import STOP_RULE, rule
from tests.unit.messages.records import call
from tests.unit.safety.shapes import SECRET
from trailwarden.alerts.fields import field_text
from trailwarden.alerts.grouping import group_of
from trailwarden.correlation.plan import kept_fields
from trailwarden.delivery.records import event_identity, event_time
from trailwarden.engine.match import Match
from trailwarden.safety.redact import redacted_record

_PAIR = {"name": "RELAY", "value": SECRET}
FIELDS = [
    ("grafana", "CreateWorkspaceApiKey", {"key": SECRET}, "key"),
    ("codebuild", "StartBuild", {"environmentVariablesOverride": [_PAIR]}, "environmentVariablesOverride"),
    ("batch", "SubmitJob", {"containerOverrides": {"environment": [_PAIR]}}, "containerOverrides.environment.value"),
    ("servicecatalog", "ProvisionProduct", {"provisioningParameters": [{"key": "DbPassword", "value": SECRET}]}, "provisioningParameters.value"),
    ("dynamodb", "ExecuteStatement", {"statement": "UPDATE t SET password = ?", "parameters": [{"s": SECRET}]}, "parameters.s"),
    ("glue", "StartJobRun", {"arguments": {"--api-token": SECRET}}, "arguments.--api-token"),
    ("ecs", "RunTask", {"overrides": {"containerOverrides": [{"command": ["x", "--api-token", SECRET]}]}}, "overrides.containerOverrides.command"),
    ("sagemaker", "CreateModel", {"primaryContainer": {"environment": {"RELAY": SECRET}}}, "primaryContainer.environment.RELAY"),
    ("ssm", "PutParameter", {"tags": [{"key": "breakglass-password", "value": SECRET}]}, "tags"),
    ("elasticache", "CreateUser", {"passwords": [SECRET]}, "passwords"),
]  # fmt: skip


@pytest.mark.parametrize("where", ["requestParameters", "responseElements"])
@pytest.mark.parametrize(("source", "name", "parameters", "path"), FIELDS, ids=[case[3] for case in FIELDS])
def test_no_field_is_read_past_the_mask(
    source: str, name: str, parameters: dict[str, Any], path: str, where: str
) -> None:
    record = call(source, name) | {where: parameters}
    field = f"{where}.{path}"
    by = (field, "actor", "targets", "eventName")
    group = group_of(
        Match(rule(STOP_RULE, name, group_by=by), record, 0, event_identity(record), event_time(record))
    )
    kept = kept_fields(record, by)
    assert SECRET not in f"{group} {kept}"
    assert "***" in group[field]
    assert "***" in kept[field]
    assert group == {named: field_text(redacted_record(record), named) for named in by}


def test_nothing_of_a_secret_tells_two_groups_apart() -> None:
    """Not even a hash: whoever reads the group could try passwords until one fits."""
    path = "requestParameters.note"
    long = "x " * 150
    one, other = (
        kept_fields(call("ec2", "Other", {"note": f"{long} password={secret}"}), (path,))
        for secret in ("hunter2", "letmein")
    )
    assert one == other
    assert kept_fields(call("ec2", "Other", {"note": f"{long} y"}), (path,)) != one
