"""The command line: it reads the arguments and runs one command.

`arguments` declares the arguments of each command. The function with the name of the command in `commands` runs it.
That package is imported only then, so `vidkit --help` is fast.
"""

from __future__ import annotations

import argparse
import os
import re
import sys

from vidkit.cli.arguments import COMMANDS, SEARCHING
from vidkit.cli.common_arguments import add_common
from vidkit.cli.exit_codes import EXIT_WRONG
from vidkit.cli.parser import Parser
from vidkit.language import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def parse_arguments(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Read the command line; options can be written with `-` or `_`.

    Raises:
        SystemExit: 0 after `--help` and `--version`, 2 if the command line is wrong.
    """
    parser = make_parser()
    words = _spelled(sys.argv[1:] if arguments is None else list(arguments), _options(parser))
    command = next((word for word in words if not word.startswith("-")), None)
    if command is not None and command not in parser.commands:
        parser.error(_no_command(command, parser.commands))
    options, unknown = parser.parse_known_args(words)
    if unknown:
        parser.commands[options.command].error(_no_option(unknown, parser.commands[options.command]))
    return options


def _no_command(word: str, commands: Iterable[str]) -> str:
    from vidkit.core.terminal import printable
    from vidkit.errors import nearest

    near = nearest(word, commands)
    if near:
        return _("there is no command {word}: did you mean {near}?", word=printable(word), near=near)
    return _("there is no command {word}: see vidkit --help", word=printable(word))


def _no_option(unknown: Sequence[str], command: Parser) -> str:
    from vidkit.core.terminal import printable
    from vidkit.errors import nearest

    word = next((word for word in unknown if word.startswith("-")), unknown[0]).partition("=")[0]
    if not word.startswith("-"):
        return _("unrecognized arguments: {words}", words=" ".join(map(printable, unknown)))
    near = nearest(word, [name for action in command.declared for name in action.option_strings])
    if near:
        return _("there is no option {word}: did you mean {near}?", word=printable(word), near=near)
    return _("there is no option {word}: see {command} --help", word=printable(word), command=command.prog)


def make_parser() -> Parser:
    """The parser of the whole command line, with English texts. `--help` and docs/cli.md are generated from it."""
    parser = Parser(
        prog="vidkit",
        description="Turn video URLs into a described, tagged, searchable library and into labelled datasets.",
        epilog="Options can be written with - or _. `vidkit COMMAND --help` shows the options of a command.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, (summary, add_arguments, *_others) in COMMANDS.items():
        command = commands.add_parser(
            name, help=summary, description=summary[0].upper() + summary[1:] + ".", allow_abbrev=False
        )
        add_arguments(command)
        add_common(command)
    return parser


class _Version(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from vidkit._version import __version__

        print(f"vidkit {__version__}")
        parser.exit()


def _options(parser: Parser) -> dict[str, str]:
    """Every option, spelled with dashes -> as it was declared."""
    found = {}
    for command in parser.commands.values():
        found.update(_options(command))
    for argument in parser.declared:
        for option in argument.option_strings:
            found[option.replace("_", "-")] = option
    return found


def _spelled(words: list[str], options: dict[str, str]) -> list[str]:
    """The command line with every option as it was declared."""
    spelled = []
    for word in words:
        name, equals, value = word.partition("=")
        if name.startswith("--") and name.replace("_", "-") in options:
            word = options[name.replace("_", "-")] + equals + value
        elif words[0] in SEARCHING and re.match("-[^-]", word) and word != "-h":
            word = f" {word}"  # `-without` is a word to leave out, which argparse would take for an option
        spelled.append(word)
    return spelled


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0 for success, 1 if one or more videos failed, 2 for an error in the command, the settings or
        a rule file, 130 if interrupted.
    """
    if arguments is None and "_ARGCOMPLETE" in os.environ:
        from vidkit.cli.completion import answer

        answer(make_parser())
    try:
        options = parse_arguments(arguments)
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else EXIT_WRONG
    from vidkit.cli.commands import run_command

    return run_command(options)
