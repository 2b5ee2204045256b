"""`make bench`: run every benchmark in turn and write their tables into docs/benchmarks.md.

    python benchmarks/run.py [NAME ...] [-- OPTION ...]

The options are handed to the benchmarks that are named: `make bench ARGS="scenes -- --media FOLDER"`.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from measure import machine

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"


def run(names: list[str], options: list[str]) -> int:
    """Run the benchmarks of these names, by default all that the page has a place for.

    Returns:
        How many of them failed; what the page says of those is left as it was.
    """
    failed = 0
    for name in names or re.findall(r"<!-- (?!end )(\w+) -->", PAGE.read_text(encoding="utf-8")):
        print(f"== {name}", flush=True)
        done = subprocess.run([sys.executable, HERE / f"{name}.py", *options], text=True, stdout=subprocess.PIPE)
        print(done.stdout)
        if done.returncode:
            print(f"{name} failed", file=sys.stderr)
            failed += 1
            continue
        content = f"<!-- {name} -->\n\n{done.stdout.strip()}\n\nMeasured on {machine()}.\n\n<!-- end -->"
        text = PAGE.read_text(encoding="utf-8")
        text = re.sub(rf"<!-- {name} -->.*?<!-- end -->", lambda _: content, text, flags=re.DOTALL)  # noqa: B023
        PAGE.write_text(text, encoding="utf-8")
    return failed


if __name__ == "__main__":
    words = sys.argv[1:]
    split = words.index("--") if "--" in words else len(words)
    sys.exit(bool(run(words[:split], words[split + 1 :])))
