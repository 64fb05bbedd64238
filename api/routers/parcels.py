"""Parcels: what warehouses and merchants have to do, and what they report (R-FUL-1)."""

import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, BackgroundTasks, Path, Query, status
from sqlalchemy.ext.asyncio import AsyncConnection

from api import paging
from api.access import IdempotencyKey, ParcelHandler, ParcelReader, Settler, acted_by
from api.authentication import Caller, Role
from api.problems import not_acceptable, not_found, responses
from api.reporting import deliver
from api.resolutions import resolve_parcel
from api.schemas.parcels import (
    ParcelEvent,
    ParcelEventAccepted,
    ParcelResolutionRequest,
    ParcelView,
    ResolvedParcelView,
    RestockRequest,
)
from api.schemas.values import STORABLE, Page
from api.services import UsesServices
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.parcel import ParcelState
from ordersaga.domain.messages import PARCEL_REPORTED, parcel_workflow_id
from ordersaga.persistence import inbox, parcel_lists, parcels
from ordersaga.persistence.parcel_lists import ParcelFilter
from ordersaga.persistence.returned_parcels import bring_back

router = APIRouter(prefix="/v1/parcels", tags=["fulfilment"])

_ACTION = ("unauthenticated", "forbidden", "not_found", "action_not_allowed", "request_invalid", "body_malformed")

ParcelNo = Annotated[str, Path(min_length=1, max_length=64, pattern=STORABLE)]


@router.get("", responses=responses("unauthenticated", "forbidden", "request_invalid"))
async def list_parcels(
    services: UsesServices,
    caller: ParcelReader,
    state: ParcelState | None = None,
    open_only: Annotated[bool, Query(alias="open", description="leave delivered parcels out")] = False,
    order_no: Annotated[str | None, Query(max_length=64, pattern=STORABLE)] = None,
    limit: paging.Limit = 50,
    cursor: paging.Cursor = None,
) -> Page[ParcelView]:
    """The caller's parcels, by number."""
    after = paging.decode(cursor, str)
    wanted = ParcelFilter(
        merchant_id=caller.merchant_id or "" if caller.role is Role.MERCHANT else None,
        warehouse_id=caller.warehouse_id or "" if caller.role is Role.WAREHOUSE else None,
        order_no=order_no,
        state=state,
        open_only=open_only,
    )
    async with services.database.statements() as connection:
        found = await parcel_lists.page(connection, wanted, after=after[0] if after else "", limit=limit)
    return Page(
        items=[ParcelView.model_validate(asdict(parcel)) for parcel in found],
        next_cursor=paging.encode([found[-1].parcel_no]) if len(found) == limit else None,
    )


@router.post(
    "/{parcel_no}/events",
    status_code=status.HTTP_202_ACCEPTED,
    response_model=ParcelEventAccepted,
    responses=responses(*_ACTION),
)
async def report_parcel_event(
    services: UsesServices,
    caller: ParcelHandler,
    background: BackgroundTasks,
    parcel_no: ParcelNo,
    report: ParcelEvent,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Report what happened to a parcel. Late, repeated and out-of-order reports are accepted and do no harm.

    Of a parcel that was stopped nothing is accepted any more: its goods are to be kept back.
    """
    if report.event is ParcelState.CREATED:
        raise not_acceptable("event", "enum", "parcels are created by the split, not by a report")
    at = report.at or datetime.now(UTC)
    event_id = f"{caller.role}:{caller.subject}:{key}" if key else secrets.token_hex(12)
    async with services.database.transaction() as connection:
        # Locked, so that of a stop and a hand-over at the same moment one is first, and the other is told.
        parcel = await parcels.whereabouts(connection, parcel_no, lock=True)
        if parcel is None or not _is_handled_by(parcel, caller):
            raise not_found()
        if parcel.state is ParcelState.CANCELLED:
            raise ActionNotAllowed(
                f"{report.event} is not possible of a parcel that was stopped", action=report.event, state=parcel.state
            )
        delivery = await inbox.store(
            connection,
            source=f"parcel:{parcel_no}",
            event_id=event_id,
            workflow_id=parcel_workflow_id(parcel_no),
            signal=PARCEL_REPORTED,
            subject=parcel_no,
            payload={"event": report.event, "at": at.isoformat(), "by": asdict(acted_by(caller))},
            at=datetime.now(UTC),
        )
    background.add_task(deliver, services, delivery)
    return {"parcel_no": parcel_no, "event": report.event, "state": parcel.state, "accepted": True}


@router.post("/{parcel_no}/resolution", response_model=ResolvedParcelView, responses=responses(*_ACTION, "unavailable"))
async def resolve_failed_parcel(
    services: UsesServices,
    caller: Settler,
    parcel_no: ParcelNo,
    request: ParcelResolutionRequest,
    key: IdempotencyKey = None,
) -> dict[str, Any]:
    """Say what becomes of a parcel that was lost or refused: the goods again, or the money. Silence is the money."""
    await resolve_parcel(services, caller, parcel_no, request.decision, note=request.note, key=key)
    async with services.database.transaction() as connection:
        replaced_by = await parcels.replacing(connection, parcel_no)
        return {**await _document(connection, parcel_no), "replaced_by": replaced_by}


@router.post("/{parcel_no}/restock", response_model=ParcelView, responses=responses(*_ACTION))
async def restock_parcel(
    services: UsesServices, caller: ParcelHandler, parcel_no: ParcelNo, request: RestockRequest
) -> dict[str, Any]:
    """A parcel that was given up came back: put its goods onto the stock of its warehouse, once."""
    async with services.database.transaction() as connection:
        parcel = await parcels.whereabouts(connection, parcel_no)
        if parcel is None or not _is_handled_by(parcel, caller):
            raise not_found()
        await bring_back(connection, parcel_no, request.restock, datetime.now(UTC))
        return await _document(connection, parcel_no)


async def _document(connection: AsyncConnection, parcel_no: str) -> dict[str, Any]:
    parcel = await parcels.get(connection, parcel_no)
    if parcel is None:
        raise not_found()
    return asdict(parcel)


def _is_handled_by(parcel: parcels.Whereabouts, caller: Caller) -> bool:
    if caller.role is Role.MERCHANT:
        return parcel.merchant_id == caller.merchant_id
    return parcel.warehouse_id == caller.warehouse_id
