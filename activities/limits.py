"""Purchase limits: counted at submit, given back when the order comes to nothing."""

from activities.contract import implements
from ordersaga.contracts.limits import HoldLimits, LimitActivities, ReturnLimits
from ordersaga.domain.screening import Screening
from ordersaga.persistence import limit_holds, submissions
from ordersaga.persistence.database import Database


class Limits(LimitActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(LimitActivities.hold)
    async def hold(self, request: HoldLimits) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.known(connection, request.order_no)
            wanted = Screening.from_document(submission.screening).limits
            await limit_holds.hold(connection, request.order_no, wanted, request.at)

    @implements(LimitActivities.give_back)
    async def give_back(self, request: ReturnLimits) -> None:
        async with self._database.transaction() as connection:
            await limit_holds.give_back(connection, request.order_no, request.undoing, request.at)
