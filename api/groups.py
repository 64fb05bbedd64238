"""Groups of buyers at the edge: who may join is asked before anything is written, and decided in the run (R-TYPE-5)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from ordersaga.domain.campaigns import Campaign
from ordersaga.domain.group import Group, no_group
from ordersaga.domain.group_buy import GROUP_CODE
from ordersaga.persistence import groups


async def require_room(
    connection: AsyncConnection, choices: Mapping[str, str], campaign: Campaign, buyer: str, at: datetime
) -> None:
    """Raises `GroupUnavailable` when the buyer chose a group that cannot be joined now."""
    code = choices.get(GROUP_CODE)
    if code is None:
        return
    group = await groups.get(connection, code)
    if group is None:
        raise no_group(code)
    group.require_room(campaign.code, buyer, at)


def group_document(group: Group) -> dict[str, Any]:
    """What an order shows of its group."""
    return {
        "code": group.code,
        "state": group.state,
        "size": group.size,
        "seats_taken": len(group.living),
        "expires_at": group.expires_at,
    }
