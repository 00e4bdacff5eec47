"""How alerts are told, as the deployment's settings have it: `alerting.json` beside a handler."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from trailwarden.activity.model import AccountInfo


@dataclass(frozen=True, slots=True)
class Expected:
    """A subscription that the settings ask for."""

    topic_arn: str
    protocol: str
    endpoint: str


@dataclass(frozen=True, slots=True)
class Route:
    """An alert topic."""

    name: str
    topic_arn: str


@dataclass(frozen=True, slots=True)
class Alerting:
    """What the functions must know of the settings. `accounts` by id; `organization`: whether names may be
    asked of AWS Organizations, and `environment_tag` which tag of an account says its environment."""

    account: str
    region: str
    topics: tuple[Route, ...] = ()
    subscriptions: tuple[Expected, ...] = ()
    accounts: Mapping[str, AccountInfo] = field(default_factory=dict)
    organization: bool = False
    environment_tag: str = ""


def load_alerting(data: bytes) -> Alerting:
    """The settings in a file's bytes."""
    return msgspec.json.decode(data, type=Alerting)
