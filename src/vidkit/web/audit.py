"""The audit log: who changed what, and when."""

from __future__ import annotations

from vidkit.core import printable, without_secrets
from vidkit.web.access import Actor
from vidkit.web.state import StateDatabase
from vidkit.workflow.fingerprints import timestamp

_LONGEST = 500


class AuditLog:
    """Lines in the server's own database. None is ever changed."""

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def __call__(self, actor: Actor, action: str, what: str = "") -> None:
        """Write one line.

        Args:
            actor: who did it.
            action: what was done, such as `label`.
            what: what it was done to; secrets in it are hidden.
        """
        line = timestamp(), actor.name, action, printable(without_secrets(what))[:_LONGEST], actor.address
        with self._state.writing() as connection:
            connection.execute("INSERT INTO audit (at, who, action, what, address) VALUES (?, ?, ?, ?, ?)", line)
