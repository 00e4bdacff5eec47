"""What AWS offers to change or disable Trailwarden's own resources, a self-protection rule matches.

Every operation that changes something, of every service that Trailwarden consists of, as botocore's models
have it, is called on Trailwarden's resources. It is matched, or listed here with why it does no harm.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
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
TRAIL = OF.format("cloudtrail", "trail/trailwarden")
BUCKET = "trailwarden-logs-111122223333-eu-west-1"
OURS: dict[str, dict[str, tuple[str, ...]]] = {
    "lambda": {
        "FunctionName": (
            "trailwarden-detect",
            FUNCTION,
            "111122223333:function:trailwarden-detect",
            f"{FUNCTION}:live",
        ),
        "ResourceArn": (FUNCTION,),
        "EventSourceArn": (QUEUE, f"{TABLE}/stream/2026-03-02T00:00:00.000"),
    },
    "events": {"Name": (SCHEDULE,), "Rule": (SCHEDULE,)},
    "monitoring": {"AlarmName": ("trailwarden-detect-errors",), "Namespace": ("Trailwarden",)},
    "logs": {
        "logGroupName": (LOG_GROUP,),
        "logGroupIdentifier": (LOG_GROUP, OF.format("logs", f"log-group:{LOG_GROUP}")),
        "resourceIdentifier": (OF.format("logs", f"log-group:{LOG_GROUP}"),),
    },
    "sqs": {
        "QueueUrl": (
            "https://sqs.eu-west-1.amazonaws.com/111122223333/trailwarden-ingest",
            "https://eu-west-1.queue.amazonaws.com/111122223333/trailwarden-publish",
        ),
        "SourceArn": (QUEUE,),
        "DestinationArn": (QUEUE,),
    },
    "sns": {"TopicArn": (TOPIC,), "ResourceArn": (TOPIC,), "SubscriptionArn": (f"{TOPIC}:0a1b",)},
    "dynamodb": {
        "TableName": ("trailwarden-alerts", TABLE),
        "GlobalTableName": ("trailwarden-alerts",),
        "ResourceArn": (TABLE,),
        "TableArn": (TABLE,),
        "BackupArn": (f"{TABLE}/backup/0a1b",),
    },
    "kms": {"AliasName": ("alias/trailwarden-logs",)},
    "s3": {
        "Bucket": (BUCKET, "trailwarden-rules-111122223333-eu-west-1"),
        "Key": ("AWSLogs/111122223333/CloudTrail/eu-west-1/2026/03/02/a.json.gz", "rule-sets/0a1b.json"),
    },
    "cloudtrail": {
        "Name": ("trailwarden", TRAIL),
        "TrailName": ("trailwarden", TRAIL),
        "ResourceId": (TRAIL, "trailwarden"),
    },
    "cloudformation": {"StackName": ("TrailwardenDetection", STACK), "StackId": (STACK,)},
    "iam": {
        "RoleName": ("trailwarden-publish-rules-eu-west-1", "TrailwardenDetection-DetectServiceRole1A2B")
    },
    "ssm": {
        "Name": ("/trailwarden/slack", OF.format("ssm", "parameter/trailwarden/slack")),
        "PSParameterName": ("/trailwarden/slack",),
    },
}
"""How a call names a resource of Trailwarden's, in each spelling that AWS takes, by the member that does."""
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
        "CreateStack$": "refused while the stack is there",
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


Path = tuple[str, ...]
Ours = Mapping[str, tuple[str, ...]]


def changing(service: str) -> Iterator[OperationModel]:
    """The operations that change something and can name a resource of Trailwarden's."""
    model = botocore.session.get_session().get_service_model(MODELS.get(service, service))
    for name in model.operation_names:
        operation = model.operation_model(name)
        if not READS.match(name) and any(naming(operation.input_shape, OURS[service])):
            yield operation


def naming(shape: Shape | None, ours: Collection[str], path: Path = ()) -> Iterator[Path]:
    """The members that name what is Trailwarden's, each by the way to it; `[]` stands for an element."""
    if shape is None or len(path) > 4:
        return
    if shape.type_name == "structure":
        for member, inner in shape.members.items():
            yield from naming(inner, ours, (*path, member))
    elif shape.type_name == "list":
        yield from naming(shape.member, ours, (*path, "[]"))
    elif shape.type_name == "string" and _name_of(path) in ours:
        yield path


def _name_of(path: Path) -> str:
    """`StackIds` and its elements are named `StackId`."""
    return path[-2].removesuffix("s") if path and path[-1] == "[]" else "".join(path[-1:])


def requests(operation: OperationModel, ours: Ours) -> Iterator[dict[str, Any]]:
    """The parameters of requests that name it, as CloudTrail writes them, in each spelling: with all members,
    with the required ones alone or, if those name nothing, with one other."""
    shape = operation.input_shape
    assert shape is not None
    paths = list(naming(shape, ours))
    needed = [path for path in paths if path[0] in shape.required_members]
    for chosen in (paths, needed) if needed else (paths, *([path] for path in paths)):
        for number in range(max(len(ours[_name_of(path)]) for path in chosen)):
            yield _parameters(chosen, ours, number)


def _parameters(paths: Sequence[Path], ours: Ours, number: int) -> dict[str, Any]:
    parameters: dict[str, Any] = {}
    for path in paths:
        spellings = ours[_name_of(path)]
        _place(parameters, path, spellings[number % len(spellings)])
    return parameters


