"""The code of each command; one module per kind of command."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from importlib import import_module

from vidkit.cli.arguments import COMMANDS
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_INTERRUPTED, EXIT_WRONG
from vidkit.core import load_config, setup_logging
from vidkit.core.config import Config
from vidkit.core.options import overrides_of
from vidkit.errors import EngineGoneError, Terminated, VidkitError

log = logging.getLogger(__name__)

_LOGGED = ("process", "serve", "mcp")  # modules whose commands write a log file


def run_command(options: argparse.Namespace) -> int:
    """Run a command and return its exit code. Every error ends here, as a message."""
    setup_logging(None)
    _end_by_signals()
    try:
        kind, reads_settings = COMMANDS[options.command][2:]
        config = load_config(options.config, overrides_of(vars(options))) if reads_settings else Config()
        # A command that only reads writes no log.
        file = config.logging.log_file if kind in _LOGGED else None
        setup_logging(file, options.log_level, config.secrets())
        command: Command = getattr(import_module(f"vidkit.cli.commands.{kind}"), options.command)
        return command(options, config)
    except KeyboardInterrupt:
        return EXIT_INTERRUPTED
    except BrokenPipeError:  # as in `vidkit search ... | head`: not an error
        sys.stderr.close()
        return EXIT_DONE
    except VidkitError as error:
        log.error("%s", error)
        log.info("the command ended here", exc_info=True)
        if isinstance(error, EngineGoneError):
            logging.shutdown()
            sys.stdout.flush()
            os._exit(EXIT_WRONG)
        return EXIT_WRONG
    except Exception as error:
        log.error("a mistake in vidkit, please report it: %r", error)
        log.info("the command ended here", exc_info=True)
        return EXIT_WRONG


def _end_by_signals() -> None:
    """Let SIGTERM and SIGHUP end vidkit as Ctrl-C does: no half-written file stays, and no ffmpeg runs on."""

    def end(*_: object) -> None:
        raise Terminated

    if threading.current_thread() is threading.main_thread():
        for name in ("SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # `nohup` ignores SIGHUP
                signal.signal(number, end)


Command = Callable[[argparse.Namespace, Config], int]
