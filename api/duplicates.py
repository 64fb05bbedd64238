"""The duplicate key in Redis: the same buyer and goods within a short window are one order (R-SUB-4).

Redis only blocks twins early. It may be away or emptied at any time: a quote is one order in PostgreSQL all the same.
"""

import hashlib
import json
from collections.abc import Awaitable, Sequence
from typing import cast

import structlog
from redis.asyncio import Redis
from redis.exceptions import RedisError

from ordersaga.domain.pricing.quote import CartItem, merge

log = structlog.get_logger()

_RELEASE = "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0"
_TAKE_OVER = """
if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('set', KEYS[1], ARGV[2], 'EX', ARGV[3]) end return false
"""


def goods_key(buyer: str, items: Sequence[CartItem]) -> str:
    """The key of a buyer's goods, whatever their order."""
    goods = json.dumps([buyer, sorted(merge(items).items())]).encode()
    return f"dup:{hashlib.sha256(goods).hexdigest()[:32]}"


class DuplicateGuard:
    def __init__(self, redis: Redis, window_seconds: int) -> None:
        self._redis = redis
        self._window = window_seconds

    async def claim(self, key: str, order_no: str) -> str | None:
        """Claim the goods for an order; the answer is the other order that holds them, if one does."""
        try:
            holder = await self._redis.set(key, order_no, nx=True, ex=self._window, get=True)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the duplicate guard is away", error=type(error).__name__)
            return None
        found = holder.decode() if isinstance(holder, bytes) else holder
        return None if found is None or found == order_no else str(found)

    async def take_over(self, key: str, refused: str, order_no: str) -> None:
        """The order that held the goods was refused: they are this one's now, if it still held them."""
        await self._run(_TAKE_OVER, key, refused, order_no, str(self._window))

    async def release(self, key: str, order_no: str) -> None:
        """A refused order does not block the next try."""
        await self._run(_RELEASE, key, order_no)

    async def _run(self, script: str, key: str, *arguments: str) -> None:
        try:
            await cast(Awaitable[object], self._redis.eval(script, 1, key, *arguments))
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("the duplicate guard is away", error=type(error).__name__)
