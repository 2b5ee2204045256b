"""The URI of a server: which part of it may be shown."""

from __future__ import annotations

import re

from vidkit.core import printable
from vidkit.core.redaction import is_plausible_host


def server_name(uri: str, otherwise: str) -> str:
    """A server as it may be shown: its scheme and its hosts, without user, password and options.

    Args:
        uri: the URI.
        otherwise: what is shown where it names no host, or where that cannot be told from the password.
    """
    scheme, _, rest = uri.partition("://")
    # As the grammar has it; where a URI is against it, what comes last can be no password.
    right = re.match(r"[^:/?@]*(?::[^/?@]*)?@([\w.,:\[\]-]+)(?:/|$)", rest)
    hosts = right[1] if right else re.split("[/?]", rest.rpartition("@")[2])[0]
    if right and is_unclear(uri):
        hosts = ""
    return printable(f"{scheme}://{hosts}" if hosts else otherwise)


def is_unclear(uri: str) -> bool:
    """Whether a password that holds @ and / unescaped may reach farther than the grammar says."""
    rest = uri.partition("://")[2]
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    behind, hosts = rest[len(authority) :], authority.rpartition("@")[2].split(",")
    if "@" not in behind or all(map(is_plausible_host, hosts)):
        return False
    # Options may hold an @ where no user is named: mongodb://mongo:27017/?appName=@me
    plain = "@" not in authority and all(re.fullmatch(r"[\w-]+(:\d+)?", host) for host in hosts)
    return not plain or "@" in behind.partition("?")[0]
