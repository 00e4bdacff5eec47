"""Conditions that fall silent because an AWS service makes the call for its caller, in any spelling."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.unit.checking.writing import FRAME, framed
from trailwarden.checking import Finding, Severity, check_rules
from trailwarden.rules.load import read_contents, read_rules

CODE = "silent-through-service"
SILENT = (
    "userIdentity.invokedBy|exists: true",
    "userIdentity.invokedBy: '*'",
    "userIdentity.invokedBy: '*.amazonaws.???'",
    "userIdentity.invokedBy|re: .+",
    r"userIdentity.invokedBy|re: '\.amazonaws\.com$'",
    "userIdentity.invokedBy|contains: amazonaws.com",
    "userIdentity.invokedBy|endswith|cased: .com",
    "userIdentity.invokedBy|fieldref: sourceIPAddress",
    "userAgent|fieldref: userIdentity.invokedBy",
    "userIdentity|contains: '\"invokedBy\":'",
    "origin.service|exists: true",
    "userIdentity.invokedBy: [autoscaling.amazonaws.com, cloudformation.amazonaws.com]",
    "userIdentity.invokedBy|expand: '%services_on_their_own%'",
    "userIdentity.invokedBy: config.amazonaws.com",
    "userIdentity.invokedBy|startswith: [inspector2., detective.]",
    "{userIdentity.invokedBy: macie.amazonaws.com, readOnly: false}",
    "{userIdentity.invokedBy: securityhub.amazonaws.com, managementEvent: true}",
    "userIdentity.invokedBy: AWS Internal",
    "userIdentity.invokedBy|cased: AWS Internal",
    "userIdentity.invokedBy: states.amazonaws.com",
    "userIdentity.invokedBy: [events.amazonaws.com, scheduler.amazonaws.com]",
    "userIdentity.invokedBy|startswith: glue.",
    "userIdentity.invokedBy|contains: athena",
    "userIdentity.invokedBy: 'emr-serverless.*'",
    r"userIdentity.invokedBy|re: '^(?:dms|drs)\.amazonaws\.com$'",
    "{userIdentity.invokedBy: codepipeline.amazonaws.com, readOnly: true}",
    "{userIdentity.invokedBy: fis.amazonaws.com, eventSource: iam.amazonaws.com}",
    "origin.service: [Lambda, ECS]",
    'userIdentity|contains: \'"invokedBy":"quicksight.amazonaws.com"\'',
    "{userIdentity.invokedBy: firehose.amazonaws.com, userIdentity.type: [AWSService, AssumedRole]}",
)
SOUND = (
    "userIdentity.type: AWSService",
    r"userIdentity.sessionContext.sessionIssuer.arn|re: '^arn:[a-z-]+:iam::\d{12}:role/aws-service-role/'",
    "{userIdentity.invokedBy|expand: '%services_on_their_own%', readOnly: true}",
    "{userIdentity.invokedBy: config.amazonaws.com, readOnly: 'true'}",
    "{userIdentity.invokedBy: inspector2.amazonaws.com, eventSource: ec2.amazonaws.com, readOnly: true}",
    "userIdentity|contains: AWSServiceRoleFor",
    "actor.nature: aws_service",
    "sourceIPAddress|cidr: 10.0.0.0/8",
    "userAgent|contains: Mozilla",
    "userAgent|startswith: [Boto3/1.34, aws-sdk]",
    "{userIdentity.type: AWSService, userIdentity.invokedBy: cloudtrail.amazonaws.com}",
    "{userIdentity.type|startswith: AWSS, userIdentity.invokedBy: AWS Internal}",
    "{userIdentity.sessionContext.sessionIssuer.arn|re: ':role/aws-service-role/ec', origin: ECS}",
    "eventType: AwsServiceEvent",
)
OF_PROGRAM = (
    "sourceIPAddress: AWS Internal",
    "sourceIPAddress: [states.amazonaws.com, 192.0.2.7]",
    "sourceIPAddress|startswith: batch.",
    "userAgent: appflow.amazonaws.com",
    r"userAgent|re: '^(?:pipes|mwaa)\.amazonaws\.com$'",
    "sourceIPAddress|endswith: .amazonaws.com",
    "userAgent|re: amazonaws",
    "origin: '*.com'",
)


def exempting(line: str, condition: str = "selection and not exempt") -> str:
    return (
        "detection:\n  selection: {eventSource: iam.amazonaws.com, eventName: CreateUser}\n"
        f"  exempt:\n    {line}\n  condition: {condition}\n"
    )


def said(text: str, tmp_path: Path, *, shipped: bool = False) -> list[Finding]:
    file = tmp_path / "rule.yml"
    file.write_text(framed(text))
    sources, problems = read_rules([file])
    assert not problems
    sources = [replace(source, document=replace(source.document, shipped=shipped)) for source in sources]
    return [each for each in check_rules(sources) if each.code == CODE]


@pytest.mark.parametrize("line", SILENT)
def test_whatever_the_spelling_a_team_is_warned_and_a_shipped_rule_refused(line: str, tmp_path: Path) -> None:
    (warning,) = said(exempting(line), tmp_path)
    (error,) = said(exempting(line), tmp_path, shipped=True)

    assert (warning.severity, error.severity) == (Severity.WARNING, Severity.ERROR)
    assert warning.line > 1
    assert "makes the call for its caller" in warning.message


@pytest.mark.parametrize("value", ["null", "''"])
def test_asking_for_no_service_is_the_same_form(value: str, tmp_path: Path) -> None:
    line = f"userIdentity.invokedBy: {value}"
    findings = said(exempting(line, "selection and exempt"), tmp_path)

    assert len(findings) == (value == "null")  # no record holds the empty text


@pytest.mark.parametrize("line", SOUND)
def test_who_exempts_by_who_acts_is_not_warned(line: str, tmp_path: Path) -> None:
    assert said(exempting(line), tmp_path) == []


@pytest.mark.parametrize("line", OF_PROGRAM)
def test_a_team_is_warned_of_the_service_in_place_of_address_and_program(line: str, tmp_path: Path) -> None:
    assert [each.severity for each in said(exempting(line), tmp_path)] == [Severity.WARNING]
    assert said(exempting(line), tmp_path, shipped=True) == []


def test_a_rule_about_services_may_ask_for_one(tmp_path: Path) -> None:
    assert said(exempting("userIdentity.invokedBy|exists: true", "selection and exempt"), tmp_path) == []


def test_root_use_as_the_benchmark_defines_it_is_left_out(tmp_path: Path) -> None:
    text = (
        "detection:\n  selection:\n    eventName: CreateUser\n    userIdentity.type: Root\n"
        "    userIdentity.invokedBy: null\n  condition: selection\n"
    )
    assert said(text, tmp_path, shipped=True) == []


FILTER = """
{}
---
title: Deployments
logsource: {product: aws, service: cloudtrail}
filter:
  rules: any
  deployment: {%s}
  condition: %s
