"""The arguments of the commands that set vidkit up; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse

from vidkit.cli.common_arguments import add_common


def init(parser: argparse.ArgumentParser) -> None:
    """Add the option of `vidkit init`."""
    parser.add_argument(
        "--ask",
        action="store_true",
        help="ask where the videos are, who describes them and where the library lives, try the answers out, and "
        "write them into config.ini, also into one that is there",
    )


def config(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit config`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    get = actions.add_parser(
        "get",
        help="show settings and where they come from",
        description="Show the value of a setting, or all settings and where they come from: config.ini or an "
        "environment variable; without that, the default counts. Secrets are not shown.",
        allow_abbrev=False,
    )
    get.add_argument(
        "name", nargs="?", metavar="SECTION.KEY", help="such as Processing.MaxFPS (default: all settings)"
    )
    get.add_argument("--json", action="store_true", help="print one line of JSON per setting")
    put = actions.add_parser(
        "set",
        help="change a setting in config.ini",
        description="Change a setting in config.ini, if the value is right. Comments and all other values stay as "
        "they are. A file with a secret can then be read only by you.",
        allow_abbrev=False,
    )
    put.add_argument("name", metavar="SECTION.KEY", help="such as Processing.MaxFPS")
    put.add_argument(
        "value",
        nargs="?",
        metavar="VALUE",
        help='the new value; "" for the default; if left out, it is read from standard input and not shown',
    )
    check = actions.add_parser(
        "check",
        help="list all that is wrong in config.ini, the environment and the rule files",
        description="List all that is wrong in config.ini, the environment variables and the rule files. `vidkit "
        "doctor` also tries out what they name.",
        allow_abbrev=False,
    )
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    for action in (get, put, check):  # an option before the action holds unless it is repeated after it
        add_common(action, argparse.SUPPRESS, argparse.SUPPRESS)


def completion(parser: argparse.ArgumentParser) -> None:
    """Add the argument of `vidkit completion`."""
    parser.description = (
        "Print what makes a shell complete the commands of vidkit, its options, and the names of tags, classes, "
        "columns, readers and settings. bash: `vidkit completion bash > ~/.local/share/bash-completion/completions/"
        "vidkit`; zsh: `vidkit completion zsh > DIR/_vidkit` with a DIR of $fpath; fish: `vidkit completion fish > "
        "~/.config/fish/completions/vidkit.fish`. Then open a new shell."
    )
    parser.add_argument("shell", choices=["bash", "zsh", "fish"], help="the shell")
