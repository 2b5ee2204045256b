"""`--engine ray --skip-duplicates`: workers on several machines skip the same copies as one machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from .ray_cluster import RayCluster
from .test_duplicates_backends import copies
from .test_ray_engine import paths

pytestmark = pytest.mark.slow


def test_ray_skips_all_copies_but_one(two_nodes: RayCluster) -> None:
    names = copies()
    Path("v.csv").write_text("url\n" + "".join(f"{name}\n" for name in names))
    run = two_nodes.process("--csv", "v.csv", "--skip-duplicates", **paths("ray"))
    assert "2 processed, 1 duplicates skipped" in run.ends(0)
    records = {path.name.removesuffix(".json") for path in Path("ray/processed").glob("*.mp4.json")}
    assert "other.mp4" in records
    assert len(records & {"original.mp4", "copy.mp4"}) == 1  # both began at once: the first to be decoded stays
    again = two_nodes.process("--csv", "v.csv", "--skip-duplicates", **paths("ray"))
    assert "2 already done, 1 duplicates skipped" in again.ends(0)
