"""Country and network of an address, from a file in MaxMind's format that this test writes itself."""

import ipaddress
import struct
from pathlib import Path
from typing import Any

import pytest

from tests.samples import record
from trailwarden.activity.describe import describe
from trailwarden.activity.geo import GeoFiles, open_geo_files
from trailwarden.activity.model import Context, Place
from trailwarden.errors import SettingsError

pytest.importorskip("maxminddb", reason="the optional package maxminddb is not here")
ADDRESS = "8.8.8.8"


def _encoded(value: Any) -> bytes:
    """The data section's types: 2 text, 6 uint32, 7 map; 11, array, is an extended type."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, dict):
        pairs = [_encoded(name) + _encoded(entry) for name, entry in value.items()]
        return bytes([7 << 5 | len(value)]) + b"".join(pairs)
    if isinstance(value, list):
        return bytes([len(value), 11 - 7]) + b"".join(map(_encoded, value))
    if isinstance(value, int):
        return bytes([6 << 5 | 4]) + struct.pack(">I", value)
    text = str(value).encode()
    size = [2 << 5 | len(text)] if len(text) < 29 else [2 << 5 | 29, len(text) - 29]
    return bytes(size) + text


def _uint16(value: int) -> bytes:
    return bytes([5 << 5 | 2]) + struct.pack(">H", value)


def _uint64(value: int) -> bytes:
    return bytes([8, 9 - 7]) + struct.pack(">Q", value)


def write_geo_file(path: Path, address: str, data: dict[str, Any]) -> None:
    """A file that knows one IPv4 address: a tree of 32 nodes, one a bit, with records of 24 bits."""
    bits = int(ipaddress.IPv4Address(address))
    nothing, leaf = 32, 32 + 16
    tree = b""
    for node in range(32):
        following = leaf if node == 31 else node + 1
        pair = (nothing, following) if bits >> (31 - node) & 1 else (following, nothing)
        tree += b"".join(record.to_bytes(3, "big") for record in pair)
    metadata = {
        "node_count": 32,
        "record_size": _uint16(24),
        "ip_version": _uint16(4),
        "database_type": "Test",
        "binary_format_major_version": _uint16(2),
        "binary_format_minor_version": _uint16(0),
        "build_epoch": _uint64(1),
        "description": {},
        "languages": ["en"],
    }
    path.write_bytes(tree + bytes(16) + _encoded(data) + b"\xab\xcd\xefMaxMind.com" + _encoded(metadata))


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"country": {"iso_code": "IS", "names": {"en": "Iceland"}}}, Place("Iceland", None)),
        (
            {"autonomous_system_number": 64500, "autonomous_system_organization": "Example"},
            Place(None, "AS64500 Example"),
        ),
        ({"country": "IS", "asn": "AS64500", "as_name": "Example"}, Place("IS", "AS64500 Example")),
        ({"other": "x"}, None),
    ],
)
def test_a_file_tells_country_and_network(tmp_path: Path, data: dict[str, Any], place: Place | None) -> None:
    path = tmp_path / "geo.mmdb"
    write_geo_file(path, ADDRESS, data)
    geo = open_geo_files([path])
    assert geo is not None
    assert geo.place(ADDRESS) == place
    assert geo.place("8.8.8.9") is None
    assert geo.place("2001:4860:4860::8888") is None


def test_nothing_is_said_of_private_addresses_and_of_names() -> None:
    class Everywhere:
        def get(self, ip_address: str) -> Any:
            return {"country": "IS"}

    geo = GeoFiles([Everywhere()])
    assert geo.place("10.0.0.1") is None
    assert geo.place("not an address") is None
    assert describe(record(sourceIPAddress="1.1.1.1"), Context(geo=geo)).origin.country == "IS"


def test_without_files_there_is_no_lookup() -> None:
    assert open_geo_files([]) is None


def test_files_that_cannot_be_used_are_named_at_once(tmp_path: Path) -> None:
    damaged = tmp_path / "damaged.mmdb"
    damaged.write_bytes(b"no geo file")
    with pytest.raises(SettingsError) as caught:
        open_geo_files([damaged, tmp_path / "missing.mmdb"])
    assert len(caught.value.problems) == 2
