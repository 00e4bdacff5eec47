"""Who put or removed an object: S3 names the principal in its events, the emulator nobody.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
"""

from collections.abc import Mapping
from contextvars import ContextVar
from typing import Any

import ministack.app as emulator
from ministack.core.responses import get_account_id
from ministack.core.router import extract_access_key_id
from ministack.services import s3

from local.emulation.callers import user_identity

_access_key: ContextVar[str] = ContextVar("_access_key", default="")


def name_who_edits() -> None:
    """Have S3's events name the principal whose call it was."""
    dispatch, fire = emulator._dispatch_service_request, s3._fire_s3_event_async  # noqa: SLF001

    async def dispatch_for_somebody(
        method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]], *rest: Any
    ) -> Any:
        token = _access_key.set(extract_access_key_id(headers, query) or "")
        try:
            return await dispatch(method, path, headers, body, query, *rest)
        finally:
            _access_key.reset(token)

    def fire_with_principal(
        *arguments: Any, record_extra: Mapping[str, Any] | None = None, **keywords: Any
    ) -> None:
        fire(*arguments, record_extra={**_principal(), **(record_extra or {})}, **keywords)

    emulator._dispatch_service_request = dispatch_for_somebody  # noqa: SLF001
    s3._fire_s3_event_async = fire_with_principal  # noqa: SLF001


def _principal() -> dict[str, Any]:
    key = _access_key.get()
    if not key:
        return {}
    identity = user_identity(get_account_id(), key)
    return {"userIdentity": {"principalId": f"AWS:{identity.get('principalId', 'ANONYMOUS')}"}}
