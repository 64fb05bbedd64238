"""How often somebody may ask: counted in Redis for all processes, or in this process while Redis is away."""

import asyncio
import hashlib
import ipaddress
import math
import time
from dataclasses import dataclass
from enum import StrEnum

import structlog
from limits import RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage, RedisStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from redis.asyncio import Redis
from redis.exceptions import RedisError

from api.problems import Problem
from ordersaga.settings import RateLimitSettings

log = structlog.get_logger()

_PATIENCE_SECONDS = 0.5
_COOLDOWN_SECONDS = 5.0
_SHORTEST_IPV6 = 64
"""Who rents an IPv6 connection is given a network of this length, and so 2⁶⁴ addresses."""


class Limited(StrEnum):
    """What is counted; the names are those of the settings."""

    QUOTES = "quotes"
    SUBMITS = "submits"
    CLAIMS = "claims"
    REVEALS = "reveals"
    LOGINS = "logins"


@dataclass(frozen=True, slots=True)
class Count:
    """One limit on one somebody, who is a digest: neither subjects nor addresses are kept in Redis."""

    name: str
    item: RateLimitItemPerMinute
    whose: str

    @property
    def policy(self) -> str:
        return f'"{self.name}";q={self.item.amount};w={self.item.get_expiry()}'


class RateLimiter:
    """`spend` counts a request and refuses it when it is one too many; `policies` is what the caller may know of it.

    A limit is one Redis command, and those of a request are sent together. When Redis does not answer in time, this
    process counts alone and asks Redis again after a while, with one request: nobody else waits for it.
    """

    def __init__(self, settings: RateLimitSettings, redis: Redis, *, enabled: bool) -> None:
        self.enabled = enabled
        self._settings = settings
        storage = RedisStorage("redis://", implementation="redispy", connection_pool=redis.connection_pool)  # type: ignore[arg-type]  # passed on to redis-py
        self._shared = SlidingWindowCounterRateLimiter(storage)
        self._own = SlidingWindowCounterRateLimiter(MemoryStorage())
        self._away_until = 0.0

    async def spend(self, what: Limited, *, address: str, caller: str | None = None) -> None:
        """Count one request. Raises a `rate_limited` problem that says when to come back."""
        if not self.enabled:
            return
        counts = self._counts(what, address, caller)
        kept = await self._hit(counts)
        if not all(kept):
            spent = [count for count, is_kept in zip(counts, kept, strict=True) if not is_kept]
            raise self._refusal(what, counts, {count.name: await self._seconds_left(count) for count in spent})

    def policies(self, what: Limited) -> str:
        """The `RateLimit-Policy` header of what is limited; empty when nothing is counted."""
        return ", ".join(count.policy for count in self._counts(what, "", "")) if self.enabled else ""

    def _counts(self, what: Limited, address: str, caller: str | None) -> list[Count]:
        allowed = getattr(self._settings, what)
        counts = [Count(f"{what}-address", RateLimitItemPerMinute(allowed.per_address), _digest(network_of(address)))]
        if caller is not None:
            counts.append(Count(str(what), RateLimitItemPerMinute(allowed.per_caller), _digest(caller)))
        return counts

    async def _hit(self, counts: list[Count]) -> list[bool]:
        if self._asks_redis():
            try:
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    hits = (self._shared.hit(count.item, count.name, count.whose) for count in counts)
                    kept = await asyncio.gather(*hits)
                self._away_until = 0.0
                return kept
            except (RedisError, OSError, TimeoutError) as error:
                self._away_until = time.monotonic() + _COOLDOWN_SECONDS
                log.warning("requests are counted by each process alone", error=type(error).__name__)
        return [await self._own.hit(count.item, count.name, count.whose) for count in counts]

    def _asks_redis(self) -> bool:
        now = time.monotonic()
        if now < self._away_until:
            return False
        if self._away_until:
            self._away_until = now + _COOLDOWN_SECONDS  # one request tries again, the others do not wait for it
        return True

    async def _seconds_left(self, count: Count) -> int:
        strategy = self._own if self._away_until else self._shared
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                stats = await strategy.get_window_stats(count.item, count.name, count.whose)
        except (RedisError, OSError, TimeoutError):
            return count.item.get_expiry()
        return max(1, math.ceil(stats.reset_time - time.time()))

    def _refusal(self, what: Limited, counts: list[Count], spent: dict[str, int]) -> Problem:
        headers = {
            "Retry-After": str(max(spent.values())),
            "RateLimit-Policy": ", ".join(count.policy for count in counts),
            "RateLimit": ", ".join(f'"{name}";r=0;t={seconds}' for name, seconds in spent.items()),
        }
        return Problem("rate_limited", f"too many {what} in a minute; try again later", headers, limits=sorted(spent))


def network_of(address: str) -> str:
    """What one somebody at this address may call their own: an IPv4 address, an IPv6 network."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, _SHORTEST_IPV6), strict=False))
    return str(found)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="surrogateescape")).hexdigest()[:32]
