"""What each command of the command line takes: a function for each, and the table of all.

Everything here is imported for `vidkit --help`, so nothing heavy is.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vidkit.cli.parser import Arguments


# An option of the command line -> the setting that it stands in for.
SETTINGS = {
    "output": ("Paths", "ProcessedDirectory"),
    "scene_threshold": ("SceneDetection", "DefaultThreshold"),
    "qwen_instruction": ("QwenVL", "DefaultInstruction"),
    "max_resolution": ("Processing", "MaxResolution"),
    "max_fps": ("Processing", "MaxFPS"),
    "segment_length": ("Processing", "SegmentLength"),
    "min_segment_length": ("Processing", "MinSegmentLength"),
    "segment_overlap": ("Processing", "SegmentOverlap"),
    "segment_by": ("Processing", "SegmentBy"),
    "clip_mode": ("Processing", "ClipMode"),
    "encoder": ("Processing", "Encoder"),
    "workers": ("Concurrency", "MaxWorkers"),
    "keep_downloads": ("Paths", "KeepDownloads"),
}
# The commands whose words are a search.
SEARCHING = ("search", "stats")


def natural(text: str) -> int:
    """A number that counts something."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than nothing")
    return number


def add_common(command: argparse.ArgumentParser, config: str | None = None, log_level: str = "INFO") -> None:
    """What every command takes, and the defaults of that."""
    command.add_argument(
        "--config", metavar="FILE", default=config, help="the settings file (default: config.ini here)"
    )
    command.add_argument(
        "--log_level",
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        default=log_level,
        help="the least that goes into the log file (default: INFO)",
    )


def _process(parser: argparse.ArgumentParser) -> None:
    _add_rows(parser)
    _add_settings(parser)
    parser.add_argument("--use_vpc", action="store_true", help="ask [QwenVL] VpcEndpoint, not PublicEndpoint")
    parser.add_argument(
        "--describe",
        choices=["auto", "none", "video", "segments", "scenes"],
        default="auto",
        help="what the model describes; auto: the video if it is one clip long, else its clips (default)",
    )
    parser.add_argument(
        "--workers", metavar="N", help="videos under way at once (default: [Concurrency] MaxWorkers)"
    )
    parser.add_argument(
        "--max-requests",
        metavar="N",
        type=natural,
        help="ask the model no more often than this; the next run goes on",
    )
    parser.add_argument(
        "--keep-downloads",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="keep a download once its record is whole (default: [Paths] KeepDownloads)",
    )
    parser.add_argument("--force", action="store_true", help="do every stage again, also where nothing changed")
    parser.add_argument("--json", action="store_true", help="print each record as one line of JSON on stdout")


def _add_rows(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--urls", nargs="+", metavar="URL", help="videos, pages with a video, file:// URLs, local files or folders"
    )
    source.add_argument("--csv", metavar="FILE", help="a CSV with a column of URLs, or a listing of rclone's")
    parser.add_argument(
        "--base-url", metavar="URL", help="where the files of a listing are, if the CSV holds no URLs"
    )
    rows = parser.add_argument_group("which rows of the CSV (sizes like 500MB or 1GiB, durations like 5:30 or 1h)")
    for option, metavar, meaning in (
        ("--min-size", "SIZE", "not smaller than this"),
        ("--max-size", "SIZE", "not larger than this"),
        ("--min-duration", "TIME", "not shorter than this"),
        ("--max-duration", "TIME", "not longer than this"),
        ("--modified-after", "DATE", "changed then or later, such as 2026-11-20"),
        ("--modified-before", "DATE", "changed before then"),
    ):
        rows.add_argument(option, metavar=metavar, help=meaning)


def _add_settings(parser: argparse.ArgumentParser) -> None:
    settings = parser.add_argument_group("instead of what config.ini says")
    settings.add_argument("--output", metavar="DIR", help="where records, clips and thumbnails go")
    settings.add_argument("--scene_threshold", metavar="0..1", help="lower finds more scenes")
    settings.add_argument("--qwen_instruction", metavar="TEXT", help="what the model is asked")
    _add_clip_settings(settings)


def _prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", metavar="FILE", required=True, help="a CSV with a column of URLs, or a listing")
    parser.add_argument("--out", metavar="FILE", required=True, help="the JSON to write")
    parser.add_argument(
        "--base-url", metavar="URL", help="where the files of a listing are, if the CSV holds no URLs"
    )
    parser.add_argument(
        "--clips-url", metavar="URL", help="where you will put the clips: the JSON then holds URLs, not paths"
    )
    settings = parser.add_argument_group("instead of what config.ini says")
    settings.add_argument("--output", metavar="DIR", help="where records, clips and thumbnails go")
    _add_clip_settings(settings)
    settings.add_argument("--workers", metavar="N", help="videos at once (default: [Concurrency] MaxWorkers)")


