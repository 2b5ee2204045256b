"""What a person sees while a CSV is processed, on a real terminal (a pty) and elsewhere."""

from __future__ import annotations

import contextlib
import os
import re
import struct
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from vidkit.batch import NullReporter, process_rows
from vidkit.cli.screen import Screen
from vidkit.core.config import load_config
from vidkit.core.terminal import width_of
from vidkit.rows import Filters, IgnoredRow, Row
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server


def on_a_terminal(*words: str, columns: int = 60, term: str = "xterm", stdout: str = "") -> str:
    """Run vidkit on a terminal of this width; all that it writes there, escape sequences too."""
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": term}
    environment.pop("COLUMNS", None)
    seen: list[bytes] = []

    def read() -> None:
        while True:
            try:
                seen.append(os.read(ours, 65536))
            except OSError:  # the other side is closed
                return
            if not seen[-1]:
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        with open(stdout, "wb") if stdout else contextlib.nullcontext(theirs) as results:
            command = [sys.executable, "-m", "vidkit", *words]
            subprocess.run(command, stdin=theirs, stdout=results, stderr=theirs, env=environment, timeout=120)
    finally:
        os.close(theirs)
        reader.join()
        os.close(ours)
    return b"".join(seen).decode()


def lines_on(terminal: str) -> list[str]:
    """Every line that was drawn, also those that were drawn over."""
    return [line for line in re.split(r"[\r\n]|\x1b\[[0-9;]*[A-Za-z]", terminal) if line.strip()]


def csv_of(server: Server, video: Path, names: list[str]) -> None:
    urls = [server.at(f"/{number}", Reply(video, etag='"1"', type="video/mp4")) for number in range(len(names))]
    rows = [f'"{name}",{url},"two\nlines"' for name, url in zip(names, urls, strict=True)]
    Path("v.csv").write_text("\n".join(["file_name,url,label", *rows, ""]))


def test_a_csv_shows_how_many_of_all_its_rows_are_done(server: Server, make_video: MakeVideo) -> None:
    csv_of(server, make_video(), ["a.mp4", "b.mp4", "c.mp4"])
    drawn = on_a_terminal("process", "--csv", "v.csv", "--workers", "1")
    assert re.search(r"0/3 videos 0 %\|.*ETA", drawn)
    assert re.search(r"[12]/3 videos (33|67) %\|.*ETA \d\d:\d\d", drawn)


def test_no_line_is_wider_than_the_terminal(server: Server, make_video: MakeVideo) -> None:
    csv_of(server, make_video(), ["a long name in many words " * 3 + ".mp4", "長い名前" * 20 + ".mp4", "x" * 50])
    lines = lines_on(on_a_terminal("process", "--csv", "v.csv", "--workers", "1", columns=40))
    assert [line for line in lines if width_of(line) > 40 and "x" * 50 not in line] == []
    assert sum("Unclassified" in line for line in lines) == 3


def test_a_dumb_terminal_gets_plain_lines(server: Server, make_video: MakeVideo) -> None:
    csv_of(server, make_video(), ["a.mp4", "b.mp4"])
    seen = on_a_terminal("process", "--csv", "v.csv", term="dumb")
    assert "\x1b" not in seen
    assert "\r" not in seen.replace("\r\n", "")
    assert "2 processed" in seen


def test_results_in_a_file_are_one_line_each_at_once(server: Server, make_video: MakeVideo) -> None:
    csv_of(server, make_video(), ["a long name in many words " * 3 + f"{number}.mp4" for number in range(2)])
    on_a_terminal("process", "--csv", "v.csv", columns=40, stdout="out.txt")
    assert len(Path("out.txt").read_text().splitlines()) == 2


def test_every_row_counts_for_the_bar_also_those_that_are_not_taken(server: Server, make_video: MakeVideo) -> None:
    class Counting(NullReporter):
        def __init__(self) -> None:
            self.rows: list[str] = []

        def skipped(self, urls: Sequence[str]) -> None:
            self.rows += urls

    rows = [Row(2, server.url("/a.mp4"), file_size="5"), IgnoredRow(3, "folder/", "folder")]
    reporter = Counting()
    with open_run(load_config(environment={}), filters=Filters(min_size=10)) as run:
        process_rows(run, iter(rows), 1, reporter)
    assert reporter.rows == [server.url("/a.mp4"), "folder/"]


def test_a_total_that_is_known_only_after_the_end_draws_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    screen = Screen(None, workers=1)
    screen.close()
    screen.expect(5)
    assert capsys.readouterr() == ("", "")
