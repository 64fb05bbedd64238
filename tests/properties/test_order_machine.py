"""What the tables promise, type by type, whatever is tried and in whatever order (R-STM-1, P1, P3, P6, P9)."""

from typing import Any

from hypothesis import settings
from hypothesis.stateful import invariant

from ordersaga.domain.lifecycle import digital, flash_sale, group_buy, presale, standard
from ordersaga.domain.lifecycle.actions import Action
from ordersaga.domain.lifecycle.states import State
from tests.properties.order_life import DEPOSIT, NOTHING_STAYS, PAYABLE, SHIPMENTS, UNPAID_ENDS, OrderLife

GIVING_UP = (Action.CANCEL, Action.REACH_PAYMENT_DEADLINE, Action.REJECT_RISK, Action.REACH_REVIEW_DEADLINE)


class StandardLife(OrderLife):
    machine = standard.MACHINE

    @invariant()
    def it_is_given_up_by_somebody_or_by_a_deadline(self) -> None:
        assert self.state not in UNPAID_ENDS or self.did(*GIVING_UP)

    @invariant()
    def it_is_refunded_only_because_its_stock_had_gone_or_nothing_of_it_stays(self) -> None:
        assert self.state != State.REFUNDED or self.did(Action.MISS_STOCK, *NOTHING_STAYS) == 1


class EarlierStandardLife(OrderLife):
    """Runs that began with the first version of the table live by it to their end."""

    machine = standard.VERSION_1

    @invariant()
    def it_knows_neither_reviews_nor_refunds(self) -> None:
        assert self.state not in (State.UNDER_REVIEW, State.RISK_REFUSED, State.REFUNDING, State.REFUNDED)


class FlashSaleLife(OrderLife):
    machine = flash_sale.MACHINE

    @invariant()
    def what_is_paid_is_never_short_of_stock(self) -> None:
        assert not self.did(Action.MISS_STOCK)
        assert not self.did(Action.FINISH_REFUND) or self.did(Action.LOSE_LAST_PARCEL)


class PresaleLife(OrderLife):
    machine = presale.MACHINE
    due_now = DEPOSIT

    @invariant()
    def the_balance_is_taken_after_the_deposit_and_in_its_window(self) -> None:
        assert self.is_before(Action.CONFIRM_DEPOSIT, Action.OPEN_BALANCE, Action.CONFIRM_BALANCE)
        assert self.is_before(Action.OPEN_BALANCE, Action.CONFIRM_BALANCE)

    @invariant()
    def deposit_and_balance_are_the_price(self) -> None:
        if self.did(Action.CONFIRM_BALANCE):
            assert self.captured == PAYABLE

    @invariant()
    def a_forfeited_deposit_is_all_that_is_kept(self) -> None:
        if self.state == presale.PresaleState.DEPOSIT_FORFEITED:
            assert self.kept == DEPOSIT


class DigitalLife(OrderLife):
    machine = digital.MACHINE

    @invariant()
    def nothing_is_put_into_parcels(self) -> None:
        assert not self.did(Action.SPLIT, *SHIPMENTS, Action.CHANGE_RECEIVER)

    @invariant()
    def what_was_revealed_is_not_taken_back(self) -> None:
        assert not (self.codes_revealed and self.did(Action.RETURN_UNUSED))
        assert self.is_before(Action.FULFIL_DIGITALLY, Action.REVEAL_CODE)


class GroupBuyLife(OrderLife):
    machine = group_buy.MACHINE

    @invariant()
    def nobody_goes_on_without_the_group(self) -> None:
        assert self.is_before(Action.FILL_GROUP, Action.SPLIT, Action.MISS_STOCK)
        assert self.is_before(Action.CONFIRM_PAYMENT, Action.FILL_GROUP)

    @invariant()
    def an_expired_group_keeps_no_money(self) -> None:
        if self.did(Action.EXPIRE_GROUP) and self.state in self.machine.final:
            assert self.kept == 0


def searched(life: type[OrderLife]) -> Any:
    """Its test case, looked through for longer than properties are by default: most lives end young."""
    case = life.TestCase
    case.settings = settings(max_examples=max(100, settings().max_examples), stateful_step_count=25)
    return case


TestStandardLife = searched(StandardLife)
TestEarlierStandardLife = searched(EarlierStandardLife)
TestFlashSaleLife = searched(FlashSaleLife)
TestPresaleLife = searched(PresaleLife)
TestDigitalLife = searched(DigitalLife)
TestGroupBuyLife = searched(GroupBuyLife)
