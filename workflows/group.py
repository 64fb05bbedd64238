"""A group's time: it waits for its members to pay, and for the end (R-TYPE-5)."""

import asyncio
from datetime import timedelta

from temporalio import workflow

from ordersaga.contracts.group import DecidedGroup, DecideGroup, GroupActivities
from ordersaga.contracts.search_attributes import ORDER_NO, ORDER_STATUS
from ordersaga.domain.group import SeatState
from ordersaga.domain.lifecycle.group import FINAL, INITIAL
from ordersaga.domain.messages import GROUP_CHANGED, GROUP_WORKFLOW, GroupStart, StateReached
from workflows.steps import perform


@workflow.defn(name=GROUP_WORKFLOW)
class Group:
    """Look at the group whenever a seat changes, and when its time is over, until it is filled, expired or dissolved.

    Signals: `group_changed` starts the run, and says that a seat was taken, paid for or given back. Guarantees: the
    database decides, under the group's lock; members are told with the decision, and once. A native cancel is not
    obeyed: members have paid.
    """

    @workflow.init
    def __init__(self, start: GroupStart) -> None:
        self._code = start.group_code
        self._state = INITIAL
        self._changed = False

    @workflow.signal(name=GROUP_CHANGED, description="A seat was taken, paid for or given back. Starts the run.")
    def group_changed(self) -> None:
        self._changed = True

    @workflow.run
    async def run(self, start: GroupStart) -> StateReached:
        running = asyncio.create_task(self._live())
        try:
            await asyncio.shield(running)
        except asyncio.CancelledError:
            workflow.logger.warning("a group is not cancelled; its members have paid")
            await running
        return StateReached(state=self._state)

    async def _live(self) -> None:
        await self._decide()
        while self._state not in FINAL:
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(GroupStart(group_code=self._code))
            await self._news()
            await self._decide()

    async def _news(self) -> None:
        try:
            await workflow.wait_condition(
                lambda: self._changed,
                timeout=max(self._expires_at - workflow.now(), timedelta(milliseconds=1)),
                timeout_summary="The group's time",
            )
        except TimeoutError:
            return

    async def _decide(self) -> None:
        self._changed = False
        decided = await perform(
            GroupActivities.decide,
            DecideGroup(group_code=self._code, at=workflow.now()),
            summary="See who has paid, and whether time is over",
        )
        self._expires_at = decided.expires_at
        self._show(decided)

    def _show(self, group: DecidedGroup) -> None:
        """Let operators find the run by its leader's order and by where the group stands, and read who is in it."""
        self._state = group.state
        found = [ORDER_STATUS.value_set(group.state)]
        if group.members:
            found.append(ORDER_NO.value_set(group.members[0].order_no))
        workflow.upsert_search_attributes(found)
        rows = "\n".join(f"| {member.order_no} | `{member.state}` |" for member in group.members)
        workflow.set_current_details(
            f"**{self._code}** · campaign {group.campaign}\n\n"
            f"| state | waits for |\n|---|---|\n| `{group.state}` | {_waits_for(group)} |\n\n"
            f"| order | seat |\n|---|---|\n{rows}"
        )


def _waits_for(group: DecidedGroup) -> str:
    if group.state in FINAL:
        return "nobody"
    paid = sum(member.state is SeatState.PAID for member in group.members)
    free = group.size - len(group.members)
    wanted = [f"{free} more to join"] if free else []
    unpaid = len(group.members) - paid
    wanted += [f"{unpaid} to pay"] if unpaid else []
    return f"{' and '.join(wanted) or 'nobody'}, until {group.expires_at.isoformat()}"
