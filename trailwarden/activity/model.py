"""What one record says, in a form that people, messages and rules can use.

Every text in here is one line of bounded length, without control or hidden characters: it may be printed as
it stands. What the record does not say is None (or `unknown`, in texts that must say something).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from trailwarden.activity.insight import Insight
from trailwarden.activity.kinds import ActorKind, Nature, Outcome
from trailwarden.activity.sessions import SessionLookup
from trailwarden.safety.text import UNKNOWN, shorten

__all__ = [
    "AccountInfo",
    "Action",
    "Activity",
    "Actor",
    "ActorKind",
    "Context",
    "GeoLookup",
    "Nature",
    "Origin",
    "Outcome",
    "Place",
    "Target",
]

SENTENCE_LIMIT = 300
TARGETS_AT_MOST = 10
_TARGETS_IN_BRACKETS = 2
_BY_TOOL = {
    "AWS console": "in the AWS console",
    "AWS CloudShell": "in AWS CloudShell",
    "SSM agent": "with the SSM agent",
    "AWS toolkit": "with the AWS toolkit",
}
_AWS_FAILED = re.compile(
    r"(?i)internal.?(?:failure|error|server|service)|service.?(?:unavailable|failure)|time.?out"
)


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acted."""

    name: str
    """For people, short: `alice`, `role Admin`, `root of 444455556666`, `AWS Config`."""
    label: str
    """The stable name that groups and titles use, from the record alone: `user alice`, `role Admin (session
    bob)`. It never varies with what was learned of sessions."""
    kind: ActorKind
    account_id: str | None = None
    """The account that the identity belongs to, which need not be the one that was acted in."""
    arn: str | None = None
    session: str | None = None
    """The role session's name. Whoever assumes a role may choose it: it proves nothing by itself."""
    issuer: str | None = None
    """What issued the session: `role Admin`, `user alice`, or an identity provider."""
    access_key_id: str | None = None
    mfa: bool | None = None
    nature: Nature = Nature.UNKNOWN
    reason: str = "nothing in the record tells a person from automation"
    """Why that nature: half a sentence, without a full stop."""
    through: str = ""
    """The whole chain: `alice through role Admin`; the name alone where there is none."""
    behind: str | None = None
    """Who stands behind a session (`alice`, `EC2 instance i-0abc`); None where that is not known, or where
    the actor itself is all there is."""
    source_identity: str | None = None
    """The source identity that STS carries through every role that is assumed from a session."""
    delegate: str | None = None
    """The account that acts with access which the identity delegated to it; None where that acts itself."""

    @property
    def is_session(self) -> bool:
        """Whether somebody else must stand behind: say `unknown` then, where `behind` is None."""
        return self.kind in {ActorKind.ASSUMED_ROLE, ActorKind.ASSUMED_ROOT}


@dataclass(frozen=True, slots=True)
class Action:
    """What was done, or tried."""

    service: str
    """As people say it: `IAM`, `EC2`."""
    event_name: str
    phrase: str
    """In the past: `created an access key`. Where it was denied or failed: see `told`."""
    infinitive: str
    """`create an access key`."""
    outcome: Outcome = Outcome.DONE
    error_code: str | None = None
    error_text: str | None = None
    """The error message, at most 300 characters; whoever made the call can steer what stands in it."""
    read_only: bool | None = None
    preposition: str = ""
    """What leads from the phrase to its first target (`for`, `to`, `from`, …); where it is empty the target
    takes the place of the phrase's last words (`deleted a trail` → `deleted trail main`) or follows in
    brackets."""

    @property
    def dry_run(self) -> bool:
        """Whether the caller only asked EC2 if they might, and was told that they may.

        https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html
        """
        return (self.error_code or "").endswith("DryRunOperation")

    @property
    def tried(self) -> str:
        """What leads to the infinitive."""
        return "asked in a dry run to" if self.dry_run else "tried to"

    @property
    def unsure(self) -> bool:
        """Whether it failed on AWS's own side, which does not say that nothing was changed."""
        return bool(_AWS_FAILED.search(self.error_code or ""))


