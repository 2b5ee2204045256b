"""What a reader is: a class that turns the frames, the audio or the texts of a video into time spans.

`docs/readers.md` shows a complete reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUP = "vidkit.readers"  # the group of entry points for readers
RATES = (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16)  # frames a second: each divides all greater ones
SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Pictures:
    """Which frames a reader needs.

    `choose`:
    - `changed`: frames that differ from the one before, even if only in a corner; and one of every scene, however
      short.
    - `scene`: one of each scene, from its middle. Scenes are estimated during the decode. A scene may get two
      frames, and of two similar scenes the second may get none.
    - `all`: all frames.
    """

    per_second: float = 1.0
    """One of `RATES`; ignored for `scene`."""
    side: int = 640
    """Pixels of the longer side. Smaller videos are not enlarged."""
    choose: Literal["changed", "scene", "all"] = "changed"


@dataclass(frozen=True)
class Needs:
    """What a reader needs: frames, audio or both; or the texts of the video, after all other readers."""

    pictures: Pictures | None = None
    sound: bool = False
    text: bool = False
    model: bool = False
    """Whether a reader of text uses the model that describes videos, by `Video.ask`."""
    scenes: bool = False
    """Whether the result depends on `Video.scenes`: then the video is read again when the scenes change."""


@dataclass(frozen=True)
class Option:
    """A setting of a reader: a key in its section `[Readers.NAME]` of config.ini.

    `read` converts its text to the value, or raises ValueError with a reason. `counts` is whether the results
    depend on it: then all videos are read again after a change.
    """

    default: Any
    meaning: str
    read: Callable[[str], Any] = str
    counts: bool = True


@dataclass(frozen=True)
class PictureBatch:
    """Some frames: `images` is n x height x width x 3, RGB, rotated as a viewer sees them, and read-only.

    `times` has the time of each in seconds.
    """

    times: Sequence[float]
    images: NDArray[np.uint8]


@dataclass(frozen=True)
class SoundBatch:
    """Some audio of the first stream: mono, 16,000 samples a second from -1 to 1; with its start in seconds."""

    start_time: float
    samples: NDArray[np.float32]


Batch = PictureBatch | SoundBatch


@dataclass(frozen=True)
class Scene:
    """A scene of the video, in seconds."""

    start_time: float
    end_time: float


@dataclass(frozen=True)
class Text:
    """A text of the video: `source` is `description`, or the name of the reader that returned it."""

    source: str
    start_time: float
    end_time: float
    text: str


@dataclass
class Video:
    """The video that a reader reads.

    `duration` is the duration in the file. It and `scenes` are correct only after all batches were read. `texts`
    are for readers of text. `ask` asks the model that describes videos a question without frames, for readers that
    need it. It returns the model's answer, or raises a VidkitError with the reason.
    """

    filename: str
    duration: float
    width: int
    height: int
    fps: float
    has_sound: bool
    scenes: Sequence[Scene] = ()
    texts: Sequence[Text] = ()
    ask: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Word:
    """A spoken word: its times in seconds, and its score, 0 to 1."""

    start_time: float
    end_time: float
    text: str
    score: float


@dataclass(frozen=True)
class Span:
    """A time span with a text or a label.

    `score` is from 0 to 1. `box` is left, top, width and height as fractions of the frame. `values` are further
    numbers by name. `words` are the words of a spoken text: a reading with words gets a WebVTT file beside the
    record.
    """

    start_time: float
    end_time: float
    text: str | None = None
    label: str | None = None
    score: float | None = None
    box: Sequence[float] | None = None
    values: Mapping[str, float] | None = None
    words: Sequence[Word] | None = None


@dataclass(frozen=True)
class Reading:
    """The result of a reader for a video: spans, and values of the whole video by name, for filters."""

    spans: Sequence[Span] = ()
    values: Mapping[str, float | str | bool | None] = field(default_factory=dict)


class Reader:
    """The base class of readers. The entry point of a reader names a class derived from it.

    Each process of a run makes one object, and calls `open` before its first video. The object gets one batch at a
    time, but of several videos in turn: keep the data of a video in local variables of `read`.
    """

    version: ClassVar[int | str] = 1
    """Raise it when the results change: all videos are read again."""
    meaning: ClassVar[str] = ""
    """What it reads, in a few words."""
    options: ClassVar[Mapping[str, Option]] = {}
    """Its settings."""
    needs: Needs
    """What it needs; `__init__` may set it, depending on the settings."""
    model: str | None = None
    """The name and version of its model; `__init__` may set it. When it changes, all videos are read again."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Keep the settings: a value for each of `options`. Load nothing here: `open` does."""
        self.settings = settings

    def fetch(self) -> None:
        """Download what is needed once, such as the weights of a model.

        Called at the start of a run, before `missing` and before the first video.

        Raises:
            Exception: the download failed; the run stops with this message.
        """

    def missing(self) -> str | None:
        """What is missing, such as a package or a model, and how to get it."""
        return None

    def open(self) -> None:
        """Load what is needed."""

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video.

        Args:
            video: the video's properties.
            batches: the frames or audio that `needs` asks for, in order of time; if both, as they are decoded. They
                are freed after reading. Readers of text get none.

        Raises:
            Exception: any error; only the reading of this reader for this video is then missing.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Free what `open` has loaded."""
