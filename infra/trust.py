"""Who may take a role of people: those whom the settings name, each under their own name alone."""

from collections.abc import Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from constructs import Construct

_USERS = {"StringEquals": {"sts:RoleSessionName": "${aws:username}"}}
_ROLES = {"StringLike": {"aws:userid": "*:${sts:RoleSessionName}"}}
_INHERITED = {"StringEqualsIfExists": {"sts:SourceIdentity": "${aws:SourceIdentity}"}}


def build_role_of_people(  # noqa: PLR0913 (a role has so many parts)
    scope: Construct,
    construct_id: str,
    *,
    arns: Sequence[str],
    role_name: str,
    description: str,
    policies: dict[str, list[iam.PolicyStatement]],
    longest_session: Duration,
) -> iam.Role:
    """The role, with a trust policy that lets nobody choose a name."""
    role = iam.Role(
        scope,
        construct_id,
        role_name=role_name,
        assumed_by=named_sessions(arns),
        description=description,
        max_session_duration=longest_session,
        inline_policies={
            name: iam.PolicyDocument(statements=statements) for name, statements in policies.items()
        },
    )
    assert role.assume_role_policy is not None  # noqa: S101 (narrows the type: a role that is made has one)
    role.assume_role_policy.add_statements(*inherited_claims(arns))
    return role


def named_sessions(arns: Sequence[str]) -> iam.IPrincipal:
    """Principals that may take a role under their own name alone: an IAM user's session has the user's name,
    a role's session that of the session which takes it (of Identity Center, the user's there).

    A name is worth as much as what gives it: two accounts may each have a user of that name, and a role whose
    own trust policy leaves the session's name open lets anyone who takes it choose. docs/settings.md says so.
    A session's name has no character that `StringLike` reads as a pattern.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html#ck_rolesessionname
    """
    principals: list[iam.PrincipalBase] = []
    for condition, other in ((_USERS, ":role/"), (_ROLES, ":user/")):
        principals += [iam.ArnPrincipal(arn).with_conditions(condition) for arn in arns if other not in arn]
    return iam.CompositePrincipal(*principals)


def inherited_claims(arns: Sequence[str]) -> list[iam.PolicyStatement]:
    """What a session brings along, and AWS refuses to let it take a role without: transitive session tags and
    a source identity. Both rights add to `sts:AssumeRole`, and allow nothing without it.

    A source identity can only be the one that the session has: nobody gives themselves another's. Neither
    right knows the session's name, so both stand by themselves.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_permissions-required
    https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_temp_control-access_monitor.html
    """
    accounts = [iam.ArnPrincipal(arn) for arn in dict.fromkeys(map(account_root, arns))]
    return [
        iam.PolicyStatement(actions=["sts:TagSession"], principals=list(accounts)),
        iam.PolicyStatement(
            actions=["sts:SetSourceIdentity"], principals=list(accounts), conditions=_INHERITED
        ),
    ]


def account_root(arn: str) -> str:
    """`arn:aws:iam::111122223333:root` of the account in an ARN of IAM."""
    return f"{arn.rpartition(':')[0]}:root"
