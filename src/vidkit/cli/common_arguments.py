"""What the arguments of several commands share; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse

from vidkit.language import _

CSV_HELP = (
    "CSV file with a URL column, or the output of `rclone lsf`; also in a bucket (s3://bucket/list.csv). "
    "s3://bucket/folder/ takes the videos of that folder"
)
SKIP_DUPLICATES = "skip new videos that are copies of one in the library or in this run, before the model is asked"
_MOST = 100_000  # the highest priority of a run


def natural(text: str) -> int:
    """A whole number, 0 or more."""
    try:
        number = int(text)
    except ValueError:
        number = -1
    if number < 0:
        raise argparse.ArgumentTypeError(_("{value!r} is not a whole number of 0 or more", value=text))
    return number


def integer(text: str) -> int:
    """A whole number of any size."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(_("{value!r} is not a whole number", value=text)) from None


def whole_number(text: str) -> int:
    """A whole number from -100,000 to 100,000."""
    if not text.strip().lstrip("+-").isdecimal() or abs(int(text)) > _MOST:
        wrong = _(
            "{value!r} is not a whole number from {least:,} to {most:,}", value=text, least=-_MOST, most=_MOST
        )
        raise argparse.ArgumentTypeError(wrong)
    return int(text)


def add_requests(parser: argparse.ArgumentParser) -> None:
    """Add which endpoint a command asks, and how often."""
    parser.add_argument("--use_vpc", action="store_true", help="use [QwenVL] VpcEndpoint instead of PublicEndpoint")
    parser.add_argument(
        "--max-requests",
        metavar="N",
        type=natural,
        help="limit the number of model requests; the next run continues",
    )


def add_common(command: argparse.ArgumentParser, config: str | None = None, log_level: str = "INFO") -> None:
    """Add the options that every command has, with their defaults."""
    command.add_argument("--config", metavar="FILE", default=config, help="settings file (default: ./config.ini)")
    command.add_argument(
        "--log_level",
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        default=log_level,
        help="minimum level written to the log file (default: INFO)",
    )
