"""The exception tree.

TrailwardenError
├── NoticeError          a delivery notice that can never be read
├── LogFileUnavailable   a log file that may be readable later: gone, denied, throttled
├── OrganizationUnavailableError  AWS Organizations does not answer us: there is none, or we may not ask
├── MessageRefusedError  a topic refuses the message itself: no repeat helps, a shorter one may
├── RuleError            rules that cannot be used; names every problem at once
├── RuleSetError         a compiled rule set that this reader cannot use
└── SettingsError        deployment settings that cannot be used; names every problem at once
"""

from collections.abc import Sequence
from dataclasses import dataclass


class TrailwardenError(Exception):
    """The root of every error that Trailwarden raises on purpose."""


class NoticeError(TrailwardenError):
    """A delivery notice that can never be read."""


class LogFileUnavailable(TrailwardenError):  # noqa: N818 (a state that passes, not a fault)
    """A log file that cannot be read now, but may be later: gone, denied or throttled."""


class OrganizationUnavailableError(TrailwardenError):
    """AWS Organizations does not answer us: there is none, or we may not ask."""


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One mistake in a rule file: where (line and column count from 1), what it is, and how to mend it."""

    path: str
    line: int
    column: int
    message: str
    cure: str = ""

    def __str__(self) -> str:
        text = f"{self.path}:{self.line}:{self.column}: {self.message}"
        return f"{text}\n    cure: {self.cure}" if self.cure else text


class RuleError(TrailwardenError):
    """Rules that cannot be used. `problems` holds every mistake that was found, sorted by place."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(sorted(problems))
        super().__init__("\n".join(str(problem) for problem in self.problems))


class RuleSetError(TrailwardenError):
    """A compiled rule set that cannot be used: damaged, altered, or of a newer format."""


class SettingsError(TrailwardenError):
    """Deployment settings that cannot be used. `problems` holds every mistake that was found."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(["The settings cannot be used:", *(f"  - {p}" for p in self.problems)]))


class MessageRefusedError(TrailwardenError):
    """A topic refuses the message itself: no repeat helps, a shorter one may."""
