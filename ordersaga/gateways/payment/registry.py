"""The payment providers that are configured, by name and by the channels that buyers choose (R-PAY-1)."""

from collections.abc import Iterable
from typing import Self

import httpx

from ordersaga.domain.errors import ChannelUnknown, NotFound
from ordersaga.gateways.payment.provider import PaymentProvider
from ordersaga.gateways.payment.sandbox import SandboxProvider


class PaymentProviders:
    """All providers of a process and the HTTP connections that they share. Close it with `aclose()`."""

    def __init__(self, providers: Iterable[PaymentProvider], client: httpx.AsyncClient | None = None) -> None:
        self._by_name = {provider.name: provider for provider in providers}
        self._by_channel: dict[str, PaymentProvider] = {}
        for provider in self._by_name.values():
            for channel in provider.channels:
                self._by_channel.setdefault(channel, provider)
        self._client = client

    @classmethod
    def build(cls, *, public_url: str, sandbox_secret: str | None, sandbox_url: str | None = None) -> Self:
        """The providers whose keys are given. A channel that two of them offer belongs to the earlier one.

        `sandbox_url` is where our own processes reach the sandbox, if not at `public_url`.
        """
        client = _client()
        providers: list[PaymentProvider] = []
        if sandbox_secret:
            providers.append(
                SandboxProvider(secret=sandbox_secret, public_url=public_url, client=client, internal_url=sandbox_url)
            )
        return cls(providers, client)

    @property
    def channels(self) -> tuple[str, ...]:
        """Every channel that a buyer may choose, in alphabetical order."""
        return tuple(sorted(self._by_channel))

    @property
    def names(self) -> tuple[str, ...]:
        """Every provider that is configured."""
        return tuple(self._by_name)

    def named(self, name: str) -> PaymentProvider:
        """The provider of a stored payment or a callback's address. Raises `NotFound`."""
        provider = self._by_name.get(name)
        if provider is None:
            raise NotFound("there is no such payment provider", provider=name)
        return provider

    def for_channel(self, channel: str) -> PaymentProvider:
        """The provider that serves `channel`. Raises `ChannelUnknown` with the channels that there are."""
        provider = self._by_channel.get(channel)
        if provider is None:
            raise ChannelUnknown(
                "this payment channel is not offered", channel=channel, allowed_channels=list(self.channels)
            )
        return provider

    async def aclose(self) -> None:
        """Close the connections."""
        if self._client is not None:
            await self._client.aclose()


def _client() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=httpx.Timeout(5, connect=2),
        # Idle connections end here before a server's usual five seconds end them in the middle of a request.
        limits=httpx.Limits(max_connections=20, max_keepalive_connections=20, keepalive_expiry=3),
        # The address of a provider is configured; a proxy from the environment would swallow loopback calls.
        trust_env=False,
    )
