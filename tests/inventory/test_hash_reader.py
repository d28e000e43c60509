"""Hashes read in columns from a real Valkey: what HGETALL says, of one moment, and what goes wrong by name."""

import random
from collections.abc import Iterator

import numpy as np
import pytest
import redis

from engine.inventory.client import connect
from engine.inventory.hash_reader import FieldNumbers, HashReader
from engine.inventory.keys import Keys
from engine.inventory.stored import join_units
from tests.stores import PARTITION
from tests.valkey_server import ValkeyServer


@pytest.fixture(params=[2, 3])
def client(server: ValkeyServer, request: pytest.FixtureRequest) -> Iterator["redis.Redis"]:
    """Of both protocols."""
    with connect(f"{server.url}?protocol={request.param}", Keys(PARTITION)) as found:
        yield found


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_what_hgetall_says(client: "redis.Redis", seed: int) -> None:
    """Hashes of none to 700 fields, known and unknown ones; more than the buffer holds at first."""
    draw = random.Random(seed)
    fields = [f"field-{i}" for i in range(1_000)]
    reader = HashReader(client, FieldNumbers(fields[:300]))
    keys = [f"key-{i}" for i in range(120)]
    wanted = {key: {field: draw.randrange(-(2**31), 2**31) for field in draw.sample(fields, draw.choice((0, 1, 25, 700)))}
              for key in keys}  # fmt: skip
    for key, pairs in wanted.items():
        if pairs:
            client.hset(key, mapping=pairs)
    client.set("head", "3-7 rest")
    for size in (1, 7, 50, 120):
        draw.shuffle(keys)
        groups = [keys[at : at + size] for at in range(0, len(keys), size)]
        answers = list(reader.read("head", [*groups, []]))
        assert [head for head, _ in answers] == [b"3-7 rest"] * (len(groups) + 1)
        assert len(answers[-1][1].value) == 0
        rows: dict[str, dict[str, int]] = {key: {} for key in keys}
        for group, (_, found) in zip(groups, answers, strict=False):
            for field, owner, value in zip(*(column.tolist() for column in found), strict=True):
                rows[group[owner]][reader.fields.texts[field]] = value
        assert rows == wanted
    assert [head for head, _ in reader.read("none", [[]])] == [None]


def values(reader: HashReader, *groups: list[str]) -> list[list[int]]:
    return [pairs.value.tolist() for _, pairs in reader.read("head", groups)]


def test_what_goes_wrong_is_an_error_of_the_client_and_the_reader_goes_on(client: "redis.Redis") -> None:
    """Also where others were asked for already, or were not read."""
    reader = HashReader(client, FieldNumbers([]))
    client.set("text", "x")
    client.hset("words", "a", "b")
    client.hset("numbers", "a", "7")
    for key, text in (("text", "WRONGTYPE"), ("words", "not a hash of whole numbers")):
        with pytest.raises(redis.ResponseError, match=text):
            values(reader, ["numbers", key], *[["numbers"]] * 5)
        assert values(reader, ["numbers"], ["numbers"] * 2) == [[7], [7, 7]]
    unread = reader.read("head", [["numbers"]] * 5)
    next(unread)
    unread.close()
    assert values(reader, ["numbers"]) == [[7]]


def test_connection_that_was_cut_off_is_an_error_and_the_next_is_another(server: ValkeyServer) -> None:
    with connect(server.url, Keys(PARTITION)) as client, server.client() as other:
        reader = HashReader(client, FieldNumbers([]))
        client.hset("numbers", "a", "7")
        answers = reader.read("head", [["numbers"]] * 9)
        next(answers)
        other.client_kill_filter(_type="normal", skipme=True)
        with pytest.raises(redis.ConnectionError):
            list(answers)
        assert values(reader, ["numbers"]) == [[7]]


@pytest.mark.parametrize("seed", range(5))
def test_supply_and_demand_are_joined_by_position(seed: int) -> None:
    draw = np.random.default_rng(seed)
    table: dict[tuple[int, int], list[int]] = {}
    rows = []
    for is_demand in (False, True):
        for item, place in {(int(i), int(p)) for i, p in draw.integers(0, 9, (30, 2))}:
            units = int(draw.integers(-9, 99))
            table.setdefault((item, place), [0, 0])[is_demand] += units
            rows.append((item, place, units, is_demand))
    rows.sort(key=lambda row: row[0])
    item, place, units, is_demand = np.array(rows, np.int64).T
    part = join_units(item, place, units, is_demand == 1)
    found = {(i, p): [s, d] for i, p, s, d in zip(*(column.tolist() for column in part), strict=True)}
    assert found == table
    assert len(part.item) == len(table)
    assert part.item.tolist() == sorted(part.item.tolist())
