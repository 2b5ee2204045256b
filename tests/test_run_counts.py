from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .waiting import PATIENCE


def test_a_video_counts_as_processed_by_the_run_that_did_it_and_by_no_other(
    server: Server, make_video: MakeVideo
) -> None:
    body = make_video().read_bytes()
    urls = [server.at(f"/{number}.mp4", Reply(body, etag='"1"', delay=0.3)) for number in range(6)]
    Path("v.csv").write_text("\n".join(["url", *urls, ""]))
    command = [sys.executable, "-m", "vidkit", "process", "--workers", "2", "--csv", "v.csv"]
    runs = [
        subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) for _ in range(2)
    ]
    said = [run.communicate(timeout=PATIENCE)[1] for run in runs]
    processed = [int(count) for text in said for count in re.findall(r"(\d+) processed", text)]
    already = [int(count) for text in said for count in re.findall(r"(\d+) already done", text)]
    assert len(processed) == 2
    assert sum(processed) == sum(already) == 6
