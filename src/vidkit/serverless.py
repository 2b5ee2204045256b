"""One video from and to a bucket, as a function of AWS Lambda and its kin: `vidkit.serverless.handler`.

An event names a video: `{"url": ..., "output": ...}`, or a notification of S3 that an object was created. The
record in the bucket is the result. There is no journal, and no library but one on a server: `vidkit library add s3://...`
joins the records later.
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

_MARGIN = 10.0  # seconds before the function's end, in which ffmpeg is stopped and the answer given
_SHORT = 0.4  # of the time that is left, where that is less
_TO_STOP = 1.0  # seconds


class Wanted(NamedTuple):
    """A video that an event asks for, and where its results are to go; None: as the settings say."""

    url: str
    output: str | None = None


class Passed(NamedTuple):
    """A part of an event that asks for nothing, and why."""

    url: str
    reason: str


def handler(event: Mapping[str, Any], context: Any = None) -> dict[str, Any]:
    """Process the video of an event.

    Args:
        event: `{"url": "s3://bucket/key.mp4", "output": "s3://bucket/results"}`; or a notification of S3 or
            EventBridge that an object was created. Without `output`, `[Paths] ProcessedDirectory` counts
            (`VIDKIT_PATHS_PROCESSEDDIRECTORY`).
        context: what Lambda gives. The work is stopped before its `get_remaining_time_in_millis()` is over.

    Returns:
        For one video: `state` (`done`, `unchanged`, `skipped` or `failed`), `url`, and with the first two
        `filename`, `record` (its address), `class`, `tags` and `seconds`; with the others `reason`, and `stage`
        where one failed. For an event with several: `{"videos": [...]}`.

    Raises:
        VidkitError: another try may help, or the function is not set up: the event must not be lost.
    """
    config = load_config()
    setup_logging(None, hidden=config.secrets())
    ends = _end(context)
    answers = [_answer(each, config, ends) for each in wanted(event)]
    return answers[0] if len(answers) == 1 else {"videos": answers}


def wanted(event: Mapping[str, Any]) -> list[Wanted | Passed]:
    """The videos that an event asks for.

    Raises:
        ConfigError: it is no event that is known.
    """
    if isinstance(event.get("url"), str):
        output = event.get("output")
        return [Wanted(event["url"], str(output) if output else None)]
    if isinstance(event.get("Records"), list):
        return [_of_notification(record) for record in event["Records"]]
    if event.get("source") == "aws.s3":
        detail = event["detail"]
        return [_of_object(detail["bucket"]["name"], detail["object"]["key"], str(event.get("detail-type")))]
    if event.get("Event") == "s3:TestEvent":
        return [Passed(f"s3://{event.get('Bucket')}", "S3 tries out the notification")]
    names = ", ".join(sorted(map(str, event))) if isinstance(event, Mapping) else ""
    raise ConfigError(
        "the event is none that vidkit knows (it has {names}): send "
        '{{"url": "s3://bucket/key.mp4", "output": "s3://bucket/results"}}, or a notification of S3',
        names=printable(names)[:200] or "nothing",
    )


def _of_notification(record: Mapping[str, Any]) -> Wanted | Passed:
    """What a record of S3 asks for; its keys are encoded as in a form."""
    if "s3" not in record:
        raise ConfigError("the event has records that are not of S3: send the notifications of a bucket")
    key = unquote_plus(record["s3"]["object"]["key"])
    return _of_object(record["s3"]["bucket"]["name"], key, str(record.get("eventName")))


def _of_object(bucket: str, key: str, happened: str) -> Wanted | Passed:
    url = f"s3://{bucket}/{key}"
    if "Created" not in happened:
        return Passed(url, f"it was not created ({printable(happened)})")
    return Wanted(url)


def _answer(asked: Wanted | Passed, config: Config, ends: float | None) -> dict[str, Any]:
    """Process a video; what is to be said of it.

    Raises:
        VidkitError: another try may help.
    """
    url = printable(shown_url(asked.url))
    if isinstance(asked, Passed):
        return {"state": "skipped", "url": url, "reason": asked.reason}
    began = time.monotonic()
    config = _with_output(asked, config)
    output = config.paths.processed_directory
    if is_bucket(asked.url) and _lies_in(asked.url, str(output)):
        return {"state": "skipped", "url": url, "reason": f"it lies in the results, {printable(str(output))}"}
    try:
        finished = _processed(asked.url, config, ends)
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


def _with_output(asked: Wanted, config: Config) -> Config:
    """The settings, with results where the event wants them.

    Raises:
        ConfigError: the results would be lost with the function's disk.
    """
    if asked.output is not None:
        config = with_options(config, {"output": asked.output})
    if ("Paths", "ProcessedDirectory") not in config.explicit:
        raise ConfigError(
            'nobody says where the results are to go: write "output": "s3://bucket/results" into the event, or set '
            "VIDKIT_PATHS_PROCESSEDDIRECTORY"
        )
    return config


def _lies_in(url: str, folder: str) -> bool:
    """Whether an object lies in a folder of a bucket: what vidkit wrote must not start it again."""
    return f"{url}/".startswith(f"{folder.rstrip('/')}/")


def _processed(url: str, config: Config, ends: float | None) -> Finished:
    """Take the video to its record, in a scratch folder of its own, and to the library if there is one.

    Raises:
        VidkitError: it failed; or its record is written without a description.
    """
    with ExitStack() as opened:
        scratch = Path(
            opened.enter_context(tempfile.TemporaryDirectory(prefix="vidkit-", ignore_cleanup_errors=True))
        )
        library = opened.enter_context(closing(open_library(config))) if configured_file(config) is None else None
        if library is None:  # nobody would have the vectors
            config = replace(config, meaning=Meaning())
        spec = RunSpec(_in_scratch(config, scratch), reach=ANYWHERE if is_bucket(url) else reach_of(config.serve))
        store = open_store(config.paths.processed_directory)
        shared = _ByRecords(store, library, AnswerCache(spec.config.qwen_vl.cache), Meter(None))
        run = opened.enter_context(open_worker_run(spec, shared, open_rules(config), instruction_of(config)))
        finished = _in_time(run, Row(line=0, url=url), ends)
        if library is not None and (finished.new or not library.find(finished.url)):
            library.save(finished.record, store.address)
        for model, vectors in finished.vectors.items():
            if library is not None:
                library.save_vectors(model, [vectors])
    return _described(finished)


def _in_scratch(config: Config, scratch: Path) -> Config:
    """The settings, with all that is written on this machine in a folder that goes with the video."""
    paths = replace(config.paths, download_directory=scratch / "downloads", keep_downloads=False)
    return replace(config, paths=paths, qwen_vl=replace(config.qwen_vl, cache=scratch / "answers.db"))


@dataclass(frozen=True)
class _ByRecords:
    """What a run shares where there is no journal: the records themselves say which URL has which name.

    Two that want one name, or one URL, at once are kept apart by the record's conditional put.
    """

    store: Store
    library: Library | None
    answers: Answers
    meter: RequestMeter

    def filename(self, url: str) -> str | None:
        """Not known until a name is wanted."""
        return None

    def is_mixed_up(self, url: str) -> bool:
        """Only an older vidkit mixed records up, and it knew no buckets."""
        return False

    def claim(self, url: str, wanted: str) -> str:
        """The first of the names that a URL may have which no other URL's record has."""
        return next(name for name in names_for(url, wanted) if url_of_record(self.store, name) in (url, None))

    def reclaim(self, url: str, taken: str) -> str:
        """Another name: a record of another URL has the first one since it was claimed."""
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
    """When the work has to stop, on the monotonic clock; None where nobody says it."""
    if not hasattr(context, "get_remaining_time_in_millis"):
        return None
    left = float(context.get_remaining_time_in_millis()) / 1000
    return time.monotonic() + left - min(_MARGIN, left * _SHORT)


def _in_time(run: Run, row: Row, ends: float | None) -> Finished:
    """Take a video to its record. A thread does it, so that a server that does not answer holds nothing up.

    Raises:
        VidkitError: it failed, or it is stopped because the function's time is over.
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
    """A finished video, if nothing is left to do.

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
        return True  # for the first two, after somebody has set the function up
    if isinstance(error, OutputError):
        return not isinstance(error.__cause__, OSError)  # a bucket that fails, and not the function's own disk
    return isinstance(error.__cause__, TransientError)
