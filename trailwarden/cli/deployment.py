"""A deployed Trailwarden, as the commands that work on one find it: by the credentials' account and a region.

The names are those that the stacks give (docs/architecture.md); a test holds the two together. Whatever AWS
says in between is told in a line with a cure, never as a traceback.
"""

import functools
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

import click

from trailwarden.cli.arguments import account_id
from trailwarden.cli.exits import Exit
from trailwarden.errors import TrailwardenError
from trailwarden.publishing.archive import unpack_sources
from trailwarden.safety.text import one_line
from trailwarden.state.protocol import ExceptionCounts, StagedAlerts
from trailwarden.state.requests import RESPONDERS_ROLE
from trailwarden.state.rule_sets import Publication, RuleSetStore
from trailwarden.state.rules_folder import RulesFolder

if TYPE_CHECKING:
    import boto3
    from botocore.exceptions import ClientError

Read = TypeVar("Read")
TABLE = "trailwarden-alerts"
WRITERS_ROLE = "trailwarden-rule-writers"

_EXPIRED = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_WRONG = frozenset({"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"})
_WRONG |= {"InvalidAccessKeyId", "AuthFailure"}
_DENIED = frozenset({"AccessDenied", "AccessDeniedException", "AllAccessDisabled", "403"})
_MISSING = frozenset({"NoSuchBucket", "ResourceNotFoundException"})


@dataclass(frozen=True, slots=True)
class Access:
    """By which right commands work on a deployment: the role to take (its name begins so, and ends in the
    region), the setting that says who may, and what is missing where nothing is found."""

    role: str
    setting: str
    deployed: str

    def role_in(self, region: str) -> str:
        """The name of the role in a region's deployment."""
        return f"{self.role}-{region}"


RULES = Access(WRITERS_ROLE, "rule_writers", "Trailwarden with live rules")
ALERTS = Access(RESPONDERS_ROLE, "responders", "Trailwarden")


class NoDeploymentError(TrailwardenError):
    """There is no Trailwarden where one was looked for, or it cannot be said where to look."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What a publication was made of: contents by path."""

    shipped: dict[str, bytes]
    team: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class Deployment:
    """The caller's account and a region, with what is kept there. `partition` is that of the account's ARNs,
    `caller` who AWS says that we are, `user_id` what policies know us by (`aws:userid`)."""

    account: str
    region: str
    partition: str
    caller: str
    user_id: str
    s3: Any
    dynamodb: Any
    store: RuleSetStore
    folder: RulesFolder
    staged: StagedAlerts
    exceptions: ExceptionCounts

    @property
    def bucket(self) -> str:
        """The rules bucket."""
        return rules_bucket(self.account, self.region)

    @property
    def words(self) -> str:
        return f"account {self.account}, region {self.region}"

    def publication(self, sequence: int) -> Publication:
        """One publication. Raises `NoDeploymentError` where there is none of that number."""
        found = self.store.publication(sequence)
        if found is None:
            raise NoDeploymentError(
                f"there is no publication {sequence}; `trailwarden rules history` lists them"
            )
        return found

    def live(self) -> Publication | None:
        """What is live; None where nothing was ever published."""
        pointer = self.store.live()
        return None if pointer is None else self.publication(pointer.sequence)

    def sources(self, publication: Publication | None) -> Sources:
        """What the publication was made of; nothing where there is none."""
        if publication is None:
            return Sources({}, {})
        return Sources(*unpack_sources(self.folder.sources(publication.sources)))


def rules_bucket(account: str, region: str) -> str:
    """The name of a deployment's rules bucket."""
    return f"trailwarden-rules-{account}-{region}"


def deployment_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say where it is deployed. `--account`, where a command has it, is another thing: the
    account in which something happened."""
    for option in (
        click.option(
            "--region",
            metavar="REGION",
            help="The region that Trailwarden is deployed in; AWS_REGION if left out.",
        ),
        click.option(
            "--audit-account",
            "account",
            metavar="ID",
            callback=account_id,
            help="The account that Trailwarden is deployed in. The credentials must be this account's.",
        ),
    ):
        command = option(command)
    return command


@contextmanager
def deployed(account: str | None, region: str | None, access: Access = RULES) -> Iterator[Deployment]:
    """The deployment that the options name, and what goes wrong with it in plain words. An account that is
    not the caller's is refused: a table's name means the one in the caller's account."""
    with plain_errors(access):
        deployment = connect(region)
        if account not in {None, deployment.account}:
            raise NoDeploymentError(
                f"the credentials are of account {deployment.account}, not of {account};"
                f" {_role_to_assume(deployment, access, str(account))}"
            )
        here = replace(access, role=access.role_in(deployment.region))
        with plain_errors(here), _missing_named(deployment, access):
            yield deployment


def _role_to_assume(deployment: Deployment, access: Access, account: str) -> str:
    """How somebody whose credentials are another account's gets at the deployment in `account`."""
    role, session = access.role_in(deployment.region), deployment.caller.rpartition("/")[2]
    return (
        f"assume the role {role} of account {account}: set AWS_PROFILE to a profile with"
        f" role_arn = arn:{deployment.partition}:iam::{account}:role/{role}"
        f" and role_session_name = {one_line(session, 80)} (the setting {access.setting} names who may)"
    )