def _infer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("videos", metavar="VIDEOS.JSON", help="what `vidkit prepare` wrote")
    parser.add_argument(
        "--out", metavar="FILE", required=True, help="the results; what stands in it is not asked again"
    )
    parser.add_argument("--qwen_instruction", metavar="TEXT", help="what the model is asked")
    parser.add_argument("--use_vpc", action="store_true", help="ask [QwenVL] VpcEndpoint, not PublicEndpoint")
    parser.add_argument("--max-requests", metavar="N", type=natural, help="ask the model no more often than this")
    parser.add_argument("--workers", metavar="N", help="questions at once (default: [Concurrency] MaxWorkers)")


def _add_clip_settings(settings: Arguments) -> None:
    settings.add_argument("--segment_length", metavar="TIME", help="length of a clip, such as 15 or 1:00")
    settings.add_argument(
        "--min_segment_length", metavar="TIME", help="a shorter rest is joined to the clip before it"
    )
    settings.add_argument("--segment_overlap", metavar="TIME", help="how much of a clip the next one repeats")
    settings.add_argument("--max_resolution", metavar="SIZE", help="clips fit inside this, such as 720p")
    settings.add_argument("--max_fps", metavar="N", help="clips have no more frames a second")
    settings.add_argument("--segment_by", metavar="HOW", help="time, or scenes: each scene is a clip")
    settings.add_argument("--clip_mode", metavar="MODE", help="auto, copy (no encoding), encode")
    settings.add_argument(
        "--encoder", metavar="NAME", help="libx264, or one in hardware such as h264_nvenc, or auto"
    )


def _files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="a local video file, or a folder: every video in it and below it"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON for each file")


def _scenes(parser: argparse.ArgumentParser) -> None:
    _files(parser)
    parser.add_argument("--scene_threshold", metavar="0..1", help="lower finds more scenes")
    parser.add_argument("--thumbnails", metavar="DIR", help="write a JPEG for each scene into DIR/<file>/")


def _clips(parser: argparse.ArgumentParser) -> None:
    _files(parser)
    parser.add_argument("--out", metavar="DIR", default="clips", help="where the clips go (default: clips)")
    _add_clip_settings(parser)


def _search(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help='words that must all be there; "an exact phrase", -without, prefix*, one OR another',
    )
    _add_filters(parser)
    parser.add_argument(
        "--sort",
        choices=["relevance", "newest", "oldest", "longest", "shortest", "largest", "smallest", "name"],
        default="relevance",
        help="which come first (default: relevance)",
    )
    parser.add_argument("--limit", metavar="N", type=int, default=20, help="at most so many answers (default: 20)")
    parser.add_argument("--offset", metavar="N", type=int, default=0, help="leave out the first so many")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each answer")
    parser.add_argument("--urls", action="store_true", help="only the videos' URLs, as `process --urls` takes them")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    filters = parser.add_argument_group("which videos")
    for option, metavar, meaning in (
        ("--codec", "NAME", "such as h264"),
        ("--resolution", "SIZE", "720p, 4K, 1280x720, or '>=1080p'"),
        ("--min-duration", "TIME", "not shorter than this, such as 90 or 1h"),
        ("--max-duration", "TIME", "not longer than this"),
        ("--after", "DATE", "processed then or later, such as 2026-11-20"),
        ("--before", "DATE", "processed before then"),
    ):
        filters.add_argument(option, metavar=metavar, help=meaning)
    for option, name, metavar, meaning in (
        ("--tag", "tag", "TAG", "has this tag; may be said again"),
        ("--class", "classes", "CLASS", "is of this class; said again, of one of them"),
        ("--where", "where", "KEY=VALUE", "a key of the record, such as audio.codec=aac, or a column of the CSV"),
    ):
        filters.add_argument(option, dest=name, metavar=metavar, action="append", default=[], help=meaning)


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "key", metavar="ID|FILE|URL", help="the id or six digits and more of it, the file name, or the URL"
    )
    parser.add_argument("--json", action="store_true", help="in one line")


def _stats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="only videos that a search for these words finds")
    _add_filters(parser)
    parser.add_argument(
        "--by",
        metavar="KEY",
        help="instead: the videos, clips and length of each value of a CSV column, of class, tag, ai_tag or folder "
        "(as `export --label` takes them), or of a key of the record, such as audio.codec",
    )
    parser.add_argument("--top", metavar="N", type=natural, default=20, help="lines of each table (default: 20)")
    parser.add_argument(
        "--plot", metavar="FILE.png", help="also draw classes, tags, resolutions and durations (needs matplotlib)"
    )
    parser.add_argument("--json", action="store_true", help="one line of JSON")


