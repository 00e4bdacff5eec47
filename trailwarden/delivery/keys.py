"""The key of a log file, split into its parts and put together again.

Layout, from "Finding your CloudTrail log files" and "CloudTrail log file examples" in the CloudTrail guide:

    [prefix/]AWSLogs/[organisation/]ACCOUNT/KIND/REGION/YYYY/MM/DD/
        ACCOUNT_KIND_REGION_YYYYMMDDTHHmmZ_UNIQUE.json.gz                                log files
        ACCOUNT_CloudTrail-Digest_REGION_TRAIL_HOMEREGION_YYYYMMDDTHHmmssZ[_backfill].json.gz  digests
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Self


class LogFileKind(StrEnum):
    """What a file of a trail holds; the value is the folder's name in the key."""

    EVENTS = "CloudTrail"
    DIGEST = "CloudTrail-Digest"
    INSIGHT = "CloudTrail-Insight"
    NETWORK_ACTIVITY = "CloudTrail-NetworkActivity"
    AGGREGATED = "CloudTrail-Aggregated"


# CloudTrail documents these kinds by their folder only; its one file name pattern says plain `_CloudTrail_`.
# Refusing the spelling that turns out to be true would lose log files, so both are read.
_KINDS_OF_UNDOCUMENTED_NAMES = frozenset({LogFileKind.NETWORK_ACTIVITY, LogFileKind.AGGREGATED})

_KINDS = {kind.value: kind for kind in LogFileKind}

# The prefix is greedy, so that an `AWSLogs` inside it stays a part of it. `[0-9]`, not `\d`, which takes
# any script's digits.
_LONGEST_KEY = 1024
"""S3's own limit, in bytes."""
_KEY = re.compile(
    r"""
    (?:(?P<prefix>.*)/)?  AWSLogs/  (?:(?P<organization_id>o-[a-z0-9]+)/)?
    (?P<account>[0-9]{12}) / (?P<kind>CloudTrail(?:-[A-Za-z]+)?) / (?P<region>[A-Za-z0-9-]+) /
    (?P<date>[0-9]{4}/[0-9]{2}/[0-9]{2}) /
    (?P=account) _ (?P<name_kind>CloudTrail(?:-[A-Za-z]+)?) _ (?P=region) _ (?P<rest>[^/]+) \.json\.gz
    """,
    re.VERBOSE | re.DOTALL,
)
_LOG_FILE_REST = re.compile(r"(?P<time>[0-9]{8}T[0-9]{4})Z_(?P<unique>[A-Za-z0-9]+)")
_DIGEST_REST = re.compile(
    r"(?P<trail>[A-Za-z0-9._-]+)_(?P<home_region>[A-Za-z0-9-]+)_(?P<time>[0-9]{8}T[0-9]{6})Z(?P<backfill>_backfill)?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogFileKey:
    """The parts of a log file's key; `str()` gives the key back to the character.

    `prefix` is the trail's own S3 key prefix, without the slash that follows it; None where there is none.
    `organization_id` is None for a trail of one account, and for older organisation trails.
    `time` is when the file was delivered (for a digest: the end of its hour), aware, UTC; log files tell
    it to the minute, digests to the second.
    `unique` belongs to log files; `trail`, `home_region` and `backfill` to digests.
    `plain_name` is True where the folder names the kind but the file's name says `_CloudTrail_`.
    """

    account_id: str
    kind: LogFileKind
    region: str
    time: datetime
    prefix: str | None = None
    organization_id: str | None = None
    unique: str | None = None
    trail: str | None = None
    home_region: str | None = None
    backfill: bool = False
    plain_name: bool = False

    @classmethod
    def parse(cls, key: str) -> Self | None:
        """The parts of `key`, or None when it is no log file's or digest's key.

        Account, region, kind and date stand both in the folder and in the file's name, and must agree:
        what only looks like a log file is not read as one.
        """
        parts = _KEY.fullmatch(key) if len(key) <= _LONGEST_KEY else None
        if parts is None or parts["kind"] not in _KINDS:
            return None
        kind = _KINDS[parts["kind"]]
        plain_name = parts["name_kind"] != kind
        if plain_name and not (
            parts["name_kind"] == LogFileKind.EVENTS and kind in _KINDS_OF_UNDOCUMENTED_NAMES
        ):
            return None
        is_digest = kind is LogFileKind.DIGEST
        rest = (_DIGEST_REST if is_digest else _LOG_FILE_REST).fullmatch(parts["rest"])
        if rest is None or rest["time"][:8] != parts["date"].replace("/", ""):
            return None
        time = _time(rest["time"])
        if time is None:
            return None
        return cls(
            account_id=parts["account"],
            kind=kind,
            region=parts["region"],
            time=time,
            prefix=parts["prefix"],
            organization_id=parts["organization_id"],
            unique=None if is_digest else rest["unique"],
            trail=rest["trail"] if is_digest else None,
            home_region=rest["home_region"] if is_digest else None,
            backfill=is_digest and rest["backfill"] is not None,
            plain_name=plain_name,
        )

    def __str__(self) -> str:
        prefix = "" if self.prefix is None else f"{self.prefix}/"
        organization = "" if self.organization_id is None else f"{self.organization_id}/"
        time = self.time
        date = f"{time.year:04}/{time.month:02}/{time.day:02}"
        stamp = f"{date.replace('/', '')}T{time.hour:02}{time.minute:02}"
        if self.kind is LogFileKind.DIGEST:
            backfill = "_backfill" if self.backfill else ""
            rest = f"{self.trail}_{self.home_region}_{stamp}{time.second:02}Z{backfill}"
        else:
            rest = f"{stamp}Z_{self.unique}"
        name_kind = LogFileKind.EVENTS if self.plain_name else self.kind
        folder = f"{prefix}AWSLogs/{organization}{self.account_id}/{self.kind}/{self.region}/{date}"
        return f"{folder}/{self.account_id}_{name_kind}_{self.region}_{rest}.json.gz"


def _time(stamp: str) -> datetime | None:
    """`20261122T0905` or `20261122T090500` as a time; None for the 31st of February and its like."""
    digits = [int(stamp[:4]), int(stamp[4:6]), int(stamp[6:8]), int(stamp[9:11]), int(stamp[11:13])]
    second = int(stamp[13:15] or 0)
    try:
        return datetime(*digits, second, tzinfo=UTC)  # type: ignore[misc, arg-type]
    except ValueError:
        return None
