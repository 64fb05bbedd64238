"""Promotions, member benefits, coupons and points: held at submit, used once the order is paid, given back."""

from activities.contract import implements
from ordersaga.contracts.offers import HoldOffers, OfferActivities, ReturnOffers, UseOffers
from ordersaga.persistence import offer_holds, submissions
from ordersaga.persistence.database import Database


class Offers(OfferActivities):
    def __init__(self, database: Database) -> None:
        self._database = database

    @implements(OfferActivities.hold)
    async def hold(self, request: HoldOffers) -> None:
        async with self._database.transaction() as connection:
            submission = await submissions.known(connection, request.order_no)
            await offer_holds.hold(connection, request.order_no, submission.buyer, submission.priced.holds, request.at)

    @implements(OfferActivities.use)
    async def use(self, request: UseOffers) -> None:
        async with self._database.transaction() as connection:
            await offer_holds.use(connection, request.order_no, request.at)

    @implements(OfferActivities.give_back)
    async def give_back(self, request: ReturnOffers) -> None:
        async with self._database.transaction() as connection:
            await offer_holds.give_back(connection, request.order_no, request.undoing, request.at)
