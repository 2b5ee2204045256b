"""A parser that can list its arguments and commands, for the docs and for the spelling of options.

It holds English texts. `Formatter` shows them in the user's language.
"""

from __future__ import annotations

import argparse

from vidkit.language import _

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any, Protocol

    class Arguments(Protocol):
        """What arguments can be added to: a parser, or a group of its arguments."""

        def add_argument(self, *names: Any, **options: Any) -> argparse.Action: ...


# What argparse itself says, in any of its versions.
ARGPARSE = (
    "usage: ",
    "positional arguments",
    "options",
    "show this help message and exit",
    "%(prog)s: error: %(message)s\n",
    "argument %(argument_name)s: %(message)s",
    "the following arguments are required: %s",
    "one of the arguments %s is required",
    "not allowed with argument %s",
    "expected one argument",
    "expected at least one argument",
    "ignored explicit argument %r",
    "invalid %(type)s value: %(value)r",
    "invalid choice: %(value)r (choose from %(choices)s)",
    "invalid choice: %(value)r, maybe you meant %(closest)r? (choose from %(choices)s)",
)
# argparse looks its texts up by this name, in the domain of the whole process; they are in vidkit's.
argparse._ = _  # type: ignore[attr-defined]


class Formatter(argparse.HelpFormatter):
    """Help in the user's language, in lines of as many columns as there are: a Chinese character takes two."""

    def start_section(self, heading: str | None) -> None:
        super().start_section(heading and _(heading))

    def add_text(self, text: str | None) -> None:
        super().add_text(text and _(text))

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help and _(action.help)

    def _format_usage(
        self, usage: str | None, actions: Iterable[Any], groups: Iterable[Any], prefix: str | None
    ) -> str:
        prefix = _("usage: ") if prefix is None else prefix
        if prefix.isascii():
            return super()._format_usage(usage, actions, groups, prefix)
        from vidkit.core.terminal import width_of

        held = "\0" * width_of(prefix)  # argparse counts characters, to indent the next lines
        return super()._format_usage(usage, actions, groups, held).replace(held, prefix, 1)

    def _split_lines(self, text: str, width: int) -> list[str]:
        if text.isascii():
            return super()._split_lines(text, width)
        from vidkit.core.terminal import wrap

        return wrap(" ".join(text.split()), width, indent="").split("\n")

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return "\n".join(indent + line for line in self._split_lines(text, width - len(indent)))


class Parser(argparse.ArgumentParser):
    """A command line parser. `declared` lists its arguments in order; `commands` maps names to its subcommands.

    `titles` are those of its groups; `summaries` are the lines of its subcommands in its help.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.declared: list[argparse.Action] = []
        self.titles: list[str] = []
        self.commands: dict[str, Parser] = {}
        self.summaries: list[argparse.Action] = []
        super().__init__(*args, **{"formatter_class": Formatter, **options})

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        self.declared.append(super().add_argument(*names, **options))
        return self.declared[-1]

    def add_argument_group(self, *args: Any, **options: Any) -> Any:
        group = self._declaring(super().add_argument_group(*args, **options))
        self.titles.append(group.title)
        return group

    def add_mutually_exclusive_group(self, **options: Any) -> Any:
        return self._declaring(super().add_mutually_exclusive_group(**options))

    def add_subparsers(self, **options: Any) -> Any:
        commands = super().add_subparsers(**options)
        self.commands = commands.choices
        self.summaries = commands._choices_actions
        return commands

    def _declaring(self, group: Any) -> Any:
        """A group whose arguments are added to `declared` too."""
        add = group.add_argument

        def add_argument(*names: Any, **options: Any) -> argparse.Action:
            self.declared.append(add(*names, **options))
            return self.declared[-1]

        group.add_argument = add_argument
        return group