@dataclass(frozen=True, slots=True)
class Target:
    """One thing that was acted on."""

    type: str
    """In words: `role`, `bucket`, `security group`; `resource` where it is not known."""
    name: str
    arn: str | None = None
    account_id: str | None = None
    region: str | None = None
    whole: str = field(default="", compare=False, repr=False)
    """As the record writes it, neither cut nor made safe: to compare, never to show."""

    def __str__(self) -> str:
        return f"{self.type} {self.name}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the call came from, and with what."""

    address: str | None = None
    """An IP address as the record states it; None where an AWS service made the call."""
    aws_service: str | None = None
    """The AWS service that made the call, or made it on the actor's behalf: `CloudFormation`."""
    vpc_endpoint: str | None = None
    region: str | None = None
    """The region that was called, as CloudTrail names it."""
    tool: str | None = None
    """`AWS console`, `AWS CLI 2.31.0`, `Terraform 1.9.5`, `boto3`, …, from the user agent, which whoever made
    the call may write."""
    attack_tool: bool = False
    """Whether the tool (or the system under it) is known from attacks and tests of them."""
    country: str | None = None
    network: str | None = None
    """The autonomous system: `AS16509 Amazon.com`."""
    user_agent: str | None = None

    def by_tool(self) -> str:
        """`with AWS CLI 2.31.0`, `in the AWS console`; empty where no tool is known."""
        if not self.tool:
            return ""
        return _BY_TOOL.get(self.tool, f"with {self.tool}")

    def __str__(self) -> str:
        """`203.0.113.7 (Germany, AS3320 Deutsche Telekom)`, or the AWS service, else `unknown`."""
        where = self.address or self.aws_service or UNKNOWN
        known = ", ".join(part for part in (self.country, self.network) if part)
        return f"{where} ({known})" if known else where


@dataclass(frozen=True, slots=True)
class Activity:
    """Who did what, to what, from where, when."""

    actor: Actor
    action: Action
    targets: tuple[Target, ...] = ()
    """At most `TARGETS_AT_MOST`, the most telling first."""
    origin: Origin = field(default_factory=Origin)
    time: str | None = None
    """`YYYY-MM-DDTHH:MM:SSZ`."""
    account_id: str | None = None
    """The account that was acted in."""
    account_name: str | None = None
    environment: str | None = None
    targets_left_out: int = 0
    insight: Insight | None = None
    """What CloudTrail Insights measured; None in every other record."""

    def told(self) -> str:
        """What happened, after the actor's name: `created …`, `tried to create …, and was denied`."""
        return f"{self.deed()}{self.ending()}"

    def deed(self) -> str:
        """The first part of what happened: `created …`, or `tried to create …`."""
        if self.action.outcome is Outcome.DONE:
            return self._with_targets(self.action.phrase)
        return f"{self.action.tried} {self._with_targets(self.action.infinitive)}"

    def ending(self) -> str:
        """The second part: `, and was denied`, `, which failed (NoSuchBucket)`, or nothing."""
        if self.action.outcome is Outcome.DONE:
            return ""
        if self.action.outcome is Outcome.DENIED:
            return ", and was denied"
        if self.action.dry_run:
            return ", which AWS would have allowed"
        return f", which failed ({shorten(self.action.error_code or UNKNOWN, 60)})"

    def _with_targets(self, phrase: str) -> str:
        """`deleted trail main`, `attached a policy to user bob (policy A)`, `stopped instances (…)`."""
        if not self.targets:
            return phrase
        first, *others = self.targets
        if self.action.preposition:
            phrase = f"{phrase} {self.action.preposition} {first}"
        elif phrase.endswith((f" a {first.type}", f" an {first.type}")):
            phrase = f"{phrase[: -len(first.type)].rpartition(' a')[0]} {first}"
        else:
            others = [first, *others]
        bracketed = [str(target) for target in others[:_TARGETS_IN_BRACKETS]]
        more = len(others) - len(bracketed) + self.targets_left_out
        ending = f" and {more} more" if more else ""
        return f"{phrase} ({', '.join(bracketed)}{ending})" if bracketed else phrase

    def place(self) -> str:
        """The account that was acted in: `prod (444455556666)`, its number alone, or `unknown`."""
        number = self.account_id or UNKNOWN
        return f"{self.account_name} ({number})" if self.account_name else number

    def sentence(self, limit: int = SENTENCE_LIMIT) -> str:
        """All of it in one sentence, the important first, at most `limit` characters."""
        tool = f" {self.origin.by_tool()}" if self.origin.tool else ""
        region = f", {self.origin.region}" if self.origin.region else ""
        who, ending = self.actor.through or self.actor.name, self.ending()
        deed = f"{self.deed()} ({self.insight})" if self.insight and str(self.insight) else self.deed()
        text = f"{who} {deed} in account {self.place()}{region}, from {self.origin}{tool}"
        return shorten(f"{shorten(text, max(0, limit - len(ending)))}{ending}", limit)


@dataclass(frozen=True, slots=True)
class Place:
    """What a geo file says of an address."""

    country: str | None = None
    network: str | None = None


class GeoLookup(Protocol):
    """Where an address is, and whose."""

    def place(self, address: str) -> Place | None:
        """None where nothing is known of it; never raises."""


@dataclass(frozen=True, slots=True)
class AccountInfo:
    """What the settings (or Organizations) say of an account."""

    name: str | None = None
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """What is known besides the record. All of it may be missing: then less is said, nothing is guessed."""

    accounts: Mapping[str, AccountInfo] = field(default_factory=dict)
    geo: GeoLookup | None = None
    sessions: SessionLookup | None = None
