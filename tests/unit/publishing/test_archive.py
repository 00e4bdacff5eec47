"""Archives of rule folders: the same bytes for the same files, and no trust in anybody's."""

import struct
import zipfile
from contextlib import suppress
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trailwarden.errors import RuleError
from trailwarden.publishing import archive
from trailwarden.publishing.archive import digest, pack, pack_sources, unpack, unpack_sources
from trailwarden.rules.folder import MAX_FILES

FILES = {"a.yml": b"a: 1\n", "aws/b.yaml": b"b: 2\n"}


def zipped(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive with these entries, whatever their names."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries:
            made.writestr(zipfile.ZipInfo(name), content, method)
    return buffer.getvalue()


def problems(data: bytes) -> list[str]:
    with pytest.raises(RuleError) as caught:
        unpack("s.zip", data)
    return [str(problem) for problem in caught.value.problems]


def test_the_same_files_give_the_same_bytes_in_any_order() -> None:
    assert pack(FILES) == pack(dict(reversed(FILES.items())))
    assert unpack("s.zip", pack(FILES)).files == FILES
    assert digest(FILES) == digest(dict(reversed(FILES.items())))


def test_a_digest_tells_a_paths_end_from_a_contents_beginning() -> None:
    assert len({digest({"ab": b"c"}), digest({"a": b"bc"}), digest({"a": b"b", "c": b""}), digest({})}) == 4


def test_sources_hold_both_layers_even_where_paths_are_the_same() -> None:
    shipped, team = {"a.yml": b"1"}, {"a.yml": b"2", "shipped/x.yml": b"3"}
    assert unpack_sources(pack_sources(shipped, team)) == (shipped, team)


@pytest.mark.parametrize(
    "path",
    [
        "../a.yml",
        "/etc/a.yml",
        "a/../../b.yml",
        "a\\b.yml",
        "C:a.yml",
        "a//b.yml",
        "./a.yml",
        "a\x1b.yml",
        " /a.yml",
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str) -> None:
    (problem,) = problems(zipped((path, b"x")))
    assert "name the file plainly" in problem


def test_what_is_no_yaml_is_passed_over_and_named() -> None:
    data = zipped(("a.yml", b"x"), ("README.md", b"x"), ("folder/", b""))
    assert unpack("s.zip", data) == archive.Unpacked({"a.yml": b"x"}, ("README.md",))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_path_that_stands_twice_is_refused() -> None:
    assert "a.yml:1:1: the path stands twice" in problems(zipped(("a.yml", b"x"), ("a.yml", b"y")))[0]


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zipped(("a.yml", b"\0" * (3 << 20)))
    assert len(bomb) < 10_000
    assert "a.yml:1:1: larger than 2 MiB" in problems(bomb)[0]


def test_many_bombs_are_not_unpacked_either() -> None:
    data = zipped(*((f"{n}.yml", b"\0" * (2 << 20)) for n in range(17)))
    assert problems(data)[-1].startswith("s.zip:1:1: the archive's files are too large together")


def test_a_size_that_lies_is_not_believed() -> None:
    """The central directory says 1 byte; the data unpack to more."""
    data = bytearray(zipped(("a.yml", b"\0" * (3 << 20))))
    place = data.rindex(b"PK\x01\x02")
    struct.pack_into("<L", data, place + 24, 1)
    assert problems(bytes(data))


def test_too_many_files_and_entries_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    data = zipped(*((f"{n}.yml", b"") for n in range(MAX_FILES + 1)))
    assert "the archive holds too many files" in problems(data)[0]
    monkeypatch.setattr(archive, "_MAX_ENTRIES", 3)
    assert "the archive holds 4 entries" in problems(zipped(*((f"{n}.md", b"") for n in range(4))))[0]


def test_methods_that_are_rarely_read_are_refused() -> None:
    assert "packed by a method" in problems(zipped(("a.yml", b"x"), method=zipfile.ZIP_LZMA))[0]


@given(st.binary(max_size=200))
def test_bytes_that_are_no_archive_are_refused(data: bytes) -> None:
    assert "not a ZIP archive" in problems(data)[0]


@given(st.data())
def test_a_damaged_archive_is_refused_or_read(data: st.DataObject) -> None:
    damaged = bytearray(pack(FILES))
    for _ in range(data.draw(st.integers(1, 8))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    with suppress(RuleError):  # and nothing else
        unpack("s.zip", bytes(damaged))
