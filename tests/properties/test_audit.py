"""The audit chain's promises, for any records and any way of meddling with them (R-SUB-3)."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from ordersaga.domain.audit.chain import AuditRow, Changes, changed, fold
from ordersaga.domain.audit.coverage import AUDITED
from ordersaga.domain.audit.verification import verify
from ordersaga.domain.keys import KeyRing
from ordersaga.domain.lifecycle.actions import Action

KEYS = KeyRing({"k1": b"1" * 32}, "k1")
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
ORDER_NO = "O-1"

VALUES = (
    st.none() | st.integers() | st.text(max_size=8) | st.dictionaries(st.text(max_size=3), st.integers(), max_size=2)
)
Records = dict[str, dict[str, dict[str, Any]]]


@st.composite
def histories(draw: st.DrawFn) -> list[tuple[Action, Records]]:
    """An order with its lines, then payments and state changes, each with the action that does such a thing."""
    order = {"order_no": ORDER_NO, "payable": draw(VALUES), "state": "s0", "receiver": draw(VALUES)}
    lines = {str(number): {"line_no": number, "amount": draw(VALUES)} for number in range(1, draw(st.integers(2, 4)))}
    records: Records = {table: {} for table in AUDITED}
    records["orders"], records["order_lines"] = {"": order}, lines
    history = [(Action.SUBMIT, deepcopy(records))]
    for number in range(draw(st.integers(0, 4))):
        action = draw(st.sampled_from([Action.PAY, Action.CHANGE_RECEIVER, Action.COMPLETE]))
        if action is Action.PAY:
            records["payments"][f"p{number}"] = {"payment_id": f"p{number}", "state": "open", "amount": draw(VALUES)}
        elif action is Action.CHANGE_RECEIVER:
            records["orders"][""]["receiver"] = draw(VALUES)
        else:
            records["orders"][""]["state"] = f"s{number + 1}"
        history.append((action, deepcopy(records)))
    return history


def sealed(history: Sequence[tuple[Action, Records]], keys: KeyRing = KEYS) -> list[AuditRow]:
    chain: list[AuditRow] = []
    for sequence, (action, records) in enumerate(history, 1):
        changes = changed(ORDER_NO, fold(chain), records, keys, action)
        row = written(sequence, action, changes, keys)
        chain.append(replace(row, mac=row.seal(keys, chain[-1].mac if chain else "") or ""))
    return chain


def written(sequence: int, action: Action, changes: Changes, keys: KeyRing) -> AuditRow:
    return AuditRow(
        order_no=ORDER_NO,
        sequence=sequence,
        parcel_no=None,
        step=sequence,
        at=AT + timedelta(seconds=sequence),
        actor_role="system",
        actor="workflow",
        channel="workflow",
        action=action,
        from_state=None,
        to_state="s",
        reason="",
        changes=changes,
        key_id=keys.current,
        mac="",
    )


@given(histories())
def test_what_the_system_did_verifies(history: list[tuple[Action, Records]]) -> None:
    assert verify(ORDER_NO, sealed(history), history[-1][1], KEYS) == []


@given(histories(), st.data())
def test_any_one_field_that_was_changed_is_the_one_that_is_named(
    history: list[tuple[Action, Records]], data: st.DataObject
) -> None:
    records = deepcopy(history[-1][1])
    places = [(table, key, column) for table, rows in records.items() for key, row in rows.items() for column in row]
    table, key, column = data.draw(st.sampled_from(places))
    before = records[table][key][column]
    records[table][key][column] = data.draw(VALUES.filter(lambda value: repr(value) != repr(before)))
    (found,) = verify(ORDER_NO, sealed(history), records, KEYS)
    assert (found.fault, found.where) == ("changed", ".".join(part for part in (table, key, column) if part))


@given(histories(), st.data())
def test_any_row_that_was_removed_is_the_one_that_is_named(
    history: list[tuple[Action, Records]], data: st.DataObject
) -> None:
    records = deepcopy(history[-1][1])
    table, key = data.draw(st.sampled_from([(table, key) for table, rows in records.items() for key in rows]))
    del records[table][key]
    (found,) = verify(ORDER_NO, sealed(history), records, KEYS)
    assert (found.fault, found.where) == ("removed", ".".join(part for part in (table, key) if part))


@given(histories(), st.data())
def test_a_change_in_any_audit_row_breaks_its_seal(history: list[tuple[Action, Records]], data: st.DataObject) -> None:
    chain = sealed(history)
    index = data.draw(st.integers(0, len(chain) - 1))
    field = data.draw(st.sampled_from(["actor", "reason", "to_state", "channel", "step", "at"]))
    forged: Any = {"step": 99, "at": AT - timedelta(days=1)}.get(field, "forged")
    chain[index] = replace(chain[index], **{field: forged})
    found = verify(ORDER_NO, chain, history[-1][1], KEYS)
    assert (found[0].fault, found[0].where) == ("audit_changed", f"transitions.{index + 1}")


@given(histories(), st.data())
def test_an_edit_that_later_rows_took_over_is_named_all_the_same(
    history: list[tuple[Action, Records]], data: st.DataObject
) -> None:
    index = data.draw(st.integers(0, len(history) - 1))
    for _, records in history[index:]:
        records["order_lines"]["1"]["amount"] = ["edited"]
    found = {(item.fault, item.where) for item in verify(ORDER_NO, sealed(history), history[-1][1], KEYS)}
    assert found == ({("changed", "order_lines.1.amount")} if index else set())


@given(histories())
def test_who_has_another_key_cannot_make_a_chain(history: list[tuple[Action, Records]]) -> None:
    found = verify(ORDER_NO, sealed(history, KeyRing({"k1": b"2" * 32}, "k1")), history[-1][1], KEYS)
    assert {f"transitions.{number}" for number in range(1, len(history) + 1)} <= {item.where for item in found}


@given(histories(), st.integers(1, 5))
def test_keys_may_be_changed_at_any_row(history: list[tuple[Action, Records]], changed_at: int) -> None:
    both = KeyRing({**KEYS.keys, "k2": b"3" * 32}, "k2")
    chain: list[AuditRow] = []
    for sequence, (action, records) in enumerate(history, 1):
        keys = KEYS if sequence < changed_at else both
        row = written(sequence, action, changed(ORDER_NO, fold(chain), records, keys, action), keys)
        chain.append(replace(row, mac=row.seal(keys, chain[-1].mac if chain else "") or ""))
    assert verify(ORDER_NO, chain, history[-1][1], both) == []
