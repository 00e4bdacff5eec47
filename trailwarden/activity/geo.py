"""Country and network of an address, from files that the operator supplies.

Any file in MaxMind's format will do (GeoLite2, DB-IP, IPinfo, …): https://maxmind.github.io/MaxMind-DB/
Nothing is said of an address that the files do not know, and nothing at all without a file.
"""

import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

from trailwarden.activity.model import Place
from trailwarden.activity.text import mapping, text
from trailwarden.errors import SettingsError
from trailwarden.safety.text import one_line


class Reader(Protocol):
    """An open file: `maxminddb.Reader`."""

    def get(self, ip_address: str) -> Any:
        """What the file says of an address; raises ValueError for what it cannot look up, and
        RuntimeError where the file is damaged."""


class GeoFiles:
    """`GeoLookup` over open files, of which each may know another part (countries, networks)."""

    def __init__(self, readers: Iterable[Reader]) -> None:
        self._readers = tuple(readers)

    def place(self, address: str) -> Place | None:
        """Country and network of a public address; None where no file knows it."""
        try:
            if not ipaddress.ip_address(address).is_global:
                return None
        except ValueError:
            return None
        country = network = None
        for reader in self._readers:
            try:
                found = mapping(reader.get(address))
            except (ValueError, RuntimeError):  # IPv6 in a file of IPv4 alone; a damaged file
                continue
            country = country or _country(found)
            network = network or _network(found)
        return Place(country, network) if country or network else None


def open_geo_files(paths: Iterable[Path]) -> GeoFiles | None:
    """The files, opened; None where there are none. Raises SettingsError for one that cannot be used."""
    wanted = list(paths)
    if not wanted:
        return None
    try:
        import maxminddb  # noqa: PLC0415 (only who has such a file needs the package)
    except ModuleNotFoundError:
        raise SettingsError(["a geo file needs the package maxminddb: pip install maxminddb"]) from None
    readers, problems = [], []
    for path in wanted:
        try:
            readers.append(maxminddb.open_database(path, maxminddb.MODE_AUTO))
        except (OSError, ValueError, maxminddb.InvalidDatabaseError) as error:
            problems.append(f"the geo file {path} cannot be used: {error}")
    if problems:
        raise SettingsError(problems)
    return GeoFiles(readers)


def _country(found: Mapping[str, Any]) -> str | None:
    """MaxMind and DB-IP: `country.names.en`, `country.iso_code`; IPinfo: `country` or `country_name`."""
    country = mapping(found.get("country"))
    return (
        text(mapping(country.get("names")), "en", limit=60)
        or text(country, "iso_code", limit=60)
        or text(found, "country_name", "country", limit=60)
    )


def _network(found: Mapping[str, Any]) -> str | None:
    """MaxMind: `autonomous_system_number` and `…_organization`; IPinfo: `asn` and `as_name`."""
    number = found.get("autonomous_system_number", found.get("asn"))
    name = text(found, "autonomous_system_organization", "as_name", "name", limit=60)
    if isinstance(number, int) and not isinstance(number, bool):
        number = f"AS{number}"
    shown = one_line(number, 20) if isinstance(number, str) and number else None
    return " ".join(part for part in (shown, name) if part) or None
