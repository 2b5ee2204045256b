"""The audit log: who changed what, and when."""

from __future__ import annotations

from typing import Any

from vidkit.core import printable, without_secrets
from vidkit.core.units import timestamp
from vidkit.web.access.actors import Actor
from vidkit.web.state import StateDatabase

_LONGEST = 500


class AuditLog:
    """Lines in the server's own database. Only `vidkit forget` changes them."""

    def __init__(self, state: StateDatabase) -> None:
        self._state = state

    def __call__(self, actor: Actor, action: str, what: str = "") -> None:
        """Write one line.

        Args:
            actor: who did it.
            action: what was done, such as `label`.
            what: the object, such as a video; secrets in it are hidden.
        """
        line = timestamp(), actor.name, action, printable(without_secrets(what))[:_LONGEST], actor.address
        with self._state.writing() as connection:
            connection.execute("INSERT INTO audit (at, who, action, what, address) VALUES (?, ?, ?, ?, ?)", line)

    def lines(self, limit: int, before: int | None = None, action: str | None = None) -> list[dict[str, Any]]:
        """The newest lines.

        Args:
            limit: the maximum number of lines.
            before: only lines with a smaller `id`, which are older.
            action: only lines of this action.

        Returns:
            `id`, `at`, `who`, `action`, `what` and `address` of each, the newest first.
        """
        with self._state.reading() as connection:
            rows = connection.execute(
                "SELECT id, at, who, action, what, address FROM audit WHERE id < ? AND action = coalesce(?, action)"
                " ORDER BY id DESC LIMIT ?",
                (2**63 - 1 if before is None else before, action, limit),
            ).fetchall()
        return [dict(row) for row in rows]
