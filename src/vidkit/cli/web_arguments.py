"""The arguments of the commands around the web library; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse

from vidkit.cli.common_arguments import add_common, natural
from vidkit.language import _

_ALLOWED = ("label", "process", "export")
_MCP_ADDRESS = ("127.0.0.1", 8766)


def serve(parser: argparse.ArgumentParser) -> None:
    """`vidkit serve`."""
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1, this machine only)"
    )
    parser.add_argument(
        "--port", metavar="N", type=_port, default=8765, help="port to listen on (default: 8765; 0: any free port)"
    )
    parser.add_argument("--open", action="store_true", help="open the library in the web browser")
    parser.add_argument(
        "--no-auth", action="store_true", help="ask nobody to sign in; only on 127.0.0.1, ::1 or localhost"
    )


def mcp(parser: argparse.ArgumentParser) -> None:
    """`vidkit mcp`."""
    parser.add_argument(
        "--allow",
        metavar="LIST",
        type=_allowed,
        default=(),
        help="what agents may do beside looking: some of label,process,export (default: nothing)",
    )
    parser.add_argument(
        "--http",
        metavar="HOST:PORT",
        type=_address,
        nargs="?",
        const=_MCP_ADDRESS,
        help="serve clients over HTTP with the keys of `vidkit keys`, instead of one over standard input and "
        "output (default address: 127.0.0.1:8766; port 0: any free port)",
    )
    parser.add_argument(
        "--no-auth",
        action="store_true",
        help="with --http: ask nobody for a key; only on 127.0.0.1, ::1 or localhost",
    )


def _allowed(text: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(word.strip() for word in text.split(",") if word.strip()))
    for word in words:
        if word not in _ALLOWED:
            wrong = _("{value!r} is none of {known}", value=word, known=", ".join(_ALLOWED))
            raise argparse.ArgumentTypeError(wrong)
    return words


def _port(text: str) -> int:
    if not _is_port(text):
        raise argparse.ArgumentTypeError(_("{value!r} is not a port, a number from 0 to 65535", value=text))
    return int(text)


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdigit() and int(text) < 65536


def _address(text: str) -> tuple[str, int]:
    """`HOST:PORT`, `[::1]:PORT`, or a port alone."""
    host, _colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or _MCP_ADDRESS[0]
    if not _is_port(port):
        wrong = _("{value!r} is no address: write it like 127.0.0.1:8766 or [::1]:8766", value=text)
        raise argparse.ArgumentTypeError(wrong)
    return host, int(port)


def keys(parser: argparse.ArgumentParser) -> None:
    """`vidkit keys`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    add = actions.add_parser(
        "add",
        help="make a key and print it once",
        description="Make a key, for the API and for signing in to the pages. It is printed only now.",
        allow_abbrev=False,
    )
    add.add_argument("name", metavar="NAME", help="what the audit log calls the user of the key")
    add.add_argument(
        "--scope",
        required=True,
        choices=["read", "label", "process", "admin"],
        help="what the key may do; each scope includes those before it",
    )
    add.add_argument("--expires", metavar="TIME", help="end the key after this time, such as 90d (default: never)")
    listed = actions.add_parser(
        "list",
        help="list the keys, without their secrets",
        description="List the keys, without their secrets.",
        allow_abbrev=False,
    )
    listed.add_argument("--json", action="store_true", help="print one line of JSON per key")
    revoke = actions.add_parser(
        "revoke",
        help="end a key and all sessions that were opened with it",
        description="End a key and all sessions that were opened with it. This takes effect at once.",
        allow_abbrev=False,
    )
    revoke.add_argument("key", metavar="ID|NAME", help="id or name of the key, as `vidkit keys list` shows it")
    link = actions.add_parser(
        "link",
        help="print a new sign-in link of the running `vidkit serve`",
        description="Print a new sign-in link of the running `vidkit serve`. It works once, within ten minutes.",
        allow_abbrev=False,
    )
    for action in (add, listed, revoke, link):  # an option before the action holds unless it is repeated after it
        add_common(action, argparse.SUPPRESS, argparse.SUPPRESS)


def audit(parser: argparse.ArgumentParser) -> None:
    """`vidkit audit`."""
    parser.add_argument("--limit", metavar="N", type=natural, default=50, help="maximum lines (default: 50)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON per change")
