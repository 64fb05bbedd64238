"""What people change of an order: its receiver, its delivery note, and before payment the goods (R-REV-1)."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Depends, status

from api.access import Buyer, BuyerOrOperator, Language, acted_by, limited
from api.commands import own_order
from api.hardening.rates import Limited
from api.order_changing import accept, preview
from api.problems import not_acceptable, not_found, responses
from api.routers.orders import OrderNo
from api.schemas.order_changes import ChangePreview, ChangePreviewRequest, ChangeRequest, OrderChanges
from api.schemas.orders import DeliveryNoteChange, OrderView, ReceiverChange
from api.services import UsesServices
from api.standing import answer, locked, record, require_no_label
from ordersaga.domain.catalogue import Address
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.persistence import order_changes, orders

router = APIRouter(prefix="/v1/orders/{order_no}", tags=["orders"])

_ACTION = ("unauthenticated", "forbidden", "not_found", "action_not_allowed", "request_invalid", "body_malformed")


@router.patch("/receiver", response_model=OrderView, responses=responses(*_ACTION))
async def change_receiver(
    services: UsesServices, caller: BuyerOrOperator, language: Language, order_no: OrderNo, change: ReceiverChange
) -> dict[str, Any]:
    """Change name, phone or address until a parcel's label is printed. The country stays."""
    wanted = {name: value for name, value in change.model_dump().items() if value is not None}
    if not wanted:
        raise not_acceptable("body", "empty", "name at least one field to change")
    action = Action.CHANGE_RECEIVER
    async with services.database.transaction() as connection:
        order = await locked(connection, caller, order_no, action)
        await require_no_label(connection, order_no, order, action)
        stored = await orders.get(connection, order_no)
        if stored is None or stored.receiver is None:
            raise not_found()
        at, before = datetime.now(UTC), asdict(stored.receiver)
        await orders.set_receiver(connection, order_no, Address(**{**before, **wanted}), at)
        await order_changes.add(
            connection,
            order_no,
            action=action,
            before={name: before[name] for name in wanted},
            after=wanted,
            at=at,
            by=acted_by(caller),
        )
        await record(connection, order_no, order, caller, action, ", ".join(sorted(wanted)), at)
    return await answer(services, caller, order_no, language)


@router.patch("/delivery-note", response_model=OrderView, responses=responses(*_ACTION))
async def change_delivery_note(
    services: UsesServices, caller: BuyerOrOperator, language: Language, order_no: OrderNo, change: DeliveryNoteChange
) -> dict[str, Any]:
    """Say something to whoever brings the goods, until a parcel's label is printed."""
    action = Action.CHANGE_DELIVERY_NOTE
    async with services.database.transaction() as connection:
        order = await locked(connection, caller, order_no, action)
        await require_no_label(connection, order_no, order, action)
        stored = await orders.whole(connection, order_no)
        if stored.delivery_note != change.note:
            at = datetime.now(UTC)
            await orders.set_delivery_note(connection, order_no, change.note, at)
            await order_changes.add(
                connection,
                order_no,
                action=action,
                before={"delivery_note": stored.delivery_note},
                after={"delivery_note": change.note},
                at=at,
                by=acted_by(caller),
            )
            await record(connection, order_no, order, caller, action, "delivery_note", at)
    return await answer(services, caller, order_no, language)


@router.post(
    "/changes/preview",
    dependencies=[Depends(limited(Limited.QUOTES))],
    status_code=status.HTTP_200_OK,
    response_model=ChangePreview,
    responses=responses(
        *_ACTION,
        "change_invalid",
        "shipping_option_unknown",
        "sku_unknown",
        "order_type_mixed",
        "order_too_large",
        "currency_mismatch",
        "rate_limited",
        "unavailable",
    ),
)
async def preview_change(
    services: UsesServices, caller: Buyer, order_no: OrderNo, request: ChangePreviewRequest
) -> ChangePreview:
    """What an order that is not paid yet would cost with fewer units or another delivery, by today's prices and offers.

    It keeps its coupons and points as far as they apply. Changes and holds nothing; only types whose table knows
    `change_order` let themselves be changed.
    """
    return await preview(services, caller, order_no, request)


@router.post(
    "/changes",
    status_code=status.HTTP_200_OK,
    response_model=OrderView,
    responses=responses(
        *_ACTION,
        "change_invalid",
        "change_outdated",
        "coupon_unavailable",
        "points_unavailable",
        "offer_exhausted",
        "out_of_stock",
        "shipping_option_unknown",
        "sku_unknown",
        "order_type_mixed",
        "order_too_large",
        "currency_mismatch",
        "unavailable",
    ),
)
async def change_order(
    services: UsesServices, caller: Buyer, language: Language, order_no: OrderNo, request: ChangeRequest
) -> dict[str, Any]:
    """Accept a preview. Open attempts to pay are closed first: what was paid is paid, and the order stays as it is.

    A token is good for one change; sent again it answers as before. The time to pay stays.
    """
    await accept(services, caller, order_no, request.change_token)
    return await answer(services, caller, order_no, language)


@router.get(
    "/changes",
    response_model=OrderChanges,
    responses=responses("unauthenticated", "forbidden", "not_found", "request_invalid"),
)
async def changes_of_order(services: UsesServices, caller: BuyerOrOperator, order_no: OrderNo) -> dict[str, Any]:
    """Every change of the order, with what was before and after it."""
    await own_order(services, caller, order_no)
    async with services.database.reading() as connection:
        return {"items": [asdict(change) for change in await order_changes.of_order(connection, order_no)]}
