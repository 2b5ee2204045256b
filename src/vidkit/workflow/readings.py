"""The stages of readers: one for each that a run uses. Readers of pictures and sound share the one decode."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from vidkit.analysis import Metadata
from vidkit.analysis.decode import DecodeLog, DecodeOutput, DecodeRequest
from vidkit.analysis.frames import audio_output, frames_output, has_audio
from vidkit.errors import MediaError
from vidkit.messages import message
from vidkit.pipes import HeldUp
from vidkit.qwen_model.question import Question
from vidkit.readers.captions import cues_of, webvtt
from vidkit.readers.opened import EnabledReader
from vidkit.readers.protocol import Batch, Pictures, Reading, Scene, SoundBatch, Span, Text, Video, Word
from vidkit.readers.sampling import Sampler, rate_of
from vidkit.readers.session import Session
from vidkit.record import TRANSCRIPTS, Record
from vidkit.workflow.job import VideoJob

log = logging.getLogger(__name__)

KEY = "readings"
_STAGE = "reader:{}"


def stage_name(reader: EnabledReader) -> str:
    """What a reader's stage is called in `processing.stages`."""
    return _STAGE.format(reader.name)


class Feed:
    """The pictures and the sound of one decode, for all readers of a video that are read again.

    `outputs` has one output for all readers that need pictures of the same size, and one for the sound. It is
    complete once all of these readers were added.
    """

    def __init__(self, metadata: Metadata) -> None:
        self.outputs: list[DecodeOutput] = []
        self._metadata = metadata
        self._sessions: list[Session] = []
        self._held_up = HeldUp()
        self._ended = False

    def add(self, session: Session) -> None:
        """Feed a reader, too."""
        self._sessions.append(session)
        wanted = [(each, each.enabled.needs.pictures) for each in self._sessions]
        self.outputs.clear()
        for side in sorted({pictures.side for _, pictures in wanted if pictures is not None}):
            of_side = [(each, pictures) for each, pictures in wanted if pictures and pictures.side == side]
            self.outputs.append(self._pictures(side, of_side))
        listening = [each for each in self._sessions if each.enabled.needs.sound]
        if listening and has_audio(self._metadata):
            self.outputs.append(self._sound(listening))

    def end(self, scenes: Sequence[Scene], duration: float) -> None:
        """Tell all readers that everything is decoded."""
        if not self._ended:
            self._ended = True
            for session in self._sessions:
                session.end(scenes, duration)

    def _pictures(self, side: int, readers: Sequence[tuple[Session, Pictures]]) -> DecodeOutput:
        rate = max(rate_of(pictures) for _, pictures in readers)
        samplers = [(session, Sampler(pictures, rate)) for session, pictures in readers]

        def take(number: int, second: float, image: Any) -> None:
            for session, sampler in samplers:
                if not session.is_over:
                    self._put(session, sampler.take(number, second, image))

        def rest() -> None:
            for session, sampler in samplers:
                self._put(session, sampler.rest())

        return frames_output(self._metadata, rate, side, take, rest, self._held_up.seconds)

    def _sound(self, sessions: Sequence[Session]) -> DecodeOutput:
        def take(second: float, samples: Any) -> None:
            for session in sessions:
                self._put(session, SoundBatch(second, samples))

        return audio_output(take, self._held_up.seconds)

    def _put(self, session: Session, batch: Batch | None) -> None:
        if batch is not None:
            with self._held_up.waiting():
                session.put(batch)


@contextmanager
def read_in_decode(job: VideoJob, reader: EnabledReader) -> Iterator[DecodeRequest[dict[str, Any]]]:
    """Read a video's pictures and sound as they are decoded. A failure of the reader is in its reading."""
    with _session(job, reader) as session:
        first = job.feed is None
        feed = job.feed = job.feed or Feed(job.metadata)
        feed.add(session)

        def finish(heard: DecodeLog) -> dict[str, Any]:
            job.feed = None
            feed.end(_scenes_of(job.record), job.record["duration"])
            return _read(job, reader, *session.result())

        try:
            yield DecodeRequest(feed.outputs if first else [], finish, "read")
        finally:
            job.feed = None


def read_texts(job: VideoJob, reader: EnabledReader) -> dict[str, Any]:
    """Read the texts of a video. A failure of the reader is in its reading."""
    with _session(job, reader) as session:
        session.end(_scenes_of(job.record), job.record["duration"])
        return _read(job, reader, *session.result())


