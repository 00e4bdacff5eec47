"""What makes a rule dead is found: names and values that no record has."""

from pathlib import Path

import pytest

from tests.unit.checking.writing import findings_in, framed

DEAD = [
    ("eventSource: iam.amazonaws.co", "unknown-source", "iam.amazonaws.com"),
    ("eventSource: aws.guardduty", "unknown-source", "guardduty.amazonaws.com"),
    ("eventSource: EC2", "unknown-source", "ec2.amazonaws.com"),
    ("eventSource: kms.amazon.com", "unknown-source", "kms.amazonaws.com"),
    ("eventSource: secretmanager.amazonaws.com", "unknown-source", "secretsmanager.amazonaws.com"),
    ("eventSource: cloudtrails.amazonaws.com", "unknown-source", "cloudtrail.amazonaws.com"),
    ("eventSource: [iam.amazonaws.com, stss.amazonaws.com]", "unknown-source", "sts.amazonaws.com"),
    ("eventName: 'CreateUser, DeleteUser'", "several-names", "[CreateUser, DeleteUser]"),
    ("eventName: CreateUser DeleteUser", "several-names", "[CreateUser, DeleteUser]"),
    ("eventName: CreateUser|DeleteUser", "several-names", "[CreateUser, DeleteUser]"),
    ("eventName: CreateUser or DeleteUser", "several-names", "[CreateUser, DeleteUser]"),
    ("eventSource: iam.amazonaws.com;sts.amazonaws.com", "several-names", "[iam.amazonaws.com, "),
    ("awsRegion: 'us-east-1, eu-west-1'", "several-names", "[us-east-1, eu-west-1]"),
    ("userIdentity.type: IAMUser/Root", "unknown-value", "IAMUser"),
    ("userIdentity.type: AssumeRole", "unknown-value", "AssumedRole"),
    ("userIdentity.type: 'User*Role'", "unknown-value", "AssumedRole"),
    ("userIdentity.type|startswith: Federation", "unknown-value", "FederatedUser"),
    ("eventType: ApiCall", "unknown-value", "AwsApiCall"),
    ("eventType: AwsConsoleSignin2", "unknown-value", "AwsConsoleSignIn"),
    ("eventCategory: Managment", "unknown-value", "Management"),
    ("readOnly: 'yes'", "unknown-value", "true"),
    ("userIdentity.sessionContext.sessionIssuer.type: AssumedRole", "unknown-value", "Role"),
    ("awsRegion: us-east1", "unknown-region", "us-east-1"),
    ("awsRegion: EU (Ireland)", "several-names", "["),
    ("awsRegion: [eu-west-1, eu-wset-2]", "unknown-region", "eu-west-2"),
    ("errorCode: None", "null-as-text", "`errorCode: null`"),
    ("requestParameters.userName: 'null'", "null-as-text", "`requestParameters.userName: null`"),
    ("userIdentity.userName: undefined", "null-as-text", "`userIdentity.userName: null`"),
    ("userIdentity.userName: alice@example[.]com", "defanged-value", "`alice@example.com`"),
    ("userIdentity.arn|endswith: /bob@mail[.]example[.]org", "defanged-value", "`*/bob@mail.example.org`"),
    ("userAgent|contains: hxxps://evil[.]example/x", "defanged-value", "https://evil.example/x"),
    ("requestParameters.endpoint: mailto[:]bob@example[.]com", "defanged-value", "`mailto:bob@example.com`"),
]
ALIVE = [
    "eventSource: IAM.amazonaws.com",
    "eventSource|endswith: .amazonaws.com",
    "eventSource: [signin.amazonaws.com, sso-directory.amazonaws.com, monitoring.amazonaws.com]",
    "eventType: awsapicall",
    "eventType|startswith: AwsConsole",
    "userIdentity.type: [root, '*User', WebIdentityUser]",
    "readOnly: false",
    "awsRegion: [us-gov-west-1, cn-north-1, EU-CENTRAL-1]",
    "requestParameters.functionUrlAuthType: NONE",
    "requestParameters.description: nobody or nothing, at all",
    "errorCode: null",
    "requestParameters.name: 'items[.]'",
    "userIdentity.arn|re: '.*@example[.]com'",
]


@pytest.mark.parametrize(("line", "code", "cure"), DEAD)
def test_what_makes_a_rule_dead_is_told(line: str, code: str, cure: str, tmp_path: Path) -> None:
    text = _with(line)
    found = [each for each in findings_in(text, tmp_path) if each.code == code]
    assert found, [str(each) for each in findings_in(text, tmp_path)]
    assert any(cure in each.cure for each in found)


def _with(line: str) -> str:
    """The frame with one more selection of a line."""
    return framed(
        "detection:\n  selection: {eventName: CreateUser}\n"
        f"  other:\n    {line}\n  condition: selection or other\n"
    )


@pytest.mark.parametrize("line", ALIVE)
def test_what_a_record_may_hold_is_let_be(line: str, tmp_path: Path) -> None:
    codes = {each.code for each in findings_in(_with(line), tmp_path)}
    assert not codes & {"unknown-source", "several-names", "unknown-value", "unknown-region", "null-as-text"}


@pytest.mark.parametrize(
    ("source", "name", "cure"),
    [
        ("iam", "RunInstances", "`ec2.amazonaws.com`"),  # no other rule names EC2
        ("ec2", "StopLogging", "`cloudtrail.amazonaws.com`"),
        ("s3", "CreateServiceLinkedRole", "`iam.amazonaws.com`"),
        ("kms", "LaunchTheRocket", ""),
        ("iam", "DetachUserGroup", "did you mean"),
        ("lambda", "DeleteFunctionForever", "`DeleteFunction`"),
        ("ec2", "SharedSnapshotVolumeCreated", ""),
        ("ssm", "UpdateInstanceInformation", ""),
        ("signin", "ConsoleLogin", ""),
        ("ec2-instance-connect", "OpenTunnel", ""),  # also a call of IoT's secure tunnels
        ("account", "PasswordUpdated", ""),
        ("sso", "AssociateDirectory", ""),
        ("ec2-instance-connect", "RunInstances", "`ec2.amazonaws.com`"),
    ],
)
def test_an_event_that_the_source_does_not_have_is_told(
    source: str, name: str, cure: str, tmp_path: Path
) -> None:
    text = framed(
        f"detection:\n  selection: {{eventSource: {source}.amazonaws.com, eventName: {name}}}\n"
        "  condition: selection\n"
    )
    told = [each for each in findings_in(text, tmp_path) if each.code == "unknown-event"]
    assert bool(told) is bool(cure), told
    assert all(cure in each.cure for each in told)


@pytest.mark.parametrize("name", ["codestar", "opsworks", "QLDB", "macie", "sms"])
def test_a_retired_service_is_called_so_and_no_other_proposed(name: str, tmp_path: Path) -> None:
    findings = findings_in(_with(f"eventSource: {name}.amazonaws.com"), tmp_path)
    (told,) = (each for each in findings if each.code == "unknown-source")
    assert "has retired" in told.message
    assert "did you mean" not in told.cure
