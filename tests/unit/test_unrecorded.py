"""Rules that need events which Trailwarden's trails do not record are named; others never."""

import re
from pathlib import Path

import pytest

from tests.infra.conftest import ROOT
from trailwarden.rules.compile import compile_rules
from trailwarden.rules.load import load_rules
from trailwarden.rules.ruleset import RuleSet
from trailwarden.unrecorded import OWN_BUCKETS, unrecorded_of

ID = "6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b{:02}"
HEAD = """\
title: Rule {number}
id: {identity}
name: rule{number}
status: stable
logsource: {{product: aws, service: cloudtrail}}
level: high
"""


def compiled(folder: Path, *detections: str, more: str = "") -> RuleSet:
    """One rule a detection (flow YAML), and what else stands in the file."""
    documents = [
        HEAD.format(number=number, identity=ID.format(number))
        + f"detection: {{condition: a, a: {detection}}}\n"
        for number, detection in enumerate(detections)
    ]
    (folder / "rules.yml").write_text("---\n".join([*documents, *([more] if more else [])]))
    return compile_rules(load_rules([folder]))


def needed(rule_set: RuleSet) -> dict[str, tuple[list[str], list[str]]]:
    return {
        one.events: ([rule.title for rule in one.rules], [rule.title for rule in one.in_part])
        for one in unrecorded_of((*rule_set.rules, *rule_set.correlations))
    }


S3, EBS = "eventSource: s3.amazonaws.com", "eventSource: ebs.amazonaws.com"


@pytest.mark.parametrize(
    ("detection", "kind"),
    [
        (f"{{{S3}, eventName: GetObject}}", "data events of s3"),
        (f"{{{S3}, eventName: [PutObject, UploadPart]}}", "data events of s3"),
        (f"{{{S3}, eventName: DeleteObject*}}", "data events of s3"),
        (f"{{{S3}, eventName|startswith: GetObject}}", "data events of s3"),
        (f"{{{EBS}, eventName: PutSnapshotBlock}}", "data events of ebs"),
        ("{eventSource: lambda.amazonaws.com, eventName: Invoke}", "data events of lambda"),
        ("{eventSource: dynamodb.amazonaws.com, eventName: [Scan, Query]}", "data events of dynamodb"),
        ("{eventSource: sns.amazonaws.com, eventName: Publish}", "data events of sns"),
        ("{eventName: [GetObject, HeadObject]}", "data events"),
        ("{eventSource: iot.amazonaws.com, eventCategory: Data}", "data events of iot"),
        ("{eventCategory: Data, eventSource: iot.amazonaws.com, eventName: Publish}", "data events of iot"),
        ("{managementEvent: false, eventSource: qldb.amazonaws.com}", "data events of qldb"),
        ("{eventCategory: Insight}", "Insights events"),
        ("{eventType: AwsCloudTrailInsight}", "Insights events"),
        ("{eventType: AwsVpceEvents, eventName: GetObject}", "network activity events"),
        ("{eventCategory: NetworkActivity}", "network activity events"),
    ],
)
def test_what_is_not_recorded_is_named(tmp_path: Path, detection: str, kind: str) -> None:
    assert needed(compiled(tmp_path, detection)) == {kind: (["Rule 0"], [])}


@pytest.mark.parametrize(
    ("detection", "parts"),
    [
        (f"{{{S3}, eventName: [PutObjectAcl, PutBucketAcl]}}", ("PutObjectAcl",)),
        (f"{{{S3}, eventName: Put*}}", ("Put*",)),
        ("{eventName: [CopyObject, ModifyEbsDefaultKmsKeyId]}", ("CopyObject",)),
        ("{eventName: [Query, Scan, CreateTable, query]}", ("Query", "Scan", "query")),
    ],
)
def test_what_is_recorded_in_part_is_named_as_such(
    tmp_path: Path, detection: str, parts: tuple[str, ...]
) -> None:
    rule_set = compiled(tmp_path, detection)
    ((_, (whole, in_part)),) = needed(rule_set).items()
    assert (whole, in_part) == ([], ["Rule 0"])
    (one,) = unrecorded_of(rule_set.rules)
    assert one.parts == {rule_set.rules[0].id: parts}


@pytest.mark.parametrize(
    "detection",
    [
        f"{{{S3}, eventName: PutBucketPolicy}}",
        f"{{{S3}}}",
        "{eventSource: bedrock.amazonaws.com, eventName: InvokeModel}",
        "{eventSource: secretsmanager.amazonaws.com, eventName: GetSecretValue}",
        "{eventCategory: Management, eventName: ConsoleLogin}",
        "{eventType: [AwsApiCall, AwsCloudTrailInsight]}",
        "{userIdentity.type: Root}",
        *(
            f"{{{S3}, eventName: DeleteObject, requestParameters.bucketName|startswith: {prefix}}}"
            for prefix in OWN_BUCKETS
        ),
        f"{{{S3}, eventName: PutObject, requestParameters.bucketName: trailwarden-logs-1-eu-west-1}}",
        f"{{{S3}, eventName: DeleteObject, resources.ARN|startswith: 'arn:aws:s3:::trailwarden-logs-'}}",
        f"{{{S3}, eventName: PutObject, resources.ARN|contains: ':s3:::trailwarden-rules-'}}",
    ],
)
def test_what_is_recorded_is_not(tmp_path: Path, detection: str) -> None:
    assert needed(compiled(tmp_path, detection)) == {}


