"""The URI of a server: the part that may be shown."""

from __future__ import annotations

import re

from vidkit.core import printable
from vidkit.core.redaction import is_plausible_host


def server_name(uri: str, otherwise: str) -> str:
    """The scheme and the hosts of a server, without user, password and options.

    Args:
        uri: the URI.
        otherwise: shown instead if it has no host, or the host cannot be told from the password.
    """
    scheme, _, rest = uri.partition("://")
    # By the grammar of URIs. If a URI breaks it, the last part cannot be the password.
    right = re.match(r"[^:/?@]*(?::[^/?@]*)?@([\w.,:\[\]-]+)(?:/|$)", rest)
    hosts = right[1] if right else re.split("[/?]", rest.rpartition("@")[2])[0]
    if right and is_unclear(uri):
        hosts = ""
    return printable(f"{scheme}://{hosts}" if hosts else otherwise)


def is_unclear(uri: str) -> bool:
    """Whether the password may contain an unescaped @ or /, so that its end is unclear."""
    rest = uri.partition("://")[2]
    authority = re.split("[/?]", rest, maxsplit=1)[0]
    behind, hosts = rest[len(authority) :], authority.rpartition("@")[2].split(",")
    if "@" not in behind or all(map(is_plausible_host, hosts)):
        return False
    # Options may contain an @ in a URI without user: mongodb://mongo:27017/?appName=@me
    plain = "@" not in authority and all(re.fullmatch(r"[\w-]+(:\d+)?", host) for host in hosts)
    return not plain or "@" in behind.partition("?")[0]
