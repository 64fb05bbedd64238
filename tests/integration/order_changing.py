"""What the API stores when a buyer accepts a change, stored here."""

import secrets
from datetime import UTC, datetime

from ordersaga.domain.messages import AcceptedChange
from ordersaga.domain.order_change import reduced
from ordersaga.persistence import catalogue, order_changes, submissions
from ordersaga.persistence.order_changes import ChangeProposal
from tests.goods import cart, priced
from tests.integration.order_runs import BUYER
from tests.integration.order_stand import OrderStand


async def accepts(stand: OrderStand, order_no: str, **quantities: int) -> AcceptedChange:
    """What the API stores of an accepted preview: line `line_<number>` → units that stay."""
    wanted = {int(name.removeprefix("line_")): units for name, units in quantities.items()}
    async with stand.database.transaction() as connection:
        before = (await submissions.known(connection, order_no)).priced
        items = reduced(before.lines, wanted)
        found = await catalogue.goods(connection, [item.sku for item in items])
        after = priced(
            cart(*((item.sku, item.quantity) for item in items)),
            list(found.skus.values()),
            list(found.merchants.values()),
        )
        proposal = ChangeProposal(
            proposal_id=f"chg_{secrets.token_hex(12)}",
            order_no=order_no,
            based_on=len(await order_changes.repriced(connection, order_no)),
            priced=after,
        )
        await order_changes.propose(connection, proposal, datetime.now(UTC))
    return AcceptedChange(proposal_id=proposal.proposal_id, by=BUYER)
