"""AWS Security Hub: https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_BatchImportFindings.html"""

from typing import Any

from trailwarden.errors import TrailwardenError


class FindingRefusedError(TrailwardenError):
    """Security Hub did not take a finding."""


class SecurityHubFindings:
    """Imports findings; one that is there already, by its id, is updated."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, finding: dict[str, Any]) -> None:
        """Import one. Raises `FindingRefusedError`, or botocore's errors."""
        answer = self._client.batch_import_findings(Findings=[finding])
        for failed in answer.get("FailedFindings", []):
            why = f"{failed.get('ErrorCode')}: {failed.get('ErrorMessage')}"
            raise FindingRefusedError(f"Security Hub refused {failed.get('Id')}: {why}")
