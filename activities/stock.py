"""The stock: reserved at submit, released, shipped."""

from activities.contract import implements
from ordersaga.contracts.stock import ReleaseStock, ReserveStock, ShipStock, StockActivities
from ordersaga.domain.errors import NotFound
from ordersaga.domain.sourcing import Demand
from ordersaga.persistence import stock, submissions
from ordersaga.persistence.database import Database


class Stock(StockActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(StockActivities.reserve)
    async def reserve(self, request: ReserveStock) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.get(connection, request.order_no)
            if submission is None:
                raise NotFound("nothing was submitted under this order number", order_no=request.order_no)
            demands = [
                Demand(line.line_no, line.sku, line.merchant_id, line.quantity) for line in submission.priced.lines
            ]
            await stock.reserve(connection, request.order_no, demands, submission.receiver, request.at)

    @implements(StockActivities.release)
    async def release(self, request: ReleaseStock) -> None:
        async with self._database.transaction() as connection:
            await stock.release(connection, request.order_no, request.at)

    @implements(StockActivities.ship)
    async def ship(self, request: ShipStock) -> None:
        async with self._database.transaction() as connection:
            await stock.ship(connection, request.parcel_no, request.at)
