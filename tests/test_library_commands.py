"""`vidkit library move` and `add`, `vidkit stats`: as a user sees them."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo import MongoClient

from vidkit.batch.failures import Failure, Failures
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.library import LibraryEntry, open_library, open_library_at
from vidkit.rows import Row

from .mongod import mongod
from .records import make_record

Capture = pytest.CaptureFixture[str]
PASSWORD = "s3cr-t"


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A real server that asks for a password; its URI."""
    with mongod(tmp_path_factory.mktemp("guarded"), "--auth") as address:
        with MongoClient[dict[str, object]](address) as client:
            client.admin.command("createUser", "me", pwd=PASSWORD, roles=["root"])
        yield f"mongodb://me:{PASSWORD}@{address}/"


def fill(number: int) -> None:
    folder = Path("processed_videos").absolute()
    with open_library(load_config()) as library:
        library.save_all(LibraryEntry(make_record(f"{n:04d}.mp4", scenes=["rain"]), folder) for n in range(number))


def names(place: str) -> list[str]:
    with open_library_at(place, load_config()) as library:
        return [stored.record["filename"] for stored in library.records()]


def test_a_library_is_moved_to_mongodb_and_back_and_says_what_to_set(
    guarded: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(30)
    before = names("library.db")
    assert main(["library", "move", "--to", guarded]) == 0
    said = capsys.readouterr().err
    assert "30 records are in mongodb://127.0.0.1" in said
    assert f"{Path('library.db').absolute()} stays as it is" in said
    assert "write the URI that you gave to --to as URI under [MongoDB] in config.ini" in said
    assert PASSWORD not in said
    assert names(guarded) == names("library.db") == before
    monkeypatch.setenv("VIDKIT_MONGODB_URI", guarded)
    assert main(["library", "move", "--to", "new/back.db"]) == 0
    said = capsys.readouterr().err
    assert (
        f"write Path = {Path('new/back.db').absolute()} under [Library] in config.ini and leave URI under" in said
    )
    assert names("new/back.db") == before
    assert main(["library", "move", "--to", guarded]) == 2
    assert "is the library that is configured: name another one" in capsys.readouterr().err


def test_a_wrong_address_is_named_without_its_password(guarded: str, capsys: Capture) -> None:
    fill(1)
    for place, said in (
        (guarded.replace(PASSWORD, PASSWORD + "x"), "the user name or the password"),
        ("mongodb://me:s3cr-t@127.0.0.1:1/?serverSelectionTimeoutMS=200", "does not answer"),
        ("mongodb://me:s3cr-t@127.0.0.1:x/", "Write mongodb:// and then user:password@host:27017/"),
    ):
        assert main(["library", "move", "--to", place]) == 2
        shown = capsys.readouterr().err
        assert said in shown
        assert "s3cr" not in shown
    Path("text.db").write_text("some text, and no library")
    assert main(["library", "move", "--to", "text.db"]) == 2
    assert "text.db is not a SQLite database" in capsys.readouterr().err
    assert Path("text.db").read_text() == "some text, and no library"


KILLED_AT_RECORD_3000 = """
import os, signal, sys
from vidkit import library
from vidkit.cli import main
with_progress = library._with_progress
def killed(*words):
    for number, entry in enumerate(with_progress(*words)):
        if number == 3000:
            os.kill(os.getpid(), signal.SIGKILL)
        yield entry
library._with_progress = killed
main(sys.argv[1:])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills as POSIX does")
def test_a_move_that_was_killed_is_done_again_and_keeps_what_else_is_there() -> None:
    fill(4000)
    with open_library_at("other.db", load_config()) as other:
        other.save(make_record("mine.mp4"), Path.cwd())
        move = [sys.executable, "-c", KILLED_AT_RECORD_3000, "library", "move", "--to", "other.db"]
        assert subprocess.run(move).returncode == -signal.SIGKILL
        assert 1 < other.stats().videos < 4001
        assert main(["library", "move", "--to", "other.db"]) == 0
    assert names("other.db") == ["mine.mp4", *names("library.db")]


def test_a_lost_library_is_built_again_from_the_records(capsys: Capture) -> None:
    folder = Path("results")
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / f"{name}.json").write_text(json.dumps(make_record(name)))
    (folder / "half.mp4.json").write_text(json.dumps(make_record("half.mp4"))[:99])
    for _ in range(2):
        assert main(["library", "add", "results", "--log_level", "ERROR"]) == 0
        assert capsys.readouterr().err.startswith("2 records of results are in ")
    assert names("library.db") == ["a.mp4", "b.mp4"]
    assert main(["library", "add", "nowhere"]) == 2
    assert "nowhere cannot be read: no such folder" in capsys.readouterr().err


def test_options_stand_before_the_action_and_after_it() -> None:
    Path("my.ini").write_text("[Library]\nPath = mine.db\n")
    Path("results").mkdir()
    (Path("results") / "a.mp4.json").write_text(json.dumps(make_record("a.mp4")))
    for words in (["--config", "my.ini", "add", "results"], ["add", "results", "--config", "my.ini"]):
        assert main(["library", *words]) == 0
        assert names("mine.db") == ["a.mp4"]
        Path("mine.db").unlink()
    assert not Path("library.db").exists()


# stats


def fill_kinds() -> None:
    records = [
        make_record(
            "a.mp4", tags=["Night", "Rain"], classification="Sports", duration=5.0, qwen_description="goal"
        ),
        make_record("b.mp4", tags=["Night"], classification="Action", duration=59.9),
        make_record("c.mp4", classification="Action", duration=7200.0, resolution="3840x2160"),
    ]
    with open_library(load_config()) as library:
        library.save_all(LibraryEntry(record, Path.cwd()) for record in records)


def fail(*reasons: tuple[str, str]) -> None:
    folder = Path("processed_videos")
    folder.mkdir(exist_ok=True)
    failures = Failures(folder)
    for line, (stage, reason) in enumerate(reasons, 2):
        row = Row(line, f"https://me:pw@a.example/{line}.mp4", file_name=f"{line}.mp4")
        failures.add(Failure(row, stage, reason.format(line)))
    failures.write(lambda url: False)


def test_stats_are_of_the_videos_that_a_search_finds(capsys: Capture) -> None:
    fill_kinds()
    for words, videos in (
        ([], 3),
        (["goal"], 1),
        (["night"], 2),
        (["night", "-rain"], 1),
        (["--tag", "night"], 2),
        (["--class", "action", "--min-duration", "1:00"], 1),
        (["--resolution", "4K"], 1),
        (["nothing"], 0),
    ):
        assert main(["stats", "--json", *words]) == 0
        assert json.loads(capsys.readouterr().out)["videos"] == videos, words


def test_stats_count_durations_and_failures_by_stage_and_reason(capsys: Capture) -> None:
    fill_kinds()
    away = ("download", "https://a.example/{}.mp4: 404 Not Found")
    fail(away, away, ("probe", "{}.mp4: moov atom not found"))
    assert main(["stats"]) == 0
    said = capsys.readouterr().out
    assert "durations\n         1  under 10 s\n         1  30 s - 1 min\n         1  1 h and more\n" in said
    assert said.endswith(
        "failures of the last run\n         2  download: 404 Not Found\n         1  probe: moov atom not found\n"
    )
    assert main(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["failures"] == [
        {"stage": "download", "reason": "404 Not Found", "videos": 2},
        {"stage": "probe", "reason": "moov atom not found", "videos": 1},
    ]
    assert main(["stats", "--tag", "night"]) == 0
    assert "failures" not in capsys.readouterr().out  # of those nobody knows whether they are such


def test_stats_by_a_key_are_the_balance_of_a_dataset(capsys: Capture) -> None:
    with open_library(load_config()) as library:
        for number, label in enumerate(["walk", "walk", "run", " walk ", ""]):
            clips: list[Any] = ["one", "two"][: number % 3]
            columns = {"Label": label} if label else {}
            library.save(make_record(f"{number}.mp4", columns=columns, segments=clips), Path("/x"))
    assert main(["stats", "--by", "label", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["by"] == "label"
    assert said["values"] == [
        {"value": "walk", "videos": 3, "clips": 1, "seconds": 180.0},
        {"value": None, "videos": 1, "clips": 1, "seconds": 60.0},
        {"value": "run", "videos": 1, "clips": 2, "seconds": 60.0},
    ]
    assert main(["stats", "--by", "label", "--where", "label=run", "--top", "1"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[-2:]] == [["videos", "clips", "length"], ["1", "2", "1:00", "run"]]
    for key, value in (("audio.codec", "aac"), ("codec", "h264"), ("class", "Unclassified"), ("width", "1280")):
        assert main(["stats", "--by", key, "--json"]) == 0
        (only,) = json.loads(capsys.readouterr().out)["values"]
        assert (only["value"], only["videos"]) == (value, 5)
    assert main(["stats", "--by", "lable"]) == 2
    assert "--by lable: no video has such a column or key; did you mean Label?" in capsys.readouterr().err


def test_stats_are_drawn(capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    fill_kinds()
    odd = [f"a tag ${n}^{{x}} with \x1b[31m {'very ' * 20}long" for n in range(30)]
    with open_library(load_config()) as library:
        library.save(make_record("odd.mp4", tags=odd, classification="$\\frac{1}{"), Path.cwd())
    assert main(["stats", "--plot", "pictures/stats.png"]) == 0
    picture = Path("pictures/stats.png").read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert (int.from_bytes(picture[16:20], "big"), int.from_bytes(picture[20:24], "big")) == (1600, 1200)
    assert main(["stats", "--plot", "stats.svg"]) == 0
    assert "<svg" in Path("stats.svg").read_text()
    assert main(["stats", "--plot", "stats.docx"]) == 2
    assert "stats.docx is not an image format; name it .png" in capsys.readouterr().err


def test_a_balance_is_drawn(capsys: Capture) -> None:
    pytest.importorskip("matplotlib")
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4", columns={"label": "walk"}), Path("/x"))
    assert main(["stats", "--by", "label", "--plot", "label.svg"]) == 0
    assert main(["stats", "--plot", "all.svg"]) == 0
    assert 0 < Path("label.svg").stat().st_size < Path("all.svg").stat().st_size


def test_an_empty_library_is_drawn_too() -> None:
    pytest.importorskip("matplotlib")
    open_library(load_config()).close()
    assert main(["stats", "--plot", "stats.png"]) == 0
    assert Path("stats.png").stat().st_size > 1000


def test_without_matplotlib_the_command_says_how_to_get_it(tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"  # a real package that cannot be imported, before the real one
    hidden.mkdir()
    (hidden / "matplotlib.py").write_text("raise ImportError('not here')")
    open_library(load_config()).close()
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(hidden), *sys.path])}
    done = subprocess.run(
        [sys.executable, "-m", "vidkit", "stats", "--plot", "s.png"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 2
    assert re.search(r"--plot needs matplotlib: pip install '?matplotlib(>=[0-9.]+')?$", done.stderr.strip())


# search


def test_what_is_typed_after_search_is_a_search(capsys: Capture) -> None:
    fill_kinds()
    for words, found in (
        (["night"], ["a.mp4", "b.mp4"]),
        (["night", "-rain"], ["b.mp4"]),
        (["-house", "-rain", "night", "--limit", "5"], ["b.mp4"]),
        (['"night rain"'], []),
        (["night OR goal", "-b"], ["a.mp4"]),
        (["ni*", "-ra*", "--sort", "name"], ["b.mp4"]),
    ):
        assert main(["search", "--json", *words]) == 0
        names = {json.loads(line)["filename"] for line in capsys.readouterr().out.splitlines()}
        assert sorted(names) == found, words
    assert main(["search", "-h"]) == 0
    assert "exact phrase" in capsys.readouterr().out
