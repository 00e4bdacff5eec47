"""What the checker says of a rule file: a problem, how grave it is, and the code of the check."""

from dataclasses import dataclass
from enum import StrEnum

from trailwarden.errors import Problem

WARNING_MARK = "warning: "


class Severity(StrEnum):
    """`ERROR`: the rules cannot go live so. `WARNING`: they can, and hardly mean what they say."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding(Problem):
    """A problem under the code of the check that found it (docs/checking.md lists them)."""

    code: str
    severity: Severity = Severity.WARNING

    def __str__(self) -> str:
        message = self.message.removeprefix(WARNING_MARK)
        text = f"{self.path}:{self.line}:{self.column}: {self.severity}: {message} [{self.code}]"
        return f"{text}\n    cure: {self.cure}" if self.cure else text

    # By place, so that findings can be sorted among problems that are none.
    def __lt__(self, other: Problem) -> bool:
        return _key(self) < _key(other)

    def __gt__(self, other: Problem) -> bool:
        return _key(self) > _key(other)


def _key(problem: Problem) -> tuple[str, int, int, str, str, str]:
    code = problem.code if isinstance(problem, Finding) else ""
    return problem.path, problem.line, problem.column, problem.message, problem.cure, code
