"""One trail: an account's own, or the organization's in its management account."""

from collections.abc import Iterator, Sequence

from aws_cdk import Environment, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from constructs import Construct

from infra import names as n
from infra.settings import Settings

Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty
Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty
_DELIVERING = ["CompleteMultipartUpload", "CreateMultipartUpload", "PutObject", "UploadPart"]
"""By what log files are written: CloudTrail uses the third."""


class TrailStack(Stack):
    """A trail of all regions that delivers to the audit account.

    `CfnTrail` and not `Trail`: the latter writes policies without `aws:SourceArn`, and shortens a topic's
    ARN to its name, which in another account names another topic.
    """

    def __init__(self, scope: Construct, settings: Settings, account: str, *, name: str = "") -> None:
        organization = (
            settings.organization is not None and account == settings.organization.management_account
        )
        whose = "the organisation" if organization else f"account {name or account}"
        super().__init__(
            scope,
            n.trail_stack(account),
            description=f"Trailwarden: the trail of {whose}",
            env=Environment(account=account, region=settings.region),
            termination_protection=settings.protect,
        )
        names = settings.names
        watches_us = account == settings.self_watch_account
        trail = cloudtrail.CfnTrail(
            self,
            "Trail",
            trail_name=n.TRAIL_NAME,
            is_logging=True,
            s3_bucket_name=names.log_bucket,
            kms_key_id=names.log_key_alias_arn,
            sns_topic_name=names.delivery_topic_arn,
            is_multi_region_trail=True,
            include_global_service_events=True,
            enable_log_file_validation=True,
            is_organization_trail=organization,
            advanced_event_selectors=list(_with_own_buckets(names)) if watches_us else None,
        )
        # To delete the stack must not stop the watch: a trail is switched off by hand, and seen to be.
        trail.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)


def _with_own_buckets(names: n.Names) -> Iterator[Selector]:
    """All management events, as without selectors, and what is written into Trailwarden's own buckets.

    Never the log files that CloudTrail itself puts into the log bucket: each would be an event, which makes
    the next log file. Its puts have no `userIdentity.arn`, but neither have those of anonymous callers and of
    other accounts, and no other field of selectors tells them apart. So puts without one are recorded only if
    the object is not named as a log file is. A put that imitates one takes a change of the bucket's policy
    first, which is recorded and reported (rules/self_protection/bucket_changed.yml).
    https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_AdvancedFieldSelector.html
    """
    yield Selector(
        name="Management events", field_selectors=[Field(field="eventCategory", equal_to=["Management"])]
    )
    yield _writes("Trailwarden's rules", names.rules_bucket_arn)
    yield _writes(
        "Trailwarden's log files, changed or deleted",
        names.log_bucket_arn,
        Field(field="eventName", not_equals=_DELIVERING),
    )
    yield _writes(
        "Trailwarden's log files, written by others than CloudTrail",
        names.log_bucket_arn,
        Field(field="eventName", equal_to=_DELIVERING),
        Field(field="userIdentity.arn", starts_with=["arn:"]),
    )
    yield _writes(
        "Trailwarden's log bucket, objects that are no log files",
        names.log_bucket_arn,
        Field(field="eventName", equal_to=_DELIVERING),
        not_ends_with=[".json.gz"],
    )


def _writes(
    name: str, bucket_arn: str, *fields: Field, not_ends_with: Sequence[str] | None = None
) -> Selector:
    """Writes of a bucket's objects; without the slash it would also be those of longer bucket names."""
    return Selector(
        name=name,
        field_selectors=[
            Field(field="eventCategory", equal_to=["Data"]),
            Field(field="resources.type", equal_to=["AWS::S3::Object"]),
            Field(field="readOnly", equal_to=["false"]),
            Field(field="resources.ARN", starts_with=[f"{bucket_arn}/"], not_ends_with=not_ends_with),
            *fields,
        ],
    )
