"""What the shop promises whatever breaks, as rules over plain records: books in, broken promises out (R-OPS-2)."""

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from cli.experiment.books import Books, Findings, OrderRow, StepRow
from cli.experiment.journal import Journal
from cli.experiment.purse_promises import PURSE_PROMISES
from ordersaga.domain.errors import ActionNotAllowed
from ordersaga.domain.lifecycle.parcel import ParcelState, is_shipped
from ordersaga.domain.lifecycle.states import State
from ordersaga.domain.lifecycle.table import Actor

_DONE = "succeeded"
_UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True)
class Broken:
    """A promise that was not kept: about which order (or payment, or SKU), and what was found."""

    promise: str
    subject: str
    found: str


def judge(books: Books, journal: Journal) -> list[Broken]:
    """Every broken promise; none when all is well."""
    return [
        Broken(promise, subject, found)
        for promise, look in _PROMISES.items()
        for subject, found in look(books, journal)
    ]


def _orders_end(books: Books, _: Journal) -> Findings:
    for order in books.orders:
        if not order.ended:
            yield order.order_no, f"it is still {order.state}"


def _orders_walk_their_tables(books: Books, _: Journal) -> Findings:
    steps: defaultdict[str, list[StepRow]] = defaultdict(list)
    for step in books.steps:
        if step.parcel_no is None and step.case_no is None:
            steps[step.order_no].append(step)
    for order in books.orders:
        fault = _misstep(order, steps[order.order_no])
        if fault is not None:
            yield order.order_no, fault


def _misstep(order: OrderRow, steps: list[StepRow]) -> str | None:
    machine = order.machine
    if not steps or (steps[0].from_state, steps[0].to_state) != (None, machine.initial):
        return "its timeline does not begin with its submit"
    known, state = {row.action for row in machine.rows}, machine.initial
    for step in steps[1:]:
        if step.action not in known and step.from_state == step.to_state:
            continue  # a note about its money, which has tables of its own
        try:
            allowed = machine.next(step.from_state or "", step.action, Actor(step.actor_role))
        except ActionNotAllowed as error:
            return error.message
        if (step.from_state, step.to_state) != (state, allowed):
            return f"{step.action} led from {step.from_state} to {step.to_state} while {state}"
        state = step.to_state
    return None if state == order.state else f"its timeline ends {state}, and it is {order.state}"


def _money_is_captured_once(books: Books, _: Journal) -> Findings:
    captures = Counter(payment.order_no for payment in books.payments if payment.state == _DONE)
    for order_no, count in captures.items():
        if count > 1:
            yield order_no, f"{count} payments were captured"


def _completed_orders_are_paid(books: Books, _: Journal) -> Findings:
    kept, given = _kept(books), _given_by_cases(books)
    for order in books.orders:
        wanted = order.payable - given[order.order_no]
        if order.state == State.COMPLETED and kept[order.order_no] != wanted:
            yield order.order_no, f"completed: {kept[order.order_no]} were kept, not {wanted}"


def _given_up_orders_keep_no_money(books: Books, _: Journal) -> Findings:
    kept = _kept(books)
    for order in books.orders:
        if order.ended and order.state != State.COMPLETED and kept[order.order_no] != 0:
            yield order.order_no, f"{order.state}: {kept[order.order_no]} were kept"


def _kept(books: Books) -> Counter[str]:
    """By order: what its provider took, less what the provider gave back – the provider's books are what counts."""
    kept: Counter[str] = Counter()
    for row in books.provider:
        kept[row.order_no] += row.paid - row.refunded
    return kept


def _given_by_cases(books: Books) -> Counter[str]:
    """By order: what after-sales cases gave back, by our books."""
    given: Counter[str] = Counter()
    for row in books.refunds:
        if row.case_no is not None and row.state == _DONE:
            given[row.order_no] += row.amount
    return given


