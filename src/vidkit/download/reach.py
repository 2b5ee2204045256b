"""Which addresses a download may reach: all, or only public addresses and the hosts in the settings.

Submitted URLs are hostile: they must not make this machine send requests to itself or its neighbours. The address
of each connection counts, not its spelling: `guarded` checks every connection before a byte is sent.
"""

from __future__ import annotations

import ipaddress
import socket
from contextlib import closing
from dataclasses import dataclass

from vidkit.core import printable
from vidkit.core.buckets import is_bucket
from vidkit.core.hosts import Address, AllowedHost, host_name
from vidkit.core.serve_settings import Serve
from vidkit.download.names import local_path
from vidkit.errors import DownloadError

# Special addresses, which no public server has, from the registries of RFC 6890:
# https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. They are listed
# here, because `ipaddress.is_global` is not the same in all versions of Python.
_NOT_PUBLIC_4 = tuple(map(ipaddress.IPv4Network, (
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared by customers of a provider (CGNAT)
    "127.0.0.0/8",  # loopback
    "168.63.129.16/32",  # the host of a virtual machine in Azure
    "169.254.0.0/16",  # link-local; metadata of clouds
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
)))  # fmt: skip
_PUBLIC_6 = ipaddress.IPv6Network("2000::/3")  # all that is assigned as global unicast
_NOT_PUBLIC_6 = tuple(map(ipaddress.IPv6Network, (
    "2001::/23",  # protocol assignments, Teredo among them
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4: any IPv4 address in it
    "3fff::/20",  # documentation
)))  # fmt: skip
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last four bytes are an IPv4 address


class ReachError(DownloadError):
    """The policy does not allow the download."""


@dataclass(frozen=True)
class Reach:
    """What a download may reach: plain values that can be pickled.

    Attributes:
        public_only: only public addresses and `allowed`; the proxies of the environment are not used.
        allowed: private hosts that may be reached.
        local_files: whether paths and `file://` URLs may be read.
        sites: whether yt-dlp may be used.
        buckets: the buckets and folders of buckets that may be read; None: all.
    """

    public_only: bool = False
    allowed: tuple[AllowedHost, ...] = ()
    local_files: bool = True
    sites: bool = True
    buckets: tuple[str, ...] | None = None

    def check_source(self, url: str) -> None:
        """Refuse a local file or an object of a bucket that may not be read, without a request.

        Raises:
            ReachError: it may not be read.
        """
        if self.buckets is not None and is_bucket(url.strip()):
            if not any(url.strip().startswith(f"{each}/") for each in self.buckets):
                raise ReachError(
                    "submitted jobs may not read from this bucket. [Serve] AllowedBuckets in config.ini can "
                    "allow it"
                )
            return
        scheme = url.strip().partition("://")[0].lower()
        if not self.local_files and url.strip() and (scheme == "file" or local_path(url) is not None):
            raise ReachError(
                "this names a file on the server, and submitted jobs may not read those: write an http:// or "
                "https:// URL. [Serve] AllowLocalFiles in config.ini can allow it"
            )

    def addresses(self, host: str, port: int) -> list[str]:
        """Look up a host.

        Args:
            host: a name or an address, in any spelling that the system supports.
            port: the port of the connection.

        Returns:
            The allowed numeric addresses, in the system's order.

        Raises:
            ReachError: it has none; the message is the same whether the host exists or not.
            socket.gaierror: a temporary error of the look-up.
        """
        try:
            answers = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)
        except socket.gaierror as error:
            if error.errno == socket.EAI_AGAIN:
                raise
            raise self._refusal(host) from None
        found = [_numeric(answer[4]) for answer in answers]
        found = [address for address in dict.fromkeys(found) if self.may_reach(host, address, port)]
        if not found:
            raise self._refusal(host)
        return found

    def check_peer(self, host: str, peer: str, port: int) -> None:
        """Check the address at the other end of a connection.

        Raises:
            ReachError: it is not allowed.
        """
        if not self.may_reach(host, peer, port):
            raise self._refusal(host)

    def may_reach(self, host: str, address: str, port: int) -> bool:
        """Whether a numeric address of a host is allowed."""
        parsed = embedded(ipaddress.ip_address(address.partition("%")[0]))
        name = host_name(host)
        if any(each.holds(name, parsed, port) for each in self.allowed):
            return True
        return is_public(parsed) and not _is_own(parsed)

    def _refusal(self, host: str) -> ReachError:
        return ReachError(
            "submitted jobs may reach only public addresses, and {host} is not one. "
            "[Serve] AllowedHosts in config.ini can allow it",
            host=printable(host)[:260],
        )


ANYWHERE = Reach()


def reach_of(serve: Serve) -> Reach:
    """What the jobs of `vidkit serve` may reach, from its settings."""
    return Reach(
        True, serve.allowed_hosts, serve.allow_local_files, serve.allow_sites, buckets=serve.allowed_buckets
    )


def is_public(address: Address) -> bool:
    """Whether an address is public, by the tables of this module."""
    address = embedded(address)
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _NOT_PUBLIC_4)
    return address in _PUBLIC_6 and not any(address in network for network in _NOT_PUBLIC_6)


def embedded(address: Address) -> Address:
    """The IPv4 address in an IPv6 address (`::ffff:127.0.0.1`, and NAT64), else the address itself."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else address


def _is_own(address: Address) -> bool:
    """Whether an address belongs to this machine. Nothing is sent: the system only chooses the route."""
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with closing(socket.socket(family, socket.SOCK_DGRAM)) as route:
            route.connect((str(address), 9))
            return ipaddress.ip_address(route.getsockname()[0]) == address
    except OSError:
        return False  # no route: the connection will fail


def _numeric(place: tuple[object, ...]) -> str:
    """The address in a result of `getaddrinfo`, with its zone."""
    address = str(place[0])
    zone = place[3] if len(place) == 4 else 0
    return f"{address}%{zone}" if zone and "%" not in address else address
