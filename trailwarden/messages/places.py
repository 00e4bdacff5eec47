"""An account as messages say it: its number, and name and environment where the settings know them."""

from collections.abc import Mapping

from trailwarden.activity.model import AccountInfo, Context

_UNNAMED = AccountInfo()


def account_info(account: str, context: Context | None) -> AccountInfo:
    """What is known of an account; empty where nothing is."""
    accounts: Mapping[str, AccountInfo] = context.accounts if context else {}
    return accounts.get(account, _UNNAMED)


def named_account(account: str, name: str | None, environment: str | None) -> str:
    """`444455556666 (shop, production)`, or the number alone."""
    known = ", ".join(part for part in (name, environment) if part)
    return f"{account} ({known})" if known else account


def told_account(account: str, context: Context | None) -> str:
    """The same, with what the settings say of it."""
    info = account_info(account, context)
    return named_account(account, info.name, info.environment)
