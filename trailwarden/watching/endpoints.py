"""Endpoints of subscriptions: told apart, and shown without what opens doors."""

import hashlib
import re
import shlex
from urllib.parse import SplitResult, urlsplit

from trailwarden.safety.text import visible

_WEB = frozenset({"http", "https"})
_MAIL = frozenset({"email", "email-json"})
_HASH = 16  # hex digits: enough to tell a topic's subscriptions apart


def identity(protocol: str, endpoint: str) -> str:
    """What tells a subscription of a topic from the others, however it is written.

    The settings may hold a password that SNS lists as `****`: credentials do not count. The query does, for
    it may be all that tells two chats apart; so the identity is a hash, for queries hold tokens.
    """
    plain = endpoint.strip()
    if protocol in _WEB:
        parts = _parts(plain)
        plain = f"{_host(parts)}{parts.path or '/'}?{parts.query}"
    elif protocol in _MAIL:
        plain = plain.casefold()
    elif protocol == "sms":
        plain = re.sub(r"\D", "", plain)
    return hashlib.sha256(f"{protocol} {plain}".encode()).hexdigest()[:_HASH]


def shown(protocol: str, endpoint: str) -> str:
    """The endpoint for people: a web address without credentials, query and fragment, all else in full."""
    if protocol in _WEB:
        parts = _parts(endpoint)
        return visible(f"{parts.scheme}://{_host(parts)}{parts.path}", 300)
    return visible(endpoint.strip(), 300)


def subscribe_command(topic_arn: str, protocol: str, endpoint: str) -> str:
    """The command that subscribes an endpoint anew; where it is shown cut, people must complete it."""
    return (
        f"aws sns subscribe --topic-arn {shlex.quote(topic_arn)} --protocol {shlex.quote(protocol)}"
        f" --notification-endpoint {shlex.quote(endpoint)}"
    )


def owner_of(protocol: str, endpoint: str) -> str:
    """The account of a queue or function; empty of everything else."""
    parts = endpoint.split(":")
    return parts[4] if protocol in {"sqs", "lambda"} and len(parts) > 5 else ""


def topic_name(topic_arn: str) -> str:
    """`trailwarden-alerts`, of its ARN."""
    return topic_arn.rpartition(":")[2]


def _parts(address: str) -> SplitResult:
    """A web address in its parts; one that is none has no parts that may be shown."""
    try:
        return urlsplit(address.strip())
    except ValueError:
        return SplitResult("", "", "", address, "")


def _host(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2].lower()
