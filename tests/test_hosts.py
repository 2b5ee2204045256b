"""Hosts and networks in settings."""

from __future__ import annotations

import ipaddress
import pickle

import pytest

from vidkit.core.config import load_config
from vidkit.core.hosts import read_hosts, read_networks
from vidkit.core.settings import Serve, show
from vidkit.errors import ConfigError


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.0.0.1:8080", "127.0.0.1:8080"),
        ("10.0.0.0/8", "10.0.0.0/8"),
        ("10.0.0.0/8:80", "10.0.0.0/8:80"),
        ("::1", "::1"),
        ("[::1]:80", "[::1]:80"),
        ("[fd00::]/8:80", "[fd00::/8]:80"),
        ("fd00::/8", "fd00::/8"),
        ("Videos.Internal.", "videos.internal"),
        ("videos.internal:443", "videos.internal:443"),
        ("bücher.intern", "xn--bcher-kva.intern"),
        ("localhost, 10.1.2.3  nas", "localhost, 10.1.2.3, nas"),
        ("", ""),
    ],
)
def test_a_host_is_a_name_an_address_or_a_network_with_or_without_its_port(written: str, shown: str) -> None:
    hosts = read_hosts(written)
    assert show(hosts) == shown
    assert read_hosts(shown) == hosts == pickle.loads(pickle.dumps(hosts))


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("10.0.0.1/8", "10.0.0.0/8"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("010.0.0.1", "an address such as"),
        ("fe80::1%eth0", "an address such as"),
        ("http://videos.internal/", "only its host"),
        ("nas:0", "a port from 1 to 65535"),
        ("nas:65536", "a port from 1 to 65535"),
        ("nas:", "a port from 1 to 65535"),
        ("*.internal", "a host name"),
        ("a..b", "a host name"),
        ("user@nas", "a host name"),
    ],
)
def test_what_is_no_host_is_said_in_words(written: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(overrides={("Serve", "AllowedHosts"): written}, environment={})
    assert words in str(caught.value)
    assert "[Serve] AllowedHosts" in str(caught.value)


def test_a_host_holds_the_servers_that_it_names_and_no_other() -> None:
    address = ipaddress.ip_address("10.1.2.3")
    named, one, network, ported = read_hosts("nas 10.1.2.3 10.0.0.0/8 10.1.2.3:80")
    assert named.holds("nas", address, 80)
    assert not named.holds("nas.local", address, 80)
    assert one.holds("whatever", address, 80)
    assert not one.holds("whatever", ipaddress.ip_address("10.1.2.4"), 80)
    assert network.holds("whatever", ipaddress.ip_address("10.1.2.4"), 80)
    assert not network.holds("whatever", ipaddress.ip_address("::1"), 80)
    assert ported.holds("whatever", address, 80)
    assert not ported.holds("whatever", address, 81)


def test_trusted_proxies_are_addresses_and_networks() -> None:
    assert read_networks("10.0.0.1, fd00::/8") == (
        ipaddress.ip_network("10.0.0.1"),
        ipaddress.ip_network("fd00::/8"),
    )
    for wrong in ("proxy.internal", "10.0.0.1:80", "10.0.0.1/8"):
        with pytest.raises(ValueError, match="network"):
            read_networks(wrong)


def test_jobs_of_the_server_reach_nothing_private_by_default() -> None:
    nothing = Serve(
        allowed_hosts=(), allowed_buckets=(), allow_local_files=False, allow_sites=False, trusted_proxies=()
    )
    assert load_config(environment={}).serve == nothing
