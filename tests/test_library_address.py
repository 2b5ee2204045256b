"""Which library is meant: a file, or a MongoDB URI, whose password no message and no file name shows."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import LibraryError
from vidkit.library import BACKENDS, open_library, open_library_at
from vidkit.library.backends import backend_of

from .mongod import mongod
from .records import make_record

Capture = pytest.CaptureFixture[str]
WRONG = ("mongo://user:geheim@host/db", "mysql://user:geheim@host/db", "file://geheim@x")


def nothing_shows_it(said: str) -> None:
    assert "geheim" not in said
    assert not [path for path in Path().rglob("*") if "geheim" in str(path)]


@pytest.mark.parametrize("place", WRONG)
def test_an_address_of_something_else_is_refused_without_its_password(place: str, capsys: Capture) -> None:
    assert main(["library", "move", "--to", place]) == 2
    said = capsys.readouterr().err
    assert "mongodb://" in said
    assert "mongodb+srv://" in said
    nothing_shows_it(said)
    Path("config.ini").write_text(f"[Library]\nPath = {place}\n")
    for command in ("stats", "doctor"):
        assert main([command]) in (1, 2)
        shown = capsys.readouterr()
        assert "is URI under [MongoDB]" in shown.out + shown.err
        nothing_shows_it(shown.out + shown.err)
    Path("config.ini").write_text(f"[MongoDB]\nURI = {place}\n")
    assert main(["stats"]) == 2
    assert "geheim" not in capsys.readouterr().err


def test_a_mongodb_uri_without_its_scheme_does_not_become_a_file(capsys: Capture) -> None:
    Path("config.ini").write_text("[MongoDB]\nURI = user:geheim@host/db\n")
    assert main(["stats"]) == 2
    said = capsys.readouterr().err
    assert "[MongoDB] URI begins with mongodb:// or mongodb+srv://" in said
    nothing_shows_it(said)


@pytest.mark.parametrize("scheme", ["MONGODB", "MongoDB", "mongodb+SRV"])
def test_a_scheme_is_one_in_any_case(scheme: str, capsys: Capture) -> None:
    place = f"{scheme}://me:geheim@127.0.0.1:1/?serverSelectionTimeoutMS=200"
    assert backend_of(place) is BACKENDS["mongodb"]
    open_library_at("library.db", load_config()).close()
    assert main(["library", "move", "--to", place]) == 2
    said = capsys.readouterr().err
    assert f"{scheme.lower()}://" in said
    nothing_shows_it(said)


def test_a_server_is_reached_whatever_case_its_scheme_is_in(tmp_path: Path) -> None:
    with (
        mongod(tmp_path / "data") as address,
        open_library_at(f"MONGODB://{address}/", load_config()) as library,
    ):
        library.save(make_record("a.mp4"), Path.cwd())
        assert library.stats().videos == 1


def test_files_are_opened_as_they_are_called() -> None:
    for place in ("mongodb", "a:b.db", "sub/mongodb+srv.db"):
        assert backend_of(place) is BACKENDS[""]
        open_library_at(place, load_config()).close()
        assert Path(place).is_file()
    open_library_at(Path("x.db").absolute(), load_config()).close()
    with pytest.raises(LibraryError, match=r"^mysql:// is not a library"):
        open_library_at("mysql://x", load_config())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["library", "move", "--to", ""], "--to is empty"),
        (["library", "move", "--to", " "], "--to is empty"),
        (["library", "add", ""], "FOLDER is empty"),
        (["export", "", "--format", "csv"], "DIRECTORY is empty"),
    ],
)
def test_an_empty_argument_is_named(words: list[str], said: str, capsys: Capture) -> None:
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4"), Path.cwd())
    before = sorted(Path().iterdir())
    assert main(words) == 2
    assert said in capsys.readouterr().err
    assert sorted(Path().iterdir()) == before


def test_where_records_are_is_said_if_the_folder_has_none(capsys: Capture) -> None:
    Path("processed_videos").mkdir()
    Path("processed_videos/a.mp4.json").write_text(json.dumps(make_record("a.mp4")))
    assert main(["library", "add", "."]) == 0
    said = capsys.readouterr().err
    assert "0 records" in said
    assert "they are the .json files in processed_videos" in said
    Path("a.json").write_text("{}")
    assert main(["library", "add", "a.json"]) == 2
    assert "a.json is a file: give the folder" in capsys.readouterr().err
