"""The judge of an experiment: books that are right break no promise, and each planted wrong is found and named."""

from dataclasses import replace
from typing import Any

import pytest

from cli.client import Answer
from cli.experiment.books import Books, RefundRow
from cli.experiment.journal import Journal, Submission
from cli.experiment.promises import PROMISES, Broken, judge
from tests.chaos.purse_wrongs import PURSE_WRONGS
from tests.chaos.right_books import movement, right, step
from tests.chaos.wrongs import Wrong, without


def with_order(books: Books, order_no: str, **changes: Any) -> Books:
    orders = tuple(replace(row, **changes) if row.order_no == order_no else row for row in books.orders)
    return replace(books, orders=orders)


def changed(rows: tuple[Any, ...], payment_id: str, **changes: Any) -> tuple[Any, ...]:
    return tuple(replace(row, **changes) if row.payment_id == payment_id else row for row in rows)


def stuck(books: Books, _: Journal) -> Books:
    steps = without(books.steps, order_no="completed", action="complete")
    return with_order(replace(books, steps=steps), "completed", state="received")


def skipped(books: Books, _: Journal) -> Books:
    return replace(books, steps=without(books.steps, order_no="completed", action="split"))


def edited(books: Books, _: Journal) -> Books:
    return replace(books, steps=without(books.steps, order_no="cancelled", action="confirm_cancellation"))


def by_nobody_entitled(books: Books, _: Journal) -> Books:
    steps = tuple(replace(row, actor_role="buyer") if row.action == "complete" else row for row in books.steps)
    return replace(books, steps=steps)


def unbegun(books: Books, _: Journal) -> Books:
    return replace(books, steps=without(books.steps, order_no="cancelled", action="submit"))


def captured_twice(books: Books, _: Journal) -> Books:
    return replace(books, payments=changed(books.payments, "second", state="succeeded"), refunds=books.refunds[1:])


def paid_too_little(books: Books, _: Journal) -> Books:
    return replace(books, provider=changed(books.provider, "captured", paid=400))


def kept_late(books: Books, _: Journal) -> Books:
    return replace(books, provider=changed(books.provider, "late", refunded=0))


def never_refunded(books: Books, _: Journal) -> Books:
    return replace(books, refunds=without(books.refunds, payment_id="late"))


def refunded_twice(books: Books, _: Journal) -> Books:
    return replace(books, refunds=(*books.refunds, books.refunds[0]))


def refunded_in_part(books: Books, _: Journal) -> Books:
    return replace(books, refunds=changed(books.refunds, "second", amount=499))


def refund_hangs(books: Books, _: Journal) -> Books:
    return replace(books, refunds=changed(books.refunds, "second", state="pending"))


def refunded_what_was_due(books: Books, _: Journal) -> Books:
    refund = RefundRow(payment_id="captured", order_no="completed", amount=500, state="succeeded")
    return replace(books, refunds=(*books.refunds, refund))


def given_twice(books: Books, _: Journal) -> Books:
    return replace(books, refunds=(*books.refunds, books.refunds[-1]))


def given_more_than_was_paid(books: Books, _: Journal) -> Books:
    return replace(books, refunds=changed(books.refunds, "captured", amount=501))


def case_hangs(books: Books, _: Journal) -> Books:
    return replace(books, refunds=changed(books.refunds, "captured", state="sent"))


def unknown_to_us(books: Books, _: Journal) -> Books:
    refunds = without(books.refunds, payment_id="late")
    return replace(books, payments=without(books.payments, payment_id="late"), refunds=refunds)


def unknown_to_the_provider(books: Books, _: Journal) -> Books:
    return replace(books, provider=without(books.provider, payment_id="captured"))


def lost(books: Books, journal: Journal) -> None:
    journal.answered["forgotten"] = "somebody"


def somebody_elses(books: Books, journal: Journal) -> None:
    journal.answered["completed"] = "somebody else"


def hidden(books: Books, journal: Journal) -> None:
    del journal.listed["cancelled"]


def ghost(books: Books, journal: Journal) -> None:
    journal.listed["ghost"] = "somebody"


def another_answer(books: Books, journal: Journal) -> None:
    submission = Submission(buyer="b", quote_token="", key="k")
    for order_no in ("completed", "cancelled"):
        journal.hears(submission, Answer(201, {"order_no": order_no}))


def failed(books: Books, journal: Journal) -> None:
    journal.hears(Submission(buyer="b", quote_token="", key="k"), Answer(500, {}))


def drifted(books: Books, _: Journal) -> Books:
    return replace(books, balances=(replace(books.balances[0], reserved=1),))


def oversold(books: Books, _: Journal) -> Books:
    movements = (*without(books.movements, kind="adjust"), movement("adjust", None, 1, 0))
    return replace(books, movements=movements, balances=(replace(books.balances[0], on_hand=-1),))


def shipped_unbooked(books: Books, _: Journal) -> Books:
    return replace(books, parcels=(replace(books.parcels[0], quantity=3),))


def still_held(books: Books, _: Journal) -> Books:
    movements = without(books.movements, kind="release", order_no="cancelled")
    return replace(books, movements=movements, balances=(replace(books.balances[0], reserved=2),))


def held_for_a_refused_submission(books: Books, _: Journal) -> Books:
    return replace(books, movements=(*books.movements, movement("reserve", "refused", 0, 1)))


