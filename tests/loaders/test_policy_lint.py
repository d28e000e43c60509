"""Policies that load and still cannot mean what they say are named, with the key and the reason."""

from dataclasses import replace

import pytest

from engine.domain.enums import LocationKind, OrderBy, Term
from engine.network.records import Item, Location, Policy
from loaders.policy_lint import lint_policies
from tests.network.small_network import prices


def found(*policies: Policy) -> list[tuple[str, str]]:
    return [(warning.column, warning.message) for warning in lint_policies(policies)]


def test_sound_policies_give_no_warning() -> None:
    """The web's own rule, a stricter one before it, and the rest."""
    web_vip = Policy("web-vip", when=(("channel", "web"), ("customer_class", "vip")))
    web = Policy("web", when=(("channel", "web"),))
    assert found(web_vip, web, Policy("rest", split_micros=1)) == []


@pytest.mark.parametrize(
    ("wide", "narrow", "never"),
    [
        ({"channel": "web"}, {"channel": "web", "segment": "b2b"}, True),
        ({"channel": "web"}, {"segment": "b2b"}, False),
        ({"channel": "web"}, {"channel": "app"}, False),
        ({"min_value_micros": "50"}, {"min_value_micros": "50"}, True),
        ({"min_value_micros": "50"}, {"min_value_micros": "49"}, False),
        ({"min_value_micros": "50"}, {"channel": "web"}, False),
        ({"from": "2026-11-01", "until": "2026-12-31"}, {"from": "2026-11-20", "until": "2026-12-26"}, True),
        ({"from": "2026-11-21"}, {"from": "2026-11-20"}, False),
        ({"until": "2026-12-25"}, {"until": "2026-12-26"}, False),
        ({"until": "2026-12-25"}, {"channel": "web"}, False),
    ],
)
def test_a_rule_behind_a_wider_one_never_counts(wide: dict[str, str], narrow: dict[str, str], never: bool) -> None:
    policies = Policy("wide", when=tuple(wide.items())), Policy("narrow", when=tuple(narrow.items()))
    message = "never counts: whenever it holds, so does that of wide, which stands before it"
    assert found(*policies) == ([("policy.narrow.when", message)] if never else [])


@pytest.mark.parametrize(
    ("second", "period", "never"),
    [
        ({"from": "2026-07-01"}, {}, True),
        ({"from": "2026-07-02"}, {}, False),
        ({"from": "2026-07-02"}, {"from": "2026-07-02"}, True),
        ({"from": "2026-07-01", "until": "2026-07-31"}, {"until": "2026-07-31"}, True),
        ({"from": "2026-07-01", "until": "2026-07-31"}, {"until": "2026-08-01"}, False),
        ({"from": "2026-07-01", "channel": "app"}, {}, False),
    ],
)
def test_a_rule_behind_several_that_hold_in_turn_never_counts(
    second: dict[str, str], period: dict[str, str], never: bool
) -> None:  # fmt: skip
    """The first half of the year, then the rest of it: what stands behind both is never asked."""
    first = Policy("first", when=(("until", "2026-06-30"),))
    later = Policy("later", when=(("segment", "b2b"), *period.items()))
    told = [column for column, message in found(first, Policy("second", when=tuple(second.items())), later)]
    assert told == (["policy.later.when"] if never else [])


def test_settings_that_a_condition_or_a_weight_undoes() -> None:
    policy = Policy(
        "big", when=(("min_value_micros", "100"),), no_split_below_micros=50, short_micros=9, weights=(("short", 0),),
        max_distance_meters=0,
    )  # fmt: skip
    assert [column for column, _ in found(policy)] == [
        "policy.big.no_split_below_micros", "policy.big.max_distance_meters", "policy.big.weights.short",
    ]  # fmt: skip
    assert found(replace(policy, no_split_below_micros=101, max_distance_meters=1, weights=())) == []


def test_periods_compare_in_the_networks_time() -> None:
    """A day of New York begins at 05:00 UTC: an instant of 03:00 UTC lies before it, though its text comes after."""
    wide = Policy("wide", when=(("from", "2026-11-27"),))
    narrow = Policy("narrow", when=(("from", "2026-11-27T03:00:00Z"),))
    assert found(wide, narrow) != []
    assert lint_policies((wide, narrow), "America/New_York") == ()


def test_a_period_that_ends_before_it_begins() -> None:
    """24 December ends at midnight; a single day, first and last, is none such."""
    never = Policy("never", when=(("from", "2026-12-25T09:00:00Z"), ("until", "2026-12-24")))
    assert found(never) == [("policy.never.when", "never counts: until ends before from begins")]
    assert found(Policy("day", when=(("from", "2026-12-24"), ("until", "2026-12-24")))) == []


def test_weights_of_terms_that_every_plan_is_charged_for() -> None:
    """What a transfer costs is among them."""
    assert found(Policy("a", weights=((Term.TRANSFER, 2), (Term.MARKDOWN, 0), (Term.PICK, 2)))) == []


def test_a_price_of_nothing_for_units_short() -> None:
    """A weight of zero comes to the same; locations that are ranked are not chosen by cost."""
    message = "0 makes units short cost nothing, so that no plan ships any that costs something to ship"
    assert found(Policy("a", short_micros=0)) == [("policy.a.short_micros", message)]
    assert found(Policy("a", short_micros=9, weights=((Term.SHORT, 0),))) == [("policy.a.weights.short", message)]
    assert found(Policy("a", short_micros=0, order_by=OrderBy.PRIORITY)) == []
    assert found(Policy("a")) == []


def test_a_second_default_counts_only_by_name() -> None:
    message = "one takes every order that no condition holds for: this counts only where it is named"
    assert found(Policy("one"), Policy("two")) == [("policy.two", message)]


