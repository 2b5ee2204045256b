"""The arguments of the commands about readers and their models; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse

from vidkit.language import _


def readers(parser: argparse.ArgumentParser) -> None:
    """Add the option of `vidkit readers`."""
    parser.add_argument("--json", action="store_true", help="print one line of JSON per reader")


def blur(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit blur`."""
    parser.add_argument("video", metavar="IN", help="local video file")
    parser.add_argument(
        "--out", metavar="OUT", required=True, help="file to write: .mp4, .m4v, .mov, .mkv or .webm"
    )
    parser.add_argument(
        "--style",
        choices=["pixelate", "box"],
        default="pixelate",
        help="a mosaic of at most eight cells across a face (default), or a box of one colour",
    )
    parser.add_argument(
        "--padding",
        metavar="SHARE",
        type=_share,
        default=0.2,
        help="share of a face's size that is covered beyond each of its sides (default: 0.2)",
    )
    parser.add_argument(
        "--report",
        metavar="FILE.html",
        help="also write a page with each face, and of where none was found in between (it shows faces)",
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def _share(text: str) -> float:
    """A share of something, 0 to 2."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 2:
        raise argparse.ArgumentTypeError(_("{value!r} is not a share from 0 to 2, such as 0.2", value=text))
    return value
