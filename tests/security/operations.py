"""Every operation of the OpenAPI document: how it is called rightly, and what it answers to whom.

A new route needs a row here, or the tests of access and of fuzzing fail. Words in braces are things of the scene
(`tests/security/scene.py`): a path or a body names what it needs, and the scene makes it.
"""

from dataclasses import dataclass
from typing import Any

from tests.shop import TAIPEI, twd

CALLERS = (
    "nobody",
    "a bad token",
    "the buyer",
    "another buyer",
    "the merchant",
    "another merchant",
    "the warehouse",
    "another warehouse",
    "an operator",
    "a downstream system",
)
STRANGERS = frozenset({"nobody", "a bad token", "another buyer", "another merchant", "another warehouse"})


@dataclass(frozen=True, slots=True)
class Operation:
    """`answers` has a status for each of `CALLERS`. `proof` names the key that opens what no token does."""

    path: str
    answers: tuple[int, ...]
    body: Any = None
    proof: str | None = None


_SKU = {
    "name": "Goods",
    "price": twd(10_000),
    "merchant_id": "{merchant}",
    "stock": {"{warehouse}": 500},
    "category": "tea/oolong",
    "floor_price": twd(100),
}
_MERCHANT = {"name": "Merchant", "shipping": {"standard": {"base": twd(6000), "per_kg": twd(0)}}}
_WAREHOUSE = {"name": "Warehouse", "country": "TW", "region": "Taipei", "city": "Taipei", "postal_code": ""}
_PERCENTAGE = {"kind": "percentage", "basis_points": 1000, "at_most": twd(5000)}
_FOR_NOBODY = {"skus": ["{sku}"], "merchants": ["{merchant}"], "categories": ["not/its/own"]}
"""Goods that are sold, in a category that they are not in: the prices of the others' carts stay as they are."""
_PROMOTION = {"name": "Promotion", "effect": _PERCENTAGE, "scope": _FOR_NOBODY, "budget": twd(10**9)}
_BENEFIT = {"name": "Benefit", "effect": {"kind": "gift", "sku": "{sku}"}, "scope": _FOR_NOBODY, "member_tiers": ["t"]}
_CAMPAIGN = {
    "order_type": "flash_sale",
    "name": "Campaign",
    "sku": "{sku}",
    "price": twd(5000),
    "starts_at": "2026-01-01T00:00:00Z",
    "ends_at": "2026-01-02T00:00:00Z",
}
"""One that is over: goods that others buy are not sold by it."""
_LIMIT = {"goods": {"skus": ["{sku}"]}, "subject": "account", "quantity": 10**6, "period": "day"}
_RISK_RULE = {
    "condition": {"kind": "address", "countries": ["TW"], "regions": ["Nowhere of {changing}"]},
    "verdict": "deny",
}
_COUPON = {
    "name": "Coupon",
    "effect": {"kind": "tiers", "tiers": [{"threshold": twd(1000), "amount_off": twd(100)}]},
    "scope": _FOR_NOBODY,
    "claim_code": "{changing}",
    "limit_per_account": 1000,
    "restorations": {"cancelled": {"rule": "extended", "days": 7}},
}

