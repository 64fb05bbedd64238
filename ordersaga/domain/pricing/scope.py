"""Which goods a rule is about."""

from collections.abc import Iterator
from dataclasses import dataclass

from ordersaga.domain.catalogue import Sku
from ordersaga.domain.errors import RuleInvalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Goods by SKU, category, merchant or order type; what is named in several ways has to fit all of them.

    A category covers those below it: `tea` covers `tea/oolong`. `everything` stands for a scope without a name in it,
    so that forgetting one does not discount the whole shop.
    """

    everything: bool = False
    skus: frozenset[str] = frozenset()
    categories: frozenset[str] = frozenset()
    merchants: frozenset[str] = frozenset()
    order_types: frozenset[str] = frozenset()
    excluded_skus: frozenset[str] = frozenset()
    excluded_categories: frozenset[str] = frozenset()
    excluded_merchants: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        named = self.skus or self.categories or self.merchants or self.order_types
        if not named and not self.everything:
            raise RuleInvalid("scope", "names no goods; say everything: true if all are meant")
        if self.everything and named:
            raise RuleInvalid("scope.everything", "cannot be true while the scope names goods")
        for name in ("skus", "categories", "merchants"):
            both = getattr(self, name) & getattr(self, f"excluded_{name}")
            if both:
                raise RuleInvalid(f"scope.excluded_{name}", f"excludes what the scope names: {', '.join(sorted(both))}")

    def covers(self, sku: Sku) -> bool:
        return (
            (not self.skus or sku.sku in self.skus)
            and (not self.merchants or sku.merchant_id in self.merchants)
            and (not self.order_types or sku.order_type in self.order_types)
            and (not self.categories or lies_within(sku.category, self.categories))
            and sku.sku not in self.excluded_skus
            and sku.merchant_id not in self.excluded_merchants
            and not (self.excluded_categories and lies_within(sku.category, self.excluded_categories))
        )


EVERYTHING = Scope(everything=True)


def lies_within(category: str, wanted: frozenset[str]) -> bool:
    """Whether a category, or one above it, is wanted."""
    return any(path in wanted for path in paths_of(category))


def paths_of(category: str) -> Iterator[str]:
    """A category and those above it: `tea/oolong`, then `tea`."""
    while category:
        yield category
        category = category.rpartition("/")[0]
