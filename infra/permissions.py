"""What each function may do: every action by name, on resources by ARN, keys only through the service."""

from aws_cdk import aws_iam as iam

from infra.names import Names


class Permissions:
    """The statements of the functions' roles. The ARNs that AWS makes up come from outside."""

    def __init__(self, names: Names, *, log_key_arn: str, state_key_arn: str, stream_arn: str) -> None:
        self._names = names
        self._log_key_arn = log_key_arn
        self._state_key_arn = state_key_arn
        self.stream_arn = stream_arn

    @property
    def log_files(self) -> str:
        """Every object that CloudTrail delivers, whatever the trail."""
        return f"{self._names.log_bucket_arn}/AWSLogs/*"

    def detect(self) -> list[iam.PolicyStatement]:
        """Take notices, read log files, store alerts, tell operations."""
        return [
            _allow(
                self._names.ingest_queue_arn,
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueAttributes",
                "sqs:ReceiveMessage",
            ),
            _allow(self.log_files, "s3:GetObject"),
            self._use_key(self._log_key_arn, "s3", "kms:Decrypt"),
            _allow(
                self._names.alert_table_arn,
                "dynamodb:BatchWriteItem",
                "dynamodb:GetItem",
                "dynamodb:PutItem",
                "dynamodb:Query",
            ),
            _allow(self._names.operations_topic_arn, "sns:Publish"),
            *self._use_state_key(),
        ]

    def notify(self) -> list[iam.PolicyStatement]:
        """Follow the table's stream, publish alerts, remember which were told."""
        return [
            _allow(
                self.stream_arn,
                "dynamodb:DescribeStream",
                "dynamodb:GetRecords",
                "dynamodb:GetShardIterator",
                "dynamodb:ListStreams",
            ),
            _allow(self._names.alert_table_arn, "dynamodb:GetItem", "dynamodb:UpdateItem"),
            _allow(self._names.alert_topic_arn, "sns:Publish"),
            _allow(self._names.notify_dead_letter_queue_arn, "sqs:SendMessage"),
            *self._use_state_key(),
        ]

    def _use_state_key(self) -> list[iam.PolicyStatement]:
        """https://docs.aws.amazon.com/kms/latest/developerguide/services-dynamodb.html"""
        table = (
            "kms:Decrypt",
            "kms:DescribeKey",
            "kms:Encrypt",
            "kms:GenerateDataKey",
            "kms:GenerateDataKeyWithoutPlaintext",
            "kms:ReEncryptFrom",
            "kms:ReEncryptTo",
        )
        return [
            self._use_key(self._state_key_arn, "dynamodb", *table),
            self._use_key(self._state_key_arn, "sns", "kms:Decrypt", "kms:GenerateDataKey"),
        ]

    def _use_key(self, key_arn: str, service: str, *actions: str) -> iam.PolicyStatement:
        """A key, only when `service` asks for it on the function's behalf."""
        via = f"{service}.{self._names.region}.amazonaws.com"
        return iam.PolicyStatement(
            actions=list(actions),
            resources=[key_arn],
            conditions={"StringEquals": {"kms:ViaService": via}},
        )


def _allow(resource: str, *actions: str) -> iam.PolicyStatement:
    return iam.PolicyStatement(actions=list(actions), resources=[resource])
