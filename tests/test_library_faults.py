"""What a user sees if a library is away, is no library, or gets nonsense. Real files, a real mongod."""

from __future__ import annotations

import json
import logging
import sqlite3
from pathlib import Path

import pytest
from pymongo import MongoClient

from vidkit import process_video_pipeline
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.library import open_library
from vidkit.library.sqlite.file import SCHEMA
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .mongod import mongod
from .ports import free_port
from .records import make_record

Capture = pytest.CaptureFixture[str]
PASSWORD = "s3cr-t"


def test_a_server_that_is_away_is_said_before_any_work(
    make_video: MakeVideo, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri = f"mongodb://me:{PASSWORD}@127.0.0.1:{free_port()}/?serverSelectionTimeoutMS=200"
    monkeypatch.setenv("VIDKIT_MONGODB_URI", uri)
    for words in (["process", "--describe", "none", "--urls", str(make_video())], ["search", "rain"], ["stats"]):
        assert main(words) == 2
        said = capsys.readouterr().err
        assert "does not answer" in said
        assert "See that the server runs and [MongoDB] URI is right" in said
        assert PASSWORD not in said
    assert list(Path("processed_videos").glob("*.json")) == []
    assert PASSWORD not in Path("video_processing.log").read_text()


def test_a_wrong_password_stands_in_no_message_and_no_log(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    with mongod(tmp_path / "data", "--auth") as address:
        with MongoClient[dict[str, object]](address) as client:
            client.admin.command("createUser", "me", pwd=PASSWORD, roles=["root"])
        monkeypatch.setenv("VIDKIT_MONGODB_URI", f"mongodb://me:{PASSWORD}-wrong@{address}/")
        assert main(["process", "--urls", "a.mp4", "--log_level", "DEBUG"]) == 2
        said = capsys.readouterr().err
        assert "the user name or the password in [MongoDB] URI is wrong" in said
    assert PASSWORD not in said + Path("video_processing.log").read_text()


def test_records_of_a_run_without_its_server_are_stored_when_it_is_back(
    make_video: MakeVideo, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    uri = f"mongodb://127.0.0.1:{port}/?serverSelectionTimeoutMS=1500"
    config = load_config(environment={"VIDKIT_MONGODB_URI": uri})
    for name in ("before.mp4", "after.mp4"):
        Path(name).write_bytes(make_video().read_bytes())
    server = mongod(tmp_path / "data", port=port)
    with server, open_run(config, level="none") as run:
        done = process_video_pipeline("before.mp4", run=run)
        server.__exit__(None, None, None)
        assert process_video_pipeline("before.mp4", run=run) == done  # what is done is no failure
        with caplog.at_level(logging.WARNING):
            process_video_pipeline("after.mp4", run=run)
        assert "after.mp4 is in its JSON but not in the library, until the next run" in caplog.text
        record = json.loads(Path("processed_videos/after.mp4.json").read_text())
    with mongod(tmp_path / "data", port=port), open_run(config, level="none") as run:
        assert run.library.find("before.mp4")
        assert run.library.find("after.mp4") == []
        assert process_video_pipeline("after.mp4", run=run) == record  # nothing is done again
        assert run.library.find("after.mp4")[0].record == record


def test_a_file_that_is_no_library_is_named_and_left_alone(capsys: Capture) -> None:
    newer = sqlite3.connect("newer.db")
    with open_library(load_config(environment={"VIDKIT_LIBRARY_PATH": "newer.db"})):
        newer.execute(f"PRAGMA user_version = {SCHEMA + 1}")
    newer.close()
    Path("text.db").write_text("a text of some length, which is no database" * 100)
    for name, said in (("text.db", "is not a SQLite database"), ("newer.db", "was made by a newer vidkit")):
        Path("config.ini").write_text(f"[Library]\nPath = {name}\n")
        before = Path(name).read_bytes()
        for words in (["search", "rain"], ["stats"], ["label", "a.mp4", "--class", "A"], ["library", "add", "."]):
            assert main(words) == 2
            assert said in capsys.readouterr().err
        assert Path(name).read_bytes() == before


HOSTILE = ['"', '"""', "'", "$where", '{"$where": "sleep(1000)"}', "'; DROP TABLE videos; --", "-$gt", "*", "\0"]


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_is_typed_at_a_search_is_never_an_error_of_the_database(typed: str, capsys: Capture) -> None:
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4", scenes=["rain"]), Path.cwd())
    for words in ([typed], ["rain", typed], [typed, "--tag", typed], ["--where", f"{typed}={typed}"]):
        code = main(["search", *words])
        said = capsys.readouterr().err
        assert code == 0 or (code == 2 and ("no letter and no digit" in said or "KEY=VALUE" in said)), said
    assert main(["search", "rain"]) == 0
    assert capsys.readouterr().out.startswith("a.mp4")


def test_ten_thousand_characters_are_answered_or_named(capsys: Capture) -> None:
    assert main(["search", "rain " * 2000]) == 2
    assert "a search takes 100 words at most, this one has 2000" in capsys.readouterr().err
    assert main(["search", "x" * 10_000]) == 2
    assert "100 words at most" in capsys.readouterr().err
    open_library(load_config()).close()
    for words in (["--tag", "x" * 10_000], ["--where", "a=" + "b" * 10_000], ["--class", "'\"" * 5_000]):
        assert main(["search", *words]) == 0
        assert main(["stats", *words]) == 0
