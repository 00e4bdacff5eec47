"""Where a call came from, and with which tool."""

from trailwarden.activity.model import GeoLookup, Origin
from trailwarden.activity.services import CONSOLE_PRINCIPALS, is_service, service_name
from trailwarden.activity.text import mapping, text
from trailwarden.activity.tools import tool_of
from trailwarden.delivery.records import Record
from trailwarden.safety.text import one_line

_AGENT_LIMIT = 300


def origin_of(record: Record, geo: GeoLookup | None = None) -> Origin:
    """The origin; `geo` tells country and network of a public address, where it knows them."""
    stated = text(record, "sourceIPAddress")
    by_service = stated is not None and is_service(stated)
    address = None if by_service else stated
    invoked_by = text(mapping(record.get("userIdentity")), "invokedBy")
    service = stated if by_service else invoked_by if invoked_by and is_service(invoked_by) else None
    if service in CONSOLE_PRINCIPALS and address is not None:
        service = None
    agent = record.get("userAgent")
    agent = agent if isinstance(agent, str) and agent else None
    tool = tool_of(agent, from_console=_from_console(record, invoked_by))
    endpoint = text(record, "vpcEndpointId")  # of a service's own VPC it is `AWS Internal`, or the service
    place = geo.place(address) if geo is not None and address is not None else None
    return Origin(
        address=address,
        aws_service=service_name(service) if service else None,
        vpc_endpoint=endpoint if endpoint and not is_service(endpoint) else None,
        region=text(record, "awsRegion"),
        tool=tool.name,
        attack_tool=tool.attack,
        country=place.country if place else None,
        network=place.network if place else None,
        user_agent=one_line(agent, _AGENT_LIMIT) if agent else None,
    )


def _from_console(record: Record, invoked_by: str | None) -> bool:
    return (
        record.get("sessionCredentialFromConsole") in ("true", True)
        or record.get("eventType") in ("AwsConsoleSignIn", "AwsConsoleAction")
        or invoked_by in CONSOLE_PRINCIPALS
    )