def on_deployment(command: Callable[..., None], access: Access = RULES) -> Callable[..., None]:
    """Give a command the deployment that its options name, before its own arguments."""

    @functools.wraps(command)
    def run(*arguments: Any, account: str | None, region: str | None, **keywords: Any) -> None:
        with deployed(account, region, access) as deployment:
            command(deployment, *arguments, **keywords)

    return deployment_options(run)


def connect(region: str | None) -> Deployment:
    """The deployment in the caller's account and a region; nothing of it is read yet, but who is asking."""
    # boto3 takes a third of a second to load: only what needs it pays for it.
    import boto3  # noqa: PLC0415

    session = boto3.Session()
    # Other AWS tools take AWS_REGION first, and boto3 does not know it.
    # https://docs.aws.amazon.com/sdkref/latest/guide/feature-region.html
    where = region or os.environ.get("AWS_REGION") or session.region_name
    if not where:
        raise NoDeploymentError("no region is known; give --region, or set AWS_REGION")
    identity = _client(session, "sts", where).get_caller_identity()
    return _deployment_of(session, where, identity)


def _deployment_of(session: "boto3.Session", region: str, identity: Mapping[str, Any]) -> Deployment:
    """The deployment over the session's clients, in the account that the identity is of."""
    from trailwarden.aws.exception_table import ExceptionTable  # noqa: PLC0415
    from trailwarden.aws.rule_set_table import RuleSetTable  # noqa: PLC0415
    from trailwarden.aws.rules_bucket import RulesBucket  # noqa: PLC0415
    from trailwarden.aws.staged_table import StagedTable  # noqa: PLC0415

    s3, dynamodb = (_client(session, service, region) for service in ("s3", "dynamodb"))
    return Deployment(
        account=identity["Account"],
        region=region,
        partition=identity["Arn"].split(":")[1],
        caller=_short(identity["Arn"]),
        user_id=identity["UserId"],
        s3=s3,
        dynamodb=dynamodb,
        store=RuleSetTable(dynamodb, TABLE, now=time.time),
        folder=RulesBucket(s3, rules_bucket(identity["Account"], region)),
        staged=StagedTable(dynamodb, TABLE, pause=pause),
        exceptions=ExceptionTable(dynamodb, TABLE, pause=pause),
    )


def pause(attempt: int) -> None:
    time.sleep(0.1 * 2**attempt)


def denied_gives(read: Callable[[], Read], instead: Read) -> Read:
    """What `read` reads, or `instead` where we may not: not everybody who asks may see everything."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        return read()
    except ClientError as error:
        if error.response["Error"].get("Code") not in _DENIED:
            raise
        return instead


def _client(session: "boto3.Session", service: str, region: str) -> Any:
    from botocore.config import Config  # noqa: PLC0415

    config = Config(
        retries={"mode": "standard", "total_max_attempts": 4},
        connect_timeout=5,
        read_timeout=30,
        user_agent_extra="trailwarden-cli",
    )
    return session.client(service, region_name=region, config=config)


def _short(arn: str) -> str:
    """`assumed-role/deployer/alice` of an ARN: who somebody is within the account."""
    return arn.split(":", 5)[-1]


@contextmanager
def plain_errors(access: Access = RULES) -> Iterator[None]:
    """Whatever is wrong with credentials, rights or the network, in one line; status 2 or 3."""
    from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError  # noqa: PLC0415

    try:
        yield
    except NoDeploymentError as error:
        _leave(str(error), Exit.USAGE)
    except TrailwardenError as error:
        _leave(str(error), Exit.INCOMPLETE)
    except NoCredentialsError:
        _leave("there are no AWS credentials; sign in, or set AWS_PROFILE", Exit.INCOMPLETE)
    except ClientError as error:
        _leave(_said(error, access), Exit.INCOMPLETE)
    except BotoCoreError as error:
        _leave(f"AWS is out of reach, or the configuration is not sound: {error}", Exit.INCOMPLETE)


def _leave(text: str, status: Exit) -> None:
    click.echo(f"trailwarden: {text}", err=True)
    sys.exit(status)


def _said(error: "ClientError", access: Access) -> str:
    code = str(error.response["Error"].get("Code", ""))
    said = str(error.response["Error"].get("Message", "")) or code
    if code in _EXPIRED:
        return "the AWS credentials have expired; sign in again"
    if code in _WRONG:
        return f"AWS does not know these credentials ({said}); sign in again, or choose another AWS_PROFILE"
    if code in _DENIED:
        return (
            f"AWS refuses {error.operation_name} ({said}); take the role {access.role},"
            f" whose principals the setting {access.setting} names"
        )
    return f"{error.operation_name} failed: {said} ({code})"


@contextmanager
def _missing_named(deployment: Deployment, access: Access) -> Iterator[None]:
    """A table or bucket that is not there means that nothing is deployed there."""
    from botocore.exceptions import ClientError  # noqa: PLC0415

    try:
        yield
    except ClientError as error:
        if error.response["Error"].get("Code") not in _MISSING:
            raise
        raise NoDeploymentError(
            f"there is no {access.deployed} in {deployment.words}; name --region, or use the audit account's"
            f" credentials (its role {access.role_in(deployment.region)}), for these are"
            f" {deployment.account}'s"
        ) from error
