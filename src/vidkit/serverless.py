"""One video from and to a bucket, as a function for AWS Lambda and similar services: `vidkit.serverless.handler`.

An event names a video: `{"url": ..., "output": ...}`, or a notification of S3 that an object was created. The
record in the bucket is the result. There is no journal, and a library only on a server: `vidkit library add
s3://...` joins the records later.
"""

from __future__ import annotations

import logging
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, wait
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote_plus

from vidkit.core import load_config, printable, setup_logging, shown_url
from vidkit.core.buckets import is_bucket
from vidkit.core.config import Config, Meaning
from vidkit.core.options import with_options
from vidkit.core.retry import TransientError
from vidkit.core.stores import Store, open_store, within
from vidkit.download.reach import ANYWHERE, reach_of
from vidkit.errors import (
    ConfigError,
    DescribeError,
    LibraryError,
    OutputError,
    ToolMissingError,
    UnwantedError,
    VidkitError,
)
from vidkit.library import Library, LibraryEntry, open_library
from vidkit.library.backends import configured_file
from vidkit.library.protocol import PicturesOf
from vidkit.qwen_model import instruction_of
from vidkit.qwen_model.cache import AnswerCache, Answers
from vidkit.qwen_model.cost import Meter, RequestMeter
from vidkit.record import record_name
from vidkit.rows import Row
from vidkit.tagging.user_rules import open_rules
from vidkit.workflow import make_record
from vidkit.workflow.finished import Finished
from vidkit.workflow.journal import names_for
from vidkit.workflow.journal_database import url_of_record
from vidkit.workflow.run import Run, RunSpec, open_worker_run

log = logging.getLogger(__name__)

_MARGIN = 10.0  # seconds before the function's end, to stop ffmpeg and return the answer
_SHORT = 0.4  # the margin as a share of the remaining time, if that is less
_TO_STOP = 1.0  # seconds


class Request(NamedTuple):
    """A video of an event, and the address for its results; None: that of the settings."""

    url: str
    output: str | None = None


class Skipped(NamedTuple):
    """A part of an event without a video to process, and why."""

    url: str
    reason: str


