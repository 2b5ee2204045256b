"""Secrets that vidkit gives out: 256 random bits each. Only their hashes are kept."""

from __future__ import annotations

import hashlib
import secrets

KEY = "vk_"
SESSION = "vs_"
SIGN_IN = "vt_"


def new_token(prefix: str) -> str:
    """A new secret: a prefix that says what it is for, and 43 characters; `core.redaction.TOKEN` finds it."""
    return prefix + secrets.token_urlsafe(32)


def token_hash(token: str) -> str:
    """The SHA-256 of a secret, in hex. It needs no salt: nobody can guess 256 random bits."""
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()
