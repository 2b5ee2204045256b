"""`vidkit completion`: the code that makes a shell complete the commands of vidkit."""

from __future__ import annotations

import argparse

from vidkit.cli.completion import shell_code
from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.core.config import Config
from vidkit.errors import ToolMissingError


def completion(options: argparse.Namespace, config: Config) -> int:
    """`vidkit completion`: print the code."""
    try:
        print(shell_code(options.shell))
    except ImportError:
        raise ToolMissingError("completion needs argcomplete: pip install argcomplete") from None
    return EXIT_DONE
