"""The arguments of `vidkit reel` and `vidkit summarize`; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse

from vidkit.cli.common_arguments import add_requests, natural
from vidkit.cli.search_arguments import add_search, add_sort

_VIDEO = "instead of a search, one video: its id, file name or URL"


def reel(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit reel`."""
    add_search(parser)
    parser.add_argument("--video", metavar="ID|FILE|URL", help=f"{_VIDEO}; the reel is spread over its scenes")
    parser.add_argument("--out", metavar="FILE.mp4", default="reel.mp4", help="reel to write (default: reel.mp4)")
    parser.add_argument(
        "--length", metavar="TIME", default="60", help="length of the reel, such as 60 or 1:30 (default: 60)"
    )
    parser.add_argument(
        "--moment", metavar="TIME", default="6", help="maximum length of each moment in it (default: 6)"
    )
    parser.add_argument(
        "--titles", action="store_true", help="draw the name of each video, and what was found in it"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an older reel there")
    add_sort(parser, "which moments come first, in the choice and in the reel")
    settings = parser.add_argument_group("settings (override config.ini)")
    settings.add_argument("--max_resolution", metavar="SIZE", help="maximum size of the reel, such as 720p")
    settings.add_argument("--max_fps", metavar="N", help="maximum frame rate of the reel")
    settings.add_argument(
        "--encoder", metavar="NAME", help="libx264, a hardware encoder such as h264_nvenc, or auto"
    )
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON: the reel and each moment in it"
    )


def summarize(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit summarize`."""
    add_search(parser)
    parser.add_argument("--video", metavar="ID|FILE|URL", help=_VIDEO)
    parser.add_argument(
        "--limit", metavar="N", type=natural, default=20, help="maximum number of moments of a search (default: 20)"
    )
    add_sort(parser, "which moments are taken first")
    parser.add_argument(
        "--instruction", metavar="TEXT", help="what the model is asked (default: a summary in a few sentences)"
    )
    add_requests(parser)
    parser.add_argument(
        "--json", action="store_true", help="print one line of JSON: the summary, its videos and its cost"
    )