def _cases_give_money_back_once(books: Books, _: Journal) -> Findings:
    captured = {payment.payment_id: payment.received or 0 for payment in books.payments if payment.state == _DONE}
    given: Counter[str] = Counter()
    for row in books.refunds:
        if row.case_no is not None:
            given[row.payment_id] += row.amount
            if row.state != _DONE:
                yield row.order_no, f"the refund of case {row.case_no} is {row.state}"
    for payment_id, amount in given.items():
        if amount > captured.get(payment_id, 0):
            yield payment_id, f"cases gave {amount} back of {captured.get(payment_id, 0)} that were captured"
    documents = Counter((row.case_no, row.payment_id) for row in books.refunds if row.case_no is not None)
    for (case_no, payment_id), count in documents.items():
        if count > 1:
            yield payment_id, f"case {case_no} gave money back {count} times"


def _unexpected_money_goes_back_once(books: Books, _: Journal) -> Findings:
    for payment in books.payments:
        refunds = [row for row in books.refunds if row.payment_id == payment.payment_id and row.case_no is None]
        given_back = [row.amount for row in refunds if row.state == _DONE]
        wanted = [payment.received] if payment.state == _UNEXPECTED else []
        if given_back != wanted:
            yield payment.order_no, f"{payment.payment_id}, {payment.state}: {wanted} to refund, refunded {given_back}"
        for row in refunds:
            if row.state != _DONE:
                yield payment.order_no, f"the refund of {payment.payment_id} is {row.state}"


def _provider_agrees(books: Books, _: Journal) -> Findings:
    ours = {payment.payment_id: payment for payment in books.payments}
    theirs = {row.payment_id: row for row in books.provider}
    refunded: Counter[str] = Counter()
    for given_back in books.refunds:
        if given_back.state == _DONE:
            refunded[given_back.payment_id] += given_back.amount
    for payment_id, row in theirs.items():
        received = ours[payment_id].received or 0 if payment_id in ours else 0
        if row.paid != received:
            yield row.order_no, f"{payment_id}: the provider took {row.paid}, we know of {received}"
        if row.refunded != refunded[payment_id]:
            yield (
                row.order_no,
                f"{payment_id}: the provider gave back {row.refunded}, we know of {refunded[payment_id]}",
            )
    for payment_id, payment in ours.items():
        if payment.received and payment_id not in theirs:
            yield payment.order_no, f"{payment_id}: we took {payment.received}, of which the provider knows nothing"


def _accepted_orders_exist(books: Books, journal: Journal) -> Findings:
    buyers = {order.order_no: order.buyer for order in books.orders}
    for order_no, buyer in journal.answered.items():
        if buyers.get(order_no) != buyer:
            yield order_no, f"{buyer} was answered 201, and it is {buyers.get(order_no, 'nobody')}'s"


def _orders_are_found_by_their_buyers(books: Books, journal: Journal) -> Findings:
    for order in books.orders:
        if journal.listed.get(order.order_no) != order.buyer:
            yield order.order_no, f"{order.buyer} does not find it"
    known = {order.order_no for order in books.orders}
    for order_no, buyer in journal.listed.items():
        if order_no not in known:
            yield order_no, f"{buyer} finds it, and it does not exist"


def _answers_stay_the_same(_: Books, journal: Journal) -> Findings:
    yield from journal.changed


def _customers_are_not_failed(_: Books, journal: Journal) -> Findings:
    yield from journal.failures


def _stock_ledger_adds_up(books: Books, _: Journal) -> Findings:
    on_hand: Counter[tuple[str, str]] = Counter()
    reserved: Counter[tuple[str, str]] = Counter()
    for movement in books.movements:
        on_hand[movement.sku, movement.warehouse_id] += movement.on_hand
        reserved[movement.sku, movement.warehouse_id] += movement.reserved
    for row in books.balances:
        place = (row.sku, row.warehouse_id)
        if (row.on_hand, row.reserved) != (on_hand[place], reserved[place]):
            yield (
                f"{row.sku} in {row.warehouse_id}",
                f"{row.on_hand} on hand and {row.reserved} reserved; "
                f"its ledger says {on_hand[place]} and {reserved[place]}",
            )


