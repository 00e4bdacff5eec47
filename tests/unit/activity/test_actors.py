"""Who acted, over the shapes that CloudTrail documents, and those that stand in real logs."""

from typing import Any

import pytest

from tests.samples import MEMBER, record
from trailwarden.activity.actions import outcome_of
from trailwarden.activity.actors import actor_of
from trailwarden.activity.kinds import ActorKind, Nature, Outcome

PERSON, AUTOMATION, SERVICE, UNDECIDED = (
    Nature.PERSON,
    Nature.AUTOMATION,
    Nature.AWS_SERVICE,
    Nature.UNKNOWN,
)


def role(session: str = "bob", name: str = "Admin", path: str = "", **fields: Any) -> dict[str, Any]:
    """A role session's identity; `context` adds to its session context."""
    context = fields.pop("context", {})
    issuer = {
        "type": "Role",
        "arn": f"arn:aws:iam::{MEMBER}:role/{path}{name}",
        "accountId": MEMBER,
        "userName": name,
    }
    return {
        "type": "AssumedRole",
        "principalId": f"AROAEXAMPLE:{session}",
        "arn": f"arn:aws:sts::{MEMBER}:assumed-role/{name}/{session}",
        "accountId": MEMBER,
        "accessKeyId": "ASIAEXAMPLE",
        "sessionContext": {"sessionIssuer": issuer, **context},
        **fields,
    }


def user(**fields: Any) -> dict[str, Any]:
    return {
        "type": "IAMUser",
        "userName": "alice",
        "accountId": MEMBER,
        "accessKeyId": "AKIAEXAMPLE",
        **fields,
    }


MFA = {"attributes": {"mfaAuthenticated": "true"}}
SSO = "aws-reserved/sso.amazonaws.com/eu-west-1/"
SSO_NAME = "AWSReservedSSO_Administrator_0123456789abcdef"
EKS_ISSUER = "oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE"
POD = {"webIdFederationData": {"federatedProvider": f"arn:aws:iam::{MEMBER}:oidc-provider/{EKS_ISSUER}"}}


