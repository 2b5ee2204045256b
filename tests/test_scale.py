"""docs/scale.md is computed: from the figures of docs/benchmarks.md and from prices that can be set."""

from __future__ import annotations

import dataclasses
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).parents[1] / "scripts"


@pytest.fixture
def scale(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import scale

    return scale


def hours(text: str, part: str) -> list[str]:
    """The cells of a row of a table, by the beginning of its first one."""
    (row,) = [line for line in text.splitlines() if line.startswith(f"| {part}")]
    return row.strip("| ").split(" | ")[1:]


def test_the_figures_are_those_of_the_benchmarks(scale: Any) -> None:
    text = scale.BENCHMARKS.read_text()
    changed = re.sub(r"(minute of 720p, clips encoded \|) [\d.]+ s", r"\1 3600.0 s", text)
    assert changed != text
    assert scale.figures(changed).encode == 3600.0
    assert scale.figures(text).encode != 3600.0


def test_a_goal_stands_for_what_is_not_measured_and_says_so(scale: Any) -> None:
    text = re.sub(r"\n.*adds to a bare Ray actor call.*", "", scale.BENCHMARKS.read_text())
    assert (scale.figures(text).row_ms, scale.figures(text).goals) == (2.0, {"row_ms"})
    work = [scale.Work(10**6, machines=1)]
    assert "the goal; not measured" in scale.tables(work, scale.figures(text))["parts"]
    text += "\n| what vidkit adds to a bare Ray actor call, a row | bare | 2 ms at most | 0.8 ms (0.7 to 0.9) |\n"
    assert (scale.figures(text).row_ms, scale.figures(text).goals) == (0.8, set())
    assert "the driver hands out rows, 0.8 ms each |" in scale.tables(work, scale.figures(text))["parts"]


def test_a_row_that_the_benchmarks_no_longer_have_is_named(scale: Any) -> None:
    text = scale.BENCHMARKS.read_text().replace("files of a minute of 720p", "files")
    with pytest.raises(ValueError, match="files of a minute"):
        scale.figures(text)


def test_an_hour_of_a_core_for_each_video_is_an_hour_of_a_machine_for_sixteen(scale: Any) -> None:
    measured = dataclasses.replace(scale.figures(), encode=3600.0, files=20.0)
    work = scale.Work(160_000, machines=100)
    made = scale.tables([work], measured)
    assert hours(made["parts"], "the machines, clips encoded")[0] == "**4 days**"  # 100 hours
    assert hours(made["totals"], "**machines**, clips encoded") == ["$7,100"]  # 10,000 hours at $0.714
    assert hours(made["totals"], "**writing**") == ["$16"]  # 3.2 million requests at $0.005 a thousand


def test_the_longest_part_is_the_bottleneck(scale: Any) -> None:
    measured = scale.figures()
    few = scale.tables([scale.Work(10**7, machines=10)], measured)["parts"]
    assert hours(few, "the machines, clips encoded")[0].startswith("**")
    many = scale.tables([scale.Work(10**7, machines=100_000)], measured)["parts"]
    assert hours(many, "the driver")[0].startswith("**")
    assert many.count("**") == few.count("**") == 2
    shards = scale.tables([scale.Work(10**7, machines=100_000, shards=1000)], measured)["parts"]
    assert not hours(shards, "the driver")[0].startswith("**")


def test_a_price_with_steps_is_paid_step_by_step(scale: Any) -> None:
    price = scale.PRICES["egress"]
    assert price.of(10_000) == pytest.approx(900)
    assert price.of(20_000) == pytest.approx(900 + 850)
    assert price.of(160_000) == pytest.approx(900 + 40_000 * 0.085 + 100_000 * 0.07 + 10_000 * 0.05)


def test_every_price_has_a_source_and_a_date(scale: Any) -> None:
    for price in scale.PRICES.values():
        assert price.source
        assert re.fullmatch(r"20\d\d-\d\d", price.date)


def test_ones_own_numbers_are_computed_from_the_command_line() -> None:
    words = ["--videos", "160_000", "--set", "encode=3600", "--set", "machine=1"]
    done = subprocess.run([sys.executable, SCRIPTS / "scale.py", *words], capture_output=True, text=True)
    assert hours(done.stdout, "**machines**, clips encoded") == ["$10,000"]
    wrong = subprocess.run([sys.executable, SCRIPTS / "scale.py", "--set", "x=1"], capture_output=True, text=True)
    assert wrong.returncode != 0
    assert "there is no such figure or price" in wrong.stderr
