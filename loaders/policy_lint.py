"""What a sound policy file may still get wrong: rules that can never count, settings that undo each other or do nothing."""

from collections.abc import Iterator, Sequence, Set

from engine.domain.enums import OrderBy, Term
from engine.network.policies import Period, period_of
from engine.network.records import InventoryPrices, Item, Location, Policy
from loaders.errors import FolderWarning

_EQUAL = ("channel", "segment", "customer_class")
_RATES = {
    Term.SPLIT: "split_micros",
    Term.LATENESS: "late_micros_per_day",
    Term.CARBON: "carbon_micros_per_kg",
    Term.CAPACITY: "capacity_price_micros",
    Term.SHORT: "short_micros",
    Term.DECLINE: "decline_micros",
    Term.OPPORTUNITY: "opportunity_minutes_max",
}
"""Terms that cost nothing unless the policy gives them a rate, or says how old prices may be."""

_COLUMNS = {
    Term.PERFORMANCE: ("location", "performance_micros"),
    Term.DECLINE: ("location", "decline_ppm"),
    Term.DUTY: ("item", "duty_ppm"),
    Term.STOCK_OUT: ("row of inventory_prices", "stock_out_micros"),
    Term.MARKDOWN: ("row of inventory_prices", "markdown_micros"),
}
"""Terms that cost nothing unless a row of a file has a value of the column."""

_NOTHING_SHIPS = "makes units short cost nothing, so that no plan ships any that costs something to ship"

_ALWAYS = Period(None, None)

_KEYS = {"capacity_price_micros": "capacity_price"}


def lint_policies(
    policies: Sequence[Policy], time_zone: str = "UTC", locations: Sequence[Location] = (), items: Sequence[Item] = (),
    prices: InventoryPrices | None = None,
) -> tuple[FolderWarning, ...]:  # fmt: skip
    """Warnings, policy by policy in the order of the file. `time_zone` is the network's, in which dates begin and end."""
    unset = {column for _, column in _COLUMNS.values() if not _is_set(column, locations, items, prices)}
    return tuple(
        FolderWarning("policy.toml", None, f"policy.{policy.policy_id}{key}", message)
        for place, policy in enumerate(policies)
        for key, message in (*_reach(policy, policies[:place], policies, time_zone), *_effects(policy, unset))
    )


def _is_set(column: str, locations: Sequence[Location], items: Sequence[Item], prices: InventoryPrices | None) -> bool:
    """Whether any row of the file that has the column has a value of it."""
    if column in InventoryPrices.__slots__:
        return prices is not None and bool(getattr(prices, column).any())
    rows: Sequence[Location | Item] = items if column in Item.__slots__ else locations
    return any(getattr(each, column) for each in rows)