def _place(inside: dict[str, Any], path: Path, value: str) -> None:
    member, listed, rest = _as_recorded(path[0]), path[1:2] == ("[]",), path[1:]
    rest = rest[1:] if listed else rest
    if not rest:
        inside[member] = [value] if listed else value
        return
    further = inside.setdefault(member, [{}] if listed else {})
    _place(further[0] if listed else further, rest, value)


def _as_recorded(member: str) -> str:
    return "bucketName" if member == "Bucket" else member[:1].lower() + member[1:]


def records_of(service: str, operation: OperationModel, ours: Ours | None = None) -> list[dict[str, Any]]:
    """Lambda's events carry the version of its API."""
    version = "20150331v2" if service == "lambda" else ""
    return [
        {
            "eventSource": f"{service}.amazonaws.com",
            "eventName": operation.name + version,
            "userIdentity": {"type": "IAMUser", "userName": "mallory"},
            "requestParameters": parameters,
        }
        for parameters in requests(operation, ours or OURS[service])
    ]


def matched(record: dict[str, Any]) -> list[str]:
    return [title for title, condition in CONDITIONS.items() if condition(RecordView(record))]


def harmless(service: str, name: str) -> bool:
    return any(re.match(each, name) for each in (*HARMLESS["*"], *HARMLESS.get(service, ())))


@pytest.mark.parametrize("service", sorted(OURS))
def test_what_changes_trailwarden_is_matched_or_does_no_harm(service: str) -> None:
    operations = list(changing(service))
    missed = [
        (each.name, record["requestParameters"])
        for each in operations
        if not harmless(service, each.name)
        for record in records_of(service, each)
        if not matched(record)
    ]

    assert operations
    assert missed == []


@pytest.mark.parametrize("service", sorted(OURS))
def test_what_is_matched_is_matched_as_well_if_it_is_refused(service: str) -> None:
    refused = {
        each.name: matched({**record, "errorCode": "AccessDenied"})
        for each in changing(service)
        for record in records_of(service, each)
        if matched(record)
    }

    assert {name for name, titles in refused.items() if REFUSED not in titles} == set()


@pytest.mark.parametrize("service", sorted(OURS))
def test_no_other_resource_is_taken_for_trailwardens(service: str) -> None:
    others = {
        name: tuple(value.replace("railwarden", "orders") for value in values)
        for name, values in OURS[service].items()
    }
    for operation in changing(service):
        for record in records_of(service, operation, others):
            assert matched(record) == []


def test_what_reaches_the_objects_by_an_access_point_is_matched_as_well() -> None:
    """The request then names the access point; bucket and object stand among the resources."""
    reached = 0
    for operation in changing("s3"):
        for record in records_of("s3", operation):
            parameters = record["requestParameters"]
            if "key" not in parameters or not matched(record):
                continue
            bucket = f"arn:aws:s3:::{parameters['bucketName']}"
            point = "arn:aws:s3:eu-west-1:111122223333:accesspoint/a"
            resources = [
                {"type": "AWS::S3::Object", "ARN": f"{bucket}/{parameters['key']}"},
                {"type": "AWS::S3::Bucket", "ARN": bucket},
                {"type": "AWS::S3::AccessPoint", "ARN": point},
            ]
            assert matched({**record, "requestParameters": {"bucketName": point}, "resources": resources})
            reached += 1
    assert reached > 15


@pytest.mark.parametrize(
    ("operation", "parameters"),
    [
        ("CreateAccessPoint", {"name": "a", "bucket": BUCKET}),
        ("CreateMultiRegionAccessPoint", {"details": {"regions": [{"bucket": "shop"}, {"bucket": BUCKET}]}}),
        ("CreateAccessGrant", {"accessGrantsLocationConfiguration": {"s3SubPrefix": f"{BUCKET}/AWSLogs/*"}}),
        ("UpdateAccessGrantsLocation", {"locationScope": f"s3://{BUCKET}", "iAMRoleArn": "r"}),
        ("SubmitMultiRegionAccessPointRoutes", {"routeUpdates": [{"bucket": BUCKET}]}),
    ],
)
def test_a_way_into_a_bucket_besides_its_policy_is_matched(
    operation: str, parameters: dict[str, Any]
) -> None:
    record = {"eventSource": "s3.amazonaws.com", "eventName": operation, "requestParameters": parameters}
    nested = {**record, "requestParameters": {f"{operation}Request": parameters}}

    assert matched(record)
    assert matched(nested)
    assert REFUSED in matched({**record, "errorCode": "AccessDenied"})


@pytest.mark.parametrize(
    "parameters",
    [{}, {"stackIdsUrl": "https://b.s3.amazonaws.com/ids"}, {"organizationalUnitIds": ["ou-1a2b-3c4d"]}],
)
def test_an_import_into_a_stack_set_that_names_no_stack_counts(parameters: dict[str, Any]) -> None:
    record = {
        "eventSource": "cloudformation.amazonaws.com",
        "eventName": "ImportStacksToStackSet",
        "requestParameters": {"stackSetName": "mine", **parameters},
    }

    assert matched(record) == ["Trailwarden's Stack Changed"]


@pytest.mark.parametrize("service", sorted(set(HARMLESS) - {"*"}))
def test_each_reason_is_about_an_operation(service: str) -> None:
    names = [each.name for each in changing(service)]
    assert [each for each in HARMLESS[service] if not any(re.match(each, name) for name in names)] == []
