"""Names of downloads: what is taken, and what makes them safe."""

from __future__ import annotations

import random
import unicodedata
from pathlib import Path

import pytest

from vidkit.download import local_path, safe_name, wanted_name
from vidkit.download.names import disposition_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("film.mp4", "film.mp4"),
        ("My Film (2024) – Überfall 東京.mkv", "My Film (2024) – Überfall 東京.mkv"),
        ("../../x", "x.mp4"),
        ("..\\..\\x.mp4", "x.mp4"),
        ("/etc/passwd", "passwd.mp4"),
        ("-i.mp4", "i.mp4"),
        ("a\x1b[31m.mp4", "a_[31m.mp4"),
        ("a\r\nb\u202egpj.mp4", "a__b_gpj.mp4"),
        ("", "video.mp4"),
        ("..", "video.mp4"),
        (".mp4", "video.mp4"),
        ("...hidden.mp4", "hidden.mp4"),
        ("con.mp4", "_con.mp4"),
        ("LPT1.tar.mp4", "_LPT1.tar.mp4"),
        ("console.mp4", "console.mp4"),
        ('a<b>:"|?*.mp4', "a_b______.mp4"),
        ("x. . .mp4", "x.mp4"),
        ("x.mp4. ", "x.mp4"),
        ("talk v2.0", "talk v2.0.mp4"),
        ("x.part", "x.part.mp4"),
        ("\u0065\u0301.mp4", "\u00e9.mp4"),
        ("\ud800.mp4", "_.mp4"),
    ],
)
def test_a_name_is_made_safe(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_long_name_is_cut_between_characters_and_keeps_its_extension() -> None:
    for character in ("a", "é", "漢", "🎬"):
        name = safe_name(character * 300 + ".webm")
        assert 190 < len(name.encode()) <= 200
        assert name == character * (len(name) - 5) + ".webm"


def test_any_text_becomes_a_safe_name_that_stays_as_it_is() -> None:
    seed = random.Random(1)
    alphabet = "aé漢🎬 .-_/\\:*?\x00\x1b\n\u202e\u0301\u200dCONux1mp4"
    for _ in range(3000):
        text = "".join(seed.choice(alphabet) for _ in range(seed.choice((0, 1, 3, 8, 30, 300))))
        name = safe_name(text)
        assert safe_name(name) == name
        assert len(name.encode()) <= 200
        assert unicodedata.is_normalized("NFC", name)
        assert not set(name) & set('/\\:*?<>|"\x00\x1b\n\u202e')
        assert name[0] not in ".- "
        assert Path(name).stem
        assert Path(name).suffix
        assert Path(name).name == name


@pytest.mark.parametrize(
    ("url", "filename", "name"),
    [
        ("https://x/a/b.mp4", None, "b.mp4"),
        ("https://x/B.MP4?sig=1#t", None, "B.MP4"),
        ("https://x/a%2Fb%20c.mp4", None, "b c.mp4"),
        ("https://x/..%2f..%2fevil.mp4", None, "evil.mp4"),
        ("https://x/live/index.m3u8", None, "index.mp4"),
        ("https://x/watch?v=a.mp4", None, None),
        ("https://x/", None, None),
        ("https://x/a.mp4", "holiday.mov", "holiday.mov"),
        ("https://x/a.webm", "holiday", "holiday.webm"),
        ("https://x/watch", "holiday", None),
        ("folder/-a.mp4", None, "a.mp4"),
        ("file:///folder/a%20b.mp4", None, "a b.mp4"),
    ],
)
def test_the_name_that_is_known_without_a_request(url: str, filename: str | None, name: str | None) -> None:
    assert wanted_name(url, filename) == name


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (None, ""),
        ("inline", ""),
        ('attachment; filename="a b.mp4"', "a b.mp4"),
        ("attachment; filename=a.mp4; size=3", "a.mp4"),
        (r'attachment; filename="a \"b\".mp4"', 'a "b".mp4'),
        ("attachment; filename=\"x.mp4\"; filename*=UTF-8''na%C3%AFve.mp4", "naïve.mp4"),
        ("attachment; filename*=iso-8859-1'en'%A3.mp4", "£.mp4"),
        ("attachment; filename*=no-such'x'%A3.mp4; filename=y.mp4", "y.mp4"),
        ('attachment; filename="Ã©.mp4"', "é.mp4"),
    ],
)
def test_a_name_in_content_disposition_is_read(header: str | None, name: str) -> None:
    assert disposition_name(header) == name


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("a b.mp4", Path("a b.mp4")),
        ("C:\\videos\\a.mp4", Path("C:\\videos\\a.mp4")),
        ("C:/videos/a.mp4", Path("C:/videos/a.mp4")),
        ("file:///a%20b.mp4", Path("/a b.mp4")),
        ("FILE://localhost/a.mp4", Path("/a.mp4")),
        ("https://x/a.mp4", None),
        ("ftp://x/a.mp4", None),
        ("", None),
        (" ", None),
    ],
)
def test_a_local_path_is_told_from_a_url(url: str, path: Path | None) -> None:
    assert local_path(url) == path