def left_twice(books: Books, _: Journal) -> Books:
    return replace(books, movements=(*books.movements, movement("commit", "completed", -2, 0)))


def left_unpaid(books: Books, _: Journal) -> Books:
    return replace(books, movements=(*books.movements, movement("commit", "cancelled", -2, 0)))


def differing(books: Books, _: Journal) -> Books:
    return replace(books, differing=(("tea/w", "stock_differs: 9 instead of 8"),))


def meddled_with(books: Books, _: Journal) -> Books:
    return replace(books, meddled=(("completed", "changed: its payable differs from what was sealed"),))


def refunds_noted(books: Books, _: Journal) -> Books:
    """A refund's rows on the timeline are no wrong; the wrong beside them is found all the same."""
    noted = step("cancelled", "request_refund", "cancelled", "cancelled", "system")
    return replace(books, steps=(*without(books.steps, order_no="cancelled", action="cancel"), noted))


def open_run(books: Books, _: Journal) -> Books:
    return replace(books, unfinished={"its run is still open": ("order/completed",)})


WRONGS = (
    Wrong("every order ends", "completed", stuck),
    Wrong("every order walks its table", "completed", skipped),
    Wrong("every order walks its table", "cancelled", edited),
    Wrong("every order walks its table", "completed", by_nobody_entitled),
    Wrong("every order walks its table", "cancelled", unbegun),
    Wrong("money is captured once", "completed", captured_twice),
    Wrong("a completed order keeps what was to pay", "completed", paid_too_little),
    Wrong("an order that was given up keeps no money", "payment_timed_out", kept_late),
    Wrong("unexpected money goes back once", "payment_timed_out", never_refunded),
    Wrong("unexpected money goes back once", "completed", refunded_twice),
    Wrong("unexpected money goes back once", "completed", refunded_in_part),
    Wrong("unexpected money goes back once", "completed", refund_hangs),
    Wrong("unexpected money goes back once", "completed", refunded_what_was_due),
    Wrong("a case gives money back once", "captured", given_twice),
    Wrong("a case gives money back once", "captured", given_more_than_was_paid),
    Wrong("a case gives money back once", "completed", case_hangs),
    Wrong("our books and the provider's agree", "payment_timed_out", unknown_to_us),
    Wrong("our books and the provider's agree", "completed", unknown_to_the_provider),
    Wrong("our books and the provider's agree", "payment_timed_out", kept_late),
    Wrong("what was answered 201 exists", "forgotten", lost),
    Wrong("what was answered 201 exists", "completed", somebody_elses),
    Wrong("an order is found by its buyer", "cancelled", hidden),
    Wrong("an order is found by its buyer", "ghost", ghost),
    Wrong("the same key gets the same answer", "completed", another_answer),
    Wrong("no customer is failed", "b's k", failed),
    Wrong("the stock ledger adds up", "tea in w", drifted),
    Wrong("nothing is oversold", "tea in w", oversold),
    Wrong("nothing is oversold", "tea in w", shipped_unbooked),
    Wrong("an ended order holds no stock", "cancelled", still_held),
    Wrong("an ended order holds no stock", "refused", held_for_a_refused_submission),
    Wrong("goods leave the shelves once, and paid", "completed", left_twice),
    Wrong("goods leave the shelves once, and paid", "cancelled", left_unpaid),
    Wrong("every order walks its table", "cancelled", refunds_noted),
    Wrong("the audit verifies", "completed", meddled_with),
    Wrong("comparing the books finds nothing", "tea/w", differing),
    Wrong("nothing is left undone", "order/completed", open_run),
    *PURSE_WRONGS,
)


def test_books_that_are_right_break_no_promise() -> None:
    assert judge(*right()) == []


@pytest.mark.parametrize("wrong", WRONGS, ids=lambda wrong: f"{wrong.promise}, {wrong.plant.__name__}")
def test_a_planted_wrong_is_found_and_named(wrong: Wrong) -> None:
    books, journal = right()
    planted = wrong.plant(books, journal) or books
    assert (wrong.promise, wrong.subject) in {(broken.promise, broken.subject) for broken in judge(planted, journal)}


def test_every_promise_is_broken_by_a_planted_wrong() -> None:
    assert {wrong.promise for wrong in WRONGS} == set(PROMISES)


def test_a_twin_that_was_refused_may_become_an_order_later() -> None:
    journal, submission = Journal(), Submission(buyer="b", quote_token="", key="k")
    journal.hears(submission, Answer(409, {"code": "duplicate_submission"}))
    journal.hears(submission, Answer(201, {"order_no": "completed"}))
    assert (journal.changed, journal.answered) == ([], {"completed": "b"})


def test_a_submission_whose_coupon_was_gone_may_become_an_order_later_but_no_order_is_lost_again() -> None:
    journal, submission = Journal(), Submission(buyer="b", quote_token="", key="k")
    for answer in (Answer(409, {"code": "coupon_unavailable"}), Answer(201, {"order_no": "completed"})):
        journal.hears(submission, answer)
    assert (journal.changed, journal.answered) == ([], {"completed": "b"})
    journal.hears(submission, Answer(409, {"code": "coupon_unavailable"}))
    assert [key for key, _ in journal.changed] == ["completed"]


def test_a_broken_promise_says_what_was_found() -> None:
    books, journal = right()
    assert judge(stuck(books, journal), journal)[0] == Broken("every order ends", "completed", "it is still received")