@pytest.mark.parametrize(
    ("identity", "kind", "through", "nature"),
    [
        (user(), ActorKind.IAM_USER, "alice", UNDECIDED),
        (user(type="User"), ActorKind.IAM_USER, "alice", UNDECIDED),
        (user(sessionContext=MFA), ActorKind.IAM_USER, "alice", PERSON),
        (user(invokedBy="signin.amazonaws.com"), ActorKind.IAM_USER, "alice", PERSON),
        (
            user(userName=None, arn=f"arn:aws:iam::{MEMBER}:user/team/bob"),
            ActorKind.IAM_USER,
            "bob",
            UNDECIDED,
        ),
        ({"type": "Root", "accountId": MEMBER}, ActorKind.ROOT, f"root of {MEMBER}", UNDECIDED),
        (
            {"type": "Root", "accountId": MEMBER, "sessionContext": MFA},
            ActorKind.ROOT,
            f"root of {MEMBER}",
            PERSON,
        ),
        (
            {"type": "Root", "accountId": MEMBER, "invokedBy": "autoscaling.amazonaws.com"},
            ActorKind.ROOT,
            f"root of {MEMBER}",
            UNDECIDED,  # whoever asked the service to
        ),
        (role(), ActorKind.ASSUMED_ROLE, "role Admin (session bob)", UNDECIDED),
        (role(context=MFA), ActorKind.ASSUMED_ROLE, "role Admin (session bob)", PERSON),
        (
            role(context={"sourceIdentity": "alice"}),
            ActorKind.ASSUMED_ROLE,
            "role Admin (session bob, calls itself alice)",
            UNDECIDED,
        ),
        (  # IAM Roles Anywhere: the certificate's name, which whoever holds the authority's key writes
            role("00ab", context={"sourceIdentity": "CN=alice"}),
            ActorKind.ASSUMED_ROLE,
            "role Admin (session 00ab, calls itself CN=alice)",
            UNDECIDED,
        ),
        (
            role("i-0123456789abcdef0", "web", context={"ec2RoleDelivery": "2.0", "sourceIdentity": "alice"}),
            ActorKind.ASSUMED_ROLE,
            "EC2 instance i-0123456789abcdef0 (calls itself alice) through role web",
            AUTOMATION,
        ),
        (
            {"type": "FederatedUser", "arn": f"arn:aws:sts::{MEMBER}:federated-user/alice"},
            ActorKind.FEDERATED_USER,
            "federated user alice",
            UNDECIDED,
        ),
        (
            role("carol", SSO_NAME, SSO),
            ActorKind.ASSUMED_ROLE,
            "carol through permission set Administrator",
            PERSON,
        ),
        # A role of that name outside the reserved path: somebody wishes to look like a person.
        (role("carol", SSO_NAME), ActorKind.ASSUMED_ROLE, f"role {SSO_NAME} (session carol)", UNDECIDED),
        (
            role("i-0123456789abcdef0", "web", context={"ec2RoleDelivery": "2.0"}),
            ActorKind.ASSUMED_ROLE,
            "EC2 instance i-0123456789abcdef0 through role web",
            AUTOMATION,
        ),
        # Whoever assumes a role may call the session after an instance: it is not said to be one.
        (
            role("i-0123456789abcdef0", "web"),
            ActorKind.ASSUMED_ROLE,
            "role web (session i-0123456789abcdef0)",
            AUTOMATION,
        ),
        (
            role(
                "x", inScopeOf={"credentialsIssuedTo": f"arn:aws:lambda:eu-west-1:{MEMBER}:function:resize"}
            ),
            ActorKind.ASSUMED_ROLE,
            "Lambda function resize through role Admin",
            AUTOMATION,
        ),
        (role("pod", context=POD), ActorKind.ASSUMED_ROLE, "role Admin (session pod)", AUTOMATION),
        (role("GitHubActions"), ActorKind.ASSUMED_ROLE, "role Admin (session GitHubActions)", AUTOMATION),
        (
            role("botocore-session-1700000000"),
            ActorKind.ASSUMED_ROLE,
            "role Admin (session botocore-session-1700000000)",
            UNDECIDED,  # the sample's user agent is the AWS CLI
        ),
        (role("aws-go-sdk-17"), ActorKind.ASSUMED_ROLE, "role Admin (session aws-go-sdk-17)", AUTOMATION),
        (
            role("Scaling", "AWSServiceRoleForAutoScaling", "aws-service-role/autoscaling.amazonaws.com/"),
            ActorKind.ASSUMED_ROLE,
            "role AWSServiceRoleForAutoScaling (session Scaling)",
            SERVICE,
        ),
        (
            role("x", "AWSServiceRoleForMe"),
            ActorKind.ASSUMED_ROLE,
            "role AWSServiceRoleForMe (session x)",
            UNDECIDED,
        ),
        (
            role(invokedBy="cloudformation.amazonaws.com"),
            ActorKind.ASSUMED_ROLE,
            "role Admin (session bob)",
            UNDECIDED,
        ),
        (
            role(context=MFA, invokedBy="proton.amazonaws.com"),
            ActorKind.ASSUMED_ROLE,
            "role Admin (session bob)",
            PERSON,
        ),
        (
            role("x", "AWSServiceRoleForMe", "team:role/aws-service-role/autoscaling.amazonaws.com/"),
            ActorKind.ASSUMED_ROLE,
            "role AWSServiceRoleForMe (session x)",
            UNDECIDED,
        ),
        ({"type": "Role", "userName": "Admin"}, ActorKind.ASSUMED_ROLE, "role Admin", UNDECIDED),
        (
            {"type": "Unknown", "arn": f"arn:aws:sts::{MEMBER}:assumed-role/Admin/bob"},
            ActorKind.ASSUMED_ROLE,
            "role Admin (session bob)",
            UNDECIDED,
        ),
        (
            {
                "type": "FederatedUser",
                "arn": f"arn:aws:sts::{MEMBER}:federated-user/fed",
                "sessionContext": {"sessionIssuer": {"type": "IAMUser", "userName": "alice"}},
            },
            ActorKind.FEDERATED_USER,
            "alice through federated user fed",
            UNDECIDED,
        ),
        (
            {"type": "SAMLUser", "userName": "dave@example.com"},
            ActorKind.SAML_USER,
            "dave@example.com",
            PERSON,
        ),
        (
            {"type": "WebIdentityUser", "userName": "system:serviceaccount:shop:cart"},
            ActorKind.WEB_IDENTITY,
            "system:serviceaccount:shop:cart (by its identity provider unknown)",
            UNDECIDED,
        ),
        (
            {
                "type": "WebIdentityUser",
                "userName": "repo:example/app:ref:refs/heads/main",
                "identityProvider": f"arn:aws:iam::{MEMBER}:oidc-provider/oidc.example.net/token.actions",
            },
            ActorKind.WEB_IDENTITY,
            "repo:example/app:ref:refs/heads/main (by its identity provider oidc.example.net)",
            UNDECIDED,
        ),
        (
            {
                "type": "WebIdentityUser",
                "userName": "eu-west-1:6d1e",
                "identityProvider": "cognito-identity.amazonaws.com",
            },
            ActorKind.WEB_IDENTITY,
            "eu-west-1:6d1e (by its identity provider cognito-identity.amazonaws.com)",
            UNDECIDED,
        ),
        (
            {
                "type": "WebIdentityUser",
                "userName": "repo:example/app:ref:refs/heads/main",
                "identityProvider": "arn:aws:iam::1:oidc-provider/token.actions.githubusercontent.com",
            },
            ActorKind.WEB_IDENTITY,
            "repo:example/app:ref:refs/heads/main",
            AUTOMATION,
        ),
        (
            {"type": "IdentityCenterUser", "onBehalfOf": {"userId": "9067"}},
            ActorKind.IDENTITY_CENTER_USER,
            "Identity Center user 9067",
            PERSON,
        ),
        ({"type": "Directory", "userName": "eve"}, ActorKind.DIRECTORY, "eve", PERSON),
        (
            {"type": "AWSService", "invokedBy": "config.amazonaws.com"},
            ActorKind.AWS_SERVICE,
            "AWS Config",
            SERVICE,
        ),
        ({"accountId": MEMBER, "invokedBy": "AWS Internal"}, ActorKind.AWS_SERVICE, "AWS", SERVICE),
        ({"accountId": MEMBER, "invokedBy": "kms.amazonaws.com"}, ActorKind.AWS_SERVICE, "KMS", SERVICE),
        (
            {"type": "AWSAccount", "accountId": "999988887777"},
            ActorKind.AWS_ACCOUNT,
            "account 999988887777",
            UNDECIDED,
        ),
        (
            {"type": "AWSAccount", "accountId": "ANONYMOUS_PRINCIPAL"},
            ActorKind.ANONYMOUS,
            "an anonymous caller",
            UNDECIDED,
        ),
        ({"type": "Unknown", "principalId": "p"}, ActorKind.UNKNOWN, "p", UNDECIDED),
        (None, ActorKind.UNKNOWN, "unknown", UNDECIDED),
        ([], ActorKind.UNKNOWN, "unknown", UNDECIDED),
    ],
)
def test_an_identity_becomes_an_actor(identity: Any, kind: ActorKind, through: str, nature: Nature) -> None:
    actor = actor_of(record(userIdentity=identity))
    assert (actor.kind, actor.through, actor.nature) == (kind, through, nature)
    assert actor.reason


