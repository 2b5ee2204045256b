from __future__ import annotations

import tracemalloc
from pathlib import Path

import pytest

from vidkit.batch.seen import Seen
from vidkit.errors import OutputError


@pytest.mark.parametrize("in_memory", [8, 2**17])
def test_each_text_is_new_once(tmp_path: Path, in_memory: int) -> None:
    seen = Seen(tmp_path, in_memory)
    texts = [f"https://h/{number}.mp4" for number in range(20_000)]
    assert all(map(seen.add, texts))
    assert not any(map(seen.add, texts))
    assert len(seen) == 20_000
    assert all(text in seen for text in texts)
    assert "https://h/other.mp4" not in seen
    seen.close()
    assert not list(tmp_path.iterdir())


def test_memory_does_not_grow_with_the_texts(tmp_path: Path) -> None:
    def held(count: int) -> tuple[int, int]:
        tracemalloc.start()
        try:
            seen = Seen(tmp_path, in_memory=1024)
            for number in range(count):
                seen.add(str(number))
            held, peak = tracemalloc.get_traced_memory()
            seen.close()
            return held, peak
        finally:
            tracemalloc.stop()

    few, many = held(10_000), held(40_000)
    assert many[0] < few[0] + 20_000
    assert many[1] < few[1] + 100_000


def test_a_file_that_cannot_be_made_is_said_in_words(tmp_path: Path) -> None:
    seen = Seen(tmp_path / "gone", in_memory=8)
    with pytest.raises(OutputError, match=r"a temporary file in .*gone cannot be written: No such file"):
        list(map(seen.add, map(str, range(100))))