def _nothing_is_oversold(books: Books, _: Journal) -> Findings:
    stocked: Counter[tuple[str, str]] = Counter()
    for movement in books.movements:
        if movement.kind == "adjust":
            stocked[movement.sku, movement.warehouse_id] += movement.on_hand
    shipped: Counter[tuple[str, str]] = Counter()
    for content in books.parcels:
        if is_shipped(ParcelState(content.state)):
            shipped[content.sku, content.warehouse_id] += content.quantity
    for row in books.balances:
        place = (row.sku, row.warehouse_id)
        if not 0 <= row.reserved <= row.on_hand or row.on_hand != stocked[place] - shipped[place]:
            yield (
                f"{row.sku} in {row.warehouse_id}",
                f"stocked {stocked[place]}, shipped {shipped[place]}: {row.on_hand} on hand, {row.reserved} reserved",
            )


def _ended_orders_hold_no_stock(books: Books, _: Journal) -> Findings:
    running = {order.order_no for order in books.orders if not order.ended}
    held: Counter[str] = Counter()
    for movement in books.movements:
        if movement.order_no is not None and movement.order_no not in running:
            held[movement.order_no] += movement.reserved
    for order_no, units in held.items():
        if units:
            yield order_no, f"{units} units are reserved for it"


def _goods_leave_once_and_paid(books: Books, _: Journal) -> Findings:
    left: Counter[str] = Counter()
    for movement in books.movements:
        if movement.order_no is not None:
            left[movement.order_no] -= movement.on_hand
    for order in books.orders:
        wanted = order.units if order.state == State.COMPLETED else 0
        if order.ended and left[order.order_no] != wanted:
            yield order.order_no, f"{order.state}: {left[order.order_no]} units left the shelves, not {wanted}"


def _of_books(look: Callable[[Books], Findings], books: Books, _: Journal) -> Findings:
    yield from look(books)


def _the_audit_verifies(books: Books, _: Journal) -> Findings:
    yield from books.meddled


def _nothing_differs(books: Books, _: Journal) -> Findings:
    yield from books.differing


def _nothing_is_left_undone(books: Books, _: Journal) -> Findings:
    for what, subjects in books.unfinished.items():
        for subject in subjects:
            yield subject, what


_PROMISES: dict[str, Callable[[Books, Journal], Findings]] = {
    "every order ends": _orders_end,
    "every order walks its table": _orders_walk_their_tables,
    "money is captured once": _money_is_captured_once,
    "a completed order keeps what was to pay": _completed_orders_are_paid,
    "an order that was given up keeps no money": _given_up_orders_keep_no_money,
    "unexpected money goes back once": _unexpected_money_goes_back_once,
    "a case gives money back once": _cases_give_money_back_once,
    "our books and the provider's agree": _provider_agrees,
    "what was answered 201 exists": _accepted_orders_exist,
    "an order is found by its buyer": _orders_are_found_by_their_buyers,
    "the same key gets the same answer": _answers_stay_the_same,
    "no customer is failed": _customers_are_not_failed,
    "the stock ledger adds up": _stock_ledger_adds_up,
    "nothing is oversold": _nothing_is_oversold,
    "an ended order holds no stock": _ended_orders_hold_no_stock,
    "goods leave the shelves once, and paid": _goods_leave_once_and_paid,
    **{promise: partial(_of_books, look) for promise, look in PURSE_PROMISES.items()},
    "the audit verifies": _the_audit_verifies,
    "comparing the books finds nothing": _nothing_differs,
    "nothing is left undone": _nothing_is_left_undone,
}
PROMISES = tuple(_PROMISES)