def test_the_console_means_a_person() -> None:
    assert actor_of(record(sessionCredentialFromConsole="true")).nature is PERSON
    assert actor_of(record(eventType="AwsConsoleSignIn")).nature is PERSON
    assert actor_of(record(userAgent="console.amazonaws.com")).nature is PERSON


def test_a_sign_in_that_failed_makes_no_person_of_who_guesses() -> None:
    failed: dict[str, Any] = {
        "eventSource": "signin.amazonaws.com",
        "eventName": "ConsoleLogin",
        "eventType": "AwsConsoleSignIn",
        "responseElements": {"ConsoleLogin": "Failure"},
    }
    assert actor_of(record(userIdentity=user(), **failed)).nature is Nature.UNKNOWN
    done = {**failed, "responseElements": {"ConsoleLogin": "Success"}}
    assert actor_of(record(userIdentity=user(), **done)).nature is Nature.PERSON


def test_a_function_of_lambda_is_automation() -> None:
    agent = "Boto3/1.34.0 Python/3.12 exec-env/AWS_Lambda_python3.12"
    assert actor_of(record(userAgent=agent, userIdentity=role("resize"))).nature is AUTOMATION


@pytest.mark.parametrize(
    ("fields", "mfa"),
    [
        ({"userIdentity": user(sessionContext=MFA)}, True),
        ({"userIdentity": user()}, None),
        ({"userIdentity": user(), "additionalEventData": {"MFAUsed": "No"}}, False),
        ({"userIdentity": user(), "additionalEventData": {"MFAUsed": "Yes"}}, True),
        # `MFAUsed` is always `No` for federated sign-ins: their identity provider asks for it.
        ({"userIdentity": {"type": "SAMLUser"}, "additionalEventData": {"MFAUsed": "No"}}, None),
        (
            {
                "userIdentity": role(
                    "carol", SSO_NAME, SSO, context={"attributes": {"mfaAuthenticated": "false"}}
                )
            },
            None,
        ),
        ({"userIdentity": role(), "additionalEventData": {"MFAUsed": "No"}}, None),
    ],
)
def test_mfa_is_said_where_aws_knows_it(fields: dict[str, Any], mfa: bool | None) -> None:
    assert actor_of(record(**fields)).mfa is mfa


