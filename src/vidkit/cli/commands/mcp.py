"""`vidkit mcp`: the library as tools for agents."""

from __future__ import annotations

import argparse
import logging
import os
from importlib.util import find_spec

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.core.config import Config
from vidkit.core.extras import install_command
from vidkit.errors import ConfigError, ToolMissingError

_NEEDED = ("mcp", "fastapi", "limits", "uvicorn")


def mcp(options: argparse.Namespace, config: Config) -> int:
    """`vidkit mcp`: runs until its client disconnects, or until it is stopped."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ToolMissingError(
            "`vidkit mcp` needs a package that is not installed ({missing}): {command}",
            missing=missing[0],
            command=install_command("mcp"),
        )
    if options.no_auth and options.http is None:
        raise ConfigError("--no-auth is for --http: over standard input and output nobody is asked for a key")
    if options.http is None:
        from vidkit.mcp.stdio import run_stdio

        run_stdio(config, options.allow)
        logging.shutdown()
        os._exit(EXIT_DONE)  # a thread may still wait for input, and Python would wait for that thread
    from vidkit.mcp.http import run_http

    host, port = options.http
    run_http(config, host, port, options.allow, options.no_auth)
    return EXIT_DONE
