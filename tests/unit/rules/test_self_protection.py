"""What AWS offers to change or disable Trailwarden's own resources, a self-protection rule matches.

Every operation that changes something, of every service that Trailwarden consists of, as botocore's models
have it, is called on Trailwarden's resources. It is matched, or listed here with why it does no harm.
"""

import re
from collections.abc import Iterator
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, Shape

from trailwarden.engine.evaluate import compile_condition
from trailwarden.engine.values import RecordView
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.shipped import shipped_rules_path

READS = re.compile(
    r"(BatchDescribe|BatchGet|Check|Describe|Estimate|Filter|Get|Head|List|Lookup|Query|Scan|Search|Select"
    r"|Simulate|StartLiveTail|StartQuery|Test|TransactGet|Validate)"
)
OF = "arn:aws:{}:eu-west-1:111122223333:{}"
QUEUE = OF.format("sqs", "trailwarden-ingest")
TABLE = OF.format("dynamodb", "table/trailwarden-alerts")
TOPIC = OF.format("sns", "trailwarden-alerts")
FUNCTION = OF.format("lambda", "function:trailwarden-detect")
STACK = OF.format("cloudformation", "stack/TrailwardenDetection/0a1b")
LOG_GROUP = "/aws/lambda/trailwarden-detect"
SCHEDULE = "TrailwardenAlerting-EveryMinute1A2B"
BUCKET = "trailwarden-logs-111122223333-eu-west-1"
OURS: dict[str, dict[str, str]] = {
    "lambda": {"FunctionName": "trailwarden-detect", "ResourceArn": FUNCTION, "EventSourceArn": QUEUE},
    "events": {"Name": SCHEDULE, "Rule": SCHEDULE},
    "monitoring": {"AlarmName": "trailwarden-detect-errors", "Namespace": "Trailwarden"},
    "logs": {
        "logGroupName": LOG_GROUP,
        "logGroupIdentifier": LOG_GROUP,
        "resourceIdentifier": OF.format("logs", f"log-group:{LOG_GROUP}"),
    },
    "sqs": {
        "QueueUrl": "https://sqs.eu-west-1.amazonaws.com/111122223333/trailwarden-ingest",
        "SourceArn": QUEUE,
    },
    "sns": {"TopicArn": TOPIC, "ResourceArn": TOPIC, "SubscriptionArn": f"{TOPIC}:0a1b"},
    "dynamodb": {
        "TableName": "trailwarden-alerts",
        "GlobalTableName": "trailwarden-alerts",
        "ResourceArn": TABLE,
        "TableArn": TABLE,
        "BackupArn": f"{TABLE}/backup/0a1b",
    },
    "kms": {"AliasName": "alias/trailwarden-logs"},
    "s3": {"Bucket": BUCKET, "Key": "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/a.json.gz"},
    "cloudtrail": {"Name": "trailwarden", "TrailName": "trailwarden", "ResourceId": "trailwarden"},
    "cloudformation": {"StackName": "TrailwardenDetection", "StackId": STACK},
    "iam": {"RoleName": "trailwarden-publish-rules-eu-west-1"},
    "ssm": {"Name": "/trailwarden/slack", "PSParameterName": "/trailwarden/slack"},
}
"""The name of a resource of Trailwarden's, by the member of the call that names it."""
MODELS = {"monitoring": "cloudwatch"}
HARMLESS: dict[str, dict[str, str]] = {
    "*": {"(Tag|Untag)": "tags decide nothing in Trailwarden"},
    "lambda": {
        "Create(Alias|Function)$": "adds what is not there; nothing calls it",
        "(Delete|Put)ProvisionedConcurrencyConfig": "a matter of speed and cost",
        "(InvokeWithResponseStream|Invoke|InvokeAsync)$": "a data event; the services invoke it all day",
        "PublishVersion": "a copy that nothing calls",
    },
    "events": {
        "EnableRule": "switches on what should be on",
        "(Activate|Cancel|Create|Deactivate|Deauthorize|Start)": "none is Trailwarden's",
        "(Delete|Update)(ApiDestination|Archive|Connection|E|PartnerE)": "none is Trailwarden's",
    },
    "monitoring": {
        "EnableAlarmActions": "switches on what should be on",
        "PutMetricStream|(Start|Update)OTelEnrichment": "copies of figures",
        "PutAnomalyDetector|DeleteAnomalyDetector": "no alarm of Trailwarden's is built on one",
    },
    "logs": {
        "(CreateLogStream|CreateLogGroup|PutLogEvents)": "what functions do to write their logs",
        "(CreateExportTask|PutQueryDefinition)": "reads",
        "(CreateScheduledQuery|UpdateScheduledQuery)": "reads",
    },
    "sqs": {
        "(ChangeMessageVisibility|DeleteMessage|ReceiveMessage|SendMessage)": "data events: daily traffic",
    },
    "sns": {"Publish": "a data event: the daily traffic", "ConfirmSubscription": "ends what Subscribe began"},
    "dynamodb": {
        "(BatchExecute|BatchWriteItem|DeleteItem|ExecuteStatement|PutItem|TransactWriteItems|UpdateItem)": (
            "a data event: the daily traffic"
        ),
        "(CreateBackup|CreateGlobalTable|CreateTable|ImportTable|Restore)": "adds what is not there",
        "(Disable|Update)KinesisStreamingDestination": "there is none until it is enabled",
        "UpdateContributorInsights": "a matter of cost",
    },
    "kms": {"CreateAlias": "refused while the alias is there"},
    "s3": {
        "Create(Bucket|BucketMetadata.*|Session|MultipartUpload)$": "leaves what is there as it is",
        "(AbortMultipartUpload|UploadPart)": "an object is made by what completes it",
        "(Delete|Put)BucketTagging": "tags decide nothing in Trailwarden",
        "(Delete|Put)Object(Annotation|Tagging)": "tags decide nothing in Trailwarden",
        "RestoreObject": "brings back what was archived",
        "UpdateBucketMetadata": "tables beside the bucket",
    },
    "cloudtrail": {
        "AddTags": "tags decide nothing in Trailwarden",
        "CreateTrail": "refused while the trail is there",
        "StartLogging": "switches on what should be on",
        "(Create|Delete|Update|Start)(Channel|Dashboard|EventDataStore)|StartImport": "none is its own",
    },
    "cloudformation": {
        "Create(Stack|ChangeSet)$": "changes nothing until it is executed",
        "(CreateStackInstances|CreateStackSet|CreateGeneratedTemplate|UpdateGeneratedTemplate)$": "others",
        "UpdateStackSet$|DeleteChangeSet": "leaves the stacks as they are",
        "(DetectStackDrift|DetectStackResourceDrift)": "reads",
        "UpdateTerminationProtection": "matched where it is switched off, which a test of the rule's holds",
        "SignalResource|RecordHandlerProgress": "answers for a resource that CloudFormation waits for",
    },
    "iam": {
        "CreateRole": "refused while the role is there",
        "RemoveRoleFromInstanceProfile": "no instance has one",
        "DeleteServiceLinkedRole": "none is service-linked",
        "UpdateRoleDescription": "a text",
    },
    "ssm": {
        "(Label|Unlabel)ParameterVersion": "a name beside a version",
        "(?!.*Parameter)": "about documents, associations, windows and the like; none is Trailwarden's",
    },
}
"""Why an operation on a resource of Trailwarden's does no harm, by the beginnings of names."""
RULES = compile_rules(load_rules([shipped_rules_path() / "self_protection"])).rules
CONDITIONS = {rule.title: compile_condition(rule.detection) for rule in RULES}
REFUSED = "Attempt On Trailwarden Refused"


