"""`make bench`: run every benchmark in turn and write their tables into docs/benchmarks.md."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from measure import machine

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"


def run(names: list[str]) -> None:
    """Run the benchmarks of these names, by default all that the page has a place for."""
    text = PAGE.read_text(encoding="utf-8")
    for name in names or re.findall(r"<!-- (\w+) -->", text):
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, HERE / f"{name}.py"], text=True, stdout=subprocess.PIPE, check=True)
        print(done.stdout)
        content = f"<!-- {name} -->\n\n{done.stdout.strip()}\n\nMeasured on {machine()}.\n\n<!-- end -->"
        text = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _: content, text, flags=re.DOTALL)  # noqa: B023
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    run(sys.argv[1:])
