"""Who is told, and who may act: subscribers of topics, and the ARNs of those who may take a role."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from infra.endpoints import PROTOCOLS, endpoint_mistake, owner_of, principal_mistake
from infra.partitions import partitions_by_region
from infra.section import Section

SEVERITIES = ("informational", "low", "medium", "high", "critical")
_MAIL = frozenset({"email", "email-json"})


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who is told: an SNS protocol, its endpoint, and the severities, mildest first; none where the topic has
    no severities to choose from, and the subscriber gets all that it says.

    `heartbeat`: also once a week, that all is well; meant for mail, and a nuisance on a phone.
    """

    protocol: str
    endpoint: str
    severities: tuple[str, ...]
    heartbeat: bool = False

    @property
    def owner(self) -> tuple[str, str] | None:
        """Region and account of a queue or a function; None of everybody else."""
        return owner_of(self.protocol, self.endpoint)


MOST_FILTERED = 200
"""Filter policies of a topic: https://docs.aws.amazon.com/general/latest/gr/sns.html"""
MOST_ELSEWHERE = 40
"""Queues and functions of other accounts on a topic, each with up to 600 of the policy's 30,720 characters:
https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-language-api-permissions-reference.html"""
_TRUST_POLICY = 2048
"""Characters, without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
_TRUST_WORDS, _OF_USERS, _OF_ROLES = 265, 139, 137
"""What a trust policy (infra/trust.py) says besides the ARNs: in any case, to users, and to roles."""


def alert_subscribers(section: Section, region: str) -> tuple[Subscriber, ...]:
    """The list `subscribers`, which must be there: each entry with its severities and the heartbeat."""
    if not section.has("subscribers"):
        section.problem(
            "subscribers", "is missing: a list of who is told (empty when people subscribe by themselves)"
        )
    return _subscribers(section, "subscribers", region, filtered=True)


def topic_subscribers(root: Section, key: str, region: str) -> tuple[Subscriber, ...]:
    """The list at `key`, of those who get all that its topic says."""
    return _subscribers(root, key, region, filtered=False)


def _subscribers(section: Section, key: str, region: str, *, filtered: bool) -> tuple[Subscriber, ...]:
    found: dict[tuple[str, str], Subscriber] = {}
    for path, item in section.items(key):
        entry = Section(item, path, section.problems)
        protocol = entry.choice("protocol", PROTOCOLS)
        endpoint = entry.text("endpoint", like=re.compile(r"\S+"), what="an endpoint: an address or an ARN")
        chosen = severities(entry, "severities") if filtered else ()
        heartbeat = filtered and entry.flag("heartbeat", default=protocol in _MAIL)
        entry.close()
        mistake = endpoint_mistake(protocol, endpoint, region)
        if protocol and endpoint and mistake:
            entry.problem("endpoint", mistake)
        if protocol and endpoint and (protocol, endpoint) in found:
            entry.problem("", f"{protocol} {endpoint} is listed twice; SNS keeps one subscription each")
        found[protocol, endpoint] = Subscriber(protocol, endpoint, chosen, heartbeat)
    if filtered and len(found) > MOST_FILTERED:
        section.problem(
            key,
            f"SNS takes {MOST_FILTERED} subscribers with severities a topic, not {len(found)}; name a mailing"
            " list, or use routes",
        )
    return tuple(found.values())


def severities(entry: Section, key: str) -> tuple[str, ...]:
    """The severities that the list at `key` or `min_severity` names; all where neither is given."""
    if entry.has(key):
        if entry.has("min_severity"):
            entry.problem("", f"give min_severity or {key}, not both")
        return entry.choices(key, SEVERITIES)
    lowest = entry.choice("min_severity", SEVERITIES, default=SEVERITIES[0])
    return SEVERITIES[SEVERITIES.index(lowest) :] if lowest else SEVERITIES


def principals(root: Section, key: str, region: str) -> tuple[str, ...]:
    """The ARNs at `key` of who may take a role, each by name."""
    partition = partitions_by_region().get(region, "aws")
    found: list[str] = []
    for path, item in root.items(key):
        mistake = principal_mistake(item, partition)
        if mistake:
            root.problems.append(f"{path}: {mistake}")
        elif item in found:
            root.problems.append(f"{path}: {item} is listed twice")
        else:
            found.append(item)
    if _trust_policy_length(found) > _TRUST_POLICY:
        root.problem(
            key,
            f"{len(found)} ARNs make a trust policy of more than {_TRUST_POLICY} characters, which IAM"
            " refuses; name fewer: one role that the others may take",
        )
    return tuple(found)


def _trust_policy_length(arns: Sequence[str]) -> int:
    """The characters of the trust policy that names these ARNs: an account stands among users and roles, and
    those of all ARNs stand in two statements more."""
    users = [arn for arn in arns if ":role/" not in arn]
    roles = [arn for arn in arns if ":user/" not in arn]
    accounts = {f"{arn.rpartition(':')[0]}:root" for arn in arns}
    words = _TRUST_WORDS + _OF_USERS * bool(users) + _OF_ROLES * bool(roles)
    return words + sum(len(arn) + 3 for arn in (*users, *roles, *accounts, *accounts))
