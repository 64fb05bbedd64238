"""Orders as every role reads them, and what buyers do with them."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, StringConstraints

from api.schemas.after_sales import CaseHeading
from api.schemas.claims import ClaimReason, ManyUnits
from api.schemas.groups import OrderGroupView
from api.schemas.quotes import DiscountView, SourceView, TotalsView, WarningView
from api.schemas.refunds import Note, RefundView
from api.schemas.risk import RiskReason
from api.schemas.values import (
    STORABLE,
    AddressBody,
    Identifier,
    LongText,
    MoneyView,
    Phone,
    PostalCode,
    Request,
    Response,
    ShortText,
)

DeliveryNote = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=STORABLE)]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=500, pattern=STORABLE)]


class SubmitRequest(Request):
    """Turn a quote into an order; with a channel, its first payment attempt is opened at once."""

    quote_token: Annotated[str, StringConstraints(min_length=1, max_length=32_768)]
    payment_channel: Identifier | None = None
    delivery_note: DeliveryNote | None = Field(None, description="for whoever brings the goods")


class CancelRequest(Request):
    """`lines` and `cause` are for orders that are paid: which units, if not all, and why in a stable word."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reason": "found it at home", "lines": [{"line_no": 1, "quantity": 1}]}]}
    )

    reason: Reason = ""
    lines: ManyUnits | None = None
    cause: ClaimReason | Literal["out_of_stock"] | None = Field(
        None, description="operators only; a buyer has `changed_mind`, a merchant is `out_of_stock`"
    )


class RiskDecisionRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"decision": "approve", "note": "called the buyer, it is a wedding"}]}
    )

    decision: Literal["approve", "reject"] = Field(
        description="`approve`: the time to pay begins; `reject`: everything that the order holds goes back"
    )
    note: Note


class ReviewItem(Request):
    line_no: Annotated[int, Field(ge=1, le=100_000)]
    rating: Annotated[int, Field(ge=1, le=5)]
    text: LongText = ""


class ReviewRequest(Request):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"reviews": [{"line_no": 1, "rating": 5, "text": "香氣很好"}]}]}
    )

    reviews: list[ReviewItem] = Field(min_length=1, max_length=100)


class ReceiverChange(Request):
    """The fields of the receiver to change; what is left out stays."""

    name: ShortText | None = None
    phone: Phone | None = None
    line1: ShortText | None = None
    city: ShortText | None = None
    region: ShortText | None = None
    postal_code: PostalCode | None = None


class BorneDiscountView(DiscountView):
    funded_by: str | None = Field(
        None, description="`platform` or `merchant`, who bears it; not for buyers and warehouses"
    )


class DeliveryNoteChange(Request):
    """What whoever brings the goods should know; `null` takes it away."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"note": "after six, please; the bell is broken"}]})

    note: DeliveryNote | None


class OrderLineView(Response):
    line_no: int
    sku: str
    name: str
    attributes: dict[str, str]
    category: str
    merchant_id: str
    quantity: int
    gift: bool
    unit_price: MoneyView
    amount: MoneyView
    discounts: list[BorneDiscountView]
    points: MoneyView = Field(description="paid in points")
    payable: MoneyView
    shipping: MoneyView
    shipping_discounts: list[BorneDiscountView]
    sources: list[SourceView]


class PaymentView(Response):
    payment_id: str
    instalment: str = Field(description="`full`, `deposit` or `balance`")
    channel: str
    amount: MoneyView
    state: str
    cashier_url: str | None
    payment_due_at: datetime
    provider_transaction_id: str | None
    paid_at: datetime | None
    failure: str | None
    created_at: datetime
    received: MoneyView | None = Field(description="what the provider says it took")
    refunded: MoneyView | None = Field(description="what of that went back, or is on its way")
    warnings: list[WarningView] = Field(
        default_factory=list, description="of an open attempt: what is not held until it is paid"
    )


class InstalmentView(Response):
    """What is to be paid when. Times are left empty where nothing is said of them, or no longer matters."""

    instalment: str = Field(description="`full`, `deposit` or `balance`")
    amount: MoneyView
    state: str = Field(description="`paid`, `due`, `upcoming`, or `void` for what cannot be paid any more")
    opens_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None


class ParcelLineView(Response):
    line_no: int
    sku: str
    quantity: int
    payable: MoneyView
    shipping: MoneyView


class OrderParcelView(Response):
    parcel_no: str
    merchant_id: str
    warehouse_id: str
    transport_class: str
    weight_g: int
    state: str
    replaces: str | None = Field(None, description="the parcel that was stopped in part, or given up, for this one")
    updated_at: datetime
    lines: list[ParcelLineView]


class ReviewView(Response):
    line_no: int
    rating: int
    text: str
    created_at: datetime


class ActionView(Response):
    action: str
    enabled: bool
    reason: str


class OrderHeading(Response):
    """What a list shows of an order, in the words of the role that reads it. `system_status` is for operators."""

    order_no: str
    order_type: str
    status: str
    status_label: str
    system_status: str | None = None
    buyer: str | None = None
    totals: TotalsView
    placed_at: datetime
    updated_at: datetime
    payment_due_at: datetime


class OrderSummary(OrderHeading):
    """An order in a list; `GET /v1/orders/{order_no}` has the rest."""

    line_count: int
    merchant_ids: list[str]


class ScreeningView(Response):
    """What risk control said when the order was submitted."""

    verdict: str = Field(description="`allow` or `review`")
    reasons: list[RiskReason]


class OrderView(OrderHeading):
    """The whole order, as far as the role that reads it may see."""

    shipping_option: str
    receiver: AddressBody | None = Field(description="nobody for what is not shipped")
    delivery_note: str | None = Field(None, description="for whoever brings the goods; not for downstream systems")
    replaces: str | None = Field(None, description="the case that this order, an exchange, comes of")
    campaign: str | None = None
    sale: dict[str, Any] | None = Field(None, description="the campaign's terms, and the buyer's choices")
    group: OrderGroupView | None = Field(None, description="of an order that is bought in a group")
    lines: list[OrderLineView]
    instalments: list[InstalmentView] = Field(default_factory=list, description="not for merchants and warehouses")
    payments: list[PaymentView]
    parcels: list[OrderParcelView]
    after_sales: list[CaseHeading]
    refunds: list[RefundView]
    reviews: list[ReviewView]
    available_actions: list[ActionView]
    screening: ScreeningView | None = Field(None, description="operators only")
