"""What the tests of downloads share: bodies, and downloading without a bar and without long waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from vidkit.download import Download, download_video
from vidkit.errors import DownloadError

VIDEO = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 12_000  # 3 MB that begin like an MP4 file
OTHER = b"\x00\x00\x00\x18ftypmp42" + bytes(reversed(range(256))) * 12_000  # of the same length
OLD = "Mon, 02 Jan 2023 10:00:00 GMT"


def fetch(url: str, **options: Any) -> Download:
    """Download into `here/`, without a bar and without long waits."""
    return download_video(url, **{"download_dir": "here", "progress": False, "backoff": 0.001, **options})


def left_behind() -> list[str]:
    """What is in the download folder beside whole files."""
    return sorted(path.name for path in Path("here").glob("*") if ".part" in path.name)


def reason(url: str, **options: Any) -> str:
    """Why a download fails; nothing is left of it."""
    with pytest.raises(DownloadError) as caught:
        fetch(url, **{"retries": 2, "timeout": 1.0, **options})
    assert "Traceback" not in str(caught.value)
    return str(caught.value)
