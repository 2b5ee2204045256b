from __future__ import annotations

import logging
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path

import pytest

from vidkit.core import (
    ensure_directory,
    load_priority_keywords,
    printable,
    setup_logging,
    shown_url,
    write_whole,
)
from vidkit.errors import ConfigError, OutputError

log = logging.getLogger("vidkit.test")


def test_no_control_character_reaches_the_screen() -> None:
    assert printable("a\x1b[31m.mp4\x07\u202etxt\n\x9b") == "a?[31m.mp4??txt ?"
    assert printable("naïve 视频.mp4") == "naïve 视频.mp4"


def test_a_url_is_shown_without_its_password() -> None:
    assert shown_url("https://me:pw@host:80/v.mp4?x=1") == "https://host:80/v.mp4?x=1"
    assert shown_url("https://host/a@b") == "https://host/a@b"
    assert shown_url("http://[broken") == "http://[broken"


def test_the_traceback_is_in_the_log_and_not_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    setup_logging("my.log", hidden=["hush"])
    try:
        raise RuntimeError("inside hush")
    except RuntimeError:
        log.error("it broke: %s", "hush\x1b[0m https://u:p@h/", exc_info=True)
    screen = capsys.readouterr().err
    assert screen == "ERROR: it broke: ***?[0m https://h/\n"
    file = Path("my.log").read_text()
    assert "Traceback" in file
    assert "RuntimeError: inside ***" in file
    assert "hush" not in file
    setup_logging(None)


def test_a_traceback_is_formatted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes most of the time of a row that fails."""
    formatted = []
    whole = logging.Formatter.formatException
    monkeypatch.setattr(
        logging.Formatter, "formatException", lambda *arguments: formatted.append(1) or whole(*arguments)
    )
    setup_logging("my.log")
    for number in range(2):
        try:
            raise RuntimeError(f"number {number}")
        except RuntimeError:
            log.info("it broke", exc_info=True)
    setup_logging(None)
    assert len(formatted) == 2
    lines = Path("my.log").read_text().splitlines()
    assert [line for line in lines if line.startswith("RuntimeError")] == [
        "RuntimeError: number 0",
        "RuntimeError: number 1",
    ]


def test_a_log_that_cannot_be_written_is_said() -> None:
    Path("file").write_text("")
    with pytest.raises(OutputError, match="LogFile"):
        setup_logging("file/my.log")
    setup_logging(None)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_log_on_a_full_disk_is_said_once_and_the_work_goes_on(capfd: pytest.CaptureFixture[str]) -> None:
    setup_logging("/dev/full", level="DEBUG")
    for number in range(5):
        log.info("a line that is longer than any buffer %d %s", number, "x" * 20_000)
    log.warning("this is seen")
    setup_logging(None)
    said = capfd.readouterr().err
    assert said == (
        "WARNING: the log file /dev/full cannot be written: No space left on device. The run continues.\n"
        "WARNING: this is seen\n"
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_screen_that_cannot_be_written_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with suppress(OSError), open("/dev/full", "w", buffering=1) as full:
        monkeypatch.setattr(sys, "stderr", full)
        setup_logging(None)
        log.warning("nobody sees this")
        Path("went on").touch()
    assert Path("went on").exists()


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    write_whole(path, "first")
    with pytest.raises(OutputError, match="cannot be written"):
        write_whole(tmp_path / "missing" / "record.json", "second")
    write_whole(path, "Ünïcode")
    assert path.read_text(encoding="utf-8") == "Ünïcode"
    assert os.listdir(tmp_path) == ["record.json"]
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600


def test_a_file_in_the_place_of_a_folder_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="is a file"):
        ensure_directory(tmp_path / "file")
    assert ensure_directory(tmp_path / "a" / "b").is_dir()


def test_priority_keywords_are_read_from_both_forms_and_may_be_missing() -> None:
    assert load_priority_keywords() == []
    Path("priority_keywords.json").write_text('{"priority_keywords": ["Aerial Shot", " Close-up "]}')
    assert load_priority_keywords() == ["Aerial Shot", "Close-up"]
    Path("list.json").write_text('["a"]')
    assert load_priority_keywords("list.json") == ["a"]
    for text in ("{", '{"keywords": []}', '{"priority_keywords": [1]}'):
        Path("wrong.json").write_text(text)
        with pytest.raises(ConfigError, match=r"wrong\.json"):
            load_priority_keywords("wrong.json")
