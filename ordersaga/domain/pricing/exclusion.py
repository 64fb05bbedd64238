"""Who may share a line with whom (R-PRC-2)."""

from collections.abc import Sequence
from functools import lru_cache

from ordersaga.domain.pricing.basket import Basket
from ordersaga.domain.pricing.candidates import Candidate


def exclude_each_other(one: Candidate, other: Candidate) -> bool:
    """Whether two offers do not both apply to a line that they share."""
    if one is other or not one.mask & other.mask:
        return False
    return not (one.offer.permits(other.offer) and other.offer.permits(one.offer))


class ByLine:
    """The offers that go line by line: on each line those that take most there, of those that nothing displaces."""

    def __init__(self, candidates: Sequence[Candidate], basket: Basket) -> None:
        self._candidates = sorted(candidates, key=lambda item: item.order)
        self._weights = [self._weights_on_list(item, basket) for item in self._candidates]
        self._lines = range(len(basket.skus))
        self._rivals = {
            (one, other)
            for one, mine in enumerate(self._candidates)
            for other, theirs in enumerate(self._candidates)
            if exclude_each_other(mine, theirs)
        }
        self._best = lru_cache(maxsize=None)(self._best_of)

    def beside(self, whole: Sequence[Candidate]) -> list[tuple[Candidate, list[int]]]:
        """Each offer with the lines on which it applies beside the `whole` ones, in the order of their turns."""
        free: list[list[int]] = [[] for _ in self._lines]
        for number, item in enumerate(self._candidates):
            displaced = 0
            for other in whole:
                if exclude_each_other(item, other):
                    displaced |= other.mask
            for place in item.lines:
                if not displaced >> place & 1 and place in self._weights[number]:
                    free[place].append(number)
        on_lines: list[list[int]] = [[] for _ in self._candidates]
        for place in self._lines:
            for number in self._best(place, tuple(free[place])):
                on_lines[number].append(place)
        return [(item, places) for item, places in zip(self._candidates, on_lines, strict=True) if places]

    @property
    def most(self) -> tuple[int, int]:
        """The buyer's preferences and the amount that no choice of what displaces these can exceed."""
        amount = 0
        for place in self._lines:
            on_line = tuple(number for number, weights in enumerate(self._weights) if place in weights)
            amount += sum(self._weights[number][place] for number in self._best_of(place, on_line, prefer_chosen=False))
        return sum(item.chosen for item in self._candidates), amount

    def displaced_by(self, other: Candidate) -> bool:
        """Whether a whole offer displaces any of these."""
        return any(exclude_each_other(item, other) for item in self._candidates)

    @staticmethod
    def _weights_on_list(item: Candidate, basket: Basket) -> dict[int, int]:
        """Line → what the offer takes of its list amount, where that is something."""
        _, parts = item.take(basket.amounts)
        rooms = [basket.amounts[place] - basket.floors[place] for place in item.lines]
        taken = [min(part, room) for part, room in zip(parts, rooms, strict=True)]
        return {place: weight for place, weight in zip(item.lines, taken, strict=True) if weight}

    def _best_of(self, place: int, free: tuple[int, ...], *, prefer_chosen: bool = True) -> tuple[int, ...]:
        """Of the offers on one line the set that the buyer chose, then that takes most, then that comes first."""
        contested = [one for one in free if any((one, other) in self._rivals for other in free)]
        if not contested:
            return free
        best: tuple[int, int, tuple[int, ...]] = (0, 0, ())

        def extend(start: int, taken: tuple[int, ...], chosen: int, weight: int) -> None:
            nonlocal best
            if (-chosen, -weight, taken) < (-best[0], -best[1], best[2]):
                best = (chosen, weight, taken)
            for index in range(start, len(contested)):
                number = contested[index]
                if not any((number, other) in self._rivals for other in taken):
                    more = self._weights[number][place]
                    preferred = chosen + self._candidates[number].chosen if prefer_chosen else 0
                    extend(index + 1, (*taken, number), preferred, weight + more)

        extend(0, (), 0, 0)
        return tuple(one for one in free if one not in contested or one in best[2])
