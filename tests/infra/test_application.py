"""All stacks together: what holds for each, and the command that builds them."""

import hashlib
import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from infra.alerting import files_beside
from infra.bundling import Bundler
from infra.settings import parse_settings
from infra.wheels import Target
from tests.infra.conftest import ROOT, Synthesized, checkout, notices, sample
from tests.pages import PAGES

# W3005: the CDK writes DependsOn where a GetAtt says the same already; harmless, and not ours to change.
IGNORED_CHECKS = ["W3005"]
WITH_SETTINGS = ("detect", "notify", "tend_alerts", "watch_alerting")


def app(
    folder: Path, context: dict[str, Any], root: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    """app.py, as the CDK's command line runs it."""
    shipped = json.loads((ROOT / "cdk.json").read_text(encoding="utf-8"))["context"]
    return subprocess.run(
        [sys.executable, str(root / "app.py")],
        cwd=root,
        env={
            **os.environ,
            **environment,
            "CDK_CONTEXT_JSON": json.dumps({**shipped, **context}),
            "CDK_OUTDIR": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("variant", ["deployment", "organization", "routed"])
def test_cfn_lint_finds_nothing(variant: str, request: pytest.FixtureRequest) -> None:
    built: Synthesized = request.getfixturevalue(variant)
    templates = [str(file) for file in sorted(built.folder.glob("*.template.json"))]
    assert templates
    region = built.settings.region
    lint = Path(sysconfig.get_path("scripts"), "cfn-lint")
    command = [str(lint), "--regions", region, "--ignore-checks", *IGNORED_CHECKS]
    answer = subprocess.run([*command, "--", *templates], capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout) == (0, ""), answer.stdout + answer.stderr


@pytest.mark.parametrize("variant", ["deployment", "organization", "routed"])
def test_no_stack_exports_anything(variant: str, request: pytest.FixtureRequest) -> None:
    built: Synthesized = request.getfixturevalue(variant)
    for template in built.templates.values():
        assert all("Export" not in output for output in template.get("Outputs", {}).values())
        assert "Fn::ImportValue" not in json.dumps(template)


@pytest.mark.parametrize("variant", ["deployment", "organization", "routed"])
def test_nobody_is_allowed_as_anybody(variant: str, request: pytest.FixtureRequest) -> None:
    built: Synthesized = request.getfixturevalue(variant)
    for template in built.templates.values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            policy = properties.get("PolicyDocument") or properties.get("KeyPolicy") or {"Statement": []}
            for statement in policy["Statement"]:
                if statement["Effect"] == "Allow":
                    assert statement["Principal"] not in ("*", {"AWS": "*"}), statement


def test_stacks_are_named_and_ordered(deployment: Synthesized) -> None:
    manifest = json.loads((deployment.folder / "manifest.json").read_text(encoding="utf-8"))
    stacks = {k: v for k, v in manifest["artifacts"].items() if v["type"] == "aws:cloudformation:stack"}
    own = "TrailwardenTrail-111122223333"
    trails = {"TrailwardenTrail-444455556666", "TrailwardenTrail-777788889999", own}
    stateful = {"TrailwardenLogArchive", "TrailwardenDetectionState", "TrailwardenRules"} | trails
    assert set(stacks) == stateful | {"TrailwardenDetection", "TrailwardenAlerting", "TrailwardenPublishing"}
    before_detection = set(stacks["TrailwardenDetection"]["dependencies"])
    assert {"TrailwardenLogArchive", "TrailwardenDetectionState", "TrailwardenRules"} <= before_detection
    for stack in ("TrailwardenAlerting", "TrailwardenPublishing"):
        assert "TrailwardenDetection" in stacks[stack]["dependencies"]
    for trail in trails:
        assert "TrailwardenDetection" in stacks[trail]["dependencies"]
        assert stacks[trail]["environment"] == f"aws://{trail.removeprefix('TrailwardenTrail-')}/eu-central-1"
    # What it would record of their first deployment is no attack.
    assert {"TrailwardenAlerting", "TrailwardenPublishing"} <= set(stacks[own]["dependencies"])


# How long each may be missing: a bit more than a day for what runs once a day, or its schedule is late by
# seconds and the alarm rings.
MISSED = {
    "trailwarden-tend-alerts-silent": 900,
    "trailwarden-watch-alerting-silent": 26 * 3600,
    "trailwarden-publish-rules-silent": 26 * 3600,
    "trailwarden-ingest-silent": 2 * 3600,
}


def test_silence_is_an_alarm_where_something_should_come(deployment: Synthesized) -> None:
    alarms = [
        resource["Properties"]
        for stack in deployment.templates
        for resource in deployment.resources(stack, "AWS::CloudWatch::Alarm").values()
    ]
    missed = {one["AlarmName"]: one for one in alarms if one["ComparisonOperator"] == "LessThanThreshold"}
    assert {name: one["EvaluationPeriods"] * one["Period"] for name, one in missed.items()} == MISSED
    for one in missed.values():
        assert (one["Threshold"], one["Statistic"]) == (1, "Sum")
        assert one["TreatMissingData"] == "breaching", "a metric that stops is the thing itself"
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        assert one["EvaluationPeriods"] * one["Period"] <= (604_800 if one["Period"] >= 3600 else 86_400)
    for one in alarms:
        if one["AlarmName"] not in missed:
            assert one["TreatMissingData"] == "notBreaching"
    clocks = [
        resource["Properties"]["ScheduleExpression"]
        for stack in deployment.templates
        for resource in deployment.resources(stack, "AWS::Events::Rule").values()
        if "ScheduleExpression" in resource["Properties"]
    ]
    assert len(clocks) == 3, "each schedule has an alarm of its own"


@pytest.mark.parametrize(("variant", "protected"), [("deployment", False), ("routed", True)])
def test_data_is_protected_when_the_settings_say_so(
    variant: str, protected: bool, request: pytest.FixtureRequest
) -> None:
    """Not before all of it is there: a stack whose creation failed must be deleted before the next try."""
    built: Synthesized = request.getfixturevalue(variant)
    manifest = json.loads((built.folder / "manifest.json").read_text(encoding="utf-8"))
    stacks = {k: v for k, v in manifest["artifacts"].items() if v["type"] == "aws:cloudformation:stack"}
    found = {k for k, v in stacks.items() if v["properties"].get("terminationProtection")}
    kept = ("TrailwardenLogArchive", "TrailwardenDetectionState", "TrailwardenRules", "TrailwardenTrail-")
    assert found == ({name for name in stacks if name.startswith(kept)} if protected else set())
    table = built.properties("TrailwardenDetectionState", "AWS::DynamoDB::Table")
    assert table["DeletionProtectionEnabled"] is protected
    assert any('"protect": true' in said for said in notices(built)) is not protected


@pytest.mark.parametrize("variant", ["deployment", "organization", "routed"])
def test_what_a_failed_creation_made_is_not_in_the_way_of_the_next(
    variant: str, request: pytest.FixtureRequest
) -> None:
    """`Retain` keeps it, so that a bucket or a table of that name exists already, and a key costs."""
    built: Synthesized = request.getfixturevalue(variant)
    kept = set()
    for template in built.templates.values():
        for resource in template["Resources"].values():
            policy = resource.get("DeletionPolicy", "Delete")
            assert policy in {"Delete", "RetainExceptOnCreate"}, resource
            if policy != "Delete":
                assert resource["UpdateReplacePolicy"] == "Retain"
                kept.add(resource["Type"])
    assert kept == {
        "AWS::CloudTrail::Trail",
        "AWS::DynamoDB::Table",
        "AWS::KMS::Key",
        "AWS::S3::Bucket",
        "AWS::S3::BucketPolicy",
    }


@pytest.mark.parametrize("variant", ["deployment", "organization", "routed"])
def test_no_function_reserves_executions(variant: str, request: pytest.FixtureRequest) -> None:
    """AWS keeps 100 of an account unreserved; a new one may have 10 in all."""
    built: Synthesized = request.getfixturevalue(variant)
    for template in built.templates.values():
        assert "ReservedConcurrentExecutions" not in json.dumps(template)


@pytest.mark.parametrize("variant", ["deployment", "organization", "routed"])
def test_names_that_an_account_has_once_carry_the_region(
    variant: str, request: pytest.FixtureRequest
) -> None:
    """Or a deployment in another region would meet them."""
    built: Synthesized = request.getfixturevalue(variant)
    for template in built.templates.values():
        for resource in template["Resources"].values():
            for name in ("RoleName", "ManagedPolicyName", "UserName", "GroupName", "BucketName"):
                if name in resource.get("Properties", {}):
                    assert resource["Properties"][name].endswith(f"-{built.settings.region}")


def test_sms_is_announced_to_meet_the_sandbox(deployment: Synthesized, organization: Synthesized) -> None:
    assert any("SMS sandbox" in said for said in notices(deployment))
    assert not any("SMS" in said for said in notices(organization))


def test_what_goes_through_parameters_is_written_by_one_and_read_by_another(deployment: Synthesized) -> None:
    written = {
        resource["Properties"]["Name"]
        for stack in ("TrailwardenLogArchive", "TrailwardenDetectionState", "TrailwardenRules")
        for resource in deployment.resources(stack, "AWS::SSM::Parameter").values()
    }
    parameters = deployment.templates["TrailwardenDetection"]["Parameters"]
    read = {p["Default"] for name, p in parameters.items() if name != "BootstrapVersion"}
    assert (
        read
        == written
        == {
            "/trailwarden/log-key-arn",
            "/trailwarden/state-key-arn",
            "/trailwarden/operations-key-arn",
            "/trailwarden/rules-key-arn",
            "/trailwarden/alert-stream-arn",
        }
    )


def test_the_pages_deploy_every_stack_by_its_name(deployment: Synthesized) -> None:
    account = "444455556666"
    shown = {
        word.replace("<account>", account)
        for page in PAGES
        for command in re.findall(r"`npx cdk deploy ([^`]+)`", page.read_text("utf-8"))
        for word in command.split()
        if word.startswith("Trailwarden")
    }
    of_others = {name for name in deployment.templates if "Trail-" in name and account not in name}
    assert shown == deployment.templates.keys() - of_others


def test_synth_needs_no_network_once_wheels_are_there(tmp_path: Path, host: Target, wheels: Path) -> None:
    root = checkout(tmp_path / "checkout", wheels)
    bundler = Bundler(root, host)
    raw = sample(functions={"architecture": "host", "python": "host"})
    settings = parse_settings(raw)
    beside = files_beside(settings)
    hashes = [bundler.bundle(name, beside).hash for name in WITH_SETTINGS]
    hashes += [bundler.bundle(name).hash for name in ("apply_requests", "publish_rules")]
    assets = {hashlib.sha256(one.encode()).hexdigest() for one in hashes}  # the CDK hashes what it is given
    file = tmp_path / "settings.json"
    file.write_text(json.dumps(raw), "utf-8")
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9", "PIP_NO_INDEX": "1"}
    answer = app(tmp_path / "out", {"settings": str(file)}, root, AWS_EC2_METADATA_DISABLED="true", **nowhere)
    assert answer.returncode == 0, answer.stderr
    staged = {path.name.removeprefix("asset.") for path in (tmp_path / "out").glob("asset.*")}
    assert staged == assets
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text(encoding="utf-8"))
    assert "missing" not in manifest  # nothing for the command line to look up


def test_wrong_settings_are_listed_without_a_traceback(tmp_path: Path) -> None:
    answer = app(tmp_path / "out", {"trailwarden": sample(region="mars-north-1", acounts=[])})
    assert answer.returncode == 1
    assert "Traceback" not in answer.stderr
    assert "region: 'mars-north-1' is not one of" in answer.stderr
    assert "acounts: unknown key (did you mean accounts?)" in answer.stderr
    assert not (tmp_path / "out" / "manifest.json").exists()
