"""Stocking: units that are taken when an order is paid may have gone by then (R-STK-1, S5)."""

from temporalio import workflow
from temporalio.exceptions import ApplicationError

from ordersaga.contracts.stock import DeductStock, StockActivities
from ordersaga.domain.errors import OutOfStock
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.notifications import Notification
from ordersaga.domain.pricing.restoration import Undoing
from workflows.placing import Placing
from workflows.refunding import Refunding
from workflows.steps import perform


class Stocking(Placing, Refunding):
    """Orders whose goods are deducted at submit pass here without a step."""

    async def stocked(self) -> bool:
        """Whether a paid order has all of its units; if not, everything was given back, the money too."""
        if not self.start.deducts_at_payment:
            return True
        try:
            await perform(
                StockActivities.deduct,
                DeductStock(order_no=self.order_no, at=workflow.now()),
                summary="Take the units that were not held",
            )
        except ApplicationError as error:
            if error.type != OutOfStock.code:
                raise
            await self.give_back(Undoing.REFUNDED)
            await self.refunded(
                Action.MISS_STOCK,
                reason=OutOfStock.code,
                notify=Notification.OUT_OF_STOCK_REFUNDED,
                notify_merchants=Notification.SALE_LOST_OUT_OF_STOCK,
            )
            return False
        return True