trailwarden: {owner: ada, reason: deployments, expires: 2999-01-01}
"""


@pytest.mark.parametrize(
    ("lines", "condition"),
    [
        ("userIdentity.invokedBy|exists: true", "deployment"),
        ("userIdentity.invokedBy|exists: true", "not deployment"),
        ("userIdentity.invokedBy|contains: .amazonaws.", "deployment"),
        ("userIdentity.invokedBy: servicecatalog.amazonaws.com", "deployment"),
        ("userIdentity.invokedBy: AWS Internal", "deployment"),
        ("sourceIPAddress: AWS Internal", "deployment"),
        ("userIdentity.invokedBy: proton.amazonaws.com", "deployment"),
        ("userAgent: amplify.amazonaws.com", "deployment"),
    ],
)
def test_a_filter_is_warned_of_too(lines: str, condition: str, tmp_path: Path) -> None:
    (warning,) = said(FILTER % (lines, condition), tmp_path)

    assert "hides calls because" in warning.message


def test_a_filter_that_names_the_caller_may_name_its_service(tmp_path: Path) -> None:
    service, caller = "cloudformation.amazonaws.com", "userIdentity.arn|contains: ':assumed-role/Deploy/'"
    lines = f"userIdentity.invokedBy: {service}, {caller}"

    assert said(FILTER % (lines, "deployment"), tmp_path) == []


def test_a_published_pack_is_held_to_it() -> None:
    content = framed(exempting("userIdentity.invokedBy|exists: true")).encode()
    folder = read_contents([], [("rule.yml", content)])

    assert [each.severity for each in check_rules(folder.sources) if each.code == CODE] == [Severity.ERROR]
    assert FRAME["level"] == "medium"
