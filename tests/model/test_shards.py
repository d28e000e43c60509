"""The hold over two shards in every order of steps: it oversells with one of its two rules missing, and never with both."""

import pytest

from tests.model.shards import CONFIRMED, EXPIRED, FREED, KEPT, SHARDS, ShardRules, explore


def test_with_both_rules_nothing_is_oversold_and_every_shard_ends_as_decided() -> None:
    explored = explore(ShardRules())
    assert explored.way is None, explored.way
    ended = {(state.decision, state.units[shard]) for state in explored.finals for shard in SHARDS if state.decision}
    assert ended == {(CONFIRMED, KEPT), (EXPIRED, FREED)}


@pytest.mark.parametrize("rule", ShardRules._fields)
def test_with_one_rule_missing_it_oversells(rule: str) -> None:
    assert explore(ShardRules()._replace(**{rule: False})).way is not None
