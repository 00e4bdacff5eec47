"""Every recorded attack of the corpus is told, by a rule that names what was done.

A rule names an attack where its title or its tags speak of the technique: an alert that merely happens to
stand in the recording (a burst of refusals, a new region, an unusual user agent) does not count.
"""

import gzip
import json
from pathlib import Path

import pytest

from tests.corpus import CORPUS, needs_corpus
from tests.rule_counts import Sample, count
from trailwarden.alerts.model import Alert
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import Level, RuleSet
from trailwarden.rules.shipped import shipped_rules_path

TECHNIQUES = {
    "aws.credential-access.ec2-get-password-data": {"t1552", "t1555", "t1003"},
    "aws.credential-access.ec2-steal-instance-credentials": {"t1552"},
    "aws.credential-access.secretsmanager-batch-retrieve-secrets": {"t1555"},
    "aws.credential-access.secretsmanager-retrieve-secrets": {"t1555"},
    "aws.credential-access.ssm-retrieve-securestring-parameters": {"t1552", "t1555"},
    "aws.defense-evasion.cloudtrail-delete": {"t1562"},
    "aws.defense-evasion.cloudtrail-event-selectors": {"t1562"},
    "aws.defense-evasion.cloudtrail-stop": {"t1562"},
    "aws.defense-evasion.dns-delete-logs": {"t1562"},
    "aws.defense-evasion.organizations-leave": {"t1666"},
    "aws.defense-evasion.vpc-remove-flow-logs": {"t1562"},
    "aws.discovery.ec2-download-user-data": {"t1552", "t1580"},
    "aws.execution.ec2-launch-unusual-instances": {"t1496", "t1578", "t1204"},
    "aws.execution.ec2-user-data": {"t1059", "t1037", "t1651", "t1204", "t1578"},
    "aws.execution.ssm-send-command": {"t1651"},
    "aws.execution.ssm-start-session": {"t1651", "t1021"},
    "aws.exfiltration.ec2-security-group-open-port-22-ingress": {"t1562"},
    "aws.exfiltration.ec2-share-ami": {"t1537"},
    "aws.exfiltration.ec2-share-ebs-snapshot": {"t1537"},
    "aws.exfiltration.rds-share-snapshot": {"t1537"},
    "aws.impact.bedrock-invoke-model": {"t1496"},
    "aws.initial-access.console-login-without-mfa": {"t1078"},
    "aws.lateral-movement.ec2-instance-connect": {"t1021", "t1098"},
    "aws.lateral-movement.ec2-serial-console-send-ssh-public-key": {"t1021"},
    "aws.persistence.iam-backdoor-role": {"t1098"},
    "aws.persistence.iam-backdoor-user": {"t1098"},
    "aws.persistence.iam-create-admin-user": {"t1136", "t1098"},
    "aws.persistence.iam-create-backdoor-role": {"t1098"},
    "aws.persistence.iam-create-user-login-profile": {"t1098", "t1078"},
    "aws.persistence.lambda-backdoor-function": {"t1098", "t1525", "t1546", "t1648"},
    "aws.persistence.lambda-layer-extension": {"t1525", "t1546", "t1574", "t1648"},
    "aws.persistence.lambda-overwrite-code": {"t1525", "t1546", "t1648", "t1505"},
    "aws.persistence.rolesanywhere-create-trust-anchor": {"t1098", "t1556", "t1550"},
    "aws.persistence.sts-federation-token": {"t1550", "t1098", "t1078"},
    "aws.privilege-escalation.iam-update-user-login-profile": {"t1098"},
}
"""What each recording is of: any of these ATT&CK techniques names it."""
NAMES_NOTHING = frozenset(
    {"Burst Of Unauthorized Calls", "Region New To An Account", "Attack Tool Or Distribution Used"}
)
"""Rules that see how something was done, not what."""


@pytest.fixture(scope="module")
def rule_set() -> RuleSet:
    return compile_rules(load_rules([shipped_rules_path()]))


def alerts_of(rule_set: RuleSet, recording: Path) -> tuple[Alert, ...]:
    """What the shipped rules tell of one recording."""
    content = json.loads(gzip.decompress(recording.read_bytes()))
    records = content["Records"] if isinstance(content, dict) else content
    found = [Sample(recording.name, recording.name, index, record) for index, record in enumerate(records)]
    return count(rule_set, found).alerts


def speaks_of(alert: Alert, techniques: set[str]) -> bool:
    """Whether the alert's rule is about one of the techniques, sub-techniques included."""
    tagged = {tag.removeprefix("attack.").partition(".")[0] for tag in alert.tags}
    return bool(tagged & techniques) and alert.rule_title not in NAMES_NOTHING


@needs_corpus
def test_every_recording_is_known() -> None:
    recordings = {path.name.removesuffix(".json.gz") for path in (CORPUS / "attacks").glob("*.json.gz")}

    assert recordings == set(TECHNIQUES)


@needs_corpus
@pytest.mark.parametrize("attack", sorted(TECHNIQUES))
def test_a_recorded_attack_is_told_by_a_rule_that_names_it(attack: str, rule_set: RuleSet) -> None:
    alerts = alerts_of(rule_set, CORPUS / "attacks" / f"{attack}.json.gz")

    told = [alert for alert in alerts if Level[alert.level.upper()] >= Level.MEDIUM]
    naming = [alert for alert in told if speaks_of(alert, TECHNIQUES[attack])]
    assert naming, f"told were only {[(alert.level, alert.rule_title, alert.tags) for alert in alerts]}"


@needs_corpus
@pytest.mark.parametrize("attack", sorted(TECHNIQUES))
def test_no_alert_of_a_recorded_attack_leaves_a_gap_in_its_title(attack: str, rule_set: RuleSet) -> None:
    alerts = alerts_of(rule_set, CORPUS / "attacks" / f"{attack}.json.gz")

    assert [alert.title for alert in alerts if "unknown" in alert.title] == []
