"""A careless clerk: reports on parcels twice, and in whatever order."""

from random import Random

from cli.client import Api
from cli.simulator.steps import OpenParcel, report
from ordersaga.domain.lifecycle.parcel import ParcelState

_BEFORE_THE_CARRIER = (ParcelState.LABEL_PRINTED, ParcelState.PICKED, ParcelState.PACKED, ParcelState.HANDED_OVER)


async def carelessly(api: Api, order_no: str, *, seed: int) -> None:
    """Report an order's parcels up to their hand-over; the carrier's own reports come beside it."""
    dice = Random(f"clerk {seed}")  # noqa: S311 - chance that can be repeated is the purpose
    order = await api.operator("chaos").get(f"/v1/orders/{order_no}")
    for shown in order["parcels"]:
        parcel = OpenParcel.read(shown | {"order_no": order_no})
        events = [*_BEFORE_THE_CARRIER, *_BEFORE_THE_CARRIER]
        dice.shuffle(events)
        for event in events:
            await report(api, parcel, event, None)
