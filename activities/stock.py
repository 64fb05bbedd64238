"""The stock: reserved at submit, released, shipped."""

from dataclasses import replace

from activities.contract import implements
from ordersaga.contracts.stock import DeductStock, ReleaseStock, ReserveStock, ShipStock, StockActivities
from ordersaga.domain.catalogue import Address, StockPolicy
from ordersaga.domain.errors import AddressNeeded, NotFound
from ordersaga.domain.sourcing import demands_of
from ordersaga.persistence import campaigns, stock, submissions
from ordersaga.persistence.database import Database
from ordersaga.persistence.submissions import Submission


class Stock(StockActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(StockActivities.reserve)
    async def reserve(self, request: ReserveStock) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.get(connection, request.order_no)
            if submission is None:
                raise NotFound("nothing was submitted under this order number", order_no=request.order_no)
            demands = demands_of(submission.priced, StockPolicy.DEDUCT_AT_SUBMIT)
            await stock.reserve(connection, request.order_no, demands, _receiver(submission), request.at)

    @implements(StockActivities.deduct)
    async def deduct(self, request: DeductStock) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.get(connection, request.order_no)
            if submission is None:
                raise NotFound("nothing was submitted under this order number", order_no=request.order_no)
            priced = submission.priced
            if priced.pool:
                priced = replace(priced, pool=await campaigns.pool(connection, priced.pool))
            demands = demands_of(priced, StockPolicy.DEDUCT_AT_PAYMENT)
            await stock.deduct(connection, request.order_no, demands, _receiver(submission), request.at)

    @implements(StockActivities.release)
    async def release(self, request: ReleaseStock) -> None:
        async with self._database.transaction() as connection:
            await stock.release(connection, request.order_no, request.at)

    @implements(StockActivities.ship)
    async def ship(self, request: ShipStock) -> None:
        async with self._database.transaction() as connection:
            await stock.ship(connection, request.parcel_no, request.at)


def _receiver(submission: Submission) -> Address:
    if submission.receiver is None:
        raise AddressNeeded("goods are sourced by where they go", order_no=submission.order_no)
    return submission.receiver
