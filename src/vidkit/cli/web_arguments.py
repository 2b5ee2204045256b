"""The arguments of the commands around the web library; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse


def serve(parser: argparse.ArgumentParser) -> None:
    """`vidkit serve`."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--port", metavar="N", type=int, default=8765, help="port to listen on (default: 8765; 0: any free port)"
    )
    parser.add_argument("--open", action="store_true", help="open the library in the web browser")
    parser.add_argument(
        "--no-auth", action="store_true", help="ask nobody to sign in; only on 127.0.0.1, ::1 or localhost"
    )
