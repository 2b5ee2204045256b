"""Describe the clips in a JSON of `vidkit prepare`, row by row. It resumes from its own results file."""

from __future__ import annotations

import json
import logging
import os
import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.core import ensure_directory, json_reason, printable, shown_url, write_whole
from vidkit.core.buckets import readable_url
from vidkit.core.config import Config, load_config
from vidkit.core.files import check_local
from vidkit.core.units import parse_resolution
from vidkit.download import download_video
from vidkit.errors import ConfigError, OutputError, VidkitError
from vidkit.messages import message
from vidkit.qwen_model import (
    Clip,
    Describer,
    Description,
    Question,
    RefusedError,
    in_parallel,
    instruction_of,
    open_describer,
)

log = logging.getLogger(__name__)

_END = b"\n]\n"  # the end of a results file; new rows are inserted before it


@dataclass(frozen=True)
class _Video:
    """A row of the input: its name, its segments as written there, and its limits."""

    file_name: str
    segments: tuple[str, ...]
    max_resolution: str | None
    max_fps: float | None


def run_inference_on_videos(
    videos: Sequence[Mapping[str, Any]] | str | os.PathLike[str],
    *,
    out: str | os.PathLike[str] | None = None,
    instruction: str | None = None,
    use_vpc: bool = False,
    max_requests: int | None = None,
    config: Config | None = None,
    describer: Describer | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[dict[str, Any]]:
    """Describe every segment of every video in a list, with the configured endpoint or local model.

    Args:
        videos: the list `[{file_name, public_url, segments, max_resolution, max_fps}]`, or the JSON file with it. A
            segment is a URL or a path, relative to the JSON's folder. A video without segments is results_of whole.
        out: a JSON file for the results, written row by row. Segments with a description in it are skipped.
        instruction: overrides `[QwenVL] DefaultInstruction`; the priority keywords are added.
        use_vpc: use `VpcEndpoint` instead of `PublicEndpoint`.
        max_requests: maximum number of model requests.
        config: the settings; by default read from `config.ini` and the environment.
        describer: an open describer, whose cost you can read; overrides `use_vpc` and `max_requests`.
        progress: called with (rows done, total rows) after each row.

    Returns:
        `[{file_name, segments: [{segment_url, description, tags}]}]`, in the order of the list. A segment that
        failed has the description None and an `error`; the next run asks only for those.

    Raises:
        ConfigError: the list, the settings or the old results are invalid, or no model is configured.
        OutputError: the results cannot be written.
    """
    config = config or load_config()
    rows, folder = _read_videos(videos)
    known = _Results.read(out, videos)
    own = None if describer is not None else open_describer(config, use_vpc, max_requests)
    used = describer or own
    if used is None:
        raise ConfigError("no model is set: give [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini")
    question = instruction_of(config, instruction or "")
    work = _Work(used, question, folder, config.paths.download_directory, known, len(rows))
    results = _Results(out, [work.earlier_results(row) for row in rows])
    done = 0

    def describe(row: _Video) -> dict[str, Any]:
        nonlocal done
        result = work.results_of(row)
        with results.lock:
            results.add(result)
            done += 1
            if progress:
                progress(done, len(rows))
        return result

    try:
        found: list[dict[str, Any]] = in_parallel(describe, rows, used.parallel, name="infer")
    finally:
        if own is not None:
            own.close()
    results.finish(found)
    return found


class _Work:
    """What the rows share: the describer, and the results of an earlier run."""

    def __init__(
        self,
        describer: Describer,
        instruction: str,
        folder: Path,
        downloads: Path,
        known: Mapping[Any, Any],
        rows: int,
    ) -> None:
        self._describer = describer
        self._instruction = instruction
        self._folder = folder
        self._downloads = downloads
        self._known = known
        self._takes_urls = describer.backend == "endpoint"
        self._at_once = max(1, describer.parallel // max(1, rows))

    def earlier_results(self, row: _Video) -> dict[str, Any] | None:
        """A row's results of an earlier run; None if there are none."""
        found = [self._known.get((row.file_name, segment)) for segment in row.segments]
        segments = [answer for answer in found if answer is not None]
        return {"file_name": row.file_name, "segments": segments} if segments else None

    def results_of(self, row: _Video) -> dict[str, Any]:
        """The results of a row, with an answer for every segment."""

        def answer(segment: str) -> dict[str, Any]:
            known: dict[str, Any] | None = self._known.get((row.file_name, segment))
            return known or self._answer(row, segment)

        answers = in_parallel(answer, row.segments, self._at_once, name="segment")
        return {"file_name": row.file_name, "segments": answers}

    def _answer(self, row: _Video, segment: str) -> dict[str, Any]:
        empty: dict[str, Any] = {"segment_url": segment, "description": None, "tags": []}
        try:
            answer = self._ask(row, segment)
        except VidkitError as error:
            log.warning("no description of %s: %s", shown_url(segment), error)
            return {**empty, "error": str(error)}
        except OSError as error:
            return {**empty, "error": f"{printable(error.filename or segment)}: {error.strerror}"}
        return {"segment_url": segment, "description": answer.text, "tags": list(answer.tags)}

    def _ask(self, row: _Video, segment: str) -> Description:
        """Send the URL if the server accepts it, otherwise the file."""
        if "://" not in segment:
            path = self._folder / segment
            return self._describe(row, Clip(path if path.exists() or not Path(segment).exists() else Path(segment)))
        if self._takes_urls:
            try:
                return self._describe(row, Clip(None, readable_url(segment)))
            except (RefusedError, OutputError) as error:  # OutputError: the store cannot sign URLs
                refusal = error
        with tempfile.TemporaryDirectory(dir=ensure_directory(self._downloads), prefix=".infer-") as folder:
            try:
                path = download_video(segment, None, folder, progress=False).path
            except VidkitError:
                if self._takes_urls:
                    raise refusal from None
                raise
            answer = self._describe(row, Clip(path))
        self._takes_urls = False  # the server accepts the file, but not the URL: send files from now on
        return answer

    def _describe(self, row: _Video, clip: Clip) -> Description:
        return self._describer.ask(Question(self._instruction, clip, row.max_resolution, row.max_fps))


class _Results:
    """The results file: a JSON list with one line for each row, valid after every row."""

    def __init__(self, path: str | os.PathLike[str] | None, earlier: Sequence[dict[str, Any] | None]) -> None:
        self._path = Path(path) if path is not None else None
        self._empty = True
        self.lock = threading.Lock()
        if self._path is not None:
            check_local(self._path)
            ensure_directory(self._path.absolute().parent)
            rows = [row for row in earlier if row is not None]
            write_whole(self._path, _lines(rows))
            self._empty = not rows

    def add(self, row: Mapping[str, Any]) -> None:
        """Add a row to the file. After a crash meanwhile, the rows before it are kept."""
        if self._path is None:
            return
        line = (b"" if self._empty else b",\n") + _line(row).encode() + _END
        try:
            with self._path.open("r+b") as file:
                file.seek(-len(_END) if not self._empty else -len(b"]\n"), os.SEEK_END)
                file.write(line)
                file.truncate()
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise OutputError(
                "{path} cannot be written: {reason}", path=printable(self._path), reason=error.strerror
            ) from None
        self._empty = False

    def finish(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write all rows in the order of the list."""
        if self._path is not None:
            write_whole(self._path, _lines(rows))

    @staticmethod
    def read(
        path: str | os.PathLike[str] | None, videos: Sequence[Mapping[str, Any]] | str | os.PathLike[str]
    ) -> dict[tuple[str, str], dict[str, Any]]:
        """(file name, segment) -> the answer of an earlier run, without failures.

        Raises:
            ConfigError: the file has other content, which must not be overwritten.
        """
        if path is None or not Path(path).exists():
            return {}
        if isinstance(videos, (str, os.PathLike)) and Path(path).samefile(videos):
            raise ConfigError(
                "{path} is the list itself: the results need a file of their own", path=printable(path)
            )
        found: dict[tuple[str, str], dict[str, Any]] = {}
        for row in _old_rows(Path(path)):
            try:
                answers = [(row["file_name"], answer["segment_url"], answer) for answer in row["segments"]]
            except (KeyError, TypeError):
                raise ConfigError(
                    "{path} holds something else than results, and is left alone: name another file",
                    path=printable(path),
                ) from None
            found |= {(name, segment): answer for name, segment, answer in answers if answer.get("description")}
        return found


def _old_rows(path: Path) -> list[Any]:
    """The rows of a results file; if it was cut off, its complete rows."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError("{path} cannot be read: {error}", path=printable(path), error=error) from None
    try:
        content = json.loads(text)
    except ValueError:
        content = [row for row in map(_parsed, text.splitlines()) if row is not None]
        if not content and text.strip():
            content = [None]
    return content if isinstance(content, list) else [content]


def _parsed(line: str) -> Any:
    try:
        return json.loads(line.strip().rstrip(","))
    except ValueError:
        return None


def _lines(rows: Sequence[Mapping[str, Any]]) -> str:
    return "[\n" + ",\n".join(map(_line, rows)) + "\n]\n" if rows else "[\n]\n"


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False)


def _read_videos(
    videos: Sequence[Mapping[str, Any]] | str | os.PathLike[str],
) -> tuple[list[_Video], Path]:
    """The rows, and the folder that their paths are relative to."""
    if not isinstance(videos, (str, os.PathLike)):
        return [_video(row, message("row {number}", number=number)) for number, row in enumerate(videos, 1)], Path()
    path = Path(videos)
    shown = printable(path)
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigError(
            "{shown}: {reason}. `vidkit prepare` writes it.", shown=shown, reason=error.strerror
        ) from None
    except json.JSONDecodeError as error:
        raise ConfigError("{shown} is not JSON: {reason}", shown=shown, reason=json_reason(error)) from None
    except ValueError as error:
        raise ConfigError("{shown} is not JSON: {error}", shown=shown, error=error) from None
    if not isinstance(content, list):
        raise ConfigError("{shown} must hold a list of videos, as `vidkit prepare` writes it", shown=shown)
    return [
        _video(row, message("{shown}: row {number}", shown=shown, number=number))
        for number, row in enumerate(content, 1)
    ], path.absolute().parent


def _video(row: Any, where: str) -> _Video:
    """Check one row.

    Raises:
        ConfigError: it is invalid; the message says where.
    """
    if not isinstance(row, Mapping):
        raise ConfigError("{where} is not an object with file_name, public_url and segments", where=where)
    segments = row.get("segments") or [row.get("public_url")]
    if not isinstance(segments, list) or not all(isinstance(one, str) and one.strip() for one in segments):
        raise ConfigError("{where} has neither segments, as a list of URLs or paths, nor a public_url", where=where)
    resolution, rate = row.get("max_resolution"), row.get("max_fps")
    try:
        if resolution is not None:
            parse_resolution(str(resolution))
        fps = None if rate is None else float(rate)
        if fps is not None and not 0 < fps <= 1000:
            raise ValueError(message("max_fps {rate} is not a number from 0 to 1000", rate=rate))
    except (TypeError, ValueError) as error:
        raise ConfigError("{where}: {error}", where=where, error=error) from None
    name = str(row.get("file_name") or segments[0])
    return _Video(name, tuple(segments), None if resolution is None else str(resolution), fps)
