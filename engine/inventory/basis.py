"""What the writes of a round are planned on, kept with each of them: the stock that a decision saw can be made again from it.

A write sees the stock at one position of the log, and what the writes planned before it in its round take. Of these most are
committed, and found in the log by this. What the others took is told by the first write of the next round.
"""

from collections.abc import Sequence
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2

from engine.inventory.transaction import Committed, Transaction

BASIS = ledger_entry_pb2.LedgerEntry.DESCRIPTOR.fields_by_name["basis"].number
PLACE = ledger_entry_pb2.DecisionBasis.DESCRIPTOR.fields_by_name["place"].number
IN_VAIN_MAX = 1_000
"""Kept until they are told: there are more only where whole rounds are refused."""


class ShownInVain(NamedTuple):
    """What a write that was not committed had shown to those planned after it."""

    position: str
    place: int
    transaction: Transaction


class RoundBasis:
    """The basis of one round. What it adds to an entry merges with what is there, as messages do that follow each other."""

    def __init__(
        self, position: str, engine: int, in_vain: Sequence[ShownInVain] = (), prices_position: str = ""
    ) -> None:  # fmt: skip
        """`position`: of the stock in memory when the round began; `engine`: who plans, and by which network.

        prices_position: of the prices of opportunity in force.
        """
        self._position = position
        basis = ledger_entry_pb2.DecisionBasis(
            position=position, engine=engine, prices_position=prices_position
        ).SerializeToString()
        self._prefix = basis + _varint(PLACE << 3)
        self._told = _entry_of(in_vain) if in_vain else b""

    def of(self, place: int) -> bytes:
        """What is added to the entry of a write, by how many were planned before it in the round."""
        content = self._prefix + _varint(place)
        told = self._told if place == 0 else b""
        return _varint(BASIS << 3 | 2) + _varint(len(content)) + content + told

    def in_vain(self, transactions: Sequence[Transaction], outcomes: Sequence[object]) -> list[ShownInVain]:
        """Of what was not committed, that which a later write of the round that was may have been planned on."""
        found: list[ShownInVain] = []
        touched: set[str | tuple[str, int]] = set()
        # Nearly every round is committed whole, and then there is nothing to be looked for.
        if all(isinstance(each, Committed) for each in outcomes):
            return found
        for place in range(len(transactions) - 1, -1, -1):
            transaction = transactions[place]
            touches = _touches(transaction)
            if isinstance(outcomes[place], Committed):
                touched.update(touches)
            elif touched and not touched.isdisjoint(touches):
                found.append(ShownInVain(self._position, place, transaction))
        return found[::-1]


def _touches(transaction: Transaction) -> set[str | tuple[str, int]]:
    """What other plans may see of it: its items, and days of locations."""
    items: set[str | tuple[str, int]] = {change.cell.item_id for change in transaction.cells}
    return items | {(use.location_id, use.day) for use in transaction.capacities}


def _entry_of(in_vain: Sequence[ShownInVain]) -> bytes:
    entry = ledger_entry_pb2.LedgerEntry()
    for each in in_vain:
        told = entry.in_vain.add(position=each.position, place=each.place)
        for change in each.transaction.cells:
            told.positions.add(**change.cell._asdict(), supply_delta=change.supply_delta, demand_delta=change.demand_delta)
        for use in each.transaction.capacities:
            told.capacities.add(location_id=use.location_id, day=use.day, quantity_delta=use.quantity_delta)
    return entry.SerializeToString()


def _varint(number: int) -> bytes:
    """A whole number as protobuf writes it: seven bits a byte, the lowest first."""
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
