from __future__ import annotations

import itertools
import os
import threading
from pathlib import Path

import pytest

from vidkit.rows import counting, read_video_metadata_from_csv
from vidkit.rows.counting import count_rows

BASE = "https://h/"
TABLE = "url,label\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE + "https://h/a.mp4,x\nhttps://h/b.mp4,y\n",
        TABLE + "https://h/a.mp4,x\nhttps://h/b.mp4,y",
        "\ufeff" + TABLE.replace("\n", "\r\n") + "https://h/a.mp4,x\r\n\r\n\r\nhttps://h/b.mp4,y\r\n\r\n",
        TABLE + 'https://h/a.mp4,"one\ntwo\n\nthree"\nhttps://h/b.mp4,"a ""quoted""\nword"\n',
        TABLE + 'https://h/a.mp4,a 5" screen\nhttps://h/b.mp4,a 7" screen\n',
        "sep=;\nurl;label\nhttps://h/a.mp4;x\n",
        "a.mp4;7;2026-11-20 19:48:30\nb.mp4;8;2026-11-20 19:48:31\n",
        "a.mp4,7,2026-11-20 19:48:30\n",
        "plain.mp4;7;2026-11-20,19:48:30,,https://host/plain.mp4;7;2026-11-20\n",
    ],
)
@pytest.mark.parametrize("piece", [7, 2**18])
def test_as_many_rows_are_counted_as_are_read(content: str, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counting, "_BLOCK", piece)
    Path("v.csv").write_bytes(content.encode())
    if piece > 7 or not content.startswith(("sep", "a.mp4", "plain")):  # what the first line is, is in one piece
        assert count_rows("v.csv") == len(list(read_video_metadata_from_csv("v.csv", BASE)))


def test_a_pipe_and_what_cannot_be_counted_have_no_total() -> None:
    Path("wide.csv").write_text("url\nhttps://h/a.mp4\n", "utf-16")
    assert count_rows("wide.csv") is None
    assert count_rows("none.csv") is None
    if hasattr(os, "mkfifo"):
        os.mkfifo("pipe")
        writer = threading.Thread(target=lambda: Path("pipe").write_text(TABLE + "https://h/a.mp4,x\n"))
        writer.start()
        assert count_rows("pipe") is None
        assert len(list(itertools.islice(read_video_metadata_from_csv("pipe"), 2))) == 1
        writer.join()
