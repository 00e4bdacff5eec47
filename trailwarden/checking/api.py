"""What the checker asks of AWS's service models: which calls there are, and what they take and return.

The models themselves are botocore's; `trailwarden.aws.api_models` reads them, one service at a time.
"""

from collections.abc import Sequence
from typing import Protocol


class ApiShape(Protocol):
    """A part of a request or response: an object with named members, a list or a map, or a plain value."""

    @property
    def members(self) -> frozenset[str]:
        """The names of a structure's members, as the model and as the wire spells them; else empty."""

    @property
    def is_open(self) -> bool:
        """Whether anything may stand in it: a map, or a document of no fixed form."""

    def member(self, name: str) -> "ApiShape | None":
        """The member of that name, whatever its case."""

    def element(self) -> "ApiShape | None":
        """What a list holds; None for what is no list."""


class ApiOperation(Protocol):
    """One API call."""

    @property
    def name(self) -> str:
        """As the model spells it."""

    @property
    def request(self) -> ApiShape | None:
        """What it takes; None where it takes nothing."""

    @property
    def response(self) -> ApiShape | None:
        """What it returns; None where it returns nothing."""


class ApiModels(Protocol):
    """AWS's services by the `eventSource` that CloudTrail writes for them."""

    def calls(self, event_source: str) -> frozenset[str] | None:
        """The names of a source's API calls; None where no model is known for the source."""

    @property
    def sources(self) -> frozenset[str]:
        """Every event source that a model is known for."""

    @property
    def regions(self) -> frozenset[str]:
        """Every region that is known."""

    def sources_of(self, name: str) -> Sequence[str]:
        """The sources that have a call of that name, whatever its case; all models are read once for it."""

    def operations(self, event_source: str, name: str) -> tuple[ApiOperation, ...]:
        """The calls of that name, whatever its case: several where services share a source."""
