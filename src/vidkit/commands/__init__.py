"""What each command does, between the arguments and the stages; a module for each kind of command."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Callable
from importlib import import_module

from vidkit.arguments import COMMANDS, SETTINGS
from vidkit.cli import EXIT_DONE, EXIT_INTERRUPTED, EXIT_WRONG
from vidkit.config import Config
from vidkit.core import load_config, setup_logging
from vidkit.errors import VidkitError

log = logging.getLogger(__name__)


def run_command(options: argparse.Namespace) -> int:
    """Run a command and answer with its exit code; every error ends here, in words."""
    setup_logging(None)
    try:
        config = load_config(options.config, _overrides(options))
        kind = COMMANDS[options.command].module
        # What only looks leaves no log behind.
        setup_logging(config.logging.log_file if kind == "process" else None, options.log_level, config.secrets())
        command: Command = getattr(import_module(f"vidkit.commands.{kind}"), options.command)
        return command(options, config)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # `vidkit search ... | head` is no failure
        sys.stderr.close()
        return EXIT_DONE
    except VidkitError as error:
        log.error("%s", error)
        log.info("the command ended here", exc_info=True)
        return EXIT_WRONG
    except Exception as error:
        log.error("a mistake in vidkit, please report it: %r", error)
        log.info("the command ended here", exc_info=True)
        return EXIT_WRONG


def _overrides(options: argparse.Namespace) -> dict[tuple[str, str], str]:
    """The settings that the command line gives."""
    given = {key: getattr(options, name, None) for name, key in SETTINGS.items()}
    return {key: str(value) for key, value in given.items() if value is not None}


Command = Callable[[argparse.Namespace, Config], int]