def test_lower_case_keys_are_read() -> None:
    identity = {
        "type": "AssumedRole",
        "arn": "arn:aws:sts::1:assumed-role/A/b",
        "accesskeyid": "ASIAX",
        "accountid": "1",
    }
    actor = actor_of(record(userIdentity=identity))
    assert (actor.access_key_id, actor.account_id, actor.session) == ("ASIAX", "1", "b")


RESERVED = "aws-reserved/sso.amazonaws.com/"
FORGED_PATHS = (
    f"team/{RESERVED}",
    f"team/{RESERVED}eu-west-1/",
    f"x:role/{RESERVED}",
    "aws-reserved/sso.amazonaws.com.example/",
    "aws-reserved/",
    "AWS-RESERVED/sso.amazonaws.com/",
)


@pytest.mark.parametrize("path", FORGED_PATHS)
def test_a_path_that_only_contains_the_reserved_one_forges_nobody(path: str) -> None:
    actor = actor_of(record(userIdentity=role("ceo@example.com", SSO_NAME, path)))
    assert (actor.name, actor.behind, actor.nature) == (f"role {SSO_NAME}", None, UNDECIDED)
    assert actor.issuer == f"role {SSO_NAME}"


@pytest.mark.parametrize(
    "issuer_arn",
    [
        None,
        f"arn:aws:sts::{MEMBER}:role/{RESERVED}{SSO_NAME}",
        f"arn:aws:iam::{MEMBER}:user/{RESERVED}{SSO_NAME}",
        f"{RESERVED}{SSO_NAME}",
    ],
)
def test_without_its_own_role_an_identity_center_name_proves_nothing(issuer_arn: str | None) -> None:
    issuer = {"type": "Role", "userName": SSO_NAME, "arn": issuer_arn}
    identity = role("ceo@example.com", SSO_NAME, context={"sessionIssuer": issuer})
    actor = actor_of(record(userIdentity=identity))
    assert (actor.name, actor.behind) == (f"role {SSO_NAME}", None)


