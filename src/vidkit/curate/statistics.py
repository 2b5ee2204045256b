"""The library at a glance: what failed beside it, and its numbers as a picture."""

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

_LONGEST = 32  # characters of a name in the picture
_PANELS = ("classes", "tags", "resolutions", "durations")


def failures_in(folder: Path) -> Counter[tuple[str, str]]:
    """What failed in the last run, as `<folder>/failures.csv` has it: (stage, reason) -> videos.

    A reason is without the video's own URL and name, so that one reason of many videos is one.

    Raises:
        OutputError: the file is there and cannot be read.
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
    """Why a video failed, without its own URL and name: so that one reason of many videos is one."""
    for text in own:
        reason = reason.replace(printable(text), "") if text else reason
    return " ".join(reason.split()).strip(" :")


def model_cost_in(folder: Path) -> dict[str, Any]:
    """What the model cost in the last run (`qwen_model.cost.Cost`), as `<folder>/summary.json` has it; {} without.

    Raises:
        OutputError: the file is there and cannot be read.
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
    """The numbers as JSON has them.

    Args:
        stats: the numbers.
        readers: of `Library.readers`.
        by: a key, and how the videos spread over its values, if that was asked for.
        balance: of `balance_of`.
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
    """How much of a library has one value: videos, their clips, and their length in seconds."""

    videos: int = 0
    clips: int = 0
    seconds: float = 0.0


def balance_of(library: Library, query: Query, key: str) -> dict[str, Amount]:
    """How the videos of a library spread over the values of a key, as a dataset of them would by `export --label`.

    Args:
        library: the library.
        query: which videos.
        key: as `export.labels.label_reader` takes it (class, tag, ai_tag, folder, a column of the CSV), or a key of
            the record, such as `audio.codec`.

    Returns:
        Value -> how much, the most videos first; "" is those without a value.

    Raises:
        QueryError: no video has such a column or key.
        LibraryError: the library cannot be read.
    """
    balance = Balance(key)
    for entry in library.records(query):
        balance.add(entry.record)
    return balance.values()


class Balance:
    """How videos spread over the values of a key, as `balance_of` says it, one record after the other."""

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
        """Value -> how much, the most videos first; "" is those without a value. Raises as `balance_of`."""
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
    """What stands in a record under a dotted key, if it is one value."""
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
    """Draw classes, tags, resolutions and durations as bars, 1600x1200 pixels; or the values of one key.

    Args:
        stats: the numbers.
        failures: how many failed, for the title.
        path: the picture; its ending says its format: .png, .svg, .pdf, .jpg.
        top: bars in a panel at most.
        by: instead of the four: a key, and value -> videos.

    Raises:
        ToolMissingError: matplotlib is not installed.
        OutputError: the picture cannot be written, or its ending is none that matplotlib knows.
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
        raise OutputError("{path}: no picture ends so; name it .png, .svg, .pdf or .jpg", path=printable(path))
    sums = f"{format_count(stats.videos, 'video')}, {format_duration(stats.seconds)}, {format_size(stats.bytes)}"
    failed = failures.total()
    figure.suptitle(f"{sums}, {stats.described} described{f', {failed} failed' if failed else ''}", fontsize=18)
    panels = dict([by]) if by else {name: getattr(stats, name) for name in _PANELS}
    side = 1 if by else 2
    for axes, (name, counts) in zip(figure.subplots(side, side, squeeze=False).flat, panels.items(), strict=True):
        _bars(axes, name, counts, top)
    picture = io.BytesIO()
    canvas.print_figure(picture, format=form)
    ensure_directory(path.parent)
    write_whole(path, picture.getvalue())


def _bars(axes: Axes, title: str, counts: dict[str, int], top: int) -> None:
    """One panel of bars; a count stands beside its bar."""
    shown = list(counts.items())[:top]
    more = len(counts) - len(shown)
    axes.set_title(f"{title}{f' (the first {len(shown)} of {len(counts)})' if more else ''}", fontsize=14)
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)
    bars = axes.barh(range(len(shown)), [count for _, count in shown], color="#3b6ea5")
    axes.set_yticks(range(len(shown)), [_short(name) for name, _ in shown])
    axes.bar_label(bars, fmt="{:,.0f}", padding=4)
    axes.set_ylim(max(len(shown), 6) - 0.4, -0.6)  # the first on top, and no bar as thick as a panel
    axes.margins(x=0.12)
    if not shown:
        axes.text(0.5, 0.5, "none", transform=axes.transAxes, ha="center", color="grey")


def _short(name: str) -> str:
    """A name as a label: safe, short, and with nothing that matplotlib takes for a formula."""
    text = printable(name).replace("$", r"\$")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
