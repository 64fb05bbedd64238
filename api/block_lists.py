"""Listing somebody on a block-list: what is stored is a pseudonym and a hint, never the value itself."""

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from api.hardening.rates import network_of
from api.schemas.risk import AccountEntryBody, AddressEntryBody, BlockListEntryBody, DeviceEntryBody, IpEntryBody
from ordersaga.domain.catalogue import Address
from ordersaga.domain.risk import Trait
from ordersaga.gateways.pseudonyms import Pseudonyms, place_of
from ordersaga.persistence import block_lists
from ordersaga.persistence.block_lists import Entry


async def put_entry(
    connection: AsyncConnection, pseudonyms: Pseudonyms, body: BlockListEntryBody, at: datetime
) -> Entry:
    """List somebody, or say anew why and until when."""
    value, hint = _recognised(body)
    trait = Trait(body.kind)
    entry = Entry(
        entry_id=f"bl_{secrets.token_hex(12)}",
        kind=trait,
        hint=hint,
        reason=body.reason,
        until=body.until,
        created_at=at,
    )
    return await block_lists.put(connection, entry, pseudonyms.known(trait, value))


def _recognised(body: BlockListEntryBody) -> tuple[str, str]:
    """What a submit is compared with, and a hint that shows too little of it to tell who that is."""
    match body:
        case AccountEntryBody(account=account):
            return account, f"{account[:2]}…{account[-1:]}" if len(account) > 4 else "…"
        case AddressEntryBody(address=place):
            return place_of(Address(name="", phone="", **place.model_dump())), f"{place.country}, {place.city}, …"
        case IpEntryBody(ip=ip):
            network = network_of(ip)
            mark = ":" if ":" in network else "."
            return network, mark.join([*network.split(mark)[:2], "…"])
        case DeviceEntryBody(device=device):
            return device, f"{device[:3]}…" if len(device) > 6 else "…"
