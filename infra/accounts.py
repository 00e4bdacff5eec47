"""The accounts that are watched: those with a trail of their own, the organisation's, and their names."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from infra.section import Section, nearest

# A bucket policy may have 20 KB, and each account's trail needs its own statement in it, some 430 bytes.
MOST_ACCOUNTS = 40

ACCOUNT = re.compile(r"[0-9]{12}")
ACCOUNT_WORDS = "an account id: a text of 12 digits"
_ENVIRONMENT = re.compile(r"(?=.{1,64}$)[\w.,+=@-]+( [\w.,+=@-]+)*", re.ASCII)
_ENVIRONMENT_WORDS = "an environment such as production: letters, digits and spaces between them"
_ORGANIZATION = re.compile(r"o-[a-z0-9]{10,32}")
_NAME = re.compile(r"[\w .,+=@-]{1,64}", re.ASCII)
_NAME_WORDS = "a name of up to 64 letters and digits"
_TAG = re.compile(r"[\w .:/=+@-]{1,128}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account, what people call it, and what it is for (`production`); empty where they did not say."""

    id: str
    name: str
    environment: str = ""


@dataclass(frozen=True, slots=True)
class Organization:
    """An organisation whose management account owns one trail for all its accounts.

    `names`: whether accounts' names are read from it, and `environment_tag` the tag of an account that holds
    its environment there; empty where no tag does.
    """

    id: str
    management_account: str
    names: bool = False
    environment_tag: str = ""


@dataclass(frozen=True, slots=True)
class Places:
    """Where alerts can come from: the ids of accounts, and environments in lower case. None: from anywhere,
    since the organisation knows its accounts and their environments, and the settings do not."""

    accounts: frozenset[str] | None
    environments: frozenset[str] | None

    @classmethod
    def of(cls, known: Iterable[Account], organization: Organization | None) -> "Places":
        """The places of the accounts that the settings name, and of the organisation's."""
        named = tuple(known)
        tagged = organization is not None and organization.environment_tag
        environments = frozenset(account.environment.casefold() for account in named if account.environment)
        return cls(
            None if organization else frozenset(account.id for account in named),
            None if tagged else environments,
        )

    def accounts_of(self, entry: Section) -> tuple[str, ...]:
        """The condition `accounts` of an entry; one that no alert can come from is a mistake."""
        found = entry.texts("accounts", like=ACCOUNT, what=ACCOUNT_WORDS)
        for account in found:
            if self.accounts is not None and account not in self.accounts:
                entry.problem("accounts", f"{account} is none of accounts and account_names")
        return found

    def environments_of(self, entry: Section) -> tuple[str, ...]:
        """The condition `environments` of an entry; one that no account is of is a mistake."""
        found = entry.texts("environments", like=_ENVIRONMENT, what=_ENVIRONMENT_WORDS)
        for environment in found:
            if self.environments is not None and environment.casefold() not in self.environments:
                hint = nearest(environment, self.environments)
                entry.problem("environments", f"no account is of the environment {environment}{hint}")
        return found


def accounts(root: Section) -> tuple[Account, ...]:
    """`accounts`: each gets a trail of its own."""
    return tuple(
        _account(Section(item if isinstance(item, Mapping) else {"id": item}, path, root.problems))
        for path, item in root.items("accounts")
    )


def account_names(root: Section) -> tuple[Account, ...]:
    """`account_names`: accounts without a trail of their own, such as an organisation's members."""
    found = []
    for path, item in root.items("account_names"):
        entry = Section(item, path, root.problems)
        account = _account(entry)
        if account.id and not account.name and not account.environment:
            entry.problem("", "give a name, an environment, or both")
        found.append(account)
    return tuple(found)


def organization(section: Section) -> Organization:
    """`organization`."""
    found = Organization(
        id=section.text("id", like=_ORGANIZATION, what="an organisation's id such as o-a1b2c3d4e5"),
        management_account=section.text("management_account", like=ACCOUNT, what=ACCOUNT_WORDS),
        names=section.flag("names"),
        environment_tag=section.text(
            "environment_tag", default="", like=_TAG, what="the key of a tag of up to 128 characters"
        ),
    )
    section.close()
    if found.environment_tag and not found.names:
        section.problem("environment_tag", "is read only where names is true")
    return found


def _account(entry: Section) -> Account:
    name = entry.text("name", default="", like=_NAME, what=_NAME_WORDS)
    environment = entry.text("environment", default="", like=_ENVIRONMENT, what=_ENVIRONMENT_WORDS)
    account = Account(entry.text("id", like=ACCOUNT, what=ACCOUNT_WORDS), name.strip(), environment)
    entry.close()
    return account
