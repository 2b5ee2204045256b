"""Statistics of the library: numbers, failures of the last run, and a chart."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.batch.failures import NAME as FAILURES
from vidkit.batch.tally import SUMMARY
from vidkit.core import ensure_directory, printable, write_whole
from vidkit.core.extras import install_command
from vidkit.core.units import format_count, format_duration, format_size
from vidkit.errors import OutputError, QueryError, ToolMissingError, nearest
from vidkit.export.labels import column_of, label_reader
from vidkit.library import Library, Query, Stats
from vidkit.record import Record
from vidkit.rows import FAILURE_COLUMNS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LONGEST = 32  # characters of a name in the chart
_PANELS = ("classes", "tags", "resolutions", "durations")


def failures_in(folder: Path) -> Counter[tuple[str, str]]:
    """The failures of the last run from `<folder>/failures.csv`: (stage, reason) -> videos.

    Reasons are without the video's URL and name (`cleared_reason`).

    Raises:
        OutputError: the file exists and cannot be read.
    """
    found: Counter[tuple[str, str]] = Counter()
    try:
        with (folder / FAILURES).open(encoding="utf-8", errors="replace", newline="") as file:
            for row in csv.DictReader(file):
                stage, reason = (row.get(column) or "" for column in FAILURE_COLUMNS)
                found[stage or "vidkit", cleared_reason(reason, row.get("public_url"), row.get("file_name"))] += 1
    except FileNotFoundError:
        pass
    except (OSError, csv.Error) as error:
        raise OutputError(
            "{path} cannot be read: {error}", path=printable(folder / FAILURES), error=error
        ) from None
    return found


def cleared_reason(reason: str, *own: str | None) -> str:
    """The reason of a failure without the video's URL and name, so that equal reasons can be counted together."""
    for text in own:
        reason = reason.replace(printable(text), "") if text else reason
    return " ".join(reason.split()).strip(" :")


