"""What one decision is made on: the network, the stock of this moment, the policy, and who asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST, Basket, DestinationKey
from engine.domain.clock import Clock
from engine.domain.enums import Term
from engine.domain.reasons import FieldViolation, Reason, Refusal
from engine.inventory.live import LiveStock
from engine.kernels.stock import gather_available
from engine.kernels.tariffs import PPM, weigh
from engine.network.availability import ItemRules
from engine.network.horizon import Horizon
from engine.network.image import Destination, Lanes, NetworkImage
from engine.network.opportunity import OpportunityPrices
from engine.network.records import Policy
from engine.network.segments import CommonBar
from engine.optimizer.cut import IsCut, never_cut
from engine.optimizer.forked import on_own_stock
from engine.optimizer.kept import Asker, floor_for, rules_for
from engine.optimizer.problem import NO_LIMIT, SHORT_ALL_MICROS_MAX

Ints = NDArray[np.int64]

NO_COUNTRY = 2**31 - 1

DECIDE_MS_MAX = 200
"""After that a decision tries nothing more: others wait for the same thread. Tables that are kept are not counted in it."""


@dataclass(frozen=True, slots=True)
class ItemStock:
    """One item at every location [L]: units by now, and by the last receipt; its run of positions in the arena."""

    by_now: Ints
    by_latest: Ints
    first: Ints
    last: Ints
    floor: Ints


def cut_after(clock: Clock, milliseconds: int) -> IsCut:
    """Whether so much time has passed since now."""
    until = clock.monotonic_ns() + milliseconds * 1_000_000
    return lambda: clock.monotonic_ns() > until


def cut_for(clock: Clock, deadline_unix_ms: int) -> IsCut:
    """Whether the time is up for one who waits until a deadline; DECIDE_MS_MAX from now at the latest."""
    return cut_after(clock, max(0, min(DECIDE_MS_MAX, deadline_unix_ms - clock.unix_ms())))


class LocationLimit(NamedTuple):
    """So many locations at the most, by a field of request or policy; beyond them each has a price, None: there are none."""

    field: str
    most: int
    micros: int | None


@dataclass(frozen=True)
class Scene:
    """Everything a plan depends on besides the lines. `start_minute` is the UTC minute the order may start."""

    image: NetworkImage
    stock: LiveStock
    policy: Policy
    basket: Basket
    lanes: Lanes | None
    start_minute: int
    is_cut: IsCut = never_cut
    """Whether the time for this decision is up: nothing more is tried then, and a search that has begun ends with its best."""
    deliver_by: int = NO_LATEST
    """The last minute of delivery of what is shipped, also where lateness has a price."""
    nearest_postal_code: str = ""
    """Of the area that the destination counts as lying in, since its own postal code is not known; empty: it is known."""
    left_out: frozenset[int] = frozenset()
    """Lines of the basket that no plan holds: they were killed, so that the rest can go on."""

    @cached_property
    def horizon(self) -> Horizon:
        """Day tables that hold the start."""
        return self.image.horizon(self.start_minute)

    @property
    def services(self) -> tuple[int, ...]:
        """Every carrier service of the network, by index."""
        return tuple(range(len(self.image.service_ids)))

    @cached_property
    def active(self) -> NDArray[np.bool_]:
        """[L]: locations that take part, by the network and by what operations have said since."""
        return self.stock.open_of(self.image.active)

    @cached_property
    def locations_max(self) -> int:
        """Locations that what is shipped may come from; of baskets that are collected in part see `location_limit`."""
        taken = self.basket.constraints.locations_taken
        return min((limit.most for limit in self.location_limits), default=NO_LIMIT - taken)

    @cached_property
    def location_limits(self) -> tuple["LocationLimit", ...]:
        """What basket and policy say of the number of locations, less those that count already."""
        limits, policy, value = self.basket.constraints, self.policy, self.basket.value_micros
        is_small = value < (limits.no_split_below_micros or 0)
        asked = (
            ("constraints.max_locations", "max_locations", limits.max_locations),
            ("constraints.no_split_below_micros", "no_split_locations", limits.no_split_locations if is_small else None),
            ("policy.max_locations_per_order", "", policy.max_locations_per_order),
            ("policy.no_split_below_micros", "", 1 if value < policy.no_split_below_micros else None),
        )
        prices = dict(limits.penalties)
        return tuple(
            LocationLimit(field, most - limits.locations_taken, prices.get(name))
            for field, name, most in asked if most is not None
        )  # fmt: skip

    @cached_property
    def weights_ppm(self) -> dict[Term, int]:
        """Weight of every term, in parts per million."""
        return _weights(self.policy.weights)

    @cached_property
    def split_micros(self) -> int:
        """Weighted price of one shipment more."""
        return int(weigh(self.policy.split_micros, self.weights_ppm[Term.SPLIT]))

    @cached_property
    def short_micros(self) -> int | None:
        """Weighted price of a unit short; None where the policy names none."""
        raw = self.policy.short_micros
        return None if raw is None else int(weigh(raw, self.weights_ppm[Term.SHORT]))

    @cached_property
    def farthest_meters(self) -> int | None:
        """How far from the destination a location may be; None where there is no hard limit."""
        limits = self.basket.constraints
        asked = None if limits.is_soft("max_distance_meters") else limits.max_distance_meters
        return min((d for d in (asked, self.policy.max_distance_meters) if d is not None), default=None)

    @property
    def handling_weights(self) -> tuple[int, ...]:
        """What of the policy decides the cost of a shipment without its carrier."""
        weights = self.weights_ppm
        return (
            weights[Term.PICK], weights[Term.UNIT], weights[Term.PACK], weights[Term.PRIORITY], weights[Term.DISTANCE],
            weights[Term.PERFORMANCE], weights[Term.DECLINE], self.policy.decline_micros, self.split_micros,
        )  # fmt: skip

    @cached_property
    def country_wanted(self) -> int:
        """Index of the country that locations must lie in, −1 where any will do, NO_COUNTRY where there is no such one."""
        asked, where = self.basket.constraints.international, self.basket.destination
        if where is None or (self.policy.international if asked is None else asked):
            return -1
        return self._country_of(where)

    @cached_property
    def opportunity(self) -> OpportunityPrices | None:
        """Prices of opportunity that are charged; None: by this policy none are, there are none, or they are too old."""
        prices = self.image.opportunity
        return prices if prices is not None and prices.count_for(self.policy, self.start_minute) else None

    @cached_property
    def is_abroad(self) -> NDArray[np.bool_]:
        """[L]: locations in another country than the destination."""
        where = self.basket.destination
        assert where is not None, "what is collected crosses no border"
        abroad: NDArray[np.bool_] = self.image.country_index != self._country_of(where)
        return abroad

    def _country_of(self, where: DestinationKey) -> int:
        countries = self.image.countries
        return countries.index(where.country_code) if where.country_code in countries else NO_COUNTRY

    @cached_property
    def common_bar(self) -> CommonBar:
        """What the segment may not take from the common pool."""
        return self.image.common_bar(self.basket.segment)

    @cached_property
    def pool_allowed(self) -> NDArray[np.bool_]:
        """[pools]: the common pool, and the segment's own; of items barred one by one `item_pools` tells."""
        return self._pools(not self.common_bar.everything)

    def item_pools(self, item: int) -> NDArray[np.bool_]:
        """[pools]: where units of an item may come from."""
        return self._own_pools if item in self.common_bar.items else self.pool_allowed

    @cached_property
    def _own_pools(self) -> NDArray[np.bool_]:
        return self._pools(common=False)

    def _pools(self, common: bool) -> NDArray[np.bool_]:
        return pools_of(self.stock.matrix.pools, self.basket.segment, common=common)

    @cached_property
    def asker(self) -> Asker:
        """For whom stock is kept back."""
        return Asker(self.basket.channel, self.basket.scenario_id, self.basket.request_minute)

    def item_rules(self, item: int) -> ItemRules | None:
        """What availability rules say of an item; None where the network has none."""
        return rules_for(self.image, item, self.asker) if self.image.availability is not None else None

    def floor(self, item: int, is_collected: bool = False) -> Ints:
        """int64[L]: units on hand of an item that are left at each location, by lines that ship or by those collected."""
        if self.image.availability is None:
            return self.image.safety_stock(item, self.basket.channel)
        return floor_for(self.image, self.stock, item, self.asker, is_collected)

    def sources(self, item: int) -> NDArray[np.bool_] | None:
        """[L]: where rules let an item come from; None: everywhere."""
        rules = self.item_rules(item)
        return None if rules is None else rules.available

    def item_stock(self, item: int, until: int = 2**62, is_collected: bool = False) -> ItemStock:
        """What can be promised of an item, location by location, by receipts up to a minute; one pass over its row."""
        matrix, count = self.stock.matrix, len(self.image.location_ids)
        by_now, by_latest, first, last = np.zeros((4, count), np.int64)
        floor, latest = self.floor(item, is_collected), min(until, self.last_minute)
        gather_available(
            matrix.row_start[item], matrix.row_count[item], self.start_minute, latest, self.item_pools(item), floor,
            matrix.slot_available_at, matrix.slot_pool, matrix.slot_sellable, matrix.location, matrix.slot, matrix.supply,
            matrix.demand, by_now, by_latest, first, last,
        )  # fmt: skip
        return ItemStock(by_now, by_latest, first, last, floor)

    @cached_property
    def last_minute(self) -> int:
        """The last minute of the horizon: receipts after it promise nothing."""
        return self.horizon.last_minute


