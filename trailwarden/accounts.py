"""The names and environments of accounts: from the settings, and from AWS Organizations where allowed.

The daily check asks Organizations and keeps the answer (`refresh`); the functions that word alerts read what
was kept (`AccountNames`), since asking takes a right that they need not have, and a call an account.
"""

import logging
import time
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Protocol

from trailwarden.activity.model import AccountInfo
from trailwarden.errors import OrganizationUnavailableError
from trailwarden.state.accounts import AccountBook

REFRESH_SECONDS = 900.0
_log = logging.getLogger(__name__)


class Organization(Protocol):
    """AWS Organizations, as far as names go."""

    def accounts(self, known: Mapping[str, AccountInfo]) -> Mapping[str, AccountInfo]:
        """The organisation's accounts by id; what cannot be asked of one stays as `known`.

        Raises `OrganizationUnavailableError` where the accounts cannot be listed."""


def refresh(organization: Organization, book: AccountBook) -> int | None:
    """Ask Organizations, and keep what it says; returns how many accounts it named.

    None where it does not answer, which is a warning and no failure: the names from before stay.
    """
    known = book.accounts()
    try:
        found = organization.accounts(known)
    except OrganizationUnavailableError as error:
        _log.warning("account names are not refreshed: %s", error)
        return None
    book.keep(found)
    return len(found)


def remember(settings: Mapping[str, AccountInfo], book: AccountBook) -> None:
    """Keep the names of the settings for commands, which see no settings; nothing is written if `book` has
    them."""
    if book.accounts() != settings:
        book.keep(settings)


class AccountNames:
    """What is known of accounts: the settings, over what Organizations said. Never fails, and reads the book
    every 15 minutes at most, while others who ask wait; `clock` gives seconds."""

    def __init__(
        self,
        settings: Mapping[str, AccountInfo],
        book: AccountBook | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._book = book
        self._clock = clock
        self._merged: Mapping[str, AccountInfo] = settings
        self._read_at = float("-inf")
        self._reading = Lock()

    def current(self) -> Mapping[str, AccountInfo]:
        """Names and environments by account id."""
        with self._reading:
            if self._book is not None and self._clock() - self._read_at >= REFRESH_SECONDS:
                self._read_at = self._clock()
                try:
                    self._merged = merged(self._settings, self._book.accounts())
                except Exception:  # noqa: BLE001 (an alert without a name is better than none)
                    _log.warning("account names could not be read; those from before stay", exc_info=True)
            return self._merged


def merged(
    settings: Mapping[str, AccountInfo], others: Mapping[str, AccountInfo]
) -> Mapping[str, AccountInfo]:
    """What the settings say of an account, and what the others say of the rest of it."""
    found = dict(others)
    for account, own in settings.items():
        other = others.get(account, AccountInfo())
        found[account] = AccountInfo(own.name or other.name, own.environment or other.environment)
    return found
