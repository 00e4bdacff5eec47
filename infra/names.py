"""Physical names, made from the audit account and the region alone.

No stack imports another's export (an export that is in use blocks its owner's next update), so every stack
must be able to foretell what the others are called. What cannot be foretold, because AWS makes it up, goes
through an SSM parameter, whose name is foretold here. Nothing here imports the CDK: the local cloud reads it.
"""

from dataclasses import dataclass

TRAIL_NAME = "trailwarden"
LOG_KEY_ALIAS = "alias/trailwarden-logs"
STATE_KEY_ALIAS = "alias/trailwarden-state"
OPERATIONS_KEY_ALIAS = "alias/trailwarden-operations"
RULES_KEY_ALIAS = "alias/trailwarden-rules"
ALERT_TABLE = "trailwarden-alerts"
APPLY_FUNCTION = "trailwarden-apply-requests"
DETECT_FUNCTION = "trailwarden-detect"
NOTIFY_FUNCTION = "trailwarden-notify"
PUBLISH_FUNCTION = "trailwarden-publish-rules"
TEND_FUNCTION = "trailwarden-tend-alerts"
WATCH_FUNCTION = "trailwarden-watch-alerting"
PUBLISH_ROLE = "trailwarden-publish-rules"
RULE_WRITERS_ROLE = "trailwarden-rule-writers"
RESPONDERS_ROLE = "trailwarden-responders"
"""What the names of roles begin with; the region follows (`Names.role`)."""
ALARM_PREFIX = "trailwarden-"

LOG_KEY_PARAMETER = "/trailwarden/log-key-arn"
STATE_KEY_PARAMETER = "/trailwarden/state-key-arn"
OPERATIONS_KEY_PARAMETER = "/trailwarden/operations-key-arn"
RULES_KEY_PARAMETER = "/trailwarden/rules-key-arn"
ALERT_STREAM_PARAMETER = "/trailwarden/alert-stream-arn"
RESPONDERS_ROLE_ID_PARAMETER = "/trailwarden/responders-role-id"

LOG_ARCHIVE_STACK = "TrailwardenLogArchive"
DETECTION_STATE_STACK = "TrailwardenDetectionState"
RULES_STACK = "TrailwardenRules"
DETECTION_STACK = "TrailwardenDetection"
PUBLISHING_STACK = "TrailwardenPublishing"
ALERTING_STACK = "TrailwardenAlerting"


def trail_stack(account: str) -> str:
    """The stack that holds an account's trail."""
    return f"TrailwardenTrail-{account}"


@dataclass(frozen=True, slots=True)
class Names:
    """Every name and ARN that one stack must know of another's resources."""

    audit_account: str
    region: str
    partition: str = "aws"

    @property
    def log_bucket(self) -> str:
        return f"trailwarden-logs-{self.audit_account}-{self.region}"

    @property
    def access_log_bucket(self) -> str:
        return f"trailwarden-access-logs-{self.audit_account}-{self.region}"

    @property
    def log_bucket_arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.log_bucket}"

    @property
    def rules_bucket(self) -> str:
        """The bucket that the security team's rules are edited in."""
        return f"trailwarden-rules-{self.audit_account}-{self.region}"

    @property
    def rules_bucket_arn(self) -> str:
        return f"arn:{self.partition}:s3:::{self.rules_bucket}"

    @property
    def log_key_alias_arn(self) -> str:
        return self._arn("kms", LOG_KEY_ALIAS)

    @property
    def delivery_topic_arn(self) -> str:
        return self._arn("sns", "trailwarden-delivery")

    @property
    def alert_topic_arn(self) -> str:
        return self._arn("sns", "trailwarden-alerts")

    def route_topic_arn(self, route: str) -> str:
        """The topic of those alerts that a route of the settings takes."""
        return f"{self.alert_topic_arn}-{route}"

    @property
    def operations_topic_arn(self) -> str:
        return self._arn("sns", "trailwarden-operations")

    @property
    def rule_authors_topic_arn(self) -> str:
        """Where those who write rules learn what became of an edit."""
        return self._arn("sns", "trailwarden-rule-authors")

    @property
    def ingest_queue_arn(self) -> str:
        return self._arn("sqs", "trailwarden-ingest")

    @property
    def ingest_dead_letter_queue_arn(self) -> str:
        """Notices that `detect` could not finish, however often it tried."""
        return self._arn("sqs", "trailwarden-ingest-dead-letters")

    @property
    def delivery_dead_letter_queue_arn(self) -> str:
        """Notices that the delivery topic could not put into the ingest queue."""
        return self._arn("sqs", "trailwarden-delivery-dead-letters")

    @property
    def notify_dead_letter_queue_arn(self) -> str:
        """Pointers to stream records that `notify` could not finish."""
        return self._arn("sqs", "trailwarden-notify-dead-letters")

    @property
    def subscriber_dead_letter_queue_arn(self) -> str:
        """Messages that a subscriber (a queue, a function, a web address) did not take."""
        return self._arn("sqs", "trailwarden-subscriber-dead-letters")

    @property
    def publish_queue_arn(self) -> str:
        """What changed in the rules bucket."""
        return self._arn("sqs", "trailwarden-publish")

    @property
    def publish_dead_letter_queue_arn(self) -> str:
        """Changes in the rules bucket that `publish_rules` could not finish, however often it tried."""
        return self._arn("sqs", "trailwarden-publish-dead-letters")

    def role(self, base: str) -> str:
        """The name of a role: an account's roles are those of all its regions, so it carries the region."""
        return f"{base}-{self.region}"

    @property
    def publish_role_arn(self) -> str:
        """The role that alone writes what `detect` reads."""
        return self._role_arn(PUBLISH_ROLE)

    @property
    def rule_writers_role_arn(self) -> str:
        return self._role_arn(RULE_WRITERS_ROLE)

    @property
    def responders_role_arn(self) -> str:
        return self._role_arn(RESPONDERS_ROLE)

    @property
    def security_hub_product_arn(self) -> str:
        """The product under which an account imports findings of its own.

        https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-custom-providers.html
        """
        return self._arn("securityhub", f"product/{self.audit_account}/default")

    @property
    def alert_table_arn(self) -> str:
        return self._arn("dynamodb", f"table/{ALERT_TABLE}")

    def trail_arn(self, account: str) -> str:
        """The ARN that CloudTrail gives as `aws:SourceArn`: the owner's account, the trail's home region."""
        return f"arn:{self.partition}:cloudtrail:{self.region}:{account}:trail/{TRAIL_NAME}"

    def log_group_arn(self, function: str) -> str:
        return self._arn("logs", f"log-group:{log_group(function)}")

    def stack_arn_prefix(self, stack: str) -> str:
        """What the ARN of a stack of ours begins with; AWS makes up the rest."""
        return self._arn("cloudformation", f"stack/{stack}/")

    def alarms_arn_pattern(self) -> str:
        """Matches the ARN of every alarm of ours, and of nobody else's."""
        return self._arn("cloudwatch", f"alarm:{ALARM_PREFIX}*")

    def _role_arn(self, base: str) -> str:
        return f"arn:{self.partition}:iam::{self.audit_account}:role/{self.role(base)}"

    def _arn(self, service: str, resource: str) -> str:
        return f"arn:{self.partition}:{service}:{self.region}:{self.audit_account}:{resource}"


def resource_name(arn: str) -> str:
    """The last part of an ARN: `trailwarden-ingest` of a queue's."""
    return arn.rsplit(":", 1)[-1].removeprefix("table/")


def log_group(function: str) -> str:
    """The log group that Lambda writes to for a function of this name."""
    return f"/aws/lambda/{function}"
