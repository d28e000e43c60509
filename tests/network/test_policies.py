"""Which policy counts."""

from dataclasses import replace
from datetime import UTC, datetime

from engine.domain.enums import OrderBy, Term
from engine.network.policies import DEFAULT_POLICY, Policies, policy_version, weight_ppm
from engine.network.records import Policy

WEB = Policy("web", when=(("channel", "web"),))
GOLD = Policy("gold", when=(("customer_class", "gold"), ("min_value_micros", "50000000")))
BLACK_FRIDAY = Policy("black", when=(("from", "2026-11-27"), ("until", "2026-11-30"), ("segment", "b2c")))
USUAL = Policy("usual", weights=(("carrier", 1_500_000), ("split", 0)))
ALL = Policies((USUAL, GOLD, WEB, BLACK_FRIDAY, Policy("spare")), "Europe/Amsterdam")


def minute(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) // 60


NOW = minute("2026-11-20T12:00")


def test_the_first_whose_conditions_all_hold() -> None:
    assert ALL.choose(channel="web", minute=NOW) is WEB
    assert ALL.choose(channel="web", customer_class="gold", value_micros=50_000_000, minute=NOW) is GOLD
    assert ALL.choose(channel="web", customer_class="gold", value_micros=49_999_999, minute=NOW) is WEB
    assert ALL.choose(channel="shop", customer_class="gold", minute=NOW) is USUAL


def test_the_default_is_the_first_without_conditions_wherever_it_stands() -> None:
    assert ALL.choose(minute=NOW) is USUAL
    assert Policies((WEB,), "UTC").choose(minute=NOW) is DEFAULT_POLICY
    assert Policies((), "UTC").default is DEFAULT_POLICY


def test_by_id_whatever_its_conditions() -> None:
    assert ALL.choose(policy_id="black", minute=NOW) is BLACK_FRIDAY
    assert ALL.choose(policy_id="spare", channel="web", minute=NOW).policy_id == "spare"
    assert ALL.choose(policy_id="none", minute=NOW) is None


def test_dates_are_whole_days_of_the_network_s_time_zone() -> None:
    # From Friday 00:00 to Monday 24:00 in Amsterdam, an hour ahead of UTC.
    chosen = [
        ALL.choose(segment="b2c", minute=minute(text)).policy_id
        for text in ("2026-11-26T22:59", "2026-11-26T23:00", "2026-11-30T22:59", "2026-11-30T23:00")
    ]
    assert chosen == ["usual", "black", "black", "usual"]


def test_instants_hold_to_the_minute() -> None:
    when = (("from", "2026-11-27T09:00:30+01:00"), ("until", "2026-11-27T11:00:00Z"))
    policies = Policies((Policy("hour", when=when),), "Europe/Amsterdam")
    chosen = [
        policies.choose(minute=minute(text)).policy_id
        for text in ("2026-11-27T08:00", "2026-11-27T08:01", "2026-11-27T10:59", "2026-11-27T11:00")
    ]
    assert chosen == ["default", "hour", "hour", "default"]


def test_weights_are_one_unless_given() -> None:
    assert weight_ppm(USUAL, Term.CARRIER) == 1_500_000
    assert weight_ppm(USUAL, Term.SPLIT) == 0
    assert weight_ppm(USUAL, Term.PICK) == 1_000_000


def test_the_version_of_a_policy_changes_with_each_of_its_fields() -> None:
    policy = Policy("a", weights=(("pick", 5),))
    changed = [
        replace(policy, policy_id="b"), replace(policy, split_micros=1), replace(policy, weights=(("pick", 6),)),
        replace(policy, max_locations_per_order=1), replace(policy, order_by=OrderBy.DISTANCE),
    ]  # fmt: skip
    versions = [policy_version(each) for each in (policy, *changed)]
    assert len(set(versions)) == len(versions)
    assert policy_version(Policy("a", weights=(("pick", 5),))) == versions[0]
    assert all(len(version) == 16 for version in versions)