@pytest.mark.parametrize(
    ("name", "path", "nature"),
    [
        ("AWSServiceRoleForSupport", "aws-service-role/support.amazonaws.com/", SERVICE),
        ("AWSServiceRoleForSupport", "team:role/aws-service-role/support.amazonaws.com/", UNDECIDED),
        ("AWSServiceRoleForSupport", "team/aws-service-role/support.amazonaws.com/", UNDECIDED),
        ("AWSServiceRoleForSupport", "", UNDECIDED),
    ],
)
def test_only_a_path_at_its_beginning_makes_a_role_service_linked(
    name: str, path: str, nature: Nature
) -> None:
    assert actor_of(record(userIdentity=role("s", name, path))).nature is nature


def test_a_name_alone_makes_no_role_service_linked() -> None:
    identity = role("s", "AWSServiceRoleForSupport", context={"sessionIssuer": {"type": "Role"}})
    assert actor_of(record(userIdentity=identity)).nature is UNDECIDED


def test_a_path_cannot_pass_for_a_session() -> None:
    arn = f"arn:aws:iam::{MEMBER}:role/x:assumed-role/Admin/alice/intruder"
    actor = actor_of(record(userIdentity={"type": "AssumedRole", "arn": arn, "accountId": MEMBER}))
    assert (actor.name, actor.session) == ("role intruder", None)


@pytest.mark.parametrize(
    ("provider", "nature"),
    [
        (f"arn:aws:iam::{MEMBER}:oidc-provider/token.actions.githubusercontent.com", AUTOMATION),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/gitlab.com", AUTOMATION),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/gitlab.example.com", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/gitlab.com.example.com", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/gitlab.com:8443", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/{EKS_ISSUER}", AUTOMATION),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/token.actions.githubusercontent.com.example.com", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/example.com/token.actions.githubusercontent.com", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/not-gitlab.example.com", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:oidc-provider/oidc.eks.example.com/id/1", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:saml-provider/gitlab.com", UNDECIDED),
        (f"arn:aws:iam::{MEMBER}:saml-provider/oidc-provider/gitlab.com", UNDECIDED),
    ],
)
def test_a_provider_is_known_by_its_whole_host(provider: str, nature: Nature) -> None:
    context = {"webIdFederationData": {"federatedProvider": provider}}
    assert actor_of(record(userIdentity=role("s", context=context))).nature is nature


@pytest.mark.parametrize(
    "agent", ["S3Console/0.4", "signin.amazonaws.com", "[S3Console/0.4, aws-internal/3]"]
)
def test_what_aws_says_of_credentials_comes_before_a_user_agent(agent: str) -> None:
    instance = role("i-0123456789abcdef0", context={"ec2RoleDelivery": "2.0"})
    assert actor_of(record(userIdentity=instance, userAgent=agent)).nature is AUTOMATION
    plain = actor_of(record(userIdentity=role(), userAgent=agent))
    assert (plain.nature, plain.reason) == (PERSON, "its user agent is that of the AWS console")


def test_only_the_sign_in_pages_say_that_a_sign_in_failed() -> None:
    failed: dict[str, Any] = {"eventName": "ConsoleLogin", "responseElements": {"ConsoleLogin": "Failure"}}
    page = record(eventSource="signin.amazonaws.com", userIdentity=user(sessionContext=MFA), **failed)
    other = record(eventSource="example.amazonaws.com", userIdentity=user(sessionContext=MFA), **failed)
    assert (actor_of(page).nature, outcome_of(page)[0]) == (UNDECIDED, Outcome.DENIED)
    assert (actor_of(other).nature, outcome_of(other)[0]) == (PERSON, Outcome.DONE)
