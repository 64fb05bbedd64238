"""The gates of sales, in Redis: each question is one script, and one round trip (R-TYPE-2).

`refresh` tells a gate, again and again, what PostgreSQL knows. It builds a gate that is not there – never asked for, or
lost with the rest of Redis – and corrects one that has drifted: so come back the tokens of orders that time out or are
cancelled, and those of an API that died between lease and confirmation. Nothing is added to what the gate believed:
each refresh begins with the units that PostgreSQL says are free, so that no error outlives the next one. Nobody is
locked out meanwhile; what may happen in between is subtracted:

- The order of things: the gate says who is leased units, and how many were `confirmed` so far; PostgreSQL takes a
  snapshot, and says which orders are placed and which units are free; the gate says again who is leased units;
  PostgreSQL says, still of its snapshot, which of those, then and now, have taken theirs; the gate is told.
- Units that are leased are subtracted: their order may have taken them since. Units confirmed since the first step are
  subtracted for the same reason.
- Neither is if PostgreSQL named the order: it had taken its units before the snapshot, and will not take them again.
  For another refresh at the same time, which may have counted earlier, it is confirmed by that.
- Who had taken units before the snapshot had entered before it, and so is asked about: nobody is subtracted twice, and
  nobody refused for units that are there. But for who enters, takes and is placed all between the two questions.
- A refresh that began before the gate was built anew is ignored, and so is one that was overtaken: what it knows of
  placed orders is older than what the gate was told.

So no interleaving gives a gate more tokens than there are units that nobody else who entered may take. It has fewer for
units that came back since the snapshot. Only those who enter without its knowledge – their lease ran out, Redis was
emptied or away, units were sold elsewhere – may find that PostgreSQL refuses what the gate let pass.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Awaitable, Callable, Collection, Iterable
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import RedisError

from ordersaga.domain.gate import Answer, Entrant, GateKey, Knowledge, Outcome, Seen
from ordersaga.gateways.gate import scripts

Leased = Callable[[], Awaitable[Collection[str]]]
"""The orders that are leased units, or were when the refresh began."""

Read = Callable[[Seen | None, Leased], Awaitable[Knowledge | None]]
"""What PostgreSQL knows of a gate's campaign that the gate does not; everything if it has another campaign, or none.
Who is leased units is asked once the snapshot is taken.
"""

KEPT = timedelta(minutes=2)
"""A gate that nobody refreshes is forgotten, and built anew for whoever asks."""
_UNGUARDED_KEPT = timedelta(seconds=5)
_BUILDING = timedelta(seconds=5)
_PATIENCE_SECONDS = 0.5
_COOLDOWN_SECONDS = 1.0


class GateAway(Exception):
    """Redis did not answer in time, or did not a moment ago."""


class Gate:
    """Every method raises `GateAway`. Times are the caller's, so that sales open when their prices do."""

    def __init__(self, redis: Redis) -> None:
        self._enter = redis.register_script(scripts.ENTER)
        self._confirm = redis.register_script(scripts.CONFIRM)
        self._release = redis.register_script(scripts.RELEASE)
        self._begin = redis.register_script(scripts.BEGIN)
        self._leased = redis.register_script(scripts.LEASED)
        self._apply = redis.register_script(scripts.APPLY)
        self._give_up = redis.register_script(scripts.GIVE_UP)
        self._away_until = 0.0

    async def glance(self, key: GateKey, entrant: Entrant, at: datetime) -> Answer:
        """What `enter` would answer. Takes nothing, and is the `first` to no gate."""
        return await self._ask(key, entrant, at, at, timedelta())

    async def look(self, key: GateKey, entrant: Entrant, at: datetime) -> Answer:
        """What `enter` would answer. Takes nothing."""
        return await self._ask(key, entrant, at, at)

    async def enter(self, key: GateKey, entrant: Entrant, at: datetime, lease: timedelta) -> Answer:
        """Take tokens for an order, until it is confirmed or released or the lease runs out.

        The same order may ask again: that is the same lease, longer.
        """
        return await self._ask(key, entrant, at, at + lease)

    async def confirm(self, key: GateKey, entrant: Entrant) -> None:
        """The order was placed. Safe to repeat."""
        values = [entrant.campaign, entrant.order_no, _pseudonym(entrant.account), entrant.units]
        await self._run(self._confirm, key, values)

    async def release(self, key: GateKey, order_no: str, *, returning: bool = True) -> None:
        """The order was refused: its tokens come back, but not if PostgreSQL said that there are none."""
        await self._run(self._release, key, [order_no, int(returning)])

    async def refresh(self, key: GateKey, read: Read, at: datetime, *, unless_within: timedelta = timedelta()) -> None:
        """Tell the gate what PostgreSQL knows; not if somebody did within so short a time. Raises what `read` does."""
        found = await self._run(self._begin, key, [_ms(at), _ms(at - unless_within)])
        if len(found) == 1:
            return
        seen = Seen(_text(found[0]), int(found[3])) if found else None
        at_first = set(map(_text, found[4:]))

        async def leased() -> Collection[str]:
            return at_first | set(map(_text, await self._run(self._leased, key, [])))

        known = await read(seen, leased)
        is_new = seen is None or known is None or known.campaign.code != seen.campaign
        build, confirmed = ("", 0) if is_new else (_text(found[1]), int(found[2]))
        values = [_ms(at), build, secrets.token_hex(8), confirmed, *_told(known)]
        await self._run(self._apply, key, values, patience=10 * _PATIENCE_SECONDS)

    async def give_up(self, key: GateKey) -> None:
        """Whoever was to build this gate does not: let the next one try."""
        await self._run(self._give_up, key, [])

    async def _ask(
        self, key: GateKey, entrant: Entrant, at: datetime, until: datetime, building: timedelta = _BUILDING
    ) -> Answer:
        wanted = [_pseudonym(entrant.account), entrant.units, entrant.order_no, entrant.campaign]
        values = [_ms(at), *wanted, _ms(until), _ms(building)]
        return _answer(await self._run(self._enter, key, values))

    async def _run(
        self, script: AsyncScript, key: GateKey, values: list[Any], *, patience: float = _PATIENCE_SECONDS
    ) -> list[Any]:
        now = time.monotonic()
        if now < self._away_until:
            raise GateAway("a moment ago")
        if self._away_until:
            self._away_until = now + _COOLDOWN_SECONDS  # this one tries again, the others do not wait for it
        gate = f"gate:{{{key.order_type}:{key.sku}}}"
        try:
            async with asyncio.timeout(patience):
                found = await script(keys=[gate, f"{gate}:leases", f"{gate}:building"], args=values)
        except (RedisError, OSError, TimeoutError) as error:
            self._away_until = time.monotonic() + _COOLDOWN_SECONDS
            raise GateAway(type(error).__name__) from error
        self._away_until = 0.0
        return found if isinstance(found, list) else []


