"""What those may do who tell, tend and answer alerts: notify, tend_alerts, watch_alerting, the responders."""

from collections.abc import Mapping, Sequence

from aws_cdk import aws_iam as iam

from infra.accounts import Organization
from infra.names import Names
from infra.permissions import (
    ACKNOWLEDGED,
    ALERTS,
    COUNTS,
    DUE,
    GROUPS,
    LISTED,
    MOVES,
    PUBLISH,
    allow,
    items,
    publish_through,
    together,
    use_key,
    use_table,
)

_HELD = "HELD#*"
_SET_ASIDE = "SETASIDE"
_MARKED = [ALERTS, "BUDGET#*", "STORMS", COUNTS]
"""What is updated where messages are told or held back."""
_HEARTBEAT = "HEARTBEAT"
_ACCOUNTS = "ACCOUNTS"
_SILENCES = "SILENCES"
_SESSIONS = "SESSION#*"
_SUBSCRIPTIONS = "SUBSCRIPTIONS#*"
_REQUESTS = "REQUEST#*"
_OWN_REQUESTS = "REQUEST#${aws:userid}"
_OUTCOMES = "OUTCOME#*"
_OWN_OUTCOMES = "OUTCOME#${aws:userid}"


class AlertPermissions:
    """The statements of roles. The ARNs that AWS makes up come from outside; `topic_arns` are those that
    alerts are told on."""

    def __init__(
        self, names: Names, *, state_key_arn: str, operations_key_arn: str, topic_arns: Sequence[str]
    ) -> None:
        self._names = names
        self._state_key_arn = state_key_arn
        self._operations_key_arn = operations_key_arn
        self._topic_arns = list(topic_arns)

    def notify(self, stream_arn: str, *, security_hub: bool) -> list[iam.PolicyStatement]:
        """Follow the table's stream, publish what is told, remember what was."""
        return [
            follow(stream_arn),
            allow(self._names.alert_table_arn, "dynamodb:GetItem", "dynamodb:Query"),
            items(self._names, [_HELD, _SET_ASIDE], "dynamodb:PutItem"),
            items(self._names, _MARKED, "dynamodb:UpdateItem"),
            use_table(self._names, self._state_key_arn),
            *self._tell(security_hub=security_hub),
            allow(self._names.notify_dead_letter_queue_arn, "sqs:SendMessage"),
        ]

    def tend(self, *, security_hub: bool) -> list[iam.PolicyStatement]:
        """Close alerts, tell what nobody marked as told, sum up, report the week."""
        return [
            allow(self._names.alert_table_arn, "dynamodb:GetItem", "dynamodb:Query"),
            items(
                self._names,
                [ALERTS, DUE, GROUPS, _ACCOUNTS, _HEARTBEAT, _HELD, _SET_ASIDE],
                "dynamodb:PutItem",
            ),
            items(self._names, [*_MARKED, _HEARTBEAT, _SET_ASIDE, _SILENCES], "dynamodb:UpdateItem"),
            items(self._names, [DUE], "dynamodb:DeleteItem"),
            together(self._names, [ALERTS, DUE, GROUPS], *MOVES),
            use_table(self._names, self._state_key_arn),
            *self._tell(security_hub=security_hub),
            *publish_through(self._names, self._operations_key_arn, self._names.operations_topic_arn),
        ]

    def apply(self, stream_arn: str) -> list[iam.PolicyStatement]:
        """Follow the table's stream, do to alerts what responders ask for, say what became of it. What no
        message has shown of an alert that is acknowledged is sent: a message is put, and that it is due."""
        return [
            follow(stream_arn),
            items(
                self._names, [ALERTS, GROUPS], "dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query"
            ),
            items(self._names, [ALERTS, DUE, GROUPS, ACKNOWLEDGED], "dynamodb:PutItem"),
            items(self._names, [ALERTS, _OUTCOMES], "dynamodb:UpdateItem"),
            items(self._names, [ACKNOWLEDGED, _REQUESTS], "dynamodb:DeleteItem"),
            together(self._names, [ACKNOWLEDGED, GROUPS], *MOVES),
            use_table(self._names, self._state_key_arn),
        ]

    def watch(self, organization: Organization | None) -> list[iam.PolicyStatement]:
        """See who is subscribed and whether the topics' key works; read names of accounts; tell of it.

        The key is tried in a dry run, which no service makes on the function's behalf: `kms:ViaService`
        cannot stand here. https://docs.aws.amazon.com/kms/latest/developerguide/programming-dryrun.html
        """
        watched = [*self._topic_arns, self._names.operations_topic_arn]
        statements = [
            # Once and not twice: of forty routes the topics alone take half of what a role's policies may.
            allow(watched, "sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:Publish"),
            allow([self._state_key_arn, self._operations_key_arn], "kms:DescribeKey", "kms:GenerateDataKey"),
            items(self._names, [_SUBSCRIPTIONS, _ACCOUNTS], "dynamodb:GetItem", "dynamodb:PutItem"),
            use_table(self._names, self._state_key_arn),
            use_key(self._names, self._state_key_arn, "sns", *PUBLISH),
            use_key(self._names, self._operations_key_arn, "sns", *PUBLISH),
        ]
        if organization and organization.names:
            statements.append(allow("*", "organizations:ListAccounts"))
            statements.append(allow(self._members(organization), "organizations:ListTagsForResource"))
        return statements

    def watch_wildcards(self, organization: Organization | None) -> Mapping[str, str]:
        """Why each pattern in `watch` is one, for cdk-nag."""
        if not organization or not organization.names:
            return {}
        return {
            "*": "Organizations knows no resource for a list of accounts.",
            self._members(organization): "Every account of the organisation, whatever its number.",
        }

    def responders(self) -> list[iam.PolicyStatement]:
        """Read alerts, and hand in requests: whoever could write alerts and groups could silence or invent
        what others read.

        A request's partition key is the caller's own `aws:userid`. No other write names a key that is theirs:
        a request can be neither altered in part nor deleted, and PartiQL has actions of its own. What became
        of it lies where they only read.
        """
        return [
            items(
                self._names,
                [ALERTS, LISTED, GROUPS, DUE, _ACCOUNTS, _SESSIONS],
                "dynamodb:BatchGetItem",
                "dynamodb:GetItem",
                "dynamodb:Query",
            ),
            items(self._names, [_OWN_REQUESTS], "dynamodb:PutItem"),
            items(self._names, [_OWN_OUTCOMES], "dynamodb:GetItem"),
            use_table(self._names, self._state_key_arn),
        ]

    def _tell(self, *, security_hub: bool) -> list[iam.PolicyStatement]:
        """To every topic of alerts, through their key, and to Security Hub where that is switched on."""
        statements = publish_through(self._names, self._state_key_arn, *self._topic_arns)
        if security_hub:
            statements.append(allow(self._names.security_hub_product_arn, "securityhub:BatchImportFindings"))
        return statements

    def _members(self, organization: Organization) -> str:
        return (
            f"arn:{self._names.partition}:organizations::{organization.management_account}"
            f":account/{organization.id}/*"
        )


def follow(stream_arn: str) -> iam.PolicyStatement:
    """Read the table's stream."""
    return allow(
        stream_arn,
        "dynamodb:DescribeStream",
        "dynamodb:GetRecords",
        "dynamodb:GetShardIterator",
        "dynamodb:ListStreams",
    )
