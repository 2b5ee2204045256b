"""Hide the faces in a video: `blur_video`. The audio, all frames and their times stay."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from vidkit.analysis import extract_metadata
from vidkit.analysis.clip_files import building
from vidkit.analysis.decode import PIPE, TELL_TIMES, DecodeOutput, decode
from vidkit.analysis.frames import fitted
from vidkit.analysis.probe import Metadata
from vidkit.blur.cover import CONTAINERS, KEEP_TIMES, count_frames, cover
from vidkit.blur.tracks import Track, follow, wider
from vidkit.core import ensure_directory, printable
from vidkit.core.files import check_local
from vidkit.core.units import format_count
from vidkit.errors import ConfigError, MediaError
from vidkit.pipes import HeldUp

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vidkit.core.config import Config
    from vidkit.readers.boxes import Box, Found
    from vidkit.readers.face_detector import FaceDetector

STYLES = ("pixelate", "box")
_DOUBTFUL = 0.4  # share of the least score that is enough in a frame if the face has the least score in another
_LEAST_CELL = 4

# Called with the number of frames done so far, and about how many there are.
Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Faces:
    """The face detector, with the user's settings."""

    detector: FaceDetector
    least_score: float
    side: int


@dataclass(frozen=True)
class Blurred:
    """The result of `blur_video`: the numbers of frames, of frames with something covered, of faces (a face that is
    lost and found again counts again), and of boxes added where the model found no face."""

    out: Path
    pictures: int
    covered: int
    faces: int
    filled: int
    report: Path | None


@dataclass(frozen=True)
class FaceTracks:
    """The faces of a video: the times of its frames in microseconds, and the track of each face.

    `side` is the longer side of the analysed frames in pixels.
    """

    times: list[int]
    tracks: list[Track]
    side: int

    @property
    def seconds(self) -> list[float]:
        return [time / 1e6 for time in self.times]

    def boxes(self, padding: float) -> dict[int, list[Box]]:
        """The boxes to cover, by the number of the frame."""
        covered: dict[int, list[Box]] = {}
        for track in self.tracks:
            for number, box in track.boxes(self.seconds):
                covered.setdefault(number, []).append(wider(box, padding))
        return covered


def face_detector(config: Config) -> Faces:
    """The detector of `[Readers.faces]`.

    Raises:
        ConfigError: its model cannot be used.
    """
    from vidkit.core.onnx_models import ModelError
    from vidkit.readers.face_detector import FaceDetector
    from vidkit.readers.faces import Faces as Reader
    from vidkit.readers.registry import reader_settings

    settings = reader_settings("faces", Reader, config)
    try:
        return Faces(FaceDetector(settings), settings["Score"], settings["Side"])
    except ModelError as error:
        raise ConfigError("[Readers.faces]: {error}", error=printable(error)) from None


def blur_video(
    input_video: str | os.PathLike[str],
    output_video: str | os.PathLike[str],
    detector: FaceDetector,
    *,
    style: str = "pixelate",
    padding: float = 0.2,
    least_score: float = 0.5,
    side: int = 640,
    report: str | os.PathLike[str] | None = None,
    metadata: Metadata | None = None,
    progress: Progress | None = None,
) -> Blurred:
    """Hide every face in every frame of a video.

    A face that is not found for up to half a second stays covered in between. A face is also covered for a fifth of
    a second before and after. Neither goes across a cut.

    Args:
        input_video: a local video file.
        output_video: the file to write, whole or not at all: .mp4, .m4v, .mov, .mkv (H.264) or .webm (VP9).
        detector: the face detector.
        style: `pixelate`, a mosaic of at most eight cells across a face; or `box`, one colour.
        padding: share of a face's size that is covered beyond each of its sides.
        least_score: minimum score that a face must have in at least one frame, 0 to 1.
        side: longer side, in pixels, of the frames that the detector gets.
        report: an HTML file to write, with an image of each face, and of each place where none was found in
            between.
        metadata: the result of `extract_metadata`, if known.
        progress: called with the progress.

    Raises:
        ConfigError: the output is the input, or has another extension.
        MediaError: ffmpeg failed, or wrote fewer or more frames than the video has.
        OutputError: a folder or file cannot be written.
    """
    path, target = Path(input_video), Path(output_video)
    check_blur(path, target, style)
    metadata = metadata or extract_metadata(path)
    tracked = find_faces(path, metadata, detector, least_score, side, progress)
    boxes = tracked.boxes(padding)
    folder = ensure_directory(target.parent)
    with building(folder) as new:
        made = new / f"blurred{target.suffix.lower()}"
        _encode(path, made, metadata, tracked, boxes, style)
        there = count_frames(made, metadata)
        if there != len(tracked.times):
            raise MediaError(
                "{path} cannot be blurred: it has {pictures}, "
                "and ffmpeg wrote {there}. The file is probably damaged",
                path=printable(path.name),
                pictures=format_count(len(tracked.times), "frame"),
                there=there,
            )
        if report is not None:
            from vidkit.blur.report import write_report

            write_report(Path(report), path, metadata, tracked)
        os.replace(made, target)
    return Blurred(
        out=target,
        pictures=len(tracked.times),
        covered=len(boxes),
        faces=len(tracked.tracks),
        filled=sum(map(len, boxes.values())) - sum(len(track.hits) for track in tracked.tracks),
        report=Path(report) if report is not None else None,
    )


