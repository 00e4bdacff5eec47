"""All stacks of one deployment, in the order in which they may be deployed."""

from aws_cdk import Annotations, App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.alerting_stack import AlertingStack
from infra.bundling import Bundler
from infra.detection import DetectionStack
from infra.detection_state import DetectionStateStack
from infra.log_archive import LogArchiveStack
from infra.notes import notes
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
        if account == settings.audit_account:
            # It comes last: what it records of the other stacks' first deployment would be alerts.
            trail.add_stack_dependency(alerting)
            trail.add_stack_dependency(publishing)
    for note in notes(settings):
        annotate = Annotations.of(archive)
        (annotate.add_warning_v2 if note.warning else annotate.add_info_v2)(note.id, note.text)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
