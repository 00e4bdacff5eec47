"""What each function may do: every action by name, on resources by ARN, keys only through the service."""

from aws_cdk import aws_iam as iam

from infra.names import Names
from infra.partitions import endpoint_suffixes
from trailwarden.state.rules_folder import (
    RULE_SET_PREFIX,
    SOURCES_PREFIX,
    SUBMISSION_PREFIX,
    TEAM_PREFIX,
)

RULE_SETS = "RULESET"
EXCEPTIONS = "EXCEPTION#*"
STAGED = "STAGED#*"
"""The partition keys of what is remembered about rules (docs/architecture.md lists the items)."""
ALERTS, LISTED, GROUPS, DUE, ACKNOWLEDGED = "ALERT#*", "ALERTS#*", "GROUP#*", "DUE#*", "ACKNOWLEDGED"
"""Those of alerts and their groups."""
COUNTS = "WEEK#*"
"""Those of what is counted for the heartbeat."""
_FILES = "FILE#*"
_DETECTED = (ALERTS, LISTED, DUE, _FILES, GROUPS, STAGED, "TROUBLE#*")
"""What `detect` puts, one by one and in transactions: everything but what is remembered about rules."""
_BATCHED = ("CORRELATION#*", GROUPS, "SESSION#*")
"""What it writes in batches, which may delete as well."""
MOVES = ("dynamodb:DeleteItem", "dynamodb:PutItem")
"""Of what the transaction consists that moves a group of alerts on (trailwarden/aws/group_table.py)."""
PUBLISH = ("kms:Decrypt", "kms:GenerateDataKey")
"""What publishing to an encrypted topic needs of its key."""
_FEED = (
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:ReceiveMessage",
)
_TABLE_KEY = (
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:Encrypt",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
    "kms:ReEncryptFrom",
    "kms:ReEncryptTo",
)


class DetectPermissions:
    """The statements of the role of `detect`. The ARNs that AWS makes up come from outside."""

    def __init__(
        self,
        names: Names,
        *,
        log_key_arn: str,
        rules_key_arn: str,
        state_key_arn: str,
        operations_key_arn: str,
    ) -> None:
        self._names = names
        self._log_key_arn = log_key_arn
        self._rules_key_arn = rules_key_arn
        self._state_key_arn = state_key_arn
        self._operations_key_arn = operations_key_arn

    @property
    def log_files(self) -> str:
        """Every object that CloudTrail delivers, whatever the trail."""
        return f"{self._names.log_bucket_arn}/AWSLogs/*"

    def statements(self) -> list[iam.PolicyStatement]:
        """Take notices or set them aside, read log files and live rules, store alerts, tell operations."""
        return [
            allow(self._names.ingest_queue_arn, *_FEED),
            allow(self._names.ingest_dead_letter_queue_arn, "sqs:SendMessage"),
            allow(self.log_files, "s3:GetObject"),
            use_key(self._names, self._log_key_arn, "s3", "kms:Decrypt"),
            allow(RuleFolders(self._names).rule_sets, "s3:GetObject"),
            use_key(self._names, self._rules_key_arn, "s3", "kms:Decrypt"),
            allow(self._names.alert_table_arn, "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"),
            items(self._names, list(_DETECTED), "dynamodb:PutItem"),
            items(self._names, list(_BATCHED), "dynamodb:BatchWriteItem"),
            items(self._names, [EXCEPTIONS, ALERTS, COUNTS], "dynamodb:UpdateItem"),
            items(self._names, [ACKNOWLEDGED, GROUPS], "dynamodb:DeleteItem"),
            together(
                self._names,
                [ACKNOWLEDGED, ALERTS, LISTED, DUE, GROUPS, STAGED],
                *MOVES,
                "dynamodb:UpdateItem",
            ),
            together(self._names, [_FILES, EXCEPTIONS], "dynamodb:PutItem", "dynamodb:UpdateItem"),
            use_table(self._names, self._state_key_arn),
            *publish_through(self._names, self._operations_key_arn, self._names.operations_topic_arn),
        ]


class RuleFolders:
    """The parts of the rules bucket, as patterns that policies name."""

    TEAM = TEAM_PREFIX
    SUBMISSIONS = SUBMISSION_PREFIX

    def __init__(self, names: Names) -> None:
        self.bucket = names.rules_bucket_arn
        self.team = f"{self.bucket}/{TEAM_PREFIX}*"
        self.submissions = f"{self.bucket}/{SUBMISSION_PREFIX}*"
        self.sources = f"{self.bucket}/{SOURCES_PREFIX}*"
        self.rule_sets = f"{self.bucket}/{RULE_SET_PREFIX}*"

    @property
    def reasons(self) -> dict[str, str]:
        """Why each pattern is one, for cdk-nag."""
        return {
            self.team: "The security team names its files as it likes.",
            self.submissions: "Every submission has a name of its own.",
            self.sources: "Sources are named by their content.",
            self.rule_sets: "Rule sets are named by their version.",
        }


