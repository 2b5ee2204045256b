from __future__ import annotations

from vidkit.batch.seen import Seen


def test_each_text_is_new_once() -> None:
    seen = Seen()
    texts = [f"https://h/{number}.mp4" for number in range(20_000)]
    assert all(map(seen.add, texts))
    assert not any(map(seen.add, texts))
    assert len(seen) == 20_000
    assert all(text in seen for text in texts)
    assert "https://h/other.mp4" not in seen
