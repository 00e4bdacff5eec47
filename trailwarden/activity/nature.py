"""Whether a person sat behind a call, automation, or an AWS service; and what that is read from.

The order of the questions matters: what AWS vouches for comes before what a caller may choose (session names,
user agents), and each answer says which of them it rests on.
"""

import re

from trailwarden.activity.actions import is_sign_in_page, outcome_of
from trailwarden.activity.identity import Identity, delegate_name
from trailwarden.activity.model import ActorKind, Nature, Outcome
from trailwarden.activity.services import CONSOLE_PRINCIPALS, service_name
from trailwarden.activity.text import arn_resource, role_path_begins, text
from trailwarden.activity.tools import is_console_agent
from trailwarden.delivery.records import Record

Reasoned = tuple[Nature, str]

_GUESSED = ("ConsoleLogin", "CheckMfa", "CredentialVerification")
ON_BEHALF = "on the actor's behalf"
"""How the reason ends where an AWS service made the call, and nothing tells who asked it to."""
DELEGATED = "acted with temporary access that was delegated to it"
_SERVICE_LINKED_PATH = "/aws-service-role/"
# Hosts of OpenID Connect issuers: the whole name, since anyone may register a host that contains another's.
_MACHINE_PROVIDERS = (
    (r"token\.actions\.githubusercontent\.com", "GitHub Actions"),
    (r"gitlab\.com", "GitLab CI"),  # a company's own may be anybody's
    (r"api\.bitbucket\.org", "Bitbucket Pipelines"),
    (r"oidc\.circleci\.com", "CircleCI"),
    (r"app\.terraform\.io", "HCP Terraform"),
    (r"agent\.buildkite\.com", "Buildkite"),
    (r"oidc\.vercel\.com", "Vercel"),
    (r"(?:vstoken\.)?dev\.azure\.com", "Azure Pipelines"),
    (r"oidc\.eks\.[\w-]+\.amazonaws\.com(?:\.cn)?", "a Kubernetes pod (EKS)"),
    (r"container\.googleapis\.com", "a Kubernetes pod (GKE)"),
)
_SESSION_NAMES = (
    (r"i-(?:[0-9a-f]{8}|[0-9a-f]{17})", "EC2 instances"),
    (r"(?i)awslambda_\d+_\d+", "Lambda functions"),
    (r"[0-9a-f]{32}", "ECS tasks"),
    (r"eks-.+-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "EKS pods"),
    (r"(?i)git-?hub-?actions?.*", "GitHub Actions"),
    (r"(?i)gitlab.*", "GitLab CI"),
    (
        r"(?i)(?:bitbucket|circleci|jenkins|buildkite|travis|azure-?devops|teamcity|spinnaker|argo-?cd).*",
        "CI jobs",
    ),
    (
        r"(?i)(?:terraform|tf-|tfc-|atlantis|spacelift|run-[A-Za-z0-9]{16}|pulumi|ansible).*",
        "deployment tools",
    ),
    (
        r"(?i)(?:AWSCodeBuild|CodeBuild|AWSCodePipeline|CodePipeline|CodeDeploy)-?.*",
        "CodeBuild and CodePipeline",
    ),
    (r"(?i)(?:AWSCloudFormation|StackSet|AssumeRole-CloudFormation).*", "CloudFormation"),
    (r"(?i)custodian.*", "Cloud Custodian"),
    (
        r"(?i)(?:SageMaker|AmazonSageMaker|StepFunctions|EventBridge|aws-glue|GlueJobRunnerSession|xray-daemon).*",
        "AWS services",
    ),
    (
        r"(?i)(?:aws-?go-?sdk|aws-sdk-[a-z]+|assume-role-provider|rusoto|DefaultSession)-?\d*.*",
        "SDKs: nobody chose the name",
    ),
)
_BOTOCORE_SESSION = re.compile(r"(?i)(?:botocore-session|AWS-CLI-session|awscli-session)-\d+")
_EXECUTION = (
    ("AWS_Lambda_", "Lambda"),
    ("AWS_ECS_", "ECS"),
    ("EC2", "EC2"),
    ("AWS_Glue", "Glue"),
    ("CodeBuild", "CodeBuild"),
)


def nature_of(record: Record, identity: Identity, permission_set: str | None) -> Reasoned:
    """Person, automation or AWS service, with the reason; `UNKNOWN` where nothing tells."""
    agent = text(record, "userAgent", limit=500) or ""
    return (
        _by_failed_sign_in(record)
        or _by_delegate(identity)
        or _by_kind(identity, permission_set)
        or _by_provider(identity)
        or _by_console(record, identity)
        or _by_delivery(identity)
        or _by_console_agent(agent)
        or _by_environment(agent)
        or _by_session_name(identity, agent)
        or (Nature.UNKNOWN, _undecided(identity))
    )


def _by_delegate(identity: Identity) -> Reasoned | None:
    """Nothing in the record is about the delegate's side but its account: the rest is what the person who
    delegated left there."""
    if identity.delegate is None:
        return None
    return Nature.UNKNOWN, f"{delegate_name(identity.delegate)} {DELEGATED}"


def _by_kind(identity: Identity, permission_set: str | None) -> Reasoned | None:
    if permission_set:
        return Nature.PERSON, "signed in through IAM Identity Center, which names the session after its user"
    if identity.kind is ActorKind.AWS_SERVICE:
        return Nature.AWS_SERVICE, "an AWS service acted for itself"
    if identity.kind is ActorKind.IDENTITY_CENTER_USER:
        return Nature.PERSON, "a user of IAM Identity Center"
    if identity.kind is ActorKind.SAML_USER:
        return Nature.PERSON, "signed in at a SAML identity provider"
    if identity.kind is ActorKind.DIRECTORY:
        return Nature.PERSON, "a user of a directory"
    if identity.kind is ActorKind.ASSUMED_ROLE and _is_service_linked(identity):
        return Nature.AWS_SERVICE, "a service-linked role, which only its AWS service can assume"
    return None


def _is_service_linked(identity: Identity) -> bool:
    """IAM lets nobody else make a role under that path; a name alone proves nothing."""
    return role_path_begins(identity.issuer_arn, _SERVICE_LINKED_PATH)


def _by_provider(identity: Identity) -> Reasoned | None:
    """Web identities: who vouched for the caller. Each issuer writes its subjects, which prove nothing."""
    what = machine_provider(identity)
    return (Nature.AUTOMATION, f"its identity provider is that of {what}") if what else None


def machine_provider(identity: Identity) -> str | None:
    """The machines that the identity's provider vouches for: `GitHub Actions`; None for other providers."""
    host = issuer_host(identity.provider or "")
    known = (what for pattern, what in _MACHINE_PROVIDERS if re.fullmatch(pattern, host))
    return next(known, None) if host else None


def issuer_host(provider: str) -> str:
    """The host of an OpenID Connect issuer; empty for other providers, whose names their owner chooses."""
    if provider.startswith("arn:"):
        kind, _, issuer = arn_resource(provider).partition("/")
        issuer = issuer if kind == "oidc-provider" else ""
    else:
        issuer = provider.removeprefix("https://")
    return issuer.partition("/")[0].lower()


def _by_failed_sign_in(record: Record) -> Reasoned | None:
    """A page that refuses passwords says nothing of who, or what, types them."""
    if record.get("eventName") not in _GUESSED or not is_sign_in_page(record):
        return None
    if outcome_of(record)[0] is Outcome.DONE:
        return None
    return Nature.UNKNOWN, "a sign-in that failed may be a person's, or a program's that guesses"


def _by_console(record: Record, identity: Identity) -> Reasoned | None:
    if record.get("sessionCredentialFromConsole") in ("true", True):
        return Nature.PERSON, "the session was opened in the AWS console"
    if record.get("eventType") == "AwsConsoleSignIn":
        return Nature.PERSON, "used the sign-in pages of the AWS console"
    if record.get("eventType") == "AwsConsoleAction":
        return Nature.PERSON, "worked in the AWS console"
    if identity.invoked_by in CONSOLE_PRINCIPALS:
        return Nature.PERSON, "worked in the AWS console"
    if identity.mfa and identity.kind in {ActorKind.ROOT, ActorKind.IAM_USER, ActorKind.ASSUMED_ROLE}:
        return Nature.PERSON, "signed in with a second factor"
    return None


def _by_delivery(identity: Identity) -> Reasoned | None:
    if identity.kind is not ActorKind.ASSUMED_ROLE:
        return None
    if identity.ec2_delivered:
        return Nature.AUTOMATION, "an EC2 instance's metadata service handed out the credentials"
    if identity.scope:
        return Nature.AUTOMATION, "the credentials were issued to a resource, not to a person"
    return None


def _by_console_agent(agent: str) -> Reasoned | None:
    """Any program may call itself the console: what AWS says of the credentials comes first."""
    return (Nature.PERSON, "its user agent is that of the AWS console") if is_console_agent(agent) else None


def _by_environment(agent: str) -> Reasoned | None:
    _, found, environment = agent.partition("exec-env/")
    for start, name in _EXECUTION if found else ():
        if environment.startswith(start):
            return Nature.AUTOMATION, f"its user agent says that it runs in {name}"
    return None


def _by_session_name(identity: Identity, agent: str) -> Reasoned | None:
    session = identity.session
    if not session:
        return None
    if _BOTOCORE_SESSION.fullmatch(session):
        if "aws-cli" in agent.lower():
            return Nature.UNKNOWN, "the AWS CLI named the session, which people and scripts use"
        return Nature.AUTOMATION, "the session's name was made by an SDK"
    for pattern, what in _SESSION_NAMES:
        if re.fullmatch(pattern, session):
            return Nature.AUTOMATION, f"the session is named like those of {what}"
    return None


def _undecided(identity: Identity) -> str:
    if identity.kind is ActorKind.ANONYMOUS:
        return "the caller showed no credentials"
    if identity.invoked_by and identity.invoked_by not in CONSOLE_PRINCIPALS:
        # Nobody is an AWS service because one carries out their wish.
        return f"{service_name(identity.invoked_by)} made the call {ON_BEHALF}"
    if identity.kind is ActorKind.AWS_ACCOUNT:
        return "another account's own trail knows who it was"
    host = issuer_host(identity.provider or "")
    if host:
        return f"an identity provider named {host} vouches for it"
    if (identity.access_key_id or "").startswith("AKIA"):
        return "an access key, which people and programs use"
    return "nothing in the record tells a person from automation"
