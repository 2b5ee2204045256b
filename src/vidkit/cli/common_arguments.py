"""What the arguments of several commands share; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse


def natural(text: str) -> int:
    """A whole number, 0 or more."""
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f"{text} is less than nothing")
    return number


def add_common(command: argparse.ArgumentParser, config: str | None = None, log_level: str = "INFO") -> None:
    """Add the options that every command has, with their defaults."""
    command.add_argument("--config", metavar="FILE", default=config, help="settings file (default: ./config.ini)")
    command.add_argument(
        "--log_level",
        choices=["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"],
        default=log_level,
        help="minimum level written to the log file (default: INFO)",
    )