def _told(known: Knowledge | None) -> Iterable[Any]:
    """The rest of what `APPLY` takes."""
    if known is None:
        return ["", 0, 0, "", "", 0, 0, _ms(_UNGUARDED_KEPT), 0]
    campaign, limit = known.campaign, known.limit
    told = [campaign.code, _ms(campaign.starts_at), _ms(campaign.ends_at)]
    told += [limit.units, limit.code] if limit else ["", ""]
    told += [known.free, known.position, _ms(KEPT), len(known.taken)]
    for order_no, units in known.taken.items():
        told += [order_no, units]
    for order in known.orders:
        told += [order.order_no, order.units, _pseudonym(order.account)]
    return told


def _answer(found: list[Any]) -> Answer:
    outcome, campaign, facts = Outcome(_text(found[0])), _text(found[1]), found[2:]
    match outcome:
        case Outcome.NOT_OPEN | Outcome.ENDED:
            return Answer(outcome=outcome, campaign=campaign, facts={"at": int(facts[0])})
        case Outcome.LIMITED:
            told = {"limit": _text(facts[0]), "allowed": int(facts[1]), "used": int(facts[2])}
            return Answer(outcome=outcome, campaign=campaign, facts=told)
        case Outcome.SOLD_OUT:
            return Answer(outcome=outcome, campaign=campaign, facts={"left": int(facts[0])})
        case Outcome.KNOWN:
            return Answer(outcome=outcome, campaign=campaign, settled=bool(facts[0]))
        case Outcome.UNKNOWN:
            return Answer(outcome=outcome, first=bool(facts[0]))
        case _:
            return Answer(outcome=outcome, campaign=campaign)


def _pseudonym(account: str) -> str:
    """Redis keeps no names of buyers."""
    return hashlib.sha256(account.encode(errors="surrogateescape")).hexdigest()[:32]


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _ms(value: datetime | timedelta) -> int:
    """Milliseconds of a span, or since 1970."""
    return round((value.timestamp() if isinstance(value, datetime) else value.total_seconds()) * 1000)
