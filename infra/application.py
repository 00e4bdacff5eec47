"""All stacks of one deployment, in the order in which they may be deployed."""

from collections.abc import Iterator

from aws_cdk import Annotations, App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.alerting_stack import AlertingStack
from infra.bundling import Bundler
from infra.detection import DetectionStack
from infra.detection_state import DetectionStateStack
from infra.log_archive import LogArchiveStack
from infra.publishing import PublishingStack
from infra.rules import RulesStack
from infra.settings import Settings
from infra.trail import TrailStack


def build(app: App, settings: Settings, bundler: Bundler) -> None:
    """Add every stack to `app`, and the checks that make `synth` fail on what AWS advises against."""
    archive = LogArchiveStack(app, settings)
    state = DetectionStateStack(app, settings)
    rules = RulesStack(app, settings)
    rules.add_stack_dependency(archive)  # has its accesses logged there
    rules.add_stack_dependency(state)  # lets authors read of publications in its table
    detection = DetectionStack(app, settings, bundler)
    detection.add_stack_dependency(archive)  # subscribes to its topic
    detection.add_stack_dependency(state)  # reads its table's stream
    detection.add_stack_dependency(rules)  # reads what is published there
    alerting = AlertingStack(app, settings, bundler)
    alerting.add_stack_dependency(detection)  # what it writes into the table, notify must be there to tell
    publishing = PublishingStack(app, settings, bundler)
    # Its first run publishes what the new version of detect can read, and an older one perhaps cannot.
    publishing.add_stack_dependency(detection)
    names = {account.id: account.name for account in settings.accounts}
    for account in settings.trail_accounts:
        trail = TrailStack(app, settings, account, name=names.get(account, ""))
        # CloudTrail tests the bucket's policy when a trail is made; and no notice may find nobody listening.
        trail.add_stack_dependency(detection)
    for advice in _advice(settings):
        Annotations.of(state).add_info(advice)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))


def _advice(settings: Settings) -> Iterator[str]:
    """What an operator should know that no template shows."""
    if not settings.protect:
        yield (
            "The stacks and the alert table are not protected against deletion. Once everything is deployed,"
            ' set "protect": true and deploy again.'
        )
    routed = (one for route in settings.alerts.routes for one in route.subscribers)
    everybody = (*settings.subscribers, *settings.operations_subscribers, *settings.rule_authors, *routed)
    if any(subscriber.protocol == "sms" for subscriber in everybody):
        yield (
            "A new account is in the SMS sandbox of SNS: only numbers that were verified there get SMS, for"
            " 1 USD a month in all, until the account is moved out (docs/settings.md, Subscribers)."
        )
