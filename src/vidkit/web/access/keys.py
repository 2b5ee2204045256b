"""Keys: who may call the API and sign in to the pages. Only hashes of them are kept."""

from __future__ import annotations

import re
import secrets
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from vidkit.core import printable
from vidkit.core.units import time_text
from vidkit.errors import ConfigError, LibraryError, nearest
from vidkit.web.access.actors import AGENT, LOCAL, OWNER, SCOPE_NAMES
from vidkit.web.access.tokens import KEY, new_token, token_hash
from vidkit.web.state import StateDatabase

LONGEST_NAME = 100
_USED = 60.0  # seconds between two writes of a key's last use
_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400}
_LONGEST = 100 * 365 * 86400


@dataclass(frozen=True)
class Key:
    """A key without its secret. Times are seconds since 1970, None for never."""

    id: str
    name: str
    scope: str
    created_at: float
    created_by: str
    expires_at: float | None
    used_at: float | None
    revoked_at: float | None

    @property
    def state(self) -> str:
        """`active`, `expired` or `revoked`."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.expires_at is not None and self.expires_at <= time.time() else "active"

    def as_json(self) -> dict[str, str | None]:
        """The key as the API and `vidkit keys list` show it."""
        return {
            "id": self.id,
            "name": self.name,
            "scope": self.scope,
            "state": self.state,
            "created_at": time_text(self.created_at),
            "created_by": self.created_by,
            "expires_at": time_text(self.expires_at),
            "used_at": time_text(self.used_at),
            "revoked_at": time_text(self.revoked_at),
        }


class Keys:
    """The keys in the server's own database."""

    def __init__(self, state: StateDatabase) -> None:
        self._state = state
        self._noted: dict[str, float] = {}
        self._lock = threading.Lock()

    def add(self, name: str, scope: str, expires: str | None = None, by: str = OWNER) -> tuple[Key, str]:
        """Make a key.

        Args:
            name: what the audit log calls its user; no two keys that are in use share a name.
            scope: one of SCOPE_NAMES.
            expires: the time after which it expires, such as `90d`; None: never.
            by: who makes it.

        Returns:
            The key, and its secret, which is not stored.

        Raises:
            ConfigError: the name, the scope or the time is not valid.
        """
        name, now = _checked_name(name), time.time()
        if scope not in SCOPE_NAMES:
            raise ConfigError(f"a key's scope is one of {', '.join(SCOPE_NAMES)}")
        secret = new_token(KEY)
        ends = now + _seconds(expires) if expires else None
        key = Key(secrets.token_hex(4), name, scope, now, by, ends, None, None)
        with self._state.writing() as connection:
            if connection.execute("SELECT 1 FROM keys WHERE name = ? AND revoked_at IS NULL", (name,)).fetchone():
                raise ConfigError(f"a key has the name {name} already: choose another, or revoke that key first")
            connection.execute(
                "INSERT INTO keys (id, hash, name, scope, created_at, created_by, expires_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (key.id, token_hash(secret), name, scope, now, by, ends),
            )
        return key, secret

    def all(self) -> list[Key]:
        """Every key, the oldest first."""
        with self._state.reading() as connection:
            rows = connection.execute(f"SELECT {_COLUMNS} FROM keys ORDER BY created_at, id").fetchall()
        return [Key(*row) for row in rows]

    def some_active(self) -> bool:
        """Whether a key can be used now."""
        return any(key.state == "active" for key in self.all())

    def find(self, secret: str) -> Key | None:
        """The key of a secret, if it can be used now; its use is noted."""
        with self._state.reading() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM keys WHERE hash = ?", (token_hash(secret),)
            ).fetchone()
        key = Key(*row) if row else None
        if key is None or key.state != "active":
            return None
        self.note_use(key.id, key.used_at)
        return key

    def revoke(self, word: str) -> Key | None:
        """Revoke a key, and end its sessions.

        Args:
            word: its id, or the name of a key that is not revoked yet.

        Returns:
            The key as it was; None if there is none.
        """
        with self._state.writing() as connection:
            row = connection.execute(
                f"SELECT {_COLUMNS} FROM keys WHERE revoked_at IS NULL AND (id = ? OR name = ?)"
                " ORDER BY id = ? DESC LIMIT 1",
                (word, word, word),
            ).fetchone()
            if row is None:
                return None
            connection.execute("UPDATE keys SET revoked_at = ? WHERE id = ?", (time.time(), row["id"]))
            connection.execute("DELETE FROM sessions WHERE key = ?", (row["id"],))
        return Key(*row)

    def nearest(self, word: str) -> str | None:
        """The name that is most similar to a word, among the keys that are not revoked."""
        return nearest(word, [key.name for key in self.all() if key.revoked_at is None])

    def note_use(self, id: str, used_at: float | None) -> None:
        """Note that a key was used now, at most once a minute. If that cannot be written, the request continues."""
        now = time.time()
        with self._lock:
            if now - max(used_at or 0.0, self._noted.get(id, 0.0)) < _USED:
                return
            self._noted[id] = now
        with suppress(LibraryError), self._state.writing() as connection:
            connection.execute("UPDATE keys SET used_at = ? WHERE id = ?", (now, id))


_COLUMNS = "id, name, scope, created_at, created_by, expires_at, used_at, revoked_at"


def _checked_name(name: str) -> str:
    name = name.strip()
    if not name or len(name) > LONGEST_NAME or printable(name) != name:
        raise ConfigError(f"a key's name is 1 to {LONGEST_NAME} characters in one line")
    if name.casefold() in (OWNER, LOCAL, AGENT):
        raise ConfigError(f"the audit log calls somebody else {name}: choose another name for the key")
    return name


def _seconds(text: str) -> float:
    """How long a key lasts, in seconds."""
    match = re.fullmatch(r"\s*([0-9]{1,6})\s*([hdw])\s*", text.lower())
    seconds = int(match[1]) * _UNITS[match[2]] if match else 0
    if not 0 < seconds <= _LONGEST:
        raise ConfigError(f"{printable(text)[:50]!r} is not a time such as 90d, 12h or 4w")
    return seconds
