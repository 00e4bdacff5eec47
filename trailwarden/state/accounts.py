"""What is known of accounts besides the settings: what AWS Organizations said last."""

from collections.abc import Mapping
from typing import Protocol

from trailwarden.activity.model import AccountInfo


class AccountBook(Protocol):
    """Names and environments by account id, kept for those who may not ask Organizations."""

    def accounts(self) -> Mapping[str, AccountInfo]:
        """What was kept last; nothing before that."""

    def keep(self, accounts: Mapping[str, AccountInfo]) -> None:
        """Keep these instead."""


class MemoryAccountBook:
    """An `AccountBook` that lives as long as the process."""

    def __init__(self, accounts: Mapping[str, AccountInfo] | None = None) -> None:
        self._accounts = dict(accounts or {})

    def accounts(self) -> Mapping[str, AccountInfo]:
        """What was kept last."""
        return dict(self._accounts)

    def keep(self, accounts: Mapping[str, AccountInfo]) -> None:
        """Keep these instead."""
        self._accounts = dict(accounts)
