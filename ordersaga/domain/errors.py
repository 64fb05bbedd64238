"""Everything that the rules can refuse, as one tree; each has a stable `code` and says what it is about.

OrderError
├── MoneyInvalid                 money_invalid
├── CurrencyMismatch             currency_mismatch
├── RuleInvalid                  rule_invalid
├── Refused                      a business rule said no; final for what was asked
│   ├── QuoteInvalid             quote_invalid
│   ├── QuoteExpired             quote_expired
│   ├── QuoteChanged             quote_changed
│   ├── SkuUnknown               sku_unknown
│   ├── OutOfStock               out_of_stock
│   ├── DuplicateSubmission      duplicate_submission
│   ├── PlacingTimedOut          placing_timed_out
│   ├── ActionNotAllowed         action_not_allowed
│   ├── OrderTypeMixed           order_type_mixed
│   ├── OrderTooLarge            order_too_large
│   ├── ShippingOptionUnknown    shipping_option_unknown
│   ├── ChannelUnknown           payment_channel_unknown
│   ├── CouponUnavailable        coupon_unavailable
│   ├── PointsUnavailable        points_unavailable
│   ├── OfferExhausted           offer_exhausted
│   ├── CampaignUnavailable      campaign_unavailable
│   ├── SoldOut                  sold_out
│   ├── PurchaseLimitExceeded    purchase_limit_exceeded
│   ├── RiskDenied               risk_denied
│   ├── GroupUnavailable         group_unavailable
│   ├── AddressNeeded            address_needed
│   ├── AddressNotNeeded         address_not_needed
│   ├── AfterSalesWindowClosed   after_sales_window_closed
│   ├── UnitsNotClaimable        units_not_claimable
│   ├── SellersMixed             sellers_mixed
│   ├── ReplacementUnavailable   replacement_unavailable
│   ├── AttachmentInvalid        attachment_invalid
│   ├── ChangeInvalid            change_invalid
│   ├── ChangeOutdated           change_outdated
│   ├── LimitBelowUse            limit_below_use
│   └── StockBelowReserved       stock_below_reserved
└── NotFound                     not_found
"""

from typing import Any, ClassVar


class OrderError(Exception):
    """The root. `details` is JSON-ready data for whoever has to act on the error."""

    code: ClassVar[str] = "order_error"

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details


class MoneyInvalid(OrderError):
    code = "money_invalid"


class CurrencyMismatch(OrderError):
    code = "currency_mismatch"

    def __init__(self, one: str, other: str) -> None:
        super().__init__(f"{one} and {other} cannot be mixed", currencies=[one, other])


class RuleInvalid(OrderError):
    """A rule that is entered makes no sense; `field` is where, such as `effect.tiers.0.amount_off`."""

    code = "rule_invalid"

    def __init__(self, field: str, rule: str) -> None:
        super().__init__(f"{field}: {rule}", field=field, rule=rule)


class NotFound(OrderError):
    code = "not_found"


class Refused(OrderError):
    code = "refused"


class QuoteInvalid(Refused):
    code = "quote_invalid"


class QuoteExpired(Refused):
    code = "quote_expired"


class QuoteChanged(Refused):
    code = "quote_changed"


class SkuUnknown(Refused):
    code = "sku_unknown"


class OutOfStock(Refused):
    code = "out_of_stock"


class DuplicateSubmission(Refused):
    code = "duplicate_submission"


class PlacingTimedOut(Refused):
    code = "placing_timed_out"


class ActionNotAllowed(Refused):
    code = "action_not_allowed"


class OrderTypeMixed(Refused):
    code = "order_type_mixed"


class OrderTooLarge(Refused):
    code = "order_too_large"


class ShippingOptionUnknown(Refused):
    code = "shipping_option_unknown"


class ChannelUnknown(Refused):
    code = "payment_channel_unknown"


class CouponUnavailable(Refused):
    code = "coupon_unavailable"


class PointsUnavailable(Refused):
    code = "points_unavailable"


class OfferExhausted(Refused):
    code = "offer_exhausted"


class CampaignUnavailable(Refused):
    """`reason` is `unknown_campaign`, `not_open` or `ended`."""

    code = "campaign_unavailable"


class SoldOut(Refused):
    code = "sold_out"


class PurchaseLimitExceeded(Refused):
    code = "purchase_limit_exceeded"


class RiskDenied(Refused):
    code = "risk_denied"


class GroupUnavailable(Refused):
    """`reason` is `unknown_group`, `full`, `expired`, `dissolved`, `joined_already` or `other_campaign`."""

    code = "group_unavailable"


class AddressNeeded(Refused):
    code = "address_needed"


class AddressNotNeeded(Refused):
    code = "address_not_needed"


class AfterSalesWindowClosed(Refused):
    code = "after_sales_window_closed"


class UnitsNotClaimable(Refused):
    """`lines` says of each line what was `wanted` and is `claimable`."""

    code = "units_not_claimable"


class SellersMixed(Refused):
    code = "sellers_mixed"


class ReplacementUnavailable(Refused):
    """`reason` is `unknown_sku`, `other_seller`, `other_price` or `other_kind`."""

    code = "replacement_unavailable"


class AttachmentInvalid(Refused):
    """`reason` is `unknown_type`, `type_mismatch`, `too_many`, `unknown_attachment` or `used`."""

    code = "attachment_invalid"


class ChangeInvalid(Refused):
    """`reason` is `unknown_line`, `gift`, `more_than_ordered`, `nothing_left`, `nothing_changes`, `nothing_to_pay` or
    `unknown_token`.
    """

    code = "change_invalid"


class ChangeOutdated(Refused):
    """`reason` is `expired`, `order_changed` or `price_changed`; `preview` is a fresh one, where one can be made."""

    code = "change_outdated"


class LimitBelowUse(Refused):
    code = "limit_below_use"


class StockBelowReserved(Refused):
    code = "stock_below_reserved"
