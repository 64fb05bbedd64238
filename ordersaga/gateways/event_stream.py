"""The Redis stream of events. An entry's id is `<position>-0`, so that Redis itself refuses a repetition (R-ORD-3)."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Redis

from ordersaga.domain.events import Event

_LAST = """
local function last_of(key)
  if redis.call('EXISTS', key) == 0 then return 0 end
  local info = redis.call('XINFO', 'STREAM', key)
  for i = 1, #info, 2 do
    if info[i] == 'last-generated-id' then return tonumber(string.match(info[i + 1], '^%d+')) end
  end
end
"""
# A pipeline could be accepted in parts, with a gap where Redis was out of memory for a moment. A script cannot.
_APPEND = (
    _LAST
    + """
local last = last_of(KEYS[1])
if last ~= tonumber(ARGV[1]) then return last end
for i = 3, #ARGV, 6 do
  redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], ARGV[i] .. '-0', 'type', ARGV[i + 1], 'at', ARGV[i + 2],
             'order_no', ARGV[i + 3], 'sequence', ARGV[i + 4], 'data', ARGV[i + 5])
  last = tonumber(ARGV[i])
end
return last
"""
)
# The stream is emptied and not deleted: its consumer groups stay.
_RESTART = """
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('XADD', KEYS[1], '0-1', 'type', 'none') end
redis.call('XTRIM', KEYS[1], 'MAXLEN', 0)
redis.call('XSETID', KEYS[1], ARGV[1] == '0' and '0-1' or (ARGV[1] .. '-0'))
"""


@dataclass(frozen=True, slots=True)
class StreamState:
    """`last` is the position of the last entry ever added; `length` counts those that are still there."""

    last: int
    length: int


class EventStream:
    """Raises what the client raises while Redis is away or out of memory; then nothing was added."""

    def __init__(self, redis: Redis, *, key: str, length: int) -> None:
        self._append = redis.register_script(_APPEND)
        self._last = redis.register_script(_LAST + "return last_of(KEYS[1])")
        self._state = redis.register_script(_LAST + "return {last_of(KEYS[1]), redis.call('XLEN', KEYS[1])}")
        self._restart = redis.register_script(_RESTART)
        self.key = key
        self.length = length

    async def last(self) -> int:
        """The position of the last entry; 0 when there never was one, or Redis was emptied."""
        return int(await self._last(keys=[self.key]))

    async def state(self) -> StreamState:
        """Both at one moment: entries come in at any time."""
        last, length = await self._state(keys=[self.key])
        return StreamState(int(last), int(length))

    async def append(self, after: int, entries: Sequence[Event]) -> int:
        """Add entries behind `after`, all or none. The stream's last position: if another than theirs, none was."""
        arguments: list[Any] = [after, self.length]
        for event in entries:
            data = json.dumps(event.data, ensure_ascii=False, separators=(",", ":"))
            arguments += [event.position, event.type, event.at.isoformat(), event.order_no, event.sequence, data]
        return int(await self._append(keys=[self.key], args=arguments))

    async def restart(self, after: int) -> None:
        """Empty the stream; what comes behind the position `after` will be added again."""
        await self._restart(keys=[self.key], args=[after])