def pools_of(pools: Sequence[str], segment: str, *, common: bool) -> NDArray[np.bool_]:
    """[pools]: the segment's own, and the common one where it may be taken from."""
    return np.array([pool == segment if pool else common for pool in pools], np.bool_)


@lru_cache(maxsize=256)
def _weights(given: tuple[tuple[str, int], ...]) -> dict[Term, int]:
    """Weight of every term; 1 where the policy names none."""
    named = dict(given)
    return {term: named.get(term.value, PPM) for term in Term}


def set_scene(
    image: NetworkImage, stock: LiveStock, basket: Basket, field: str = "basket", is_cut: IsCut = never_cut
) -> Scene:  # fmt: skip
    """The scene of a basket: its policy chosen, its destination found. Raises `Refusal` where one is unknown.

    `field` is the basket's path in the request, for refusals.
    """
    policy = image.policies.choose(
        policy_id=basket.policy_id, channel=basket.channel, segment=basket.segment, customer_class=basket.customer_class,
        value_micros=basket.value_micros, minute=basket.request_minute,
    )  # fmt: skip
    if policy is None:
        raise _unknown(Reason.UNKNOWN_POLICY, f"{field}.policy_id", f"no policy is named {basket.policy_id!r}")
    check_short_price(policy, basket, f"{field}.lines")
    lanes, nearest = None, ""
    if basket.destination is not None:
        where = basket.destination
        place, nearest = destination_of(image, where, policy.nearest_postal_area)
        if place is None:
            raise _unknown(
                Reason.UNKNOWN_POSTAL_CODE, f"{field}.destination.postal_code",
                f"{where.country_code} {where.postal_code} lies in no postal area of the network",
            )  # fmt: skip
        lanes = image.lanes(place)
    return on_own_stock(Scene(image, stock, policy, basket, lanes, basket.request_minute, is_cut, nearest_postal_code=nearest))


