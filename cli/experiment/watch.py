"""Where every order stands, looked up for all customers at once in the operator's list."""

import asyncio
from collections.abc import Mapping

from cli.client import Api, ApiProblem, ApiUnreachable
from ordersaga.domain.lifecycle.registry import ORDER_TYPES

_PAUSE = 0.7
FINAL = frozenset(
    state for order_type in ORDER_TYPES.values() for machine in order_type.machines for state in machine.final
)


class Watch:
    """`states` is order number → system state as last seen."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._states: dict[str, str] = {}
        self._news = asyncio.Condition()

    @property
    def states(self) -> Mapping[str, str]:
        return self._states

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                async for shown in self._api.operator("chaos").pages("/v1/orders", limit=200):
                    self._states[shown["order_no"]] = shown["system_status"]
            except (ApiProblem, ApiUnreachable):
                pass  # the next look may succeed
            async with self._news:
                self._news.notify_all()
            await asyncio.sleep(_PAUSE)

    async def reached(self, order_no: str, wanted: frozenset[str]) -> str:
        """Wait until an order is in one of these states, or at its end. Gives that state."""
        async with self._news:
            await self._news.wait_for(lambda: self._states.get(order_no) in wanted | FINAL)
        return self._states[order_no]
