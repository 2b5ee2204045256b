"""Hosts and networks in settings: `videos.internal`, `127.0.0.1`, `10.0.0.0/8`, `[::1]:8080`."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TypeAlias

from vidkit.messages import message

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_BRACKETED = re.compile(r"\[(?P<host>[^\]]*)\](?P<network>/[0-9]+)?(?::(?P<port>.*))?")


@dataclass(frozen=True)
class AllowedHost:
    """A host or a network; exactly one of `name` and `network` is set.

    Attributes:
        name: a host name as from `host_name`.
        network: a network; a single address is a network with one address.
        port: the only allowed port; None: every port.
    """

    name: str = ""
    network: Network | None = None
    port: int | None = None

    def __str__(self) -> str:
        network = "" if self.network is None else _shown(self.network)
        host = f"[{network}]" if self.port is not None and ":" in network else self.name or network
        return host if self.port is None else f"{host}:{self.port}"

    def holds(self, host: str, address: Address, port: int) -> bool:
        """Whether a server is this host, or in this network.

        Args:
            host: the requested name, as from `host_name`.
            address: the address of the connection.
            port: its port.
        """
        if self.port not in (None, port):
            return False
        return host == self.name if self.network is None else address in self.network


def parse_address(text: str) -> Address | None:
    """An IP address; None if the text is not one. An IPv4 address mapped to IPv6 becomes IPv4."""
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def host_name(text: str) -> str:
    """The normal form of a host name: lower case, ASCII (IDNA), no dot at the end. Invalid IDNA stays."""
    text = text.strip().lower()
    if not text.isascii():
        try:
            text = text.encode("idna").decode("ascii").lower()
        except UnicodeError:
            return text
    return text[:-1] if text.endswith(".") else text


def read_hosts(text: str) -> tuple[AllowedHost, ...]:
    """The hosts of a setting, separated by commas or spaces.

    Raises:
        ValueError: one of them is not a name, an address or a network.
    """
    return tuple(map(_read_host, _parts(text)))


def read_names(text: str) -> tuple[str, ...]:
    """The host names and addresses of a setting, separated by commas or spaces, without ports.

    Raises:
        ValueError: one of them is neither.
    """
    hosts = read_hosts(text)
    for host in hosts:
        if host.port is not None or (host.network is not None and host.network.num_addresses > 1):
            raise ValueError(
                message("{host!r} is not a name such as videos.example.org, without a port", host=str(host))
            )
    return tuple(map(str, hosts))


def read_networks(text: str) -> tuple[Network, ...]:
    """The addresses and networks of a setting, separated by commas or spaces.

    Raises:
        ValueError: one of them is neither.
    """
    return tuple(map(_read_network, _parts(text)))


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[,\s]+", text) if part]


def _read_host(text: str) -> AllowedHost:
    if "://" in text:
        raise ValueError(
            message("{text!r} is a URL: write only its host, such as videos.internal or 10.1.2.3:8080", text=text)
        )
    bracketed = _BRACKETED.fullmatch(text)
    if bracketed:
        network = _read_network(bracketed["host"] + (bracketed["network"] or ""))
        return AllowedHost(network=network, port=_read_port(bracketed["port"], text))
    host, colon, port = text.rpartition(":") if text.count(":") == 1 else (text, "", "")
    number = _read_port(port if colon else None, text)
    name = host_name(host)
    labels = name.split(".")
    if "/" in host or ":" in host or _NUMBER.fullmatch(labels[-1]):
        return AllowedHost(network=_read_network(host), port=number)
    if len(name) > 253 or not all(map(_LABEL.fullmatch, labels)):
        raise ValueError(
            message("{text!r} is not a host name, an address or a network such as 10.0.0.0/8", text=text)
        )
    return AllowedHost(name=name, port=number)


def _read_port(text: str | None, whole: str) -> int | None:
    if text is None:
        return None
    if not re.fullmatch("[0-9]{1,5}", text) or not 0 < int(text) < 65536:
        raise ValueError(message("{whole!r} does not end in a port from 1 to 65535", whole=whole))
    return int(text)


def _read_network(text: str) -> Network:
    wrong = ValueError(
        message("{text!r} is not an address such as 127.0.0.1 or a network such as 10.0.0.0/8", text=text)
    )
    if "%" in text:  # a zone of IPv6
        raise wrong
    try:
        written = ipaddress.ip_address(text.partition("/")[0])
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        raise wrong from None
    if written != network.network_address:
        raise ValueError(
            message(
                "{text!r} is an address inside a network: write {network} for the whole network",
                text=text,
                network=network,
            )
        )
    return network


def _shown(network: Network) -> str:
    return str(network.network_address) if network.num_addresses == 1 else str(network)