def _label(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("key", nargs="?", metavar="ID|FILE|URL", help="the video, as `vidkit show` takes it")
    parser.add_argument("--class", dest="classification", metavar="CLASS", help="the class that it is of")
    for option, meaning in (("--add-tag", "a tag that it has"), ("--remove-tag", "a tag that it has not")):
        parser.add_argument(
            option, metavar="TAG", action="append", default=[], help=f"{meaning}; may be said again"
        )
    parser.add_argument(
        "--clear", action="store_true", help="take back what was said of it before: the rules decide again"
    )
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help="instead: a CSV with a column url, id or file_name, and class, add_tags, remove_tags or tags",
    )


def _library(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    move = actions.add_parser(
        "move",
        help="carry every record into another library, which you then set in config.ini",
        description="Carry every record of the configured library into another one, SQLite or MongoDB. What is "
        "there already stays; a record of the same source is replaced, but for corrections that are later there. "
        "It can be run again after an interruption. The old library stays as it is: remove it when you have set "
        "the new one in config.ini.",
        allow_abbrev=False,
    )
    move.add_argument(
        "--to",
        metavar="URI|FILE",
        required=True,
        help="mongodb://... (the database and collection of [MongoDB]), or the file of a SQLite library",
    )
    add = actions.add_parser(
        "add",
        help="put the records of a folder into the library: builds a lost one anew",
        description="Put the JSON records of a folder (as `vidkit process` writes them) into the library.",
        allow_abbrev=False,
    )
    add.add_argument("folder", metavar="FOLDER", help="such as processed_videos")
    for action in (move, add):  # what is given before the action stands, where nothing is given after it
        add_common(action, argparse.SUPPRESS, argparse.SUPPRESS)


def _remove(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "key", metavar="ID|FILE|URL", help="the id or six digits and more of it, the file name, or the URL"
    )
    parser.add_argument(
        "--files",
        action="store_true",
        help="also its record, clips, thumbnails and download; nothing outside vidkit's folders",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask")


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="the folder to make")
    parser.add_argument(
        "--format",
        required=True,
        choices=[
            "videofolder", "webdataset", "parquet", "csv", "jsonl",
            "kinetics", "activitynet", "fiftyone", "labelstudio",
        ],
        help="what it is to be loaded with",
    )  # fmt: skip
    parser.add_argument(
        "--level",
        choices=["video", "segments", "scenes"],
        default="video",
        help="what one item is: a video (default), a clip or a scene",
    )
    parser.add_argument(
        "--label",
        metavar="KEY",
        default="class",
        help="class (default), tag, tag:A,B, ai_tag, ai_tag:A,B, folder, or a CSV column, also as column:NAME",
    )
    parser.add_argument(
        "--split",
        metavar="80/10/10",
        help="shares of train, validation and test, or of train and test (default: all is train)",
    )
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="another seed, other splits (default: 0)")
    files = parser.add_mutually_exclusive_group()
    for mode, meaning in (
        ("copy", "copy the files into the folder"),
        ("link", "link them: no room is needed"),
        ("reference", "leave them where they are, and name them"),
    ):
        files.add_argument(f"--{mode}", dest="files", action="store_const", const=mode, help=meaning)
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an older dataset there, once the new one is whole"
    )
    _add_filters(parser)
    filters = parser.add_argument_group("which videos, by words")
    filters.add_argument("--search", dest="words", metavar="TEXT", default="", help="as `vidkit search` finds them")
    filters.add_argument("--limit", metavar="N", type=int, help="at most so many videos")
    parser.set_defaults(sort="relevance", offset=0)


def _nothing(parser: argparse.ArgumentParser) -> None:
    pass


class Command(NamedTuple):
    """A command: what it does in a line, its arguments, and the module of `vidkit.cli.commands` that holds it."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    module: str


COMMANDS: dict[str, Command] = {
    "process": Command("take videos the whole way: download to library; resumes by itself", _process, "process"),
    "probe": Command("show what local video files are", _files, "media"),
    "scenes": Command("find the scenes of local video files", _scenes, "media"),
    "clips": Command("cut local video files into clips", _clips, "media"),
    "prepare": Command("make the JSON for inference from a CSV: each video with its clips", _prepare, "process"),
    "infer": Command("describe the videos of that JSON, by an endpoint or a local model", _infer, "process"),
    "retag": Command("give the whole library the tags of edited rules; no download, no model", _nothing, "library"),
    "search": Command("find videos, and moments in them, in the library", _search, "library"),
    "show": Command("show a video's whole record", _show, "library"),
    "stats": Command("show the library in numbers", _stats, "library"),
    "label": Command("correct a video's class and tags; your word wins over every rule", _label, "labels"),
    "library": Command("carry the library elsewhere, or build it anew from records", _library, "library"),
    "remove": Command("take a video out of the library; asks first", _remove, "library"),
    "export": Command("make a dataset of the library, or of what filters let through", _export, "datasets"),
    "init": Command(
        "write config.ini, custom_tags.json and priority_keywords.json here; never overwrites", _nothing, "setup"
    ),
    "doctor": Command(
        "show what is installed, what is configured, what is missing and how to get it", _nothing, "setup"
    ),
}
