"""Signing in: tokens of links that are used once, and the sessions of browsers. Only hashes of them are kept."""

from __future__ import annotations

import hashlib
import threading
import time
from contextlib import suppress
from dataclasses import dataclass

from vidkit.errors import LibraryError
from vidkit.web.access.actors import OWNER
from vidkit.web.access.keys import Key, Keys
from vidkit.web.access.tokens import SESSION, SIGN_IN, new_token, token_hash
from vidkit.web.state import StateDatabase

TOKEN_LIFE = 600.0  # seconds in which a sign-in link works
LIFE = 30 * 86400.0  # seconds from signing in to the end of a session
IDLE = 7 * 86400.0  # seconds without a request after which it ends
_USED = 60.0  # seconds between two writes of a session's last use


@dataclass(frozen=True)
class Session:
    """A browser that is signed in: by whom, and with which scope."""

    name: str
    scope: str


class Sessions:
    """The sessions and sign-in tokens in the server's own database."""

    def __init__(self, state: StateDatabase, keys: Keys) -> None:
        self._state = state
        self._keys = keys
        # Servers on other ports of this machine share a browser's cookies: each database has its own.
        self.cookie = "vidkit_session_" + hashlib.sha256(str(state.path).encode()).hexdigest()[:8]
        self._noted: dict[str, float] = {}
        self._lock = threading.Lock()

    def new_link_token(self) -> str:
        """A token that signs the owner in once, within ten minutes."""
        token, now = new_token(SIGN_IN), time.time()
        with self._state.writing() as connection:
            connection.execute("DELETE FROM sign_in_tokens WHERE expires_at <= ?", (now,))
            connection.execute("INSERT INTO sign_in_tokens VALUES (?, ?)", (token_hash(token), now + TOKEN_LIFE))
        return token

    def open_with_token(self, token: str) -> tuple[Session, str] | None:
        """Sign in by a link's token: the session and the secret of its cookie; None if the token is used or old."""
        where, values = "FROM sign_in_tokens WHERE hash = ? AND expires_at > ?", (token_hash(token), time.time())
        with self._state.reading() as connection:  # a guess writes nothing
            if connection.execute(f"SELECT 1 {where}", values).fetchone() is None:
                return None
        with self._state.writing() as connection:
            used = connection.execute(f"DELETE {where}", values).rowcount
        return self._open(OWNER, "admin", None) if used else None

    def open_with_key(self, secret: str) -> tuple[Session, str] | None:
        """Sign in by a key: the session and the secret of its cookie; None if the key cannot be used."""
        key = self._keys.find(secret)
        return self._open(key.name, key.scope, key) if key else None

    def find(self, secret: str) -> Session | None:
        """The session of a cookie, if it has not ended; its use is noted."""
        now, hashed = time.time(), token_hash(secret)
        with self._state.reading() as connection:
            row = connection.execute(
                "SELECT s.name, s.scope, s.used_at, k.id, k.used_at AS key_used_at"
                " FROM sessions s LEFT JOIN keys k ON k.id = s.key"
                " WHERE s.hash = ? AND s.expires_at > ? AND s.used_at > ? AND (s.key IS NULL OR"
                " (k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > ?)))",
                (hashed, now, now - IDLE, now),
            ).fetchone()
        if row is None:
            return None
        self._note_use(hashed, row["used_at"], now)
        if row["id"] is not None:
            self._keys.note_use(row["id"], row["key_used_at"])
        return Session(row["name"], row["scope"])

    def close(self, secret: str) -> None:
        """Sign a browser out."""
        with self._state.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE hash = ?", (token_hash(secret),))

    def _open(self, name: str, scope: str, key: Key | None) -> tuple[Session, str]:
        secret, now = new_token(SESSION), time.time()
        with self._state.writing() as connection:
            connection.execute("DELETE FROM sessions WHERE expires_at <= ? OR used_at <= ?", (now, now - IDLE))
            connection.execute(
                "INSERT INTO sessions (hash, key, name, scope, created_at, expires_at, used_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (token_hash(secret), key.id if key else None, name, scope, now, now + LIFE, now),
            )
        return Session(name, scope), secret

    def _note_use(self, hashed: str, used_at: float, now: float) -> None:
        with self._lock:
            if now - max(used_at, self._noted.get(hashed, 0.0)) < _USED:
                return
            if len(self._noted) > 10_000:
                self._noted.clear()
            self._noted[hashed] = now
        with suppress(LibraryError), self._state.writing() as connection:
            connection.execute("UPDATE sessions SET used_at = ? WHERE hash = ?", (now, hashed))
