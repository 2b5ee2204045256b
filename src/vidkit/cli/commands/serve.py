"""`vidkit serve`: the library in the browser, and as a REST API."""

from __future__ import annotations

import argparse

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.core.config import Config
from vidkit.core.extras import install_command
from vidkit.errors import ToolMissingError


def serve(options: argparse.Namespace, config: Config) -> int:
    """`vidkit serve`: runs until it is stopped."""
    try:
        from vidkit.web.server import run_server
    except ImportError as error:
        raise ToolMissingError(
            f"`vidkit serve` needs a package that is not installed ({error.name}): {install_command('serve')}"
        ) from None
    run_server(config, options.host, options.port, no_auth=options.no_auth, open_browser=options.open)
    return EXIT_DONE
