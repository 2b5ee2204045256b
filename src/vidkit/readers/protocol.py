"""What a reader is: a class that turns the pictures, the sound or the texts of a video into spans of time.

`docs/readers.md` shows a whole reader.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

GROUP = "vidkit.readers"  # the entry points by which packages offer readers
RATES = (0.0625, 0.125, 0.25, 0.5, 1, 2, 4, 8, 16)  # pictures a second: each divides all greater ones
SAMPLE_RATE = 16_000


@dataclass(frozen=True)
class Pictures:
    """Which pictures a reader needs.

    `choose`:
    - `changed`: those that differ from the one before, if only in a corner; and one of every shot, however short.
    - `scene`: one of each shot, from its middle. Shots are guessed while the video is decoded. A scene may get two
      pictures, and of two scenes that look alike the second may get none.
    - `all`: all of them.
    """

    per_second: float = 1.0
    """One of `RATES`; for `scene` it does not count."""
    side: int = 640
    """Pixels of the longer side. Smaller videos are not enlarged."""
    choose: Literal["changed", "scene", "all"] = "changed"


@dataclass(frozen=True)
class Needs:
    """What a reader needs of a video: pictures, sound or both; or texts, after all other readers are done."""

    pictures: Pictures | None = None
    sound: bool = False
    text: bool = False
    model: bool = False
    """Whether a reader of text asks the model that describes videos, by `Video.ask`."""
    scenes: bool = False
    """Whether the result depends on `Video.scenes`: then it is read again when the scenes change."""


@dataclass(frozen=True)
class Option:
    """A setting of a reader: a key of its section `[Readers.NAME]` in config.ini.

    `read` turns its text into the value and raises ValueError with a reason. `counts` says whether the results
    depend on it: then a new value reads all videos again.
    """

    default: Any
    meaning: str
    read: Callable[[str], Any] = str
    counts: bool = True


@dataclass(frozen=True)
class PictureBatch:
    """Some pictures: `images` is n x height x width x 3, RGB, turned as a viewer sees them, and read-only.

    `times` has the second of each.
    """

    times: Sequence[float]
    images: NDArray[np.uint8]


@dataclass(frozen=True)
class SoundBatch:
    """Some sound of the first track: mono, 16,000 samples a second from -1 to 1; and the second it starts at."""

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
    """A text of the video: `source` is `description`, or the name of the reader that read it."""

    source: str
    start_time: float
    end_time: float
    text: str


@dataclass
class Video:
    """What a reader is told of a video.

    `duration` is what the file says. It, and `scenes`, are right once all batches were read. `texts` are for
    readers of text. `ask` puts a question without pictures to the model that describes videos, for readers that
    need it: the model's words, or a VidkitError that says why there are none.
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
    """A word of a text: when it is spoken, in seconds, and how sure it is, 0 to 1."""

    start_time: float
    end_time: float
    text: str
    score: float


@dataclass(frozen=True)
class Span:
    """Something from one second to another: a text, or a label.

    `score` is how sure it is, 0 to 1. `box` is left, top, width and height as fractions of the picture.
    `values` are further numbers by name. `words` are those of a text that is spoken: a reading with words gets a
    WebVTT file beside the record.
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
    """What a reader has read of a video: spans, and values of the whole video by name, to filter by."""

    spans: Sequence[Span] = ()
    values: Mapping[str, float | str | bool | None] = field(default_factory=dict)


class Reader:
    """A reader. Its entry point names a class that is derived from this one.

    One object is made for each run in each process, and `open` called before it reads its first video. It reads one
    batch at a time, though several videos may be under way: what belongs to a video is kept in `read`.
    """

    version: ClassVar[int | str] = 1
    """Raise it when the results change: all videos are read again."""
    meaning: ClassVar[str] = ""
    """What it reads, in some words."""
    options: ClassVar[Mapping[str, Option]] = {}
    """Its settings."""
    needs: Needs
    """What it needs; `__init__` may set it by the settings."""
    model: str | None = None
    """The name of its model, with what tells it from others; `__init__` may set it. Another one reads again."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the settings: a value for each of `options`. Load nothing here: `open` does."""
        self.settings = settings

    def fetch(self) -> None:
        """Get what has to be fetched once, such as the weights of a model.

        Called where a run begins, before `missing` and before the first video.

        Raises:
            Exception: it cannot be fetched; the run stops with this message.
        """

    def missing(self) -> str | None:
        """What is not there that it needs, such as a package or a model, and how to get it."""
        return None

    def open(self) -> None:
        """Load what is needed."""

    def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
        """Read a video.

        Args:
            video: what is known of it.
            batches: what `needs` asks for, in order of time; where both pictures and sound are, as they come. They
                are freed once they are read. Readers of text get none.

        Raises:
            Exception: whatever it is, only this reader has no reading of this video.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Let go of what is open."""
