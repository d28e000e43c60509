"""What of the stock may be promised: safety stock, buffers, what is kept for pickup, and what is switched off, by rule."""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import fields
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.network.columns import frozen, index_of
from engine.network.policies import Period, moment_minute
from engine.network.records import AvailabilityRule, Item, Location, SafetyStock

PPM = 1_000_000
KEPT_MAX = 2**31 - 1
"""Units kept back at a position at the most: no more can be there."""

RULES_MAX = BUFFERED_MAX = 1024
"""Answers kept, and floors that follow what is on hand."""

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


class ItemRules(NamedTuple):
    """What holds for one item at every location [L], for a channel, a scenario and a moment; arrays are read-only."""

    floor: Ints
    """Units on hand of the common pool that are left: safety stock and buffer."""
    ship_floor: Ints
    """The same for what is shipped, which leaves what is kept for pickup too; the same array where nothing is."""
    buffer_ppm: Ints | None
    """Share of what is on hand that is left besides; None: nothing."""
    available: Bools | None
    """Where anything may be promised; None: everywhere."""
    inbound: Bools | None
    """Where receipts count that have not come in yet; None: everywhere."""


class AvailabilityRules:
    """The rows of `availability_rules` and of `safety_stock`, found by item.

    Of each thing that rows decide, the most specific one that decides it counts: a row of the scenario that is asked for
    before the rest; then one that names the item before one that names its class; then one that names the location before
    one of its group, before one of its country; then one that names the channel; then one with dates; then a rule before a
    row of `safety_stock`. Between rows equal in all this the one counts that leaves less to promise.
    """

    def __init__(
        self, rules: Sequence[AvailabilityRule], safety_stock: Sequence[SafetyStock], items: Sequence[Item],
        locations: Sequence[Location], zone: str,
    ) -> None:  # fmt: skip
        """`zone`: of the network, whose dates `from` and `until` are."""
        self._items, self._location_count = items, len(locations)
        self._by_item: dict[str, list[_Row]] = defaultdict(list)
        self._by_class: dict[str, list[_Row]] = defaultdict(list)
        self._of_all: list[_Row] = []
        stated = [_as_rule(row) for row in safety_stock]
        rows = [_Row(row, period_of_rule(row, zone), n >= len(stated)) for n, row in enumerate((*stated, *rules))]
        for row in rows:
            if row.rule.item_id is not None:
                self._by_item[row.rule.item_id].append(row)
            elif row.rule.item_class is not None:
                self._by_class[row.rule.item_class].append(row)
            else:
                self._of_all.append(row)
        self.scenario_ids = tuple(sorted({row.scenario_id for row in rules if row.scenario_id is not None}))
        self._bounds = sorted({minute for row in rows for minute in row.bounds if minute is not None})
        self._channels = {row.rule.channel for row in rows}
        self._index = index_of(location.location_id for location in locations)
        self._countries = np.array([location.country_code for location in locations], np.str_)
        self._groups: dict[str, list[int]] = defaultdict(list)
        for place, location in enumerate(locations):
            for group in location.groups:
                self._groups[group].append(place)
        self._found = lru_cache(maxsize=RULES_MAX)(self._build)
        self._buffered: dict[tuple[int, int, bool], tuple[ItemRules, Ints]] = {}

    def of(self, item: int, channel: str, scenario_id: str, minute: int) -> ItemRules:
        """What holds for an item, by index, at a UTC minute. `scenario_id` "": none."""
        item_id, item_class = self._items[item].item_id, self._items[item].item_class
        # Items and channels without rows of their own share one answer, and so do minutes between the same dates.
        return self._found(
            item_id if item_id in self._by_item else None, item_class if item_class in self._by_class else None,
            channel if channel in self._channels else None, scenario_id, bisect_right(self._bounds, minute),
        )  # fmt: skip

    def floor(self, rules: ItemRules, item: int, on_hand: Callable[[], Ints], is_collected: bool) -> Ints:
        """int64[L]: units of an item left at each location; `on_hand` [L] is asked for where a share of it is."""
        floor = rules.floor if is_collected else rules.ship_floor
        if rules.buffer_ppm is None:
            return floor
        kept: Ints = np.minimum(floor - (-np.maximum(on_hand(), 0) * rules.buffer_ppm // PPM), KEPT_MAX)
        key = id(rules), item, is_collected
        before = self._buffered.get(key)
        if before is not None and before[0] is rules and np.array_equal(before[1], kept):
            # Who looks at many floors knows them by their arrays, and what is on hand changes more seldom than it is sold.
            return before[1]
        if len(self._buffered) >= BUFFERED_MAX:
            self._buffered.clear()
        self._buffered[key] = rules, frozen(kept)
        return kept

    def _build(
        self, item_id: str | None, item_class: str | None, channel: str | None, scenario_id: str, period: int
    ) -> ItemRules:
        rows = list(self._of_all)
        if item_class is not None:
            rows += self._by_class[item_class]
        if item_id is not None:
            rows += self._by_item[item_id]
        # Between the same dates any minute will do: the first one.
        minute = self._bounds[period - 1] if period else None
        rows = [row for row in rows if row.holds(channel, scenario_id, minute)]

        def decided(name: str, otherwise: int) -> Ints:
            """[L]: what the rows say of one thing, the one that counts last."""
            values = np.full(self._location_count, otherwise, np.int64)
            for row in sorted((row for row in rows if getattr(row.rule, name) is not None), key=lambda row: row.rank(name)):
                values[self._places(row.rule)] = getattr(row.rule, name)
            return values

        floor = frozen(np.minimum(decided("safety_stock", 0) + decided("buffer_quantity", 0), KEPT_MAX))
        reserve, ppm = decided("pickup_reserve", 0), decided("buffer_ppm", 0)
        available, inbound = decided("available", 1).astype(np.bool_), decided("inbound", 1).astype(np.bool_)
        return ItemRules(
            floor, frozen(np.minimum(floor + reserve, KEPT_MAX)) if reserve.any() else floor,
            frozen(ppm) if ppm.any() else None, None if available.all() else frozen(available),
            None if inbound.all() else frozen(inbound),
        )  # fmt: skip

    def _places(self, row: AvailabilityRule) -> list[int] | slice | Bools:
        if row.location_id is not None:
            return [self._index[row.location_id]]
        if row.country_code is None:
            return slice(None) if row.location_group is None else self._groups.get(row.location_group, [])
        there: Bools = self._countries == row.country_code
        if row.location_group is not None:
            there &= np.isin(np.arange(self._location_count), self._groups.get(row.location_group, []))
        return there


def period_of_rule(row: AvailabilityRule, zone: str) -> Period:
    """When a rule is in force."""
    first, last = row.from_moment, row.until_moment
    return Period(
        None if first is None else moment_minute(first, zone, 0), None if last is None else moment_minute(last, zone, 1)
    )


class _Row(NamedTuple):
    """A rule, when it is in force, and whether it is one: not a row of `safety_stock`."""

    rule: AvailabilityRule
    when: Period
    is_rule: bool

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """The first minute, and the one after the last."""
        return self.when.first, self.when.end

    def holds(self, channel: str | None, scenario_id: str, minute: int | None) -> bool:
        """Whether it is in force for a channel and a scenario; `minute` None: before all dates."""
        if self.rule.channel not in (None, channel) or self.rule.scenario_id not in (None, scenario_id):
            return False
        first, end = self.bounds
        if minute is None:
            return first is None
        return (first is None or minute >= first) and (end is None or minute < end)

    def rank(self, name: str) -> tuple[int, ...]:
        """How specific it is, then how little it leaves: what counts ranks last."""
        rule = self.rule
        value = getattr(rule, name)
        where = (rule.item_id, rule.item_class, rule.location_id, rule.location_group, rule.country_code, rule.channel)
        is_dated = rule.from_moment is not None or rule.until_moment is not None
        caution = 1 - value if isinstance(value, bool) else value
        return (rule.scenario_id is not None, *(each is not None for each in where), is_dated, self.is_rule, caution)


def _as_rule(row: SafetyStock) -> AvailabilityRule:
    named = {each.name: getattr(row, each.name) for each in fields(row) if each.name != "quantity"}
    return AvailabilityRule(safety_stock=row.quantity, **named)