def handler(event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
    """Process the video of an event.

    Args:
        event: `{"url": "s3://bucket/key.mp4", "output": "s3://bucket/results"}`; or a notification of S3 or
            EventBridge that an object was created. Without `output`, `[Paths] ProcessedDirectory` counts
            (`VIDKIT_PATHS_PROCESSEDDIRECTORY`).
        context: Lambda's context. The work stops before its `get_remaining_time_in_millis()` is over.

    Returns:
        For one video: `state` (`done`, `unchanged`, `skipped` or `failed`) and `url`; with the first two states
        `filename`, `record` (its address), `class`, `tags` and `seconds`; with the others `reason`, and the `stage`
        that failed. For an event with several videos: `{"videos": [...]}`.

    Raises:
        VidkitError: another try may help, or the function is not set up; the event must be kept.
    """
    config = load_config()
    setup_logging(None, hidden=config.secrets())
    ends = _end(context)
    answers = [_answer(each, config, ends) for each in requests_of(event)]
    return answers[0] if len(answers) == 1 else {"videos": answers}


def requests_of(event: Mapping[str, Any]) -> list[Request | Skipped]:
    """The videos of an event.

    Raises:
        ConfigError: it is an unknown kind of event.
    """
    if isinstance(event.get("url"), str):
        output = event.get("output")
        return [Request(event["url"], str(output) if output else None)]
    if isinstance(event.get("Records"), list):
        return [_from_notification(record) for record in event["Records"]]
    if event.get("source") == "aws.s3":
        detail = event["detail"]
        return [_from_object(detail["bucket"]["name"], detail["object"]["key"], str(event.get("detail-type")))]
    if event.get("Event") == "s3:TestEvent":
        return [Skipped(f"s3://{event.get('Bucket')}", "S3 tries out the notification")]
    names = ", ".join(sorted(map(str, event))) if isinstance(event, Mapping) else ""
    raise ConfigError(
        "the event is none that vidkit knows (it has {names}): send "
        '{{"url": "s3://bucket/key.mp4", "output": "s3://bucket/results"}}, or a notification of S3',
        names=printable(names)[:200] or "nothing",
    )


def _from_notification(record: Mapping[str, Any]) -> Request | Skipped:
    """The video of a record of S3, whose keys are encoded as in a form."""
    if "s3" not in record:
        raise ConfigError("the event has records that are not of S3: send the notifications of a bucket")
    key = unquote_plus(record["s3"]["object"]["key"])
    return _from_object(record["s3"]["bucket"]["name"], key, str(record.get("eventName")))


def _from_object(bucket: str, key: str, happened: str) -> Request | Skipped:
    url = f"s3://{bucket}/{key}"
    if "Created" not in happened:
        return Skipped(url, f"it was not created ({printable(happened)})")
    return Request(url)


def _answer(request: Request | Skipped, config: Config, ends: float | None) -> dict[str, Any]:
    """Process a video. Returns the answer of the function.

    Raises:
        VidkitError: another try may help.
    """
    url = printable(shown_url(request.url))
    if isinstance(request, Skipped):
        return {"state": "skipped", "url": url, "reason": request.reason}
    began = time.monotonic()
    config = _with_output(request, config)
    output = config.paths.processed_directory
    if is_bucket(request.url) and _is_in(request.url, str(output)):
        return {"state": "skipped", "url": url, "reason": f"it lies in the results, {printable(str(output))}"}
    try:
        finished = _process(request.url, config, ends)
    except UnwantedError as error:
        return {"state": "skipped", "url": url, "reason": str(error)}
    except VidkitError as error:
        if _another_try_helps(error):
            raise
        log.warning("%s failed: %s", url, error)
        return {"state": "failed", "url": url, "stage": error.stage, "reason": str(error)}
    record = finished.record
    return {
        "state": "done" if finished.new else "unchanged",
        "url": url,
        "filename": record["filename"],
        "record": str(within(output, record_name(record["filename"]))),
        "class": record["classification"],
        "tags": record["tags"],
        "seconds": round(time.monotonic() - began, 1),
    }


def _with_output(request: Request, config: Config) -> Config:
    """The settings, with the output of the request.

    Raises:
        ConfigError: the results would be lost with the function's disk.
    """
    if request.output is not None:
        config = with_options(config, {"output": request.output})
    if ("Paths", "ProcessedDirectory") not in config.explicit:
        raise ConfigError(
            'nobody says where the results are to go: write "output": "s3://bucket/results" into the event, or set '
            "VIDKIT_PATHS_PROCESSEDDIRECTORY"
        )
    return config


def _is_in(url: str, folder: str) -> bool:
    """Whether an object is in a folder of a bucket: vidkit's own results must not start it again."""
    return f"{url}/".startswith(f"{folder.rstrip('/')}/")


def _process(url: str, config: Config, ends: float | None) -> Finished:
    """Process the video in a scratch folder, and save its record in the library if there is one.

    Raises:
        VidkitError: it failed, or its record was written without a description.
    """
    with ExitStack() as opened:
        scratch = Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="vidkit-", ignore_cleanup_errors=True))
        )
        library = opened.enter_context(closing(open_library(config))) if configured_file(config) is None else None
        if library is None:  # vectors could not be saved
            config = replace(config, meaning=Meaning())
        spec = RunSpec(_in_scratch(config, scratch), reach=ANYWHERE if is_bucket(url) else reach_of(config.serve))
        store = open_store(config.paths.processed_directory)
        shared = _SharedByRecords(store, library, AnswerCache(spec.config.qwen_vl.cache), Meter(None))
        run = opened.enter_context(open_worker_run(spec, shared, open_rules(config), instruction_of(config)))
        finished = _in_time(run, Row(line=0, url=url), ends)
        if library is not None and (finished.new or not library.find(finished.url)):
            library.save(finished.record, store.address)
        for model, vectors in finished.vectors.items():
            if library is not None:
                library.save_vectors(model, [vectors])
    return _described(finished)


