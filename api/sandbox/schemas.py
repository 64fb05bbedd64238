"""What the sandbox provider's HTTP interface takes and gives, and the body of its callbacks."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from api.sandbox.refund_schemas import AMOUNT_LIMIT, RefundWish
from ordersaga.persistence.sandbox import SandboxPayment


class Simulation(BaseModel):
    """What a pretended buyer does, and how the provider reports it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    outcome: Literal["succeed", "fail", "close"]
    amount: Annotated[int, Field(ge=1, le=AMOUNT_LIMIT)] | None = Field(
        None, description="minor units that are paid, to try a wrong amount; the asked amount if not given"
    )
    times: int = Field(
        1, ge=0, le=10, description="how often the same callback is delivered; 0: the provider is silent"
    )
    delay_s: float = Field(0, ge=0, le=3600, allow_inf_nan=False, description="seconds before the callback goes out")
    late: bool = Field(
        False, description="the money comes although the attempt was closed or has expired, as bank transfers do"
    )
    refunds: RefundWish | None = Field(None, description="how refunds of the payment are to go")


class CloseRequest(BaseModel):
    """The attempt to close, as the cashier link carries it, so that an attempt never seen can be closed too."""

    model_config = ConfigDict(extra="forbid", strict=True)

    token: str = Field(max_length=4000)


class PaymentView(BaseModel):
    """The provider's view of a payment. `amount` is what was paid, or what is asked as long as nothing was."""

    payment_id: str
    order_no: str
    channel: str
    state: Literal["open", "succeeded", "failed", "closed"]
    amount: int
    currency: str
    provider_transaction_id: str | None
    paid_at: datetime | None
    failure: str | None
    expires_at: datetime

    @classmethod
    def of(cls, payment: SandboxPayment) -> "PaymentView":
        attempt, decision = payment.attempt, payment.decision
        paid = decision is not None and decision.paid_amount is not None
        return cls(
            payment_id=attempt.payment_id,
            order_no=attempt.order_no,
            channel=attempt.channel,
            state=payment.state.value,
            amount=decision.paid_amount if decision and decision.paid_amount is not None else attempt.amount.amount,
            currency=attempt.amount.currency,
            provider_transaction_id=decision.provider_transaction_id if decision else None,
            paid_at=decision.decided_at.astimezone(UTC) if decision and paid else None,
            failure=decision.failure if decision else None,
            expires_at=attempt.expires_at.astimezone(UTC),
        )


class CallbackData(BaseModel):
    """The part of a callback that is about the payment."""

    payment_id: str
    order_no: str
    amount: int
    currency: str
    provider_transaction_id: str | None
    paid_at: datetime | None
    failure: str | None


class Callback(BaseModel):
    """A callback's body, after the Standard Webhooks specification."""

    type: str
    timestamp: datetime
    data: CallbackData


def callback_body(payment: SandboxPayment) -> str:
    """What the provider tells of a settled payment; the same text each time."""
    if payment.decision is None:
        raise ValueError("an open payment has nothing to report")
    view = PaymentView.of(payment)
    return Callback(
        type=f"payment.{view.state}",
        timestamp=payment.decision.decided_at.astimezone(UTC),
        data=CallbackData.model_validate(view, from_attributes=True),
    ).model_dump_json()