def changing(service: str) -> Iterator[OperationModel]:
    """The operations that change something and can name a resource of Trailwarden's."""
    model = botocore.session.get_session().get_service_model(MODELS.get(service, service))
    for name in model.operation_names:
        operation = model.operation_model(name)
        if not READS.match(name) and named(operation.input_shape, OURS[service]):
            yield operation


def named(shape: Shape | None, ours: dict[str, str], name: str = "", depth: int = 0) -> Any:
    """The parameters with which a call names what is Trailwarden's, as CloudTrail writes them."""
    if shape is None or depth > 4:
        return None
    if shape.type_name == "structure":
        members = {
            _as_recorded(member): value
            for member, inner in shape.members.items()
            if (value := named(inner, ours, member, depth + 1)) is not None
        }
        return members or None
    if shape.type_name == "list":
        value = named(shape.member, ours, name.removesuffix("s"), depth + 1)
        return None if value is None else [value]
    return ours.get(name) if shape.type_name == "string" else None


def _as_recorded(member: str) -> str:
    return "bucketName" if member == "Bucket" else member[:1].lower() + member[1:]


def record_of(service: str, operation: OperationModel) -> dict[str, Any]:
    """Lambda's events carry the version of its API."""
    version = "20150331v2" if service == "lambda" else ""
    return {
        "eventSource": f"{service}.amazonaws.com",
        "eventName": operation.name + version,
        "userIdentity": {"type": "IAMUser", "userName": "mallory"},
        "requestParameters": named(operation.input_shape, OURS[service]),
    }


def matched(record: dict[str, Any]) -> list[str]:
    return [title for title, condition in CONDITIONS.items() if condition(RecordView(record))]


def harmless(service: str, name: str) -> bool:
    return any(re.match(each, name) for each in (*HARMLESS["*"], *HARMLESS.get(service, ())))


@pytest.mark.parametrize("service", sorted(OURS))
def test_what_changes_trailwarden_is_matched_or_does_no_harm(service: str) -> None:
    operations = list(changing(service))
    missed = {each.name for each in operations if not matched(record_of(service, each))}

    assert operations
    assert {name for name in missed if not harmless(service, name)} == set()


@pytest.mark.parametrize("service", sorted(OURS))
def test_what_is_matched_is_matched_as_well_if_it_is_refused(service: str) -> None:
    refused = {
        each.name: matched({**record, "errorCode": "AccessDenied"})
        for each in changing(service)
        if matched(record := record_of(service, each))
    }

    assert {name for name, titles in refused.items() if REFUSED not in titles} == set()


@pytest.mark.parametrize("service", sorted(OURS))
def test_no_other_resource_is_taken_for_trailwardens(service: str) -> None:
    for operation in changing(service):
        record = record_of(service, operation)
        others = {name: value.replace("railwarden", "orders") for name, value in OURS[service].items()}
        assert matched({**record, "requestParameters": named(operation.input_shape, others)}) == []


@pytest.mark.parametrize("service", sorted(set(HARMLESS) - {"*"}))
def test_each_reason_is_about_an_operation(service: str) -> None:
    names = [each.name for each in changing(service)]
    assert [each for each in HARMLESS[service] if not any(re.match(each, name) for name in names)] == []
