"""Signed callbacks of payment providers and carriers: verified, stored, acknowledged, then delivered (R-PAY-2)."""

from dataclasses import asdict
from datetime import UTC, datetime

from fastapi import APIRouter, BackgroundTasks, Request, Response, status

from api.problems import Problem, not_acceptable, responses
from api.reporting import deliver
from api.services import UsesServices
from ordersaga.domain.lifecycle.parcel import EVENTS, ParcelState
from ordersaga.domain.messages import (
    PARCEL_REPORTED,
    PAYMENT_REPORTED,
    REFUND_REPORTED,
    ActedBy,
    order_workflow_id,
    parcel_workflow_id,
    refund_workflow_id,
)
from ordersaga.domain.refund import RefundReport, refund_no_of
from ordersaga.gateways import correlation
from ordersaga.gateways.signing import SignatureInvalid
from ordersaga.persistence import inbox, parcels, payments, refunds

router = APIRouter(prefix="/v1/webhooks", tags=["webhooks"])


@router.post(
    "/payments/{provider}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses("signature_invalid", "not_found", "request_invalid"),
)
async def payment_callback(
    services: UsesServices, request: Request, background: BackgroundTasks, provider: str
) -> Response:
    gateway = services.providers.named(provider)
    try:
        callback = gateway.verify(request.headers, await request.body())
    except SignatureInvalid as error:
        raise Problem("signature_invalid", str(error)) from error
    report = callback.report
    async with services.database.statements() as connection:
        payment = await payments.get(connection, report.payment_id)
        known = payment is not None and payment.provider == provider
        if payment is not None:
            correlation.bind(order_no=payment.order_no)
        if isinstance(report, RefundReport):
            subject, signal = refund_no_of(report.reference), REFUND_REPORTED
            refund = await refunds.get(connection, subject)
            run = refund_workflow_id(refund.run if refund else report.payment_id)
        else:
            subject, signal = report.payment_id, PAYMENT_REPORTED
            run = order_workflow_id(payment.order_no) if payment else ""
        delivery = await inbox.store(
            connection,
            source=f"payment:{provider}",
            event_id=callback.event_id,
            workflow_id=run if known else None,
            signal=signal,
            subject=subject,
            payload=report.to_document(),
            at=datetime.now(UTC),
        )
    background.add_task(deliver, services, delivery)
    return Response(status_code=status.HTTP_204_NO_CONTENT, background=background)


@router.post(
    "/logistics/{carrier}",
    status_code=status.HTTP_204_NO_CONTENT,
    responses=responses("signature_invalid", "not_found", "request_invalid"),
)
async def carrier_callback(
    services: UsesServices, request: Request, background: BackgroundTasks, carrier: str
) -> Response:
    try:
        callback = services.carriers.verify(carrier, request.headers, await request.body())
    except SignatureInvalid as error:
        raise Problem("signature_invalid", str(error)) from error
    if callback.event not in EVENTS:
        raise not_acceptable("data.event", "enum", f"must be one of {', '.join(EVENTS)}")
    async with services.database.statements() as connection:
        known = await parcels.whereabouts(connection, callback.parcel_no)
        if known is not None:
            correlation.bind(order_no=known.order_no, parcel_no=callback.parcel_no)
        delivery = await inbox.store(
            connection,
            source=f"carrier:{carrier}",
            event_id=callback.event_id,
            workflow_id=parcel_workflow_id(callback.parcel_no) if known else None,
            signal=PARCEL_REPORTED,
            subject=callback.parcel_no,
            payload={
                "event": ParcelState(callback.event),
                "at": callback.at.isoformat(),
                "by": asdict(ActedBy(role="carrier", subject=carrier, channel="webhook")),
            },
            at=datetime.now(UTC),
        )
    background.add_task(deliver, services, delivery)
    return Response(status_code=status.HTTP_204_NO_CONTENT, background=background)
