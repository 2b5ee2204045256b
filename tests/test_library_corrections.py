"""What a person said outlives `vidkit library add` and `move`: of two corrections the later counts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.stores import LocalStore
from vidkit.export import export_to_json, read_record
from vidkit.library import LibraryEntry, add_folder, copy_library, open_library, open_library_at
from vidkit.record import Record

from .mongod import mongod
from .postgresql import Server
from .records import make_record

Capture = pytest.CaptureFixture[str]


def corrected(name: str, at: str | None, classification: str, **changes: Any) -> Record:
    """A record as `vidkit label` leaves it, with `at` the day of January on which somebody said its class."""
    said = at and {"classification": classification, "add_tags": [classification], "remove_tags": [],
                   "at": f"2026-01-{at}T00:00:00Z"}  # fmt: skip
    record = make_record(name, corrections=said, classification=classification, tags=[classification], **changes)
    record["processing"]["stages"]["tag"]["fingerprint"] = f"{classification}{at}"
    return record


HERE = {
    "later.mp4": corrected("later.mp4", "20", "Here"),
    "earlier.mp4": corrected("earlier.mp4", "05", "Here"),
    "alone.mp4": corrected("alone.mp4", "05", "Here"),
    "other.mp4": corrected("other.mp4", "20", "Here", sha256="1" * 64),
    "unsaid.mp4": corrected("unsaid.mp4", None, "Here"),
}
COMES = {
    "later.mp4": corrected("later.mp4", "10", "There", qwen_description="new words"),
    "earlier.mp4": corrected("earlier.mp4", "10", "There"),
    "alone.mp4": corrected("alone.mp4", None, "There"),
    "other.mp4": corrected("other.mp4", None, "There", sha256="2" * 64),
    "unsaid.mp4": corrected("unsaid.mp4", None, "There"),
    "new.mp4": corrected("new.mp4", "10", "There"),
}
STAYS = ["later.mp4", "alone.mp4"]


def check(found: dict[str, Record]) -> None:
    for name, record in found.items():
        stays = HERE[name] if name in STAYS else COMES[name]
        for key in ("corrections", "tags", "classification"):
            assert record[key] == stays[key], name
        assert record["processing"]["stages"]["tag"] == stays["processing"]["stages"]["tag"]
        assert record["qwen_description"] == COMES[name]["qwen_description"]
    assert found.keys() == COMES.keys()


def write(folder: str) -> None:
    for record in COMES.values():
        export_to_json(record, folder)


@pytest.mark.parametrize("home", ["sqlite", "mongodb", "postgresql"])
def test_the_later_correction_stays_in_the_library(
    home: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if home == "sqlite":
        _add_and_copy("one.db", "two.db")
    elif home == "postgresql":
        server: Server = request.getfixturevalue("postgres")
        _add_and_copy(server.uri(server.new_database()), "two.db")
    else:
        with mongod(tmp_path / "data") as address:
            _add_and_copy(f"mongodb://{address}/", "two.db")


def _add_and_copy(place: str, source: str) -> None:
    write("results")
    with open_library_at(place, load_config()) as library, open_library_at(source, load_config()) as other:
        other.save_all(LibraryEntry(record, Path("results").absolute()) for record in COMES.values())
        for way in ("add", "copy"):
            library.save_all(LibraryEntry(record, Path.cwd()) for record in HERE.values())
            kept: list[LibraryEntry] = []
            if way == "add":
                assert add_folder(library, "results", kept=kept.append) == 6
            else:
                assert copy_library(other, library, kept=kept.append) == 6
            check({each.record["filename"]: each.record for each in library.records()})
            assert sorted(each.record["filename"] for each in kept) == sorted(STAYS)
            assert {each.folder.name for each in library.records()} == {"results"}


@pytest.mark.parametrize("command", ["add", "move"])
def test_what_is_kept_is_counted_and_stands_in_the_json_too(command: str, capsys: Capture) -> None:
    write("results")
    place = "library.db" if command == "add" else "other.db"
    with open_library_at(place, load_config()) as target:
        target.save_all(LibraryEntry(record, Path.cwd()) for record in HERE.values())
    if command == "move":
        with open_library(load_config()) as source:
            source.save_all(LibraryEntry(record, Path("results").absolute()) for record in COMES.values())
    words = ["add", "results"] if command == "add" else ["move", "--to", "other.db"]
    assert main(["library", *words]) == 0
    said = capsys.readouterr().err
    assert "2 of them keep the corrections that were there already" in said
    assert "; their JSON records have them now too" in said
    for name in COMES:
        record = read_record(LocalStore(Path("results")), name)
        assert record is not None
        assert record["classification"] == ("Here" if name in STAYS else "There")
    assert main(["library", *words]) == 0
    assert ("keep the corrections" in capsys.readouterr().err) == (command == "move")  # a source stays as it is
