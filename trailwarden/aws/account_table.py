"""What is known of accounts, in one item of the alert table for each source. docs/architecture.md lists
them."""

import logging
from collections.abc import Callable, Iterator, Mapping
from enum import StrEnum
from typing import Any

import msgspec
from boto3.dynamodb.types import TypeSerializer

from trailwarden.activity.model import AccountInfo
from trailwarden.safety.text import shorten

_ITEM_LIMIT = 390 * 1024  # bytes; an item may have 400 kB
_KEPT_SECONDS = 400 * 86_400
_NAME_LIMITS = (100, 40, 20)
"""How long texts may be: the first with which all accounts fit."""
_log = logging.getLogger(__name__)
_serialize = TypeSerializer().serialize
_decode = msgspec.json.Decoder(dict[str, tuple[str | None, str | None]]).decode


class Source(StrEnum):
    """Where names come from; the value is the item's sort key."""

    ORGANIZATIONS = "ACCOUNTS"
    SETTINGS = "SETTINGS"


class AccountTable:
    """`AccountBook` over the alert table, of what one source says. `now` gives seconds since the epoch."""

    def __init__(
        self,
        client: Any,
        table_name: str,
        *,
        now: Callable[[], float],
        source: Source = Source.ORGANIZATIONS,
        limit: int = _ITEM_LIMIT,
    ) -> None:
        self._client = client
        self._table = table_name
        self._now = now
        self._limit = limit
        self._key = {"pk": _serialize("ACCOUNTS"), "sk": _serialize(str(source))}

    def accounts(self) -> Mapping[str, AccountInfo]:
        """What was kept last; nothing before that. Raises botocore's errors."""
        answer = self._client.get_item(TableName=self._table, Key=self._key)
        item = answer.get("Item")
        if item is None:
            return {}
        return {
            account: AccountInfo(name, environment)
            for account, (name, environment) in _decode(item["accounts"]["S"]).items()
        }

    def keep(self, accounts: Mapping[str, AccountInfo]) -> None:
        """Keep these instead, as far as an item holds them: then shortened, and the last left out."""
        now = int(self._now())
        self._client.put_item(
            TableName=self._table,
            Item={
                **self._key,
                "accounts": _serialize(self._bounded(accounts)),
                "recorded_at": _serialize(now),
                "expires_at": _serialize(now + _KEPT_SECONDS),
            },
        )

    def _bounded(self, accounts: Mapping[str, AccountInfo]) -> str:
        for number, text in enumerate(_texts(accounts)):
            if len(text) <= self._limit:
                if number:
                    _log.warning("%d accounts do not fit: names are shortened or left out", len(accounts))
                return text.decode()
        return "{}"


def _texts(accounts: Mapping[str, AccountInfo]) -> Iterator[bytes]:
    """The accounts as JSON, shorter each time."""
    for limit in _NAME_LIMITS:
        yield _text(accounts, sorted(accounts), limit)
    left = sorted(accounts)
    while left:
        left = left[: len(left) * 9 // 10]
        yield _text(accounts, left, _NAME_LIMITS[-1])


def _text(accounts: Mapping[str, AccountInfo], ids: list[str], limit: int) -> bytes:
    return msgspec.json.encode(
        {each: (_cut(accounts[each].name, limit), _cut(accounts[each].environment, limit)) for each in ids}
    )


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else shorten(text, limit)