def check_blur(path: Path, target: Path, style: str) -> None:
    """Check the output file and the style.

    Raises:
        ConfigError: one of them is wrong.
    """
    check_local(target)
    if style not in STYLES:
        raise ConfigError("--style {style}: there is {styles}", style=printable(style), styles=", ".join(STYLES))
    if target.suffix.lower() not in CONTAINERS:
        raise ConfigError(
            "--out {target}: the name has to end with {containers}",
            target=printable(target),
            containers=", ".join(CONTAINERS),
        )
    if target.is_dir():
        raise ConfigError("--out {target} is a folder: name a file", target=printable(target))
    if target.exists() and path.exists() and target.samefile(path):
        raise ConfigError("--out {target} is the video itself: give another name", target=printable(target))


def find_faces(
    path: Path,
    metadata: Metadata,
    detector: FaceDetector,
    least_score: float,
    side: int,
    progress: Progress | None = None,
) -> FaceTracks:
    """Find the faces in every frame of a video, and track them.

    Raises:
        MediaError: ffmpeg failed.
    """
    import numpy as np

    from vidkit.readers.sampling import is_cut

    found: list[list[Found]] = []
    cuts: set[int] = set()
    before: NDArray[np.uint8] | None = None

    def detect(image: NDArray[np.uint8]) -> None:
        nonlocal before
        if before is not None and np.array_equal(before, image):
            found.append(found[-1])
        else:
            if before is not None and is_cut(before, image):
                cuts.add(len(found))
            found.append(detector.find(image, least_score * _DOUBTFUL))
        before = image
        if progress is not None:
            progress(len(found), max(len(found), round(metadata.duration * metadata.fps)))

    times = read_frames(path, metadata, side, detect)[: len(found)]
    return FaceTracks(times, follow(found, [time / 1e6 for time in times], cuts, least_score), side)


def read_frames(path: Path, metadata: Metadata, side: int, take: Callable[[NDArray[np.uint8]], None]) -> list[int]:
    """Call `take` with every frame of a video as a viewer sees it, at most `side` pixels wide or high.

    Returns:
        The time of each frame in microseconds.

    Raises:
        MediaError: ffmpeg failed.
    """
    import numpy as np

    width, height = fitted(metadata, side)
    waits = HeldUp()

    def read(pipe: IO[bytes]) -> None:
        while len(block := pipe.read(width * height * 3)) == width * height * 3:
            with waits.waiting():
                take(np.frombuffer(block, np.uint8).reshape(height, width, 3))

    graph = f"{TELL_TIMES},scale={width}:{height},setsar=1,format=rgb24[small]"
    arguments = ["-map", "[small]", "-fps_mode", "passthrough", "-f", "rawvideo", PIPE]
    output = DecodeOutput(lambda source: [f"[{source}]{graph}"], arguments, read, held_up=waits.seconds)
    try:
        return list(decode(path, metadata, [output], KEEP_TIMES).times)
    except MediaError as error:
        raise MediaError("{path} cannot be read: {error}", path=printable(path.name), error=error) from None


def _encode(
    path: Path, made: Path, metadata: Metadata, tracked: FaceTracks, boxes: Mapping[int, list[Any]], style: str
) -> None:
    from vidkit.blur.masks import cell_of, frame_masks, write_masks

    width, height = fitted(metadata, tracked.side)
    sized = {
        number: [(box, cell_of(box, metadata.width, metadata.height)) for box in each]
        for number, each in boxes.items()
    }
    cells = sorted({cell for each in sized.values() for _, cell in each}) or [_LEAST_CELL]
    levels = {cell: level for level, cell in enumerate(cells, 1)}

    def write(pipe: IO[bytes]) -> None:
        write_masks(pipe, width, height, frame_masks(tracked.times, sized, levels, width, height))

    try:
        cover(path, made, made.suffix, metadata, levels, style, write)
    except MediaError as error:
        raise MediaError(
            "{path} cannot be written as {suffix}: {error}. If the reason is the audio, which is "
            "copied: an .mkv file can hold audio of every kind",
            path=printable(path.name),
            suffix=made.suffix,
            error=error,
        ) from None
