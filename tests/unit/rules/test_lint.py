"""Warnings: what can be evaluated, but hardly means what it says."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.corpus import CORPUS, corpus_records, needs_corpus
from tests.unit.rules.writing import rule_text
from trailwarden.cli import main
from trailwarden.errors import Problem
from trailwarden.rules.lint import lint_rules
from trailwarden.rules.load import load_rules, parse_rules, read_rules
from trailwarden.rules.shipped import shipped_rules_path


def warnings_of(text: str) -> list[Problem]:
    sources, problems = parse_rules("rule.yml", text.encode())
    assert not problems, problems
    return lint_rules(sources)


LAMBDA, CLOUDFRONT = "eventSource: lambda.amazonaws.com", "eventSource: cloudfront.amazonaws.com"
WARNED = [
    (f"{LAMBDA}\n  eventName: CreateFunction", "`CreateFunction20150331`", "`CreateFunction20*`"),
    (f"{LAMBDA}\n  eventName: [Invoke, addpermission]", "`AddPermission20150331v2`", ""),
    ("eventName: UpdateFunctionConfiguration", "`UpdateFunctionConfiguration20150331v2`", ""),
    (f"{CLOUDFRONT}\n  eventName: PublishFunction", "`PublishFunction2020_05_31`", ""),
    (
        "eventName: A\n  username: x",
        "no field `username`, so `username` is always",
        "`userIdentity.userName`",
    ),
    ("eventName: A\n  eventname: x", "no field `eventname`", "did you mean `eventName`?"),
    ("eventName: A\n  requestParamters.name: x", "no field `requestParamters`", "`requestParameters`"),
    (
        "eventName: A\n  eventName|fieldref: sourceIpAddress",
        "no field `sourceIpAddress`",
        "`sourceIPAddress`",
    ),
    ("eventName: A\n  userIdentity.sessionIssuer.arn: x", "no field `sessionIssuer`", "sessionContext.sess"),
    ("eventName: A\n  userIdentity.username: x", "no field `username`", "`userIdentity.userName`"),
    ("eventName|contains|all: A", "`all` joins the values of a list", "leave `all` out"),
    ("requestParameters.name: x", "every record is decoded in full", "eventName"),
    ("actor.nature: person", "nothing but normalised fields, so every record is decoded", "eventName"),
    (
        "target: x\n  requestParameters.name: x",
        "calls and normalised fields, so every record is decoded",
        "eventName",
    ),
    ("eventName: A\n  actor.natur: x", "no normalised field `actor.natur`", "`actor.nature`"),
    ("eventName: A\n  origin.zzz: x", "no normalised field `origin.zzz`", "origin.attack_tool"),
    ("eventName: A\n  tool.name: x", "no normalised field `tool.name`", "`tool`"),
    ("eventName: A\n  Tool: x", "no field `Tool`", "did you mean `tool`?"),
    ("eventName: A\n  tools: x", "no field `tools`", "did you mean `tool`?"),
    ("eventName: A\n  eventName|fieldref: actr", "no field `actr`", "did you mean `actor`?"),
    ("eventName: A\n  actor.nature: human", "never `human`", "person, automation, aws_service"),
    ("eventName: A\n  actor.nature: persons", "never `persons`", "did you mean `person`?"),
    ("eventName: A\n  actor.kind: Unknown", "never `Unknown`", "write `null`"),
]


@pytest.mark.parametrize(("items", "message", "cure"), WARNED)
def test_what_is_warned_of(items: str, message: str, cure: str) -> None:
    (warning,) = warnings_of(rule_text(f"sel:\n  {items}\ncondition: sel"))

    assert warning.message.startswith("warning: ")
    assert message in warning.message
    assert cure in warning.cure
    assert warning.cure
    whole_rule = "decoded" in message
    assert (warning.line, warning.column) == ((1, 1) if whole_rule else (8 + len(items.splitlines()), 5))


@pytest.mark.parametrize(
    "items",
    [
        f"{LAMBDA}\n  eventName: [CreateFunction, CreateFunction20150331]",
        f"{LAMBDA}\n  eventName: [UpdateFunctionCode, 'UpdateFunctionCode20*']",
        f"{LAMBDA}\n  eventName|startswith: CreateFunction",
        f"{LAMBDA}\n  eventName: [CreateFunction, 'CreateFunction*']",
        f"{LAMBDA}\n  eventName: Invoke",
        "eventSource: appsync.amazonaws.com\n  eventName: CreateFunction",
        "eventName: TagResource",
        f"{CLOUDFRONT}\n  eventName: PublishFunction2020_05_31",
        f"{CLOUDFRONT}\n  eventName: UpdateDistribution",  # only functions' calls carry a version
        "eventSource: [iam.amazonaws.com, cloudfront.amazonaws.com]\n  eventName: DeletePolicy",
        "userIdentity.sessionContext.sessionIssuer.arn: x",
        "eventName|contains|all: [A, B]",
        "sourceIPAddress|cidr: 10.0.0.0/8\n  requestParameters.name: x",
        "eventName: A\n  actor.nature: [PERSON, automation]\n  origin.attack_tool: true\n  actor.mfa: false",
        "eventName: A\n  actor.nature|contains: serv\n  actor.kind|re: user$\n  actor.session: null",
        "readOnly: false\n  target|fieldref: actor",
    ],
)
def test_what_is_fine(items: str) -> None:
    assert warnings_of(rule_text(f"sel:\n  {items}\ncondition: sel")) == []


@pytest.mark.parametrize(
    ("condition", "warned"),
    [
        ("deep", True),
        ("deep or named", True),
        ("deep and named", False),
        ("not named", True),
        ("deep and not named", True),
        ("words", True),
        ("gone", True),
        ("named or source", False),
    ],
)
def test_which_conditions_force_full_decoding(condition: str, warned: bool) -> None:
    detection = f"""
        named: {{eventName: A}}
        source: {{eventSource: B}}
        gone: {{errorCode: null}}
        deep: {{responseElements.x: y}}
        words: [x]
        condition: {condition}
    """
    assert bool(warnings_of(rule_text(detection))) is warned


def test_a_filter_that_says_what_remains_is_told_and_its_fields_are_checked() -> None:
    rule = rule_text("sel: {eventName: A}\ncondition: sel")
    text = (
        f"{rule}---\ntitle: f\nlogsource: {{product: aws}}\n"
        "filter: {rules: any, sel: {user: x}, condition: not sel}\n"
    )

    told = [(each.line, each.message) for each in warnings_of(text)]

    assert [line for line, _ in told] == [12, 14]
    assert "says what remains" in told[0][1]
    assert "no field `user`" in told[1][1]


def test_the_shipped_rules_earn_no_warning() -> None:
    assert lint_rules(load_rules([shipped_rules_path()])) == []


@needs_corpus
def test_no_field_that_a_real_record_holds_is_called_unknown() -> None:
    told = [each.message for each in lint_rules(read_rules([CORPUS / "sigma_aws"])[0])]
    held = {name for _, _, record in corpus_records() for name in record if not name.startswith("p_")}

    assert any("no field `src_ip`" in message for message in told)
    for name in held:
        earned = warnings_of(rule_text(f"sel: {{eventTime: A, {name}|contains: t}}\ncondition: sel"))
        assert earned == [], name


def test_the_commands_print_warnings_on_standard_error_and_go_on(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(rule_text("sel: {eventName: A, username: x}\ncondition: sel"))

    for command in (["test"], ["compile", "-o", str(tmp_path / "out.json")]):
        result = CliRunner().invoke(main, ["rules", command[0], str(tmp_path), *command[1:]])

        assert result.exit_code == 0
        assert "rule.yml:8:23: warning: CloudTrail's records have no field `username`" in result.stderr
        assert "warning" not in result.stdout
