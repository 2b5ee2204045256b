from __future__ import annotations

from datetime import datetime, timezone

import pytest

from vidkit.core.units import (
    codec_name,
    format_duration,
    format_size,
    parse_date,
    parse_duration,
    parse_resolution,
    parse_size,
)
from vidkit.library import parse_query
from vidkit.tagging import apply_tags


@pytest.mark.parametrize(
    ("text", "size"),
    [("500MB", 500_000_000), ("1GiB", 2**30), ("1 GiB", 2**30), ("1.5k", 1500), ("2433000", 2433000), (" 0 ", 0)],
)
def test_a_size_reads_as_people_write_it(text: str, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "MB", "12 parsecs", "-5MB", "1..2k", "nan"])
def test_what_is_no_size_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="500MB"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90),
        ("5:30", 330),
        ("1:05:30.5", 3930.5),
        ("1h", 3600),
        ("1h 5m", 3900),
        ("250ms", 0.25),
        ("2,5", 2.5),
    ],
)
def test_a_duration_reads_as_people_write_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5:", "h", "-3", "1:2:3:4", "5 fortnights", "inf"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="5:30"):
        parse_duration(text)


def test_a_date_without_a_zone_is_utc_and_rclones_nanoseconds_are_read() -> None:
    assert parse_date("2026-11-20") == datetime(2026, 11, 20, tzinfo=timezone.utc)
    assert parse_date("2026-11-20 19:48:30") == datetime(2026, 11, 20, 19, 48, 30, tzinfo=timezone.utc)
    assert parse_date("2026-11-20T19:48:30.123456789Z").microsecond == 123456
    with pytest.raises(ValueError, match="2026-11-20"):
        parse_date("yesterday")


@pytest.mark.parametrize(
    ("written", "name"),
    [
        *((name, "h264") for name in ("h264", "H.264", "AVC", "avc1", "x264")),
        *((name, "hevc") for name in ("HEVC", "H.265", "h265", "hev1", "hvc1", "x265")),
        *((name, "mpeg2video") for name in ("MPEG-2", "mpeg2", "mpeg2video")),
        ("MPEG-4", "mpeg4"),
        ("VP-9", "vp9"),
        ("pcm_s16le", "pcm_s16le"),
    ],
)
def test_a_codec_has_one_name_in_searches_and_in_rules(written: str, name: str) -> None:
    assert codec_name(written) == name
    assert parse_query(codec=written).facts == ((f"codec={name}",),)
    assert apply_tags({"codec": name}, {"rules": [{"metadata_conditions": {"codec": written}, "tags": ["it"]}]})[
        -1:
    ] == ["it"]


def test_a_resolution_reads_by_name_and_by_size() -> None:
    assert parse_resolution("720p") == (1280, 720)
    assert parse_resolution("480p") == (854, 480)
    assert parse_resolution("4K") == (3840, 2160)
    assert parse_resolution("720x1280") == (720, 1280)
    for text in ("", "720", "0p", "axb", "0x5"):
        with pytest.raises(ValueError, match="720p"):
            parse_resolution(text)


def test_durations_and_sizes_are_shown_short() -> None:
    assert [format_duration(s) for s in (2.38, 59.6, 330, 3930)] == ["2.4s", "1:00", "5:30", "1:05:30"]
    assert [format_size(s) for s in (0, 999, 2_433_000, 5e9, 3e12)] == [
        "0 bytes", "999 bytes", "2.4 MB", "5.0 GB", "3.0 TB",
    ]  # fmt: skip