def test_settings_that_undo_each_other() -> None:
    one = Policy("a", max_locations_per_order=1, max_locations_per_line=2, split_micros=5, allow_split_lines=False)
    assert [column for column, _ in found(one)] == [
        "policy.a.max_locations_per_line", "policy.a.max_locations_per_line", "policy.a.split_micros",
    ]  # fmt: skip


def test_a_weight_without_a_rate_does_nothing() -> None:
    weighted = Policy("a", weights=((Term.CARBON, 2_000_000), (Term.CAPACITY, 1), (Term.CARRIER, 1)), carbon_micros_per_kg=1)
    assert found(weighted) == [("policy.a.weights.capacity", "has no effect: capacity_price is not set")]


def test_a_weight_of_what_no_location_costs_does_nothing() -> None:
    weighted = Policy("a", weights=((Term.PERFORMANCE, 2_000_000),))
    place = Location("ams", LocationKind.DC, "1012", "NL", 52.37, 4.89, "Europe/Amsterdam")
    (warning,) = lint_policies((weighted,), "UTC", (place,))
    assert (warning.column, warning.message) == (
        "policy.a.weights.performance", "has no effect: no location has performance_micros"
    )  # fmt: skip
    assert lint_policies((weighted,), "UTC", (place, replace(place, performance_micros=1))) == ()
    assert lint_policies((replace(weighted, weights=((Term.PERFORMANCE, 0),)),), "UTC", (place,)) == ()


def test_a_weight_of_duty_where_no_item_is_dutiable_does_nothing() -> None:
    weighted = Policy("a", weights=((Term.DUTY, 2_000_000),))
    (warning,) = lint_policies((weighted,), "UTC", (), (Item("bolt", value_micros=9),))
    assert (warning.column, warning.message) == ("policy.a.weights.duty", "has no effect: no item has duty_ppm")
    assert lint_policies((weighted,), "UTC", (), (Item("bolt"), Item("lamp", duty_ppm=1))) == ()


@pytest.mark.parametrize(("term", "other"), [(Term.STOCK_OUT, (0, 0, 0, 5)), (Term.MARKDOWN, (0, 0, 5, 0))])
def test_a_weight_of_a_price_that_inventory_does_not_have_does_nothing(term: Term, other: tuple[int, int, int, int]) -> None:
    weighted = Policy("a", weights=((term, 2_000_000),))
    message = f"has no effect: no row of inventory_prices has {term}_micros"
    for none in (None, prices([]), prices([other])):
        (warning,) = lint_policies((weighted,), prices=none)
        assert (warning.column, warning.message) == (f"policy.a.weights.{term}", message)
    assert lint_policies((weighted,), prices=prices([(0, 0, 5, 5)])) == ()


def test_the_risk_of_declines_has_a_price_and_a_share() -> None:
    """A weight without a price, a price without a share, and a sound policy."""
    weighted = Policy("a", weights=((Term.DECLINE, 2_000_000),))
    priced = replace(weighted, decline_micros=1)
    place = Location("ams", LocationKind.DC, "1012", "NL", 52.37, 4.89, "Europe/Amsterdam")
    declining = replace(place, decline_ppm=1)
    (warning,) = lint_policies((weighted,), "UTC", (declining,))
    assert (warning.column, warning.message) == ("policy.a.weights.decline", "has no effect: decline_micros is not set")
    message = "has no effect: no location has decline_ppm"
    found_there = [(each.column, each.message) for each in lint_policies((priced,), "UTC", (place,))]
    assert found_there == [("policy.a.decline_micros", message), ("policy.a.weights.decline", message)]
    assert lint_policies((priced,), "UTC", (place, declining)) == ()


def test_weights_do_nothing_where_locations_are_ranked() -> None:
    ranked = Policy("a", weights=((Term.CARRIER, 1),), order_by=OrderBy.DISTANCE)
    assert found(ranked) == [
        ("policy.a.weights.carrier", "has no effect: locations are ranked by DISTANCE, not by cost")
    ]  # fmt: skip
    ranked = Policy(
        "a", order_by=OrderBy.PRIORITY, split_micros=1, capacity_price_micros=1, late_micros_per_day=1, short_micros=1
    )
    assert [column for column, _ in found(ranked)] == [
        "policy.a.split_micros", "policy.a.late_micros_per_day", "policy.a.capacity_price",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("conditions", "names"),
    [
        ([{"min_value_micros": "0"}], "c0"),
        ([{"from": "2026-01-01"}, {"until": "2025-12-31"}], "c0 or c1"),
        ([{"from": "2026-01-02"}, {"until": "2025-12-31"}], ""),
        ([{"from": "2026-01-01", "channel": "web"}, {"until": "2025-12-31"}], ""),
        ([{"min_value_micros": "1"}], ""),
    ],
)
@pytest.mark.parametrize("is_first", [False, True])
def test_a_default_that_no_order_is_left_for_counts_only_by_name(
    conditions: list[dict[str, str]], names: str, is_first: bool
) -> None:
    """Conditions are asked before it, whether it stands before them or behind."""
    policies = [Policy(f"c{n}", when=tuple(when.items())) for n, when in enumerate(conditions)]
    default = Policy("rest")
    message = f"counts only where it is named: the condition of {names} always holds"
    assert found(*([default, *policies] if is_first else [*policies, default])) == ([("policy.rest", message)] if names else [])


def test_a_value_below_which_orders_are_not_split_says_nothing_where_none_is() -> None:
    message = "has no effect: an order may come from one location only"
    policy = Policy("one", max_locations_per_order=1, no_split_below_micros=100)
    assert found(policy) == [("policy.one.no_split_below_micros", message)]
