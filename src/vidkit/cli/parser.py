"""A parser that can list its arguments and commands, for the docs and for the spelling of options."""

from __future__ import annotations

import argparse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    class Arguments(Protocol):
        """What arguments can be added to: a parser, or a group of its arguments."""

        def add_argument(self, *names: Any, **options: Any) -> argparse.Action: ...


class Parser(argparse.ArgumentParser):
    """A command line parser. `declared` lists its arguments in order; `commands` maps names to its subcommands."""

    def __init__(self, *args: Any, **options: Any) -> None:
        self.declared: list[argparse.Action] = []
        self.commands: dict[str, Parser] = {}
        super().__init__(*args, **options)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        self.declared.append(super().add_argument(*names, **options))
        return self.declared[-1]

    def add_argument_group(self, *args: Any, **options: Any) -> Any:
        return self._declaring(super().add_argument_group(*args, **options))

    def add_mutually_exclusive_group(self, **options: Any) -> Any:
        return self._declaring(super().add_mutually_exclusive_group(**options))

    def add_subparsers(self, **options: Any) -> Any:
        commands = super().add_subparsers(**options)
        self.commands = commands.choices
        return commands

    def _declaring(self, group: Any) -> Any:
        """A group whose arguments are added to `declared` too."""
        add = group.add_argument

        def add_argument(*names: Any, **options: Any) -> argparse.Action:
            self.declared.append(add(*names, **options))
            return self.declared[-1]

        group.add_argument = add_argument
        return group
