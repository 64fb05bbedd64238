"""What happens to a parcel, who reports it, and how: a clerk through the API, a carrier by a signed callback."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from cli.client import Api, ApiProblem, JsonObject
from ordersaga.domain.lifecycle.parcel import ASTRAY, ParcelState
from ordersaga.gateways.logistics import SANDBOX_CARRIER
from ordersaga.gateways.signing import sign

WAY = (
    ParcelState.LABEL_PRINTED,
    ParcelState.PICKED,
    ParcelState.PACKED,
    ParcelState.HANDED_OVER,
    ParcelState.IN_TRANSIT,
    ParcelState.DELIVERED,
)
_BY_CARRIER = frozenset({ParcelState.IN_TRANSIT, ParcelState.DELIVERED})


@dataclass(frozen=True, slots=True)
class OpenParcel:
    """A parcel as the work list shows it."""

    parcel_no: str
    order_no: str
    warehouse_id: str
    state: ParcelState

    @classmethod
    def read(cls, shown: JsonObject) -> "OpenParcel":
        return cls(shown["parcel_no"], shown["order_no"], shown["warehouse_id"], ParcelState(shown["state"]))


def steps_left(state: ParcelState) -> Sequence[ParcelState]:
    """What is still to happen. A lost or refused parcel waits for a person."""
    if state in ASTRAY:
        return ()
    return WAY[WAY.index(state) + 1 :] if state in WAY else WAY


async def report(api: Api, parcel: OpenParcel, event: ParcelState, carrier_secret: str | None) -> None:
    """Report one event as whoever sees it happen. Without the carrier's key the warehouse reports the whole way."""
    at = datetime.now(UTC).isoformat()
    if event in _BY_CARRIER and carrier_secret is not None:
        await _call_back(api, parcel, event, at, carrier_secret)
    else:
        path = f"/v1/parcels/{parcel.parcel_no}/events"
        await api.warehouse(parcel.warehouse_id).post(path, {"event": event.value, "at": at})


async def _call_back(api: Api, parcel: OpenParcel, event: ParcelState, at: str, secret: str) -> None:
    data = {"parcel_no": parcel.parcel_no, "event": event.value, "at": at}
    body = json.dumps({"type": f"parcel.{event.value}", "timestamp": at, "data": data}).encode()
    headers = sign(secret, f"sim_{parcel.parcel_no}_{event.value}", body)
    answer = await api.nobody().ask(
        "POST",
        f"/v1/webhooks/logistics/{SANDBOX_CARRIER}",
        body,
        headers={**headers, "Content-Type": "application/json"},
    )
    if answer.status >= 400:
        raise ApiProblem(answer)
