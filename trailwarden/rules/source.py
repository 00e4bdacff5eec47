"""A rule or correlation as its author wrote it."""

from dataclasses import dataclass

from sigma.rule import SigmaRule

from trailwarden.rules.block import Block
from trailwarden.rules.correlation import CorrelationSource
from trailwarden.rules.document import Document
from trailwarden.rules.filters import FilterSource
from trailwarden.rules.naming import Named


@dataclass(frozen=True, slots=True)
class RuleSource:
    """A rule as it was written: pySigma's rule, our block, the filters that apply to it, the place (line and
    column from 1), and the YAML, which knows the place of everything else."""

    path: str
    line: int
    column: int
    rule: SigmaRule
    block: Block
    document: Document
    filters: tuple[FilterSource, ...] = ()

    @property
    def id(self) -> str:
        """The rule's id, as canonical lower-case text."""
        return str(self.rule.id)

    @property
    def name(self) -> str | None:
        """The name that correlations may refer to it by."""
        return self.rule.name or None

    @property
    def title(self) -> str:
        return self.rule.title


Source = RuleSource | CorrelationSource


def named(source: Source) -> Named:
    """What a rule or correlation is called."""
    return Named(source.id, source.name or "", source.title, source.path)