def model_cost_in(folder: Path) -> dict[str, Any]:
    """The cost of the model in the last run (`qwen_model.cost.Cost`) from `<folder>/summary.json`; {} without one.

    Raises:
        OutputError: the file exists and cannot be read.
    """
    try:
        content = json.loads((folder / SUMMARY).read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise OutputError("{path} cannot be read: {error}", path=printable(folder / SUMMARY), error=error) from None
    cost = content.get("model") if isinstance(content, dict) else None
    return cost if isinstance(cost, dict) else {}


def numbers_as_json(
    stats: Stats,
    readers: Mapping[str, Mapping[str, int]],
    by: str | None = None,
    balance: dict[str, Amount] | None = None,
) -> dict[str, Any]:
    """The numbers as JSON.

    Args:
        stats: the numbers.
        readers: from `Library.readers`.
        by: the key of `balance`.
        balance: from `balance_of`, if it is needed.
    """
    spread = [{"value": value or None, **asdict(amount)} for value, amount in (balance or {}).items()]
    readings = {
        name: {"videos": errors.get("", 0), "failed": {error: n for error, n in errors.items() if error}}
        for name, errors in readers.items()
    }
    balanced = {} if balance is None else {"by": by, "values": spread}
    return {**asdict(stats), "readings": readings, **balanced}


@dataclass
class Amount:
    """The videos with one value, their clips, and their length in seconds."""

    videos: int = 0
    clips: int = 0
    seconds: float = 0.0


def balance_of(library: Library, query: Query, key: str) -> dict[str, Amount]:
    """Count the videos of a library by the values of a key, as `export --label` would label them.

    Args:
        library: the library.
        query: selects the videos.
        key: a key of `export.labels.label_reader` (class, tag, ai_tag, folder, a column of the CSV), or a key of
            the record, such as `audio.codec`.

    Returns:
        Value -> amount, the most videos first; "" is videos without a value.

    Raises:
        QueryError: no video has such a column or key.
        LibraryError: the library cannot be read.
    """
    balance = Balance(key)
    for entry in library.records(query):
        balance.add(entry.record)
    return balance.values()


class Balance:
    """Counts videos by the values of a key (see `balance_of`), one record after another."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._label_of, self._column = label_reader(key), column_of(key)
        self._found: defaultdict[str, Amount] = defaultdict(Amount)
        self._columns: dict[str, None] = {}
        self._known = self._column is None

    def add(self, record: Record) -> None:
        """Count a video."""
        column = self._column
        value, columns_here = self._label_of(record, None), record["source"]["columns"]
        if column is not None and column.casefold() not in map(str.casefold, columns_here):
            value = _value_at(record, column)
        self._known = self._known or value is not None
        self._columns.update(dict.fromkeys(columns_here))
        amount = self._found[value or ""]
        amount.videos += 1
        amount.clips += len(record["segments"])
        amount.seconds += record["duration"]

    def values(self) -> dict[str, Amount]:
        """Value -> amount, the most videos first; "" is videos without a value. Raises as `balance_of`."""
        column = self._column
        if not self._known and self._found and column not in self._columns:
            names = [*self._columns, "class", "tag", "ai_tag", "folder", *Record.__annotations__]
            near = nearest(str(column), names)
            guess = f"; did you mean {printable(near)}?" if near else ""
            raise QueryError(
                "--by {key}: no video has such a column or key{guess}", key=printable(self._key), guess=guess
            )
        return dict(sorted(self._found.items(), key=lambda item: (-item[1].videos, item[0])))


def _value_at(record: Record, key: str) -> str | None:
    """The value of a dotted key in a record, if it is a single value."""
    value: object = record
    for name in key.split("."):
        value = value.get(name) if isinstance(value, dict) else None
    if value is None or isinstance(value, (dict, list)):
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def plot(
    stats: Stats,
    failures: Counter[tuple[str, str]],
    path: Path,
    top: int = 20,
    by: tuple[str, dict[str, int]] | None = None,
) -> None:
    """Draw bar charts of classes, tags, resolutions and durations, or of the values of one key; 1600x1200 pixels.

    Args:
        stats: the numbers.
        failures: failures, for their number in the title.
        path: the image; its extension sets the format: .png, .svg, .pdf, .jpg.
        top: the maximum number of bars in a chart.
        by: a key and value -> videos, for one chart instead of the four.

    Raises:
        ToolMissingError: matplotlib is not installed.
        OutputError: the image cannot be written, or matplotlib does not know the extension.
    """
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise ToolMissingError("--plot needs matplotlib: {command}", command=install_command("plot")) from None
    figure = Figure(figsize=(16, 12), dpi=100, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    form = path.suffix.lstrip(".").lower()
    if form not in canvas.get_supported_filetypes():
        raise OutputError("{path} is not an image format; name it .png, .svg, .pdf or .jpg", path=printable(path))
    sums = f"{format_count(stats.videos, 'video')}, {format_duration(stats.seconds)}, {format_size(stats.bytes)}"
    failed = failures.total()
    figure.suptitle(f"{sums}, {stats.described} described{f', {failed} failed' if failed else ''}", fontsize=18)
    panels = dict([by]) if by else {name: getattr(stats, name) for name in _PANELS}
    side = 1 if by else 2
    for axes, (name, counts) in zip(figure.subplots(side, side, squeeze=False).flat, panels.items(), strict=True):
        _bars(axes, name, counts, top)
    image = io.BytesIO()
    canvas.print_figure(image, format=form)
    ensure_directory(path.parent)
    write_whole(path, image.getvalue())


def _bars(axes: Axes, title: str, counts: dict[str, int], top: int) -> None:
    """Draw one bar chart, with the count beside each bar."""
    shown = list(counts.items())[:top]
    more = len(counts) - len(shown)
    axes.set_title(f"{title}{f' (the first {len(shown)} of {len(counts)})' if more else ''}", fontsize=14)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    bars = axes.barh(range(len(shown)), [count for _, count in shown], color="#3b6ea5")
    axes.set_yticks(range(len(shown)), [_short(name) for name, _ in shown])
    axes.bar_label(bars, fmt="{:,.0f}", padding=4)
    axes.set_ylim(max(len(shown), 6) - 0.4, -0.6)  # the first on top, and no bar too thick
    axes.margins(x=0.12)
    if not shown:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color="grey")


def _short(name: str) -> str:
    """A name as a label: safe, short, and without formulas of matplotlib."""
    text = printable(name).replace("$", r"\$")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
