"""What runs tell one another, by Temporal's client: a run that signals another waits a workflow task for the answer."""

from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from activities.contract import implements
from ordersaga.contracts.fulfilment import TellingActivities, TellOrder
from ordersaga.gateways import parcel

log = structlog.get_logger()

_PATIENCE = timedelta(seconds=2)
"""Less than the local try of a step has."""


class Telling(TellingActivities):
    def __init__(self, client: Client) -> None:
        self._client = client

    @implements(TellingActivities.tell_order)
    async def tell_order(self, request: TellOrder) -> None:
        try:
            if request.ended is None:
                await parcel.tell_shipped(self._client, request.parcel_no, patience=_PATIENCE)
            else:
                await parcel.tell_ended(self._client, request.parcel_no, request.ended, patience=_PATIENCE)
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise
            log.warning("the order's run is closed; the parcel goes on", parcel_no=request.parcel_no)
