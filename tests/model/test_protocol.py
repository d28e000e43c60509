"""The protocol holds in every schedule that is tried, and each of its rules is needed: left out, something breaks.

A violation is printed with its seed and its last steps; `tests.model.schedule.trace(seed)` gives them again. Seeds are tried
from 0 until one breaks, so that no list of them must be kept when the model changes.
"""

from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import pytest

from tests.model.rules import ALL, Rules
from tests.model.schedule import Found, run, trace

SEEDS = 2_000
SEEDS_LONG = 300_000
PARTS_LONG = 10
SEEDS_TO_BREAK_MAX = 6_000

LEFT_OUT: dict[str, tuple[set[str], str, tuple[str, ...]]] = {
    "r1_release_by_request_id": ({"r1_release_by_request_id"}, "2", ()),
    "r2_duplicate_waits": ({"r2_duplicate_waits"}, "2", ()),
    "r2_answer_of_the_record": ({"r2_answer_of_the_record"}, "2", ()),
    "r2_existing_order_is_recorded": ({"r2_existing_order_is_recorded"}, "2", ()),
    "r3_new_epoch": ({"r3_new_epoch"}, "27", ()),
    "r3_opening_is_recorded": ({"r3_opening_is_recorded"}, "7", ()),
    "r3_old_tokens_are_looked_up": ({"r3_old_tokens_are_looked_up"}, "7", ()),
    "r3_lost_is_looked_up": ({"r3_lost_is_looked_up"}, "7", ()),
    "r4_fence": ({"r4_fence"}, "1357", ()),
    "r5_reconcile": ({"r5_reconcile", "r5_opened_at_the_last_entry", "r3_opening_is_recorded"}, "13", ()),
    "r5_stamp_of_this_server": ({"r5_stamp_of_this_server"}, "3", ()),
    "r5_opened_at_the_last_entry": ({"r5_opened_at_the_last_entry"}, "3", ("route",)),
    "r6_script_vets_server": ({"r6_script_vets_server"}, "1237", ()),
    "r7_requests_are_remembered": ({"r7_requests_are_remembered"}, "6", ()),
    "r7_old_ids_are_looked_up": ({"r7_old_ids_are_looked_up"}, "6", ()),
    "r7_refused_ids_are_looked_up": ({"r7_refused_ids_are_looked_up"}, "2", ()),
    "r8_tombstone": ({"r8_tombstone"}, "8", ()),
    "r9_lag_is_bounded": ({"r9_lag_is_bounded"}, "9", ()),
}
"""Rule → the switches that are turned off, the invariants that break, and the faults that it is about, where these are few."""


class Broken(NamedTuple):
    """A schedule that ended in a violation."""

    seed: int
    found: Found


def first_broken(seeds: range, rules: Rules = ALL, only: tuple[str, ...] = ()) -> Broken | None:
    for seed in seeds:
        found = run(seed, rules, only=only)
        if found.broken:
            return Broken(seed, found)
    return None


def check_holds(seeds: range) -> None:
    broken = first_broken(seeds)
    assert broken is None, trace(broken.seed)


def test_every_rule_is_left_out_once() -> None:
    assert set(LEFT_OUT) == set(Rules.__dataclass_fields__)


def test_with_all_rules_nothing_breaks() -> None:
    check_holds(range(SEEDS))


@pytest.mark.long
@pytest.mark.parametrize("part", range(PARTS_LONG))
def test_with_all_rules_nothing_breaks_in_many_schedules(part: int) -> None:
    each = SEEDS_LONG // PARTS_LONG
    check_holds(range(1_000_000 + part * each, 1_000_000 + (part + 1) * each))


def check_breaks(rule: str, seeds: range) -> None:
    switches, invariants, only = LEFT_OUT[rule]
    rules = replace(ALL, **dict.fromkeys(switches, False))
    broken = first_broken(seeds, rules, only)
    assert broken is not None, f"nothing broke without {rule}"
    assert broken.found.broken[0] in invariants, trace(broken.seed, rules, only=only)


@pytest.mark.parametrize("rule", LEFT_OUT)
def test_without_a_rule_something_breaks(rule: str) -> None:
    check_breaks(rule, range(SEEDS_TO_BREAK_MAX))


@pytest.mark.long
@pytest.mark.parametrize("rule", LEFT_OUT)
def test_without_a_rule_something_breaks_elsewhere_too(rule: str) -> None:
    check_breaks(rule, range(2_000_000, 2_000_000 + SEEDS_TO_BREAK_MAX))


def test_a_seed_repeats_its_schedule() -> None:
    assert trace(7) == trace(7)
    assert trace(7) != trace(8)


def test_schedules_are_about_something() -> None:
    """Every kind of entry is recorded, stores are drained and rebuilt, callers are told of everything that there is to tell."""
    counts: Counter[str] = Counter()
    for seed in range(200):
        counts += run(seed).counts
    often = {"put", "order", "hold", "expire", "cancel", "release", "confirm", "extend", "rebuilt", "drained", "acknowledged"}
    told = {"lost", "refused: floor", "refused: exists", "refused: ended", "refused: supply", "refused: cancelled"}
    assert {each for each in often if counts[each] < 20} == set()
    assert {each for each in told if not counts[each]} == set()