def _reach(
    policy: Policy, earlier: Sequence[Policy], policies: Sequence[Policy], time_zone: str
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """A conditional policy is tried in the order of the file; the first without conditions takes what is left."""
    if not policy.when:
        default = next((each for each in earlier if not each.when), None)
        if default is not None:
            yield "", f"{default.policy_id} takes every order that no condition holds for: this counts only where it is named"
            return
        # Conditions are asked first, wherever they stand in the file.
        always = [each for each in policies if each.when and _covers(each, policy, _ALWAYS, _ALWAYS)]
        if _hold_in_turn([period_of(each, time_zone) for each in always], _ALWAYS):
            names = " or ".join(each.policy_id for each in always)
            yield "", f"counts only where it is named: the condition of {names} always holds"
        return
    period = period_of(policy, time_zone)
    if period.is_empty:
        yield ".when", "never counts: until ends before from begins"
        return
    for each in earlier:
        if each.when and _covers(each, policy, period_of(each, time_zone), period):
            yield ".when", f"never counts: whenever it holds, so does that of {each.policy_id}, which stands before it"
            return
    in_turn = [each for each in earlier if each.when and _covers(each, policy, _ALWAYS, period)]
    if _hold_in_turn([period_of(each, time_zone) for each in in_turn], period):
        names = ", ".join(each.policy_id for each in in_turn)
        yield ".when", f"never counts: whenever it holds, so does that of one of {names}, which stand before it"


def _hold_in_turn(periods: Sequence[Period], period: Period) -> bool:
    """Whether every minute of a period lies in one of several."""
    at = period.first
    for each in sorted(periods, key=lambda each: (each.first is not None, each.first or 0)):
        if each.first is not None and (at is None or each.first > at):
            return False
        if each.end is None or (period.end is not None and each.end >= period.end):
            return True
        at = each.end if at is None else max(at, each.end)
    return False


def _covers(earlier: Policy, later: Policy, wide_period: Period, period: Period) -> bool:
    """Whether every order that meets the later policy meets the earlier one."""
    wide, narrow = dict(earlier.when), dict(later.when)
    if any(name in wide and narrow.get(name) != wide[name] for name in _EQUAL):
        return False
    if "min_value_micros" in wide and int(narrow.get("min_value_micros", 0)) < int(wide["min_value_micros"]):
        return False
    return wide_period.holds(period)


def _effects(policy: Policy, unset: Set[str]) -> Iterator[tuple[str, str]]:
    """`unset`: columns that no row of their file has a value of."""
    per_order, per_line = policy.max_locations_per_order, policy.max_locations_per_line
    if not policy.allow_split_lines and per_line is not None and per_line > 1:
        yield ".max_locations_per_line", f"{per_line} has no effect: allow_split_lines is false"
    if per_order is not None and per_line is not None and per_line > per_order:
        yield ".max_locations_per_line", f"{per_line} has no effect: an order may come from {per_order} locations at the most"
    if per_order == 1 and policy.no_split_below_micros:
        yield ".no_split_below_micros", "has no effect: an order may come from one location only"
    if per_order == 1 and policy.split_micros:
        yield ".split_micros", "has no effect: an order may come from one location only"
    if policy.decline_micros and "decline_ppm" in unset:
        yield ".decline_micros", "has no effect: no location has decline_ppm"
    least_value = int(dict(policy.when).get("min_value_micros", 0))
    if 0 < policy.no_split_below_micros <= least_value:
        yield ".no_split_below_micros", f"has no effect: it counts for orders worth {least_value} micros and more only"
    if policy.max_distance_meters == 0:
        yield ".max_distance_meters", "0 leaves only locations at the very place of the destination"
    if policy.short_micros == 0 and policy.order_by is OrderBy.COST:
        yield ".short_micros", f"0 {_NOTHING_SHIPS}"
    if policy.order_by is not OrderBy.COST:
        for rate in _RATES.values():
            if getattr(policy, rate) and rate != "short_micros":
                yield f".{_KEYS.get(rate, rate)}", f"has no effect: locations are ranked by {policy.order_by}, not by cost"
    for term, weight in policy.weights:
        if weight == 0 and term == Term.SHORT and policy.short_micros and policy.order_by is OrderBy.COST:
            yield f".weights.{term}", f"0 {_NOTHING_SHIPS}"
        elif weight == 0 and (rated := _RATES.get(Term(term))) is not None and getattr(policy, rated):
            yield f".weights.{term}", f"0 leaves {_KEYS.get(rated, rated)} without effect"
        rate, (of, column) = _RATES.get(Term(term)), _COLUMNS.get(Term(term), ("", ""))
        if rate is not None and weight and not getattr(policy, rate):
            yield f".weights.{term}", f"has no effect: {_KEYS.get(rate, rate)} is not set"
        elif weight and column in unset:
            yield f".weights.{term}", f"has no effect: no {of} has {column}"
        elif policy.order_by is not OrderBy.COST:
            yield f".weights.{term}", f"has no effect: locations are ranked by {policy.order_by}, not by cost"
