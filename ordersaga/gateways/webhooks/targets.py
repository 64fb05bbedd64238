"""What a webhook may call: the outside world, and nothing inside our own network (SSRF).

Names are looked up at every connect and the very address that was checked is connected to, so that a name which means
something else a moment later leads nowhere.
"""

import asyncio
import socket
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

import httpcore

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = IPv6Network("64:ff9b::/96")


class TargetRefused(Exception):
    """A URL or an address that must not be called; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetRules:
    """`anywhere`, as in development, allows `http` and every address; `networks` are allowed though private."""

    anywhere: bool = False
    networks: tuple[Network, ...] = ()

    def check_url(self, url: str) -> None:
        """What can be said of a URL without looking its name up. Raises `TargetRefused`."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname, parts.port
        except ValueError as error:
            raise TargetRefused("this is no URL") from error
        if parts.scheme != "https" and not (self.anywhere and parts.scheme == "http"):
            raise TargetRefused("only https is called" if not self.anywhere else "only https and http are called")
        if not host or not url.isascii() or any(letter.isspace() or ord(letter) < 32 for letter in url):
            raise TargetRefused("this is no URL of a host")
        if parts.username is not None or parts.password is not None or parts.fragment:
            raise TargetRefused("a URL with a user, a password or a fragment is not called")
        literal = _literal(host)
        if literal is not None:
            self.check_address(literal)

    def check_address(self, address: Address) -> None:
        """Raises `TargetRefused` for what is not a public address."""
        if self.anywhere or any(address in network for network in self.networks if network.version == address.version):
            return
        if not all(_is_public(one) for one in _meanings(address)):
            raise TargetRefused("an address inside a private network is not called")


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Connects to addresses that the rules allow. Slow name servers hold up nobody but those who ask them."""

    def __init__(self, rules: TargetRules) -> None:
        self._rules = rules
        self._network = httpcore.AnyIOBackend()
        self._resolver = ThreadPoolExecutor(32, thread_name_prefix="webhook-names")

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                addresses = await self._addresses(host, port)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout(f"looking up {host} took too long") from error
        for address in addresses:
            self._rules.check_address(address)
        trouble: httpcore.ConnectError | httpcore.ConnectTimeout | None = None
        for address in addresses[:3]:
            try:
                return await self._network.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                trouble = error
        raise trouble or httpcore.ConnectError(f"{host} has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise TargetRefused("a socket of this machine is not called")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> Sequence[Address]:
        literal = _literal(host)
        if literal is not None:
            return [literal]
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(
                self._resolver, lambda: socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            )
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"{host} cannot be looked up") from error
        return list(dict.fromkeys(ip_address(str(item[4][0]).partition("%")[0]) for item in found))


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host.strip("[]"))
    except ValueError:
        return None


def _meanings(address: Address) -> list[Address]:
    """The address and those that it stands for: IPv6 can carry an IPv4 address in several ways."""
    found: list[Address] = [address]
    if isinstance(address, IPv6Address):
        teredo = address.teredo or ()
        carried = (address.ipv4_mapped, address.sixtofour, *teredo)
        found += [one for one in carried if one is not None]
        if address.ipv4_mapped is not None:
            found.remove(address)
        if address in _NAT64:
            found = [IPv4Address(int(address) & 0xFFFFFFFF)]
    return found


def _is_public(address: Address) -> bool:
    return address.is_global and not (
        address.is_multicast or address.is_reserved or address.is_unspecified or address.is_loopback
    )