@contextmanager
def _session(job: VideoJob, reader: EnabledReader) -> Iterator[Session]:
    record = job.record
    video = Video(
        str(job.filename), record["duration"], record["width"], record["height"], record["fps"],
        record["audio"] is not None, texts=texts_of(record, text_readers(job)) if reader.needs.text else (),
        ask=_model_of(job) if reader.needs.model else None,
    )  # fmt: skip
    session = Session(reader, video, job.run.stop)
    try:
        yield session
    finally:
        session.cancel()


def _model_of(job: VideoJob) -> Callable[[str], str] | None:
    """What puts a question without pictures to the run's model."""
    describer = job.run.describer
    return (lambda question: describer.ask(Question(question)).text) if describer else None


def _read(job: VideoJob, reader: EnabledReader, reading: Reading | None, reason: str | None) -> dict[str, Any]:
    """The record's key with a new reading.

    Raises:
        MediaError: the run was stopped.
    """
    if job.run.stop.is_set():
        raise MediaError("the run was stopped")
    if reading is None:
        return failed(job, reader, reason or message("it ended without a reading"))
    spans = [_entry(span) for span in reading.spans]
    written = {"vtt": _write_vtt(job, reader, spans)} if any(span.get("words") for span in spans) else {}
    return _with(job, reader, {"error": None, **reading.values, **written, "spans": spans})


def _write_vtt(job: VideoJob, reader: EnabledReader, spans: Sequence[Mapping[str, Any]]) -> str:
    """Write the words into a WebVTT file of the results; its name there."""
    name = f"{os.path.splitext(str(job.filename))[0]}.{reader.name}.vtt"
    with job.publishing(TRANSCRIPTS, stage_name(reader)) as new:
        (new.folder / name).write_text(webvtt(cues_of(spans)), encoding="utf-8")
    return f"{new.name}/{name}"


def reading_files(record: Mapping[str, Any], name: str | None = None) -> list[str]:
    """The files that the readings of a record name, or that of one reader."""
    found = _readings(record)
    return [found[each]["vtt"] for each in ([name] if name else found) if found.get(each, {}).get("vtt")]


def failed(job: VideoJob, reader: EnabledReader, reason: str) -> dict[str, Any]:
    """The record's key where a reader has failed; the next run tries again."""
    log.warning("%s: reader %s failed: %s", job.filename, reader.name, reason)
    return _with(job, reader, {"error": reason, "spans": []})


def _with(job: VideoJob, reader: EnabledReader, reading: dict[str, Any]) -> dict[str, Any]:
    entry = {"model": reader.model, "version": reader.version, **reading}
    return {KEY: {**_readings(job.record), reader.name: entry}}


def _entry(span: Span) -> dict[str, Any]:
    return {key: _plain(value) for key, value in vars(span).items() if value is not None}


def _plain(value: Any) -> Any:
    """A value as JSON has it: words as objects."""
    return [vars(each) if isinstance(each, Word) else each for each in value] if isinstance(value, list) else value


def is_read(reader: EnabledReader) -> Callable[[VideoJob, Record], bool]:
    """Whether an older reading needs nothing more: it is there, has no error, and the texts are the same."""

    def complete(job: VideoJob, old: Record) -> bool:
        reading = _readings(old).get(reader.name)
        if reading is None or reading["error"] is not None:
            return False
        names = text_readers(job)
        return not reader.needs.text or texts_of(job.record, names) == texts_of(old, names)

    return complete


def text_readers(job: VideoJob) -> set[str]:
    """The readers of a run that read texts: what they read is no text for others of them."""
    return {reader.name for reader in job.run.readers if reader.needs.text}


def texts_of(record: Mapping[str, Any], left_out: set[str]) -> list[Text]:
    """The texts of a record: descriptions, and what readers have read but for those that are left out."""
    texts = [Text("description", 0.0, record["duration"], record.get("qwen_description") or "")]
    parts = [*record.get("segments", []), *record.get("scenes", [])]
    texts += [
        Text("description", part["start_time"], part["end_time"], part["description"] or "") for part in parts
    ]
    for name, reading in _readings(record).items():
        if name not in left_out:
            spans = reading["spans"]
            texts += [Text(name, span["start_time"], span["end_time"], span.get("text", "")) for span in spans]
    return [text for text in texts if text.text]


def _scenes_of(record: dict[str, Any]) -> list[Scene]:
    return [Scene(scene["start_time"], scene["end_time"]) for scene in record["scenes"]]


def keep_other_readings(job: VideoJob) -> None:
    """Take over what readers that this run does not use have read of the same content."""
    previous = job.previous
    if previous is None or previous["sha256"] != job.record["sha256"]:
        return
    used = {reader.name for reader in job.run.readers}
    others = {name: reading for name, reading in _readings(previous).items() if name not in used}
    if others:
        job.record[KEY] = others


def _readings(record: Mapping[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record.get(KEY) or {}
    return found
