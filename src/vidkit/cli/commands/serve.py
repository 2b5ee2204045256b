"""`vidkit serve`: the library in the browser, and as a REST API."""

from __future__ import annotations

import argparse
import gc
from importlib.util import find_spec

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.core.config import Config
from vidkit.core.extras import install_command
from vidkit.errors import ToolMissingError

_NEEDED = ("fastapi", "limits", "uvicorn")


def serve(options: argparse.Namespace, config: Config) -> int:
    """`vidkit serve`: runs until it is stopped."""
    missing = [name for name in _NEEDED if find_spec(name) is None]
    if missing:
        raise ToolMissingError(
            "`vidkit serve` needs a package that is not installed ({missing}): {command}",
            missing=missing[0],
            command=install_command("serve"),
        )
    gc.disable()  # collecting garbage while the modules load takes a tenth of the start
    from vidkit.web.server import run_server

    gc.enable()
    gc.freeze()  # the modules are never garbage
    run_server(config, options.host, options.port, no_auth=options.no_auth, open_browser=options.open)
    return EXIT_DONE