def _in_scratch(config: Config, scratch: Path) -> Config:
    """The settings, with all local files in a folder that is removed after the video."""
    paths = replace(config.paths, download_directory=scratch / "downloads", keep_downloads=False)
    return replace(config, paths=paths, qwen_vl=replace(config.qwen_vl, cache=scratch / "answers.db"))


@dataclass(frozen=True)
class _SharedByRecords:
    """`Shared` without a journal: the records show which URL has which name.

    The conditional write of the record prevents that two functions use one name, or one URL, at once.
    """

    store: Store
    library: Library | None
    answers: Answers
    meter: RequestMeter

    def filename(self, url: str) -> str | None:
        """Unknown before `claim`."""
        return None

    def is_mixed_up(self, url: str) -> bool:
        """Only an older vidkit mixed up records, and it had no buckets."""
        return False

    def claim(self, url: str, wanted: str) -> str:
        """The first possible name of the URL that no record of another URL has."""
        return next(name for name in names_for(url, wanted) if url_of_record(self.store, name) in (url, None))

    def reclaim(self, url: str, taken: str) -> str:
        """A new name: since the claim, a record of another URL has the first one."""
        return self.claim(url, taken)

    def working_on(self, url: str, stopped: Callable[[], bool]) -> AbstractContextManager[None]:
        """Nothing is locked."""
        return nullcontext()

    def find(self, url: str) -> list[LibraryEntry]:
        return self.library.find(url) if self.library else []

    def skipped_copy(self, url: str) -> tuple[str | None, str] | None:
        """A function processes one video: copies are not skipped."""
        return None

    def vectors_made_of(self, model: str, url: str) -> str | None:
        return self.library.vectors_made_of(model, [url]).get(url) if self.library is not None else None

    def copy_of(self, video: PicturesOf) -> str | None:
        """Copies are not skipped."""
        return None


def _end(context: Any) -> float | None:
    """When the work has to stop, on the monotonic clock; None if there is no limit."""
    if not hasattr(context, "get_remaining_time_in_millis"):
        return None
    left = float(context.get_remaining_time_in_millis()) / 1000
    return time.monotonic() + left - min(_MARGIN, left * _SHORT)


def _in_time(run: Run, row: Row, ends: float | None) -> Finished:
    """Run the pipeline in a thread, so that it can be left when the time is over.

    Raises:
        VidkitError: it failed, or was stopped because the function's time is over.
    """
    done: Future[Finished] = Future()
    stages = ["download"]

    def work() -> None:
        try:
            done.set_result(make_record(run, row, lambda stage, *_: stages.append(stage)))
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, name="video", daemon=True).start()
    wait([done], None if ends is None else max(0.0, ends - time.monotonic()))
    if done.done():
        return done.result()
    run.processes.stop()
    wait([done], _TO_STOP)
    slow = VidkitError(
        "the function's time is over. Give it more memory (and with it processors) or time, or process this video "
        "with `vidkit process`"
    )
    slow.stage = stages[-1]
    raise slow


def _described(finished: Finished) -> Finished:
    """A finished video, after a check that it is described.

    Raises:
        DescribeError: the model gave no description; the record is written, and another try only asks the model.
    """
    ai = finished.record["ai"]
    if ai is not None and ai["error"] is not None:
        raise DescribeError(
            "{filename} is recorded without a description: {error}",
            filename=finished.record["filename"],
            error=ai["error"],
        )
    return finished


def _another_try_helps(error: VidkitError) -> bool:
    """Whether the platform should call the function again with the same event, and keep it if that fails too."""
    if isinstance(error, (ConfigError, ToolMissingError, LibraryError, DescribeError)):
        return True  # for the first two, after the function is set up
    if isinstance(error, OutputError):
        return not isinstance(error.__cause__, OSError)  # a failed bucket, not the function's own disk
    return isinstance(error.__cause__, TransientError)
