"""The few words that tell actors and outcomes apart."""

from enum import StrEnum


class ActorKind(StrEnum):
    """What kind of identity made the call."""

    ROOT = "root"
    ASSUMED_ROOT = "assumed_root"
    IAM_USER = "iam_user"
    ASSUMED_ROLE = "assumed_role"
    FEDERATED_USER = "federated_user"
    SAML_USER = "saml_user"
    WEB_IDENTITY = "web_identity"
    IDENTITY_CENTER_USER = "identity_center_user"
    AWS_SERVICE = "aws_service"
    AWS_ACCOUNT = "aws_account"
    DIRECTORY = "directory"
    ANONYMOUS = "anonymous"
    UNKNOWN = "unknown"


class Nature(StrEnum):
    """Whether a person sat behind the call; `Actor.reason` says what that is read from."""

    PERSON = "person"
    AUTOMATION = "automation"
    AWS_SERVICE = "aws_service"
    UNKNOWN = "unknown"


class Outcome(StrEnum):
    """How the call ended."""

    DONE = "done"
    DENIED = "denied"
    FAILED = "failed"