# One line per operation. The columns are `CALLERS`:
# nobody, bad token · buyer, another · merchant, another · warehouse, another · operator, downstream
# fmt: off
OPERATIONS: dict[str, Operation] = {
    "GET /healthz": Operation("/healthz",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),
    "GET /readyz": Operation("/readyz",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),
    "GET /v1/skus": Operation("/v1/skus",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),
    "GET /v1/skus/{sku}": Operation("/v1/skus/{sku}",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),
    "GET /v1/order-types": Operation("/v1/order-types",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),
    "GET /v1/order-types/{name}": Operation("/v1/order-types/standard",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),

    "GET /v1/groups/{code}": Operation("/v1/groups/{group}",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200)),

    "POST /v1/quotes": Operation("/v1/quotes",
        (401, 401,  200, 200,  403, 403,  403, 403,  403, 403),
        {"items": [{"sku": "{sku}", "quantity": 1}], "address": TAIPEI}),
    "POST /v1/orders": Operation("/v1/orders",
        (401, 401,  201, 400,  403, 403,  403, 403,  403, 403),
        {"quote_token": "{quote}"}),
    "GET /v1/orders": Operation("/v1/orders",
        (401, 401,  200, 200,  200, 200,  200, 200,  200, 200)),
    "GET /v1/orders/{order_no}": Operation("/v1/orders/{produced}",
        (401, 401,  200, 404,  200, 404,  200, 404,  200, 200)),
    "GET /v1/orders/{order_no}/timeline": Operation("/v1/orders/{produced}/timeline",
        (401, 401,  200, 404,  200, 404,  200, 404,  200, 200)),
    "GET /v1/orders/{order_no}/audit": Operation("/v1/orders/{produced}/audit",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/orders/{order_no}/allocations": Operation("/v1/orders/{produced}/allocations",
        (401, 401,  403, 403,  200, 404,  403, 403,  200, 403)),
    "POST /v1/orders/{order_no}/payments": Operation("/v1/orders/{unpaid}/payments",
        (401, 401,  201, 404,  403, 403,  403, 403,  403, 403),
        {"channel": "card"}),
    "POST /v1/orders/{order_no}/cancel": Operation("/v1/orders/{unpaid}/cancel",
        (401, 401,  200, 404,  403, 403,  403, 403,  200, 403),
        {"reason": "ordered twice"}),
    "POST /v1/orders/{order_no}/risk-decision": Operation("/v1/orders/{reviewed}/risk-decision",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"decision": "approve", "note": "called the buyer"}),
    "PATCH /v1/orders/{order_no}/receiver": Operation("/v1/orders/{produced}/receiver",
        (401, 401,  200, 404,  403, 403,  403, 403,  200, 403),
        {"city": "Tainan"}),
    "POST /v1/orders/{order_no}/confirm-receipt": Operation("/v1/orders/{delivered}/confirm-receipt",
        (401, 401,  200, 404,  403, 403,  403, 403,  200, 403)),
    "POST /v1/orders/{order_no}/reviews": Operation("/v1/orders/{received}/reviews",
        (401, 401,  201, 404,  403, 403,  403, 403,  403, 403),
        {"reviews": [{"line_no": 1, "rating": 4, "text": "good"}]}),
    "PUT /v1/admin/campaigns/{code}": Operation("/v1/admin/campaigns/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _CAMPAIGN),
    "GET /v1/admin/campaigns": Operation("/v1/admin/campaigns",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/campaigns/{code}": Operation("/v1/admin/campaigns/{campaign}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/notifications": Operation("/v1/notifications",
        (401, 401,  200, 200,  200, 200,  403, 403,  403, 403)),

    "POST /v1/addresses": Operation("/v1/addresses",
        (401, 401,  201, 201,  403, 403,  403, 403,  403, 403),
        TAIPEI),
    "GET /v1/addresses": Operation("/v1/addresses",
        (401, 401,  200, 200,  403, 403,  403, 403,  403, 403)),
    "DELETE /v1/addresses/{address_id}": Operation("/v1/addresses/{address}",
        (401, 401,  204, 404,  403, 403,  403, 403,  403, 403)),

    "GET /v1/coupons": Operation("/v1/coupons",
        (401, 401,  200, 200,  403, 403,  403, 403,  403, 403)),
    "POST /v1/coupons": Operation("/v1/coupons",
        (401, 401,  201, 201,  403, 403,  403, 403,  403, 403),
        {"claim_code": "{coupon}"}),
    "GET /v1/membership": Operation("/v1/membership",
        (401, 401,  200, 200,  403, 403,  403, 403,  403, 403)),

    "GET /v1/parcels": Operation("/v1/parcels",
        (401, 401,  403, 403,  200, 200,  200, 200,  200, 403)),
    "POST /v1/parcels/{parcel_no}/events": Operation("/v1/parcels/{parcel}/events",
        (401, 401,  403, 403,  202, 404,  202, 404,  403, 403),
        {"event": "picked"}),

    "POST /v1/webhooks/payments/{provider}": Operation("/v1/webhooks/payments/sandbox",
        (401, 401,  401, 401,  401, 401,  401, 401,  401, 401),
        {"type": "payment.failed", "timestamp": "{now}", "data": {
            "payment_id": "{payment}", "order_no": "unused", "amount": 16_000, "currency": "TWD",
            "provider_transaction_id": None, "paid_at": None, "failure": "card_declined"}},
        proof="the provider's signature"),
    "POST /v1/webhooks/logistics/{carrier}": Operation("/v1/webhooks/logistics/sandbox",
        (401, 401,  401, 401,  401, 401,  401, 401,  401, 401),
        {"type": "parcel.picked", "timestamp": "{now}", "data": {"parcel_no": "{parcel}", "event": "picked"}},
        proof="the carrier's signature"),

    "GET /v1/orders/{order_no}/events": Operation("/v1/orders/{produced}/events",
        (401, 401,  200, 404,  200, 404,  200, 404,  200, 200)),
    "GET /v1/events": Operation("/v1/events",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 200)),

    "POST /v1/admin/webhook-endpoints": Operation("/v1/admin/webhook-endpoints",
        (401, 401,  403, 403,  403, 403,  403, 403,  201, 403),
        {"url": "http://127.0.0.1:9/hook", "event_types": ["refund.settled"]}),
    "GET /v1/admin/webhook-endpoints": Operation("/v1/admin/webhook-endpoints",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/webhook-endpoints/{endpoint_id}": Operation("/v1/admin/webhook-endpoints/{endpoint}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "PATCH /v1/admin/webhook-endpoints/{endpoint_id}": Operation("/v1/admin/webhook-endpoints/{endpoint}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"description": "the bookkeeping"}),
    "DELETE /v1/admin/webhook-endpoints/{endpoint_id}": Operation("/v1/admin/webhook-endpoints/{endpoint}",
        (401, 401,  403, 403,  403, 403,  403, 403,  204, 403)),
    "POST /v1/admin/webhook-endpoints/{endpoint_id}/rotate-secret": Operation(
        "/v1/admin/webhook-endpoints/{endpoint}/rotate-secret",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"overlap_seconds": 60}),
    "POST /v1/admin/webhook-endpoints/{endpoint_id}/test": Operation("/v1/admin/webhook-endpoints/{endpoint}/test",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/webhook-endpoints/{endpoint_id}/deliveries": Operation(
        "/v1/admin/webhook-endpoints/{endpoint}/deliveries",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "POST /v1/admin/webhook-endpoints/{endpoint_id}/replay": Operation("/v1/admin/webhook-endpoints/{endpoint}/replay",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"after": 0}),
    "POST /v1/admin/webhook-endpoints/{endpoint_id}/dead-letters/retry": Operation(
        "/v1/admin/webhook-endpoints/{endpoint}/dead-letters/retry",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/event-stream": Operation("/v1/admin/event-stream",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "POST /v1/admin/event-stream/rebuild": Operation("/v1/admin/event-stream/rebuild",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"after": 0}),
    "GET /v1/admin/refunds": Operation("/v1/admin/refunds",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/refunds/{refund_no}": Operation("/v1/admin/refunds/{failed_refund}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "POST /v1/admin/refunds/{refund_no}/decision": Operation("/v1/admin/refunds/{failed_refund}/decision",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"decision": "settle", "note": "paid back by bank transfer"}),

    "POST /v1/admin/catalogue": Operation("/v1/admin/catalogue",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {
            "warehouses": [{"warehouse_id": "{changing}", **_WAREHOUSE}],
            "promotions": [{"code": "{changing}-gift", "name": "Gift", "effect": {"kind": "gift", "sku": "{sku}"},
                "scope": _FOR_NOBODY}],
            "coupons": [{"template": "{changing}-tenth", "name": "Tenth", "effect": _PERCENTAGE, "scope": _FOR_NOBODY,
                "grants": ["{changing}"]}],
            "members": [{"account": "{changing}", "tier": "t", "points": 9}],
            "points_policies": [{"amount": {"amount": 1, "currency": "ISK"}}],
            "restorations": [{"source": "member_benefit"}],
        }),
    "PUT /v1/admin/merchants/{merchant_id}": Operation("/v1/admin/merchants/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _MERCHANT),
    "PUT /v1/admin/warehouses/{warehouse_id}": Operation("/v1/admin/warehouses/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _WAREHOUSE),
    "PUT /v1/admin/skus/{sku}": Operation("/v1/admin/skus/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _SKU),
    "GET /v1/admin/stock/{sku}": Operation("/v1/admin/stock/{sku}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),

    "PUT /v1/admin/promotions/{code}": Operation("/v1/admin/promotions/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _PROMOTION),
    "GET /v1/admin/promotions": Operation("/v1/admin/promotions",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/promotions/{code}": Operation("/v1/admin/promotions/{promotion}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "PUT /v1/admin/member-benefits/{code}": Operation("/v1/admin/member-benefits/{changing}-benefit",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _BENEFIT),
    "GET /v1/admin/member-benefits": Operation("/v1/admin/member-benefits",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/member-benefits/{code}": Operation("/v1/admin/member-benefits/{benefit}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "PUT /v1/admin/limits/{code}": Operation("/v1/admin/limits/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _LIMIT),
    "GET /v1/admin/limits": Operation("/v1/admin/limits",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/limits/{code}": Operation("/v1/admin/limits/{limit}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/limits/{code}/uses": Operation("/v1/admin/limits/{limit}/uses",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "PUT /v1/admin/risk-rules/{code}": Operation("/v1/admin/risk-rules/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _RISK_RULE),
    "GET /v1/admin/risk-rules": Operation("/v1/admin/risk-rules",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/risk-rules/{code}": Operation("/v1/admin/risk-rules/{risk_rule}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/risk-denials": Operation("/v1/admin/risk-denials",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "POST /v1/admin/block-lists": Operation("/v1/admin/block-lists",
        (401, 401,  403, 403,  403, 403,  403, 403,  201, 403),
        {"kind": "account", "account": "{changing}", "reason": "chargebacks", "until": "2027-01-01T00:00:00Z"}),
    "GET /v1/admin/block-lists": Operation("/v1/admin/block-lists",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "DELETE /v1/admin/block-lists/{entry_id}": Operation("/v1/admin/block-lists/{listed}",
        (401, 401,  403, 403,  403, 403,  403, 403,  204, 403)),

    "PUT /v1/admin/coupons/{template}": Operation("/v1/admin/coupons/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        _COUPON),
    "GET /v1/admin/coupons": Operation("/v1/admin/coupons",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "GET /v1/admin/coupons/{template}": Operation("/v1/admin/coupons/{coupon}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "POST /v1/admin/coupons/{template}/grants": Operation("/v1/admin/coupons/{coupon}/grants",
        (401, 401,  403, 403,  403, 403,  403, 403,  201, 403),
        {"accounts": ["{changing}"]}),
    "PUT /v1/admin/members/{account}": Operation("/v1/admin/members/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"tier": "silver"}),
    "GET /v1/admin/members/{account}": Operation("/v1/admin/members/{changing}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "POST /v1/admin/members/{account}/points": Operation("/v1/admin/members/{changing}/points",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"points": 500, "document": "complaint/{changing}"}),
    "PUT /v1/admin/policies/points/{currency}": Operation("/v1/admin/policies/points/ISK",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"points": 10, "amount": {"amount": 1, "currency": "ISK"}, "share_basis_points": 5000}),
    "GET /v1/admin/policies/points/{currency}": Operation("/v1/admin/policies/points/{policy}",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),
    "PUT /v1/admin/policies/restoration/{source}": Operation("/v1/admin/policies/restoration/member_benefit",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403),
        {"refunded": {"rule": "returned"}}),
    "GET /v1/admin/policies/restoration/{source}": Operation("/v1/admin/policies/restoration/coupon",
        (401, 401,  403, 403,  403, 403,  403, 403,  200, 403)),

    "POST /sandbox/cashier/{token}/simulate": Operation("/sandbox/cashier/{cashier}/simulate",
        (200, 200,  200, 200,  200, 200,  200, 200,  200, 200),
        {"outcome": "fail"}),
    "GET /sandbox/api/payments/{payment_id}": Operation("/sandbox/api/payments/{payment}",
        (401, 401,  401, 401,  401, 401,  401, 401,  401, 401),
        proof="the provider's key"),
    "POST /sandbox/api/payments/{payment_id}/close": Operation("/sandbox/api/payments/{payment}/close",
        (401, 401,  401, 401,  401, 401,  401, 401,  401, 401),
        {"token": "{cashier}"},
        proof="the provider's key"),
    "POST /sandbox/api/payments/{payment_id}/refunds": Operation("/sandbox/api/payments/{paid}/refunds",
        (401, 401,  401, 401,  401, 401,  401, 401,  401, 401),
        {"refund_no": "{new_refund}", "amount": 100, "currency": "TWD"},
        proof="the provider's key"),
    "GET /sandbox/api/refunds/{refund_no}": Operation("/sandbox/api/refunds/{refund}",
        (401, 401,  401, 401,  401, 401,  401, 401,  401, 401),
        proof="the provider's key"),
}
# fmt: on
