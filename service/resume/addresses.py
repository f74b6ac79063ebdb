"""Which addresses outgoing requests may reach: the public internet, unless the app says more."""

import ipaddress
import socket
from collections.abc import Callable, Sequence

type Address = ipaddress.IPv4Address | ipaddress.IPv6Address
type Resolve = Callable[[str, int], Sequence[str]]

NAT64 = ipaddress.ip_network("64:ff9b::/96")
METADATA = frozenset({ipaddress.ip_address("168.63.129.16")})
"""Metadata services on public addresses (Azure's); the others are link-local or private."""


class InternalAddress(Exception):
    """The host's address is internal, and the app does not allow that."""


class UnknownHost(Exception):
    """The host's name cannot be resolved now."""


def resolve(host: str, port: int) -> Sequence[str]:
    """Every address of a host, in the system's order. Knows decimal, octal and hex spellings."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise UnknownHost from None
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


def demand_public(addresses: Sequence[str]) -> None:
    """Raises InternalAddress if any address is not public: one bad one spoils the name."""
    for address in addresses:
        if not all(_is_public(ip) for ip in _faces(ipaddress.ip_address(address))):
            raise InternalAddress


def _faces(ip: Address) -> list[Address]:
    """The addresses that a packet to this one may end at: IPv6 has spellings for IPv4."""
    if isinstance(ip, ipaddress.IPv4Address):
        return [ip]
    if ip.ipv4_mapped is not None:
        return [ip.ipv4_mapped]
    if ip in NAT64:
        return [ipaddress.IPv4Address(int(ip) & 0xFFFF_FFFF)]
    return [ip] if ip.sixtofour is None else [ip, ip.sixtofour]


def _is_public(ip: Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved and ip not in METADATA