OURS = "requestParameters.bucketName|startswith: trailwarden-rules-"
OURS_BY_ARN = "resources.ARN|contains|cased: ':s3:::trailwarden-logs-'"


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("call and 1 of ours*", ([], [])),
        ("call and (ours or ours_by_arn or both)", ([], [])),
        ("call and (ours_by_arn or other)", ([], ["Rule 0"])),
        ("call and not ours", (["Rule 0"], [])),
        ("call and mixed", ([], ["Rule 0"])),
        ("(call and ours) or policy", ([], [])),
    ],
)
def test_what_is_recorded_of_our_buckets_counts_whatever_names_them(
    tmp_path: Path, condition: str, expected: tuple[list[str], list[str]]
) -> None:
    selections = {
        "call": f"{S3}, eventName: [DeleteObject, PutObjectAcl]",
        "ours": OURS,
        "ours_by_arn": OURS_BY_ARN,
        "both": f"{OURS}, {OURS_BY_ARN}",
        "other": "requestParameters.bucketName: holiday-pictures",
        "mixed": "requestParameters.bucketName: [trailwarden-logs-1-eu-west-1, holiday-pictures]",
        "policy": f"{S3}, eventName: PutBucketPolicy",
    }
    used = {name: text for name, text in selections.items() if re.search(rf"\b{name}(?:\b|\*)", condition)}
    used |= {"ours_by_arn": OURS_BY_ARN} if "*" in condition else {}
    written = ", ".join(f"{name}: {{{text}}}" for name, text in used.items())
    (tmp_path / "rules.yml").write_text(
        HEAD.format(number=0, identity=ID.format(0)) + f"detection: {{condition: {condition!r}, {written}}}\n"
    )
    found = needed(compile_rules(load_rules([tmp_path])))
    assert found.get("data events of s3", ([], [])) == expected


def test_the_shipped_rules_of_our_own_buckets_see_what_is_recorded() -> None:
    rule_set = compile_rules(load_rules([ROOT / "rules" / "self_protection"]))
    named = {rule.title for one in unrecorded_of(rule_set.rules) for rule in (*one.rules, *one.in_part)}
    ours = {"Trailwarden's Compiled Rules Changed By Hand", "Trailwarden's Log Files Tampered With"}
    assert ours <= {rule.title for rule in rule_set.rules}
    assert not named & ours


def test_a_bucket_that_is_only_called_alike_is_not_ours(tmp_path: Path) -> None:
    for bucket in ("my-trailwarden-logs-1", "trailwarden-website"):
        for of in (f"requestParameters.bucketName: {bucket}", f"resources.ARN: 'arn:aws:s3:::{bucket}/x'"):
            assert needed(compiled(tmp_path, f"{{{S3}, eventName: DeleteObject, {of}}}")), of
    for part in ("trailwarden-logs-", "/:s3:::trailwarden-rules-"):  # of a key, too
        assert needed(
            compiled(tmp_path, f"{{{S3}, eventName: DeleteObject, resources.ARN|contains: '{part}'}}")
        )


CORRELATION = """\
title: Both
id: 6f0a1f5e-3a43-4a4d-9b61-0d1a5c1f2b90
status: stable
level: high
correlation:
  type: {kind}
  rules: [rule0, rule1]
  group-by: [userIdentity.arn]
  timespan: 1h
{condition}"""


@pytest.mark.parametrize(
    ("kind", "condition", "blind"),
    [("temporal", "", True), ("event_count", "  condition: {gte: 3}\n", False)],
)
def test_a_correlation_is_blind_if_what_it_needs_is(
    tmp_path: Path, kind: str, condition: str, *, blind: bool
) -> None:
    more = CORRELATION.format(kind=kind, condition=condition)
    rules = (f"{{{S3}, eventName: GetObject}}", f"{{{S3}, eventName: PutBucketPolicy}}")
    found = needed(compiled(tmp_path, *rules, more=more))["data events of s3"]
    assert ("Both" in found[0], "Both" in found[1]) == (blind, not blind)


def test_rules_that_are_not_run_are_not_named(tmp_path: Path) -> None:
    compiled(tmp_path, f"{{{S3}, eventName: GetObject}}")
    file = tmp_path / "rules.yml"
    file.write_text(file.read_text().replace("status: stable", "status: deprecated"))
    assert needed(compile_rules(load_rules([tmp_path]))) == {}


def test_the_buckets_are_those_that_the_trail_records() -> None:
    names = (ROOT / "infra" / "names.py").read_text(encoding="utf-8")
    made = set(re.findall(r'return f"(trailwarden-[a-z-]+-)\{self\.audit_account\}', names))
    assert made == {*OWN_BUCKETS, "trailwarden-access-logs-"}
