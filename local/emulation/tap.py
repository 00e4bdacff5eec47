"""Listens to the calls that the emulator answers, and hands their records to the delivery.

`CLOUDTRAIL_RECORDING` of the emulator is not enough: it leaves out CloudTrail's own calls (StopLogging!),
the answers and what was denied. So the emulator's dispatch of calls is wrapped; what is recorded here is
also what its LookupEvents shows.
"""

import json
import logging
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import ministack.app as emulator
from ministack.core.iam_evaluator import find_iam_access_key_account
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.core.responses import get_request_client_ip as client_ip
from ministack.core.router import detect_service, extract_access_key_id
from ministack.services import cloudtrail

from local.emulation.callers import user_identity
from local.emulation.calls import Call
from local.emulation.delivery import Delivery
from local.emulation.records import record_of
from local.emulation.trails import logging_destinations
from trailwarden.delivery.records import Record

Answer = tuple[int, dict[str, Any], Any]
Dispatch = Callable[[str, str, dict[str, str], bytes, dict[str, list[str]], str], Awaitable[Answer]]
logger = logging.getLogger("local.tap")


class Tap:
    """Wraps the emulator's dispatch."""

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery
        # Where every call passes.
        self._dispatch: Dispatch = emulator._dispatch_service_request  # noqa: SLF001

    def install(self) -> None:
        emulator._dispatch_service_request = self.dispatch  # noqa: SLF001
        set_account = emulator.set_request_account_id

        def set_account_of_key(access_key_id: str) -> None:
            """An IAM user's key belongs to its account also where IAM is not enforced."""
            set_account(find_iam_access_key_account(access_key_id) or access_key_id)

        emulator.set_request_account_id = set_account_of_key

    async def dispatch(  # noqa: PLR0913, PLR0917 (the emulator's signature)
        self,
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, list[str]],
        request_id: str,
    ) -> Answer:
        account_id, region = get_account_id(), get_region()
        before = logging_destinations(account_id, region)
        answer = await self._dispatch(method, path, headers, body, query, request_id)
        status, response_headers, response_body = answer
        if path.startswith("/_") or not isinstance(response_body, bytes | str):
            return answer
        call = Call(
            time=datetime.now(UTC),
            account_id=account_id,
            region=region,
            access_key_id=extract_access_key_id(headers, query),
            source_ip=client_ip(),
            request_id=request_id,
            service=_signed_service(headers) or detect_service(method, path, headers, query),
            method=method,
            path=path,
            query=query,
            headers=headers,
            body=body,
            status=status,
            response_headers={name: str(value) for name, value in response_headers.items()},
            response_body=response_body if isinstance(response_body, bytes) else response_body.encode(),
        )
        self._record(call, before)
        return answer

    def _record(self, call: Call, before: frozenset[Any]) -> None:
        try:
            with request_scope(call.account_id, call.region):
                record = record_of(call, user_identity)
        except Exception:  # a call that we cannot describe must not fail for its caller
            logger.exception("not recorded: %s %s", call.method, call.path)
            return
        if record is None:
            return
        after = logging_destinations(call.account_id, record["awsRegion"], read_only=record["readOnly"])
        stopped = before - logging_destinations(call.account_id, call.region)
        self._delivery.add(record, after | stopped)
        with request_scope(call.account_id, call.region):
            cloudtrail._get_event_queue().append(_lookup_entry(record))  # noqa: SLF001 (LookupEvents' store)


def _signed_service(headers: dict[str, str]) -> str | None:
    """The service that a request is signed for: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`."""
    _, found, scope = headers.get("authorization", "").partition("Credential=")
    parts = scope.partition(",")[0].split("/")
    return parts[-2] if found and len(parts) >= 5 else None


def _lookup_entry(record: Record) -> dict[str, Any]:
    identity = record["userIdentity"]
    issuer = identity.get("sessionContext", {}).get("sessionIssuer", {})
    return {
        "EventId": record["eventID"],
        "EventName": record["eventName"],
        "EventSource": record["eventSource"],
        "EventTime": datetime.fromisoformat(record["eventTime"]).timestamp(),
        "Username": identity.get("userName") or issuer.get("userName", ""),
        "AccessKeyId": identity.get("accessKeyId", ""),
        "ReadOnly": str(record["readOnly"]).lower(),
        "Resources": [],
        "CloudTrailEvent": json.dumps(record),
    }