class RulePermissions:
    """The statements of those who edit rules and of the function that makes edits live."""

    def __init__(
        self, names: Names, *, rules_key_arn: str, state_key_arn: str, operations_key_arn: str = ""
    ) -> None:
        self._names = names
        self._rules_key_arn = rules_key_arn
        self._state_key_arn = state_key_arn
        self._operations_key_arn = operations_key_arn
        self._folders = RuleFolders(names)

    def writers(self) -> list[iam.PolicyStatement]:
        """Edit the team's folder, hand in submissions, read what was published and what became of it."""
        folders = self._folders
        return [
            _list(folders.bucket, TEAM_PREFIX, SUBMISSION_PREFIX, SOURCES_PREFIX, RULE_SET_PREFIX),
            allow(
                [folders.team, folders.submissions],
                "s3:DeleteObject",
                "s3:GetObject",
                "s3:GetObjectVersion",
                "s3:PutObject",
            ),
            allow([folders.sources, folders.rule_sets], "s3:GetObject"),
            use_key(self._names, self._rules_key_arn, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
            items(self._names, [RULE_SETS, EXCEPTIONS, STAGED], "dynamodb:GetItem", "dynamodb:Query"),
            use_key(self._names, self._state_key_arn, "dynamodb", "kms:Decrypt"),
        ]

    def publish(self) -> list[iam.PolicyStatement]:
        """Take edits, make them live, tell their authors, and operations of what they silence."""
        folders = self._folders
        return [
            allow(self._names.publish_queue_arn, *_FEED),
            _list(folders.bucket, TEAM_PREFIX, SUBMISSION_PREFIX),
            allow([folders.team, folders.submissions], "s3:GetObject", "s3:GetObjectVersion"),
            allow([folders.sources, folders.rule_sets], "s3:GetObject", "s3:PutObject"),
            allow(folders.team, "s3:DeleteObject", "s3:PutObject"),
            use_key(self._names, self._rules_key_arn, "s3", "kms:Decrypt", "kms:GenerateDataKey"),
            items(
                self._names,
                [RULE_SETS],
                "dynamodb:DeleteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:UpdateItem",
            ),
            items(self._names, [RULE_SETS, EXCEPTIONS], "dynamodb:Query"),
            use_table(self._names, self._state_key_arn),
            *publish_through(self._names, self._rules_key_arn, self._names.rule_authors_topic_arn),
            *publish_through(self._names, self._operations_key_arn, self._names.operations_topic_arn),
        ]


def use_table(names: Names, key_arn: str) -> iam.PolicyStatement:
    """https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html"""
    return use_key(names, key_arn, "dynamodb", *_TABLE_KEY)


def publish_through(names: Names, key_arn: str, *topic_arns: str) -> list[iam.PolicyStatement]:
    """Publish to topics that are encrypted under one key.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    """
    return [
        allow(list(topic_arns), "sns:Publish"),
        use_key(names, key_arn, "sns", *PUBLISH),
    ]


def use_key(names: Names, key_arn: str, service: str, *actions: str) -> iam.PolicyStatement:
    """A key, only when `service` asks for it on the caller's behalf."""
    hosts = [f"{service}.{names.region}.{suffix}" for suffix in endpoint_suffixes(names.partition)]
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[key_arn],
        conditions={"StringEquals": {"kms:ViaService": hosts if len(hosts) > 1 else hosts[0]}},
    )


def items(names: Names, keys: list[str], *actions: str) -> iam.PolicyStatement:
    """The table's items under these partition keys, and no others.

    `ForAllValues` holds where a call names no key at all, as a scan does: so a key must be named, too.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-single-vs-multi-valued-context-keys.html
    """
    return iam.PolicyStatement(
        actions=list(actions),
        resources=[names.alert_table_arn],
        conditions={
            "ForAllValues:StringLike": {"dynamodb:LeadingKeys": keys},
            "Null": {"dynamodb:LeadingKeys": "false"},
        },
    )


def together(names: Names, keys: list[str], *actions: str) -> iam.PolicyStatement:
    """Items that one transaction writes, in whatever way each.

    AWS documents that each part of a transaction needs the right to its own action, and not whether
    `dynamodb:LeadingKeys` then holds the part's own key or those of all parts. So the parts are allowed by
    `items`, each with its own key, and here with the keys of all: the second is needed if AWS reads it so.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    statement = items(names, keys, *actions)
    statement.add_condition("ForAnyValue:StringEquals", {"dynamodb:EnclosingOperation": "TransactWriteItems"})
    return statement


def _list(bucket: str, *folders: str) -> iam.PolicyStatement:
    """See which objects lie below the folders, and which versions they have."""
    return iam.PolicyStatement(
        actions=["s3:ListBucket", "s3:ListBucketVersions"],
        resources=[bucket],
        conditions={"StringLike": {"s3:prefix": [f"{folder}*" for folder in folders]}},
    )


def allow(resource: str | list[str], *actions: str) -> iam.PolicyStatement:
    resources = [resource] if isinstance(resource, str) else resource
    return iam.PolicyStatement(actions=list(actions), resources=resources)