def destination_of(image: NetworkImage, where: DestinationKey, may_be_nearest: bool) -> tuple[Destination | None, str]:
    """Where a destination lies, None: nobody knows, and the postal code of the nearest area where that is it."""
    if where.latitude is not None and where.longitude is not None:
        return image.locate_coordinates(where.country_code, where.latitude, where.longitude, where.postal_code), ""
    found = image.locate(where.country_code, where.postal_code)
    if found is not None or not may_be_nearest:
        return found, ""
    found = image.locate_nearest(where.country_code, where.postal_code)
    return found, found.postal_code if found is not None else ""


def build_tables(image: NetworkImage, minute: int, where: DestinationKey | None) -> None:
    """Have ready what is kept of a month and a destination, before the time of the first decision that needs it begins."""
    image.horizon(minute)
    if image.has_routes:
        image.route_tables(minute)
    if where is not None:
        place, _ = destination_of(image, where, any(policy.nearest_postal_area for policy in image.records.policies))
        if place is not None:
            image.lanes(place)


def check_short_price(policy: Policy, basket: Basket, field: str) -> None:
    """Refuse a basket of so many units that, all short, they would cost more than sums hold."""
    most = short_units_max(policy)
    if sum(line.quantity for line in basket.lines) > most:
        expected = f"at most {most} units were expected, at what policy {policy.policy_id!r} charges for one that is short"
        raise Refusal(Reason.INVALID_FIELD, f"{field}: {expected}", (FieldViolation(field, expected),))


def short_units_max(policy: Policy) -> int:
    """Units of a basket that may all be short by a policy."""
    price = (policy.short_micros or 0) * (_weights(policy.weights)[Term.SHORT] // PPM + 1)
    return SHORT_ALL_MICROS_MAX // price if price else 2**62


def _unknown(reason: Reason, field: str, message: str) -> Refusal:
    return Refusal(reason, f"{field}: {message}", (FieldViolation(field, message),))
