"""What is counted, under its name for Prometheus; `docs/operations.md` says what each is good for.

A counter is declared here and counted where the thing happens, after it happened:

    metrics.TRANSITIONS.labels(order_type="standard", action="cancel").inc()

Labels are words of a short list (types, actions, codes, states), never numbers, names or addresses. Counts start at
zero with each process, and a step that Temporal repeats may be counted again: they show rates and raise alarms, and
the database keeps the truth. What only the database knows is read by `worker.backlog`; requests are counted in
`api.observation`.
"""

from prometheus_client import REGISTRY, Counter, disable_created_metrics, generate_latest

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Of `exposition()`. Temporal's SDK writes the same form, so that both can stand in one answer."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series per series that no query of ours reads

ORDERS_PLACED = Counter("ordersaga_orders_placed", "Submissions that became orders.", ["order_type"])
ORDERS_REFUSED = Counter("ordersaga_orders_refused", "Submissions that were refused while placing.", ["code"])
RISK_VERDICTS = Counter(
    "ordersaga_risk_verdicts",
    "Submits by what risk control said, and each rule's kind that said it.",
    ["verdict", "kind"],
)
GATE_ANSWERS = Counter(
    "ordersaga_gate_answers",
    "What buyers were told at the gates of sales; `away` is a gate that did not answer.",
    ["order_type", "step", "answer"],
)
TRANSITIONS = Counter("ordersaga_transitions", "Transitions of orders.", ["order_type", "action"])
PAYMENTS = Counter(
    "ordersaga_payments", "Payment attempts that reached a state; `unexpected` is money that no order takes.", ["state"]
)
CASES = Counter("ordersaga_after_sales_cases", "After-sales cases that reached a state.", ["kind", "state"])
REFUNDS = Counter("ordersaga_refunds", "Refunds that reached a state.", ["state"])

EVENTS_RELAYED = Counter(
    "ordersaga_events_relayed", "Events that were numbered (`outbox`) or published (`stream`).", ["sink"]
)
WEBHOOK_DELIVERIES = Counter(
    "ordersaga_webhook_deliveries", "Tries to deliver a webhook: delivered, again, dead, gone.", ["result"]
)


def exposition() -> bytes:
    """Everything that this process counts, in Prometheus' text form."""
    return generate_latest(REGISTRY)
