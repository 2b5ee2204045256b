"""The arguments of each command: one function per command, and the table of all commands.

`vidkit --help` imports this module, so it must not import heavy libraries.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

from vidkit.cli import library_arguments as on_library
from vidkit.cli import reader_arguments, reel_arguments, setup_arguments, web_arguments
from vidkit.cli.common_arguments import CSV_HELP, SKIP_DUPLICATES, add_requests, integer, natural, whole_number
from vidkit.cli.search_arguments import add_filters, add_search, add_sort

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from vidkit.cli.parser import Arguments


# The commands whose words are a search query.
SEARCHING = ("search", "stats", "reel", "summarize", "report")


def _process(parser: argparse.ArgumentParser) -> None:
    _add_rows(parser)
    _add_several_runs(parser)
    _add_settings(parser)
    add_requests(parser)
    parser.add_argument(
        "--describe",
        choices=["auto", "none", "video", "segments", "scenes"],
        default="auto",
        help="what the model describes (default: auto): the video if it is a single clip, else its clips",
    )
    _add_workers(parser)
    parser.add_argument(
        "--keep-downloads",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="keep each download after its record is written (default: [Paths] KeepDownloads)",
    )
    parser.add_argument("--skip-duplicates", action="store_true", help=SKIP_DUPLICATES)
    parser.add_argument("--force", action="store_true", help="run every stage again, even if nothing changed")
    parser.add_argument("--json", action="store_true", help="print each record to stdout as one line of JSON")


def _add_rows(parser: argparse.ArgumentParser) -> None:
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--urls",
        nargs="+",
        metavar="URL",
        help="videos, web pages with a video, objects of a bucket, file:// URLs, local files or folders",
    )
    source.add_argument("--csv", metavar="FILE", help=CSV_HELP)
    parser.add_argument("--base-url", metavar="URL", help="base URL of the files, if the CSV has names but no URLs")
    rows = parser.add_argument_group("filters (sizes such as 500MB or 1GiB, durations such as 5:30 or 1h)")
    for option, metavar, meaning in (
        ("--min-size", "SIZE", "minimum file size"),
        ("--max-size", "SIZE", "maximum file size"),
        ("--min-duration", "TIME", "minimum duration"),
        ("--max-duration", "TIME", "maximum duration"),
        ("--modified-after", "DATE", "modified on or after this date, such as 2026-11-20"),
        ("--modified-before", "DATE", "modified before this date"),
    ):
        rows.add_argument(option, metavar=metavar, help=meaning)


def _add_several_runs(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("several runs")
    group.add_argument(
        "--priority",
        metavar="N",
        type=whole_number,
        default=0,
        help="higher runs first (default: 0): before runs with a lower priority in the same results folder; in the "
        "CSV, rows whose priority column is empty have this priority",
    )
    group.add_argument(
        "--shard",
        metavar="I/N",
        help="process only part I of N of the rows, such as 3/8, by a hash of their URLs: for several machines",
    )


def _add_settings(parser: argparse.ArgumentParser) -> None:
    settings = parser.add_argument_group("settings (override config.ini)")
    settings.add_argument("--output", metavar="DIR", help="results folder: records, clips and thumbnails")
    settings.add_argument("--scene_threshold", metavar="0..1", help="a lower value finds more scenes")
    settings.add_argument("--qwen_instruction", metavar="TEXT", help="instruction (prompt) for the model")
    settings.add_argument("--readers", metavar="NAMES", help='readers to run, such as quality,speech; "" for none')
    _add_clip_settings(settings)


def _add_workers(parser: argparse._ActionsContainer) -> None:
    parser.add_argument(
        "--workers", metavar="N", help="number of videos to process in parallel (default: [Concurrency] MaxWorkers)"
    )
    parser.add_argument(
        "--engine",
        choices=["local", "ray"],
        help="process videos on this machine, or on a Ray cluster, which sets how many at once "
        "(default: [Engine] Name)",
    )


def _prepare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--csv", metavar="FILE", required=True, help=CSV_HELP)
    parser.add_argument("--out", metavar="FILE", required=True, help="JSON file to write")
    parser.add_argument("--base-url", metavar="URL", help="base URL of the files, if the CSV has names but no URLs")
    parser.add_argument(
        "--clips-url",
        metavar="URL",
        help="base URL where you will publish the clips: the JSON then contains URLs instead of paths",
    )
    _add_several_runs(parser)
    settings = parser.add_argument_group("settings (override config.ini)")
    settings.add_argument("--output", metavar="DIR", help="results folder: records, clips and thumbnails")
    _add_clip_settings(settings)
    _add_workers(settings)


def _infer(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("videos", metavar="VIDEOS.JSON", help="JSON file written by `vidkit prepare`")
    parser.add_argument(
        "--out",
        metavar="FILE",
        required=True,
        help="results file; clips that already have a description in it are skipped",
    )
    parser.add_argument("--qwen_instruction", metavar="TEXT", help="instruction (prompt) for the model")
    add_requests(parser)
    parser.add_argument(
        "--workers", metavar="N", help="number of requests to send in parallel (default: [Concurrency] MaxWorkers)"
    )


def _add_clip_settings(settings: Arguments) -> None:
    settings.add_argument("--segment_length", metavar="TIME", help="length of each clip, such as 15 or 1:00")
    settings.add_argument(
        "--min_segment_length",
        metavar="TIME",
        help="merge the last clip into the previous one if it would be shorter",
    )
    settings.add_argument("--segment_overlap", metavar="TIME", help="overlap between two clips")
    settings.add_argument("--max_resolution", metavar="SIZE", help="maximum size of clips, such as 720p")
    settings.add_argument("--max_fps", metavar="N", help="maximum frame rate of clips")
    settings.add_argument("--segment_by", metavar="HOW", help="time, or scenes: one clip per scene")
    settings.add_argument("--clip_mode", metavar="MODE", help="auto, copy (without re-encoding) or encode")
    settings.add_argument(
        "--encoder", metavar="NAME", help="libx264, a hardware encoder such as h264_nvenc, or auto"
    )


def _files(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="local video file, or a folder (searched recursively)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per file")


def _scenes(parser: argparse.ArgumentParser) -> None:
    _files(parser)
    parser.add_argument("--scene_threshold", metavar="0..1", help="a lower value finds more scenes")
    parser.add_argument("--thumbnails", metavar="DIR", help="write one JPEG per scene to DIR/<file>/")


def _clips(parser: argparse.ArgumentParser) -> None:
    _files(parser)
    parser.add_argument("--out", metavar="DIR", default="clips", help="output folder (default: clips)")
    _add_clip_settings(parser)


def _search(parser: argparse.ArgumentParser) -> None:
    add_search(parser)
    add_sort(parser, "sort order")
    parser.add_argument("--limit", metavar="N", type=natural, default=20, help="maximum results (default: 20)")
    parser.add_argument(
        "--offset", metavar="N", type=natural, default=0, help="skip this many results (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per result")
    parser.add_argument("--urls", action="store_true", help="print only the video URLs, for `process --urls`")


def _show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "key", metavar="ID|FILE|URL", help="id (or its first six or more digits), file name or URL of the video"
    )
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", action="store_true", help="print the whole record as one line of JSON")
    output.add_argument("--format", choices=("srt", "vtt"), help="print what is said in the video as subtitles")


def _stats(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("words", nargs="*", metavar="WORD", help="only videos that match these search words")
    add_filters(parser)
    parser.add_argument(
        "--by",
        metavar="KEY",
        help="instead, count videos, clips and total duration per value of KEY: a CSV column, class, tag, ai_tag "
        "or folder (as for `export --label`), or a key of the record, such as audio.codec",
    )
    parser.add_argument("--top", metavar="N", type=natural, default=20, help="maximum rows per table (default: 20)")
    parser.add_argument(
        "--plot", metavar="FILE.png", help="also plot classes, tags, resolutions and durations (needs matplotlib)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("directory", metavar="DIR", help="output folder, also in a bucket (s3://bucket/set)")
    parser.add_argument(
        "--format",
        required=True,
        choices=[
            "videofolder", "webdataset", "parquet", "csv", "jsonl",
            "kinetics", "activitynet", "fiftyone", "labelstudio",
        ],
        help="format of the dataset",
    )  # fmt: skip
    parser.add_argument(
        "--level",
        choices=["video", "segments", "scenes"],
        default="video",
        help="one item per video (default), per clip (segments) or per scene",
    )
    parser.add_argument(
        "--label",
        metavar="KEY",
        default="class",
        help="class (default), tag, tag:A,B, ai_tag, ai_tag:A,B, folder, or a CSV column (NAME or column:NAME)",
    )
    parser.add_argument(
        "--split",
        metavar="80/10/10",
        help="shares of train/validation/test, or of train/test (default: everything in train)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=integer, default=0, help="random seed of the splits (default: 0)"
    )
    files = parser.add_mutually_exclusive_group()
    for mode, meaning in (
        ("copy", "copy the files into the folder"),
        ("link", "link the files: no extra disk space"),
        ("reference", "do not copy the files; store their absolute paths"),
    ):
        files.add_argument(f"--{mode}", dest="files", action="store_const", const=mode, help=meaning)
    parser.add_argument(
        "--no-duplicates",
        action="store_true",
        help="leave out copies of other videos in the dataset (see `vidkit duplicates`)",
    )
    parser.add_argument(
        "--blur",
        nargs="?",
        const="pixelate",
        choices=["pixelate", "box"],
        help="hide the faces in every file, as `vidkit blur` does (default style: pixelate)",
    )
    parser.add_argument(
        "--overwrite", action="store_true", help="replace an older dataset there, after the new one is complete"
    )
    add_filters(parser)
    filters = parser.add_argument_group("filters by search words")
    filters.add_argument(
        "--search", dest="words", metavar="TEXT", default="", help="only videos that match, as for `vidkit search`"
    )
    filters.add_argument("--limit", metavar="N", type=natural, help="maximum number of videos")
    parser.set_defaults(sort="relevance", offset=0)


def _nothing(parser: argparse.ArgumentParser) -> None:
    pass


class Command(NamedTuple):
    """A command: a one-line summary, its arguments, the module of `vidkit.cli.commands` that runs it, and whether
    the settings are read before."""

    summary: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    module: str
    reads_settings: bool = True


COMMANDS: dict[str, Command] = {
    "process": Command("run the full pipeline, from download to library; run again to resume", _process, "process"),
    "probe": Command("show the metadata of local video files", _files, "media"),
    "scenes": Command("detect the scenes of local video files", _scenes, "media"),
    "clips": Command("cut local video files into clips", _clips, "media"),
    "blur": Command(
        "hide the faces in a local video file; keeps its audio and every frame", reader_arguments.blur, "blur"
    ),
    "prepare": Command("cut the videos of a CSV into clips and write the JSON for inference", _prepare, "process"),
    "infer": Command("describe the clips of that JSON with an endpoint or a local model", _infer, "process"),
    "retag": Command(
        "apply edited rules to the whole library, without download or model", on_library.retag, "library"
    ),
    "explain": Command("show why a video has its tags and its class", on_library.explain, "explain"),
    "search": Command("search the library for videos and moments in them", _search, "library"),
    "reel": Command(
        "cut the best moments of a search, or of one video, together as one reel", reel_arguments.reel, "reel"
    ),
    "summarize": Command(
        "summarise what a search finds, or one video, by the configured model",
        reel_arguments.summarize,
        "summarize",
    ),
    "show": Command("show the record of a video", _show, "library"),
    "stats": Command("show statistics of the library", _stats, "library"),
    "report": Command(
        "write the library, or a filtered part of it, as one HTML file with images",
        on_library.report,
        "report",
    ),
    "label": Command(
        "correct the class and tags of a video; corrections override all rules",
        on_library.label,
        "corrections",
    ),
    "library": Command("move the library, or rebuild it from records", on_library.library, "library"),
    "remove": Command("remove a video from the library; asks for confirmation", on_library.remove, "library"),
    "forget": Command(
        "erase a video and everything derived from it, for good; asks for confirmation",
        on_library.forget,
        "forget",
    ),
    "duplicates": Command(
        "list videos that are copies of each other, and the best one", on_library.duplicates, "duplicates"
    ),
    "index": Command("make the vectors for search by meaning that are missing", on_library.index, "index"),
    "export": Command("export the library, or a filtered part of it, as a dataset", _export, "datasets"),
    "serve": Command("show the library in the browser, and as a REST API", web_arguments.serve, "serve"),
    "mcp": Command("give agents the library as tools, by the Model Context Protocol", web_arguments.mcp, "mcp"),
    "keys": Command("manage the keys of the web library and its API", web_arguments.keys, "access"),
    "audit": Command("show who changed what in the web library", web_arguments.audit, "access"),
    "readers": Command("list the readers, what they need and what is missing", reader_arguments.readers, "readers"),
    "init": Command(
        "write config.ini, custom_tags.json and priority_keywords.json here; never overwrites",
        setup_arguments.init,
        "setup",
    ),
    "config": Command("show, change and check the settings", setup_arguments.config, "config", False),
    "completion": Command(
        "make bash, zsh or fish complete commands and names", setup_arguments.completion, "completion", False
    ),
    "doctor": Command("show what is installed, configured and missing, and how to fix it", _nothing, "setup"),
}
