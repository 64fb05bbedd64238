"""What the sandbox provider's HTTP interface takes and gives of refunds, and the body of their callbacks."""

from datetime import UTC, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from ordersaga.persistence.sandbox_refunds import SandboxRefund

AMOUNT_LIMIT = 10**15


class RefundWish(BaseModel):
    """How a payment's refunds are to go, for whoever wants to try it."""

    model_config = ConfigDict(extra="forbid", strict=True)

    failures: int = Field(0, ge=0, le=100, description="how many of its refunds the provider refuses first")
    delay_s: float = Field(
        0.5, ge=0, le=3600, allow_inf_nan=False, description="seconds until a refund's end; 0: the answer tells it"
    )
    times: int = Field(
        1, ge=0, le=10, description="how often the callback is delivered; 0: the provider is silent and has to be asked"
    )


class RefundRequest(BaseModel):
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={"examples": [{"refund_no": "rf_7f3a.1", "amount": 1999, "currency": "TWD"}]},
    )

    refund_no: str = Field(min_length=1, max_length=200, pattern=r"^[!-~]+$", description="the merchant's number of it")
    amount: Annotated[int, Field(ge=1, le=AMOUNT_LIMIT)]
    currency: str = Field(pattern=r"^[A-Z]{3}$")


class RefundData(BaseModel):
    """The part of a callback that is about the refund."""

    refund_no: str
    payment_id: str
    amount: int
    currency: str
    provider_refund_id: str
    failure: str | None


class RefundView(RefundData):
    """The provider's view of a refund."""

    state: Literal["pending", "succeeded", "failed"]

    @classmethod
    def of(cls, refund: SandboxRefund, now: datetime) -> "RefundView":
        pending = now < refund.settles_at
        return cls(
            refund_no=refund.refund_no,
            payment_id=refund.payment_id,
            amount=refund.amount.amount,
            currency=refund.amount.currency,
            provider_refund_id=refund.provider_refund_id,
            failure=None if pending else refund.failure,
            state="pending" if pending else "failed" if refund.failure else "succeeded",
        )


class RefundCallback(BaseModel):
    """A callback's body, after the Standard Webhooks specification."""

    type: str
    timestamp: datetime
    data: RefundData


def refund_callback_body(refund: SandboxRefund) -> str:
    """What the provider tells of a refund once it is decided; the same text each time."""
    view = RefundView.of(refund, refund.settles_at)
    return RefundCallback(
        type=f"refund.{view.state}",
        timestamp=refund.settles_at.astimezone(UTC),
        data=RefundData.model_validate(view, from_attributes=True),
    ).model_dump_json()
