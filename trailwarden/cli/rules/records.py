"""One record of a log file, as `FILE:INDEX` names it: for commands that look at a single record."""

import sys
from typing import NoReturn

import click

from trailwarden.cli.exits import Exit
from trailwarden.cli.inputs import inputs_of
from trailwarden.cli.tables import counted
from trailwarden.delivery.logfile import LogFileReader
from trailwarden.delivery.records import Record
from trailwarden.errors import LogFileUnavailable


def record_at(place: str) -> Record:
    """The record at `FILE:INDEX`, FILE a path or an `s3://` address, INDEX its place in `Records` from 0.

    Leaves with status 2 where there is none, and 3 where the file cannot be read.
    """
    address, _, index = place.rpartition(":")
    if not address or not index.isascii() or not index.isdigit():
        _leave(f"`{place}` names no record: write FILE:INDEX, such as log.json.gz:0", Exit.USAGE)
    try:
        return _read(address, int(index))
    except LogFileUnavailable as error:
        _leave(str(error), Exit.INCOMPLETE)


def _read(address: str, index: int) -> Record:
    files = list(inputs_of(address, _s3_client))
    if len(files) != 1:
        _leave(f"{address} is a folder: name one file in it", Exit.USAGE)
    try:
        with files[0].open() as stream:
            reader = LogFileReader(stream)
            found = next((record for number, record in reader.records() if number == index), None)
    except LogFileUnavailable as error:
        _leave(f"{address}: {error}", Exit.INCOMPLETE)
    if found is None and reader.defects:
        _leave(f"{address}: record {index} cannot be read", Exit.INCOMPLETE)
    if found is None:
        count = counted(reader.record_count, "record")
        _leave(f"{address} holds {count}, numbered from 0: there is no {index}", Exit.USAGE)
    return found


def _leave(message: str, status: Exit) -> NoReturn:
    click.echo(f"trailwarden: {message}", err=True)
    sys.exit(status)


def _s3_client() -> object:
    # botocore is loaded only where S3 is read.
    from trailwarden.aws.clients import client  # noqa: PLC0415

    return client("s3")
