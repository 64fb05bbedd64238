"""The stock: reserved at submit, released, shipped."""

from activities.contract import implements
from ordersaga.contracts.stock import DeductStock, ReleaseStock, ReserveStock, ShipStock, StockActivities
from ordersaga.domain.catalogue import StockPolicy
from ordersaga.domain.sourcing import demands_of
from ordersaga.persistence import deductions, parcel_stock, stock, submissions
from ordersaga.persistence.database import Database


class Stock(StockActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(StockActivities.reserve)
    async def reserve(self, request: ReserveStock) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.known(connection, request.order_no)
            demands = demands_of(submission.priced, StockPolicy.DEDUCT_AT_SUBMIT)
            await stock.reserve(connection, request.order_no, demands, submission.destination, request.at)

    @implements(StockActivities.deduct)
    async def deduct(self, request: DeductStock) -> None:
        async with self._database.transaction() as connection:
            await deductions.deduct(connection, request.order_no, request.at)

    @implements(StockActivities.release)
    async def release(self, request: ReleaseStock) -> None:
        async with self._database.transaction() as connection:
            await stock.release(connection, request.order_no, request.at)

    @implements(StockActivities.ship)
    async def ship(self, request: ShipStock) -> None:
        async with self._database.transaction() as connection:
            await parcel_stock.ship(connection, request.parcel_no, request.at)
