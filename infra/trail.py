"""One trail: an account's own, or the organisation's in its management account."""

from aws_cdk import Environment, RemovalPolicy, Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from constructs import Construct

from infra import names as n
from infra.settings import Settings


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
        )
        # To delete the stack must not stop the watch: a trail is switched off by hand, and seen to be.
        trail.apply_removal_policy(RemovalPolicy.RETAIN_ON_UPDATE_OR_DELETE)
