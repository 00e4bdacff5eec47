"""AWS Organizations: the names of its accounts, and the environment that a tag of each says."""

import logging
from collections.abc import Mapping
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from trailwarden.activity.model import AccountInfo
from trailwarden.errors import OrganizationUnavailableError
from trailwarden.safety.text import one_line

TAGS_AT_MOST = 2000
"""How many accounts are asked for their tags in one run: a call each, some ten a second."""
_ACTIVE = "ACTIVE"
_GONE = "TargetNotFoundException"
_NAME_LIMIT = 100
_VALUE_LIMIT = 100
_log = logging.getLogger(__name__)


class OrganizationsAccounts:
    """`Organization` over the API, which answers the management account and delegated administrators only:
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_ListAccounts.html

    `environment_tag` is the tag whose value is an account's environment; empty: nobody's tags are asked.
    """

    def __init__(self, client: Any, environment_tag: str, *, tags_at_most: int = TAGS_AT_MOST) -> None:
        self._client = client
        self._tag = environment_tag
        self._tags_at_most = tags_at_most

    def accounts(self, known: Mapping[str, AccountInfo]) -> Mapping[str, AccountInfo]:
        """All accounts, those that are not active named so. Raises `OrganizationUnavailableError`.

        An account whose tags cannot be asked keeps the environment that is `known` of it.
        """
        try:
            pages = self._client.get_paginator("list_accounts").paginate()
            names = {each["Id"]: _name(each) for page in pages for each in page["Accounts"]}
        except (ClientError, BotoCoreError) as error:
            raise OrganizationUnavailableError(one_line(str(error), 400)) from error
        environments = self._environments(list(names), known) if self._tag else {}
        return {account: AccountInfo(name, environments.get(account)) for account, name in names.items()}

    def _environments(
        self, accounts: list[str], known: Mapping[str, AccountInfo]
    ) -> Mapping[str, str | None]:
        found = {account: known[account].environment for account in accounts if account in known}
        # Those that nobody knows yet first: with more accounts than may be asked, none is left out for ever.
        accounts.sort(key=lambda account: found.get(account) is not None)
        for account in accounts[: self._tags_at_most]:
            try:
                found[account] = self._tag_of(account)
            except (ClientError, BotoCoreError) as error:
                _log.warning("the tags of accounts cannot be asked any more: %s", one_line(str(error), 400))
                return found
        left = len(accounts) - self._tags_at_most
        if left > 0:
            _log.warning("the tags of %d accounts were not asked in this run", left)
        return found

    def _tag_of(self, account: str) -> str | None:
        try:
            pages = self._client.get_paginator("list_tags_for_resource").paginate(ResourceId=account)
            for page in pages:
                for tag in page["Tags"]:
                    if tag["Key"] == self._tag:
                        return one_line(tag["Value"], _VALUE_LIMIT) or None
        except ClientError as error:
            if error.response["Error"].get("Code") != _GONE:  # left the organisation meanwhile
                raise
        return None


def _name(account: Mapping[str, Any]) -> str | None:
    """`Payments`, or `Payments (suspended)`. `State` takes the place of `Status`, which is retired:
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html"""
    name = one_line(account.get("Name") or "", _NAME_LIMIT)
    state = account.get("State") or account.get("Status") or _ACTIVE
    if state == _ACTIVE:
        return name or None
    return f"{name} ({one_line(state, 40).lower().replace('_', ' ')})".strip()
