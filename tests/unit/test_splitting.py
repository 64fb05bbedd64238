"""Order → seller → warehouse → transport class → parcels within limits (R-SPL-1, M11)."""

from ordersaga.domain.catalogue import TransportClass
from ordersaga.domain.pricing.quote import PricedLine
from ordersaga.domain.sourcing import Source
from ordersaga.domain.splitting import Limits, Parcel, ParcelLine, split
from tests.goods import line

ROOMY = Limits(weight_g=30_000, volume_mm3=180_000_000)


def whole(*lines: PricedLine, warehouse_id: str = "w") -> list[Source]:
    """Every line from one warehouse."""
    return [Source(item.line_no, item.sku, warehouse_id, item.quantity) for item in lines]


def contents(parcels: tuple[Parcel, ...]) -> list[list[tuple[int, int]]]:
    """Per parcel: line number and units."""
    return [[(item.line_no, item.quantity) for item in parcel.lines] for parcel in parcels]


def test_what_goes_together_is_one_parcel() -> None:
    lines = line(1, 2, weight_g=100, volume_mm3=5), line(2, 1, weight_g=50, volume_mm3=7)
    (parcel,) = split(lines, whole(*lines), ROOMY)
    assert (parcel.sequence, parcel.weight_g, parcel.volume_mm3) == (1, 250, 17)
    assert contents((parcel,)) == [[(1, 2), (2, 1)]]


def test_each_seller_has_parcels_of_its_own() -> None:
    lines = line(1, merchant_id="b"), line(2, merchant_id="a")
    parcels = split(lines, whole(*lines), ROOMY)
    assert [(parcel.sequence, parcel.merchant_id) for parcel in parcels] == [(1, "a"), (2, "b")]


def test_each_warehouse_packs_parcels_of_its_own() -> None:
    sources = [Source(1, "SKU-1", "west", 1), Source(1, "SKU-1", "east", 2)]
    parcels = split([line(1, 3)], sources, ROOMY)
    assert [(parcel.warehouse_id, parcel.lines[0].quantity) for parcel in parcels] == [("east", 2), ("west", 1)]


def test_each_transport_class_travels_by_itself() -> None:
    lines = [line(number, transport_class=kind) for number, kind in enumerate(TransportClass, start=1)]
    parcels = split(lines, whole(*lines), ROOMY)
    assert {parcel.transport_class for parcel in parcels} == set(TransportClass)
    assert len(parcels) == len(TransportClass)


def test_no_parcel_weighs_more_than_the_limit() -> None:
    lines = [line(1, 5, weight_g=400)]
    parcels = split(lines, whole(*lines), Limits(weight_g=1_000, volume_mm3=1))
    assert [parcel.weight_g for parcel in parcels] == [800, 800, 400]


def test_no_parcel_is_larger_than_the_limit() -> None:
    lines = [line(1, 5, volume_mm3=400)]
    parcels = split(lines, whole(*lines), Limits(weight_g=1, volume_mm3=1_000))
    assert [parcel.volume_mm3 for parcel in parcels] == [800, 800, 400]


def test_a_unit_beyond_the_limit_travels_alone() -> None:
    lines = line(1, 2, weight_g=1_500), line(2, 3, weight_g=0)
    assert contents(split(lines, whole(*lines), Limits(weight_g=1_000, volume_mm3=1))) == [[(1, 1)], [(1, 1)], [(2, 3)]]


def test_light_units_fill_the_room_that_heavy_ones_leave() -> None:
    lines = line(1, 2, weight_g=300), line(2, 2, weight_g=700)
    parcels = split(lines, whole(*lines), Limits(weight_g=1_000, volume_mm3=1))
    assert contents(parcels) == [[(1, 1), (2, 1)], [(1, 1), (2, 1)]]


def test_a_parcel_carries_what_was_paid_for_its_units_and_their_delivery() -> None:
    lines = [line(1, 3, payable=1_000, shipping=101, weight_g=600)]
    parcels = split(lines, whole(*lines), Limits(weight_g=1_200, volume_mm3=1))
    assert [parcel.lines for parcel in parcels] == [
        (ParcelLine(1, "SKU-1", 2, 333 + 333, 34 + 34, (1, 2)),),
        (ParcelLine(1, "SKU-1", 1, 334, 33, (3,)),),
    ]


def test_an_order_without_units_has_no_parcels() -> None:
    assert split([], [], ROOMY) == ()
