"""The stock that a decision saw, made again from the ledger: all that was recorded by then, and what its round had shown it."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from belofte.v1 import ledger_entry_pb2
from sqlalchemy import Engine

from engine.inventory.client import ordinal
from engine.inventory.commit_round import LogRecord
from engine.inventory.effects import CapacityUse, PositionChange, effects_in, texts_in
from engine.inventory.gate import ORIGIN
from engine.inventory.live import LiveStock
from engine.ledger.recorder import Chains, replay
from engine.ledger.snapshot_sums import stock_at

ALL_SHOWN = ("AdjustInventory",)
"""Methods that show those planned after them all that they change. Others show what they take, not what they give back."""

NONE_SHOWN = ("SyncInventory", "ReloadNetwork", "CancelRequest")

CONFIRM = "ConfirmReservation"

Entry = ledger_entry_pb2.LedgerEntry


class BrokenChainError(RuntimeError):
    """An entry is not what was recorded; the message names it."""


class Then(NamedTuple):
    """Which stock: that of a position, with what the writes before `place` of a round of an engine had shown."""

    position: str
    engine: int
    place: int
    own_position: str


def verify_chain(database: Engine, until: str, advance: Callable[[], None] = lambda: None) -> None:
    """Check every entry up to a position. Raises BrokenChainError."""
    chains = Chains(database)
    for each in replay(database, until=until):
        if not chains.follows(each):
            raise BrokenChainError(
                f"entry {each.position} is not what was recorded: its hash does not follow from those before it"
            )
        advance()


def fill_stock(stock: LiveStock, database: Engine, then: Then, advance: Callable[[], None] = lambda: None) -> LiveStock:
    """Bring empty stock to what a decision saw. Raises SnapshotError where entries were cut that it would take."""
    begun = stock_at(database, then.position)
    if begun is not None:
        stock.apply(begun)
    for each in replay(database, ORIGIN if begun is None else begun.position, then.position):
        changes, uses = effects_in(message := Entry.FromString(each.entry))
        stock.apply(LogRecord(each.position, changes, uses, texts_in(message)))
        advance()
    for shown_changes, shown_uses in shown_before(database, then):
        _show(stock, shown_changes, shown_uses)
    return stock


Shown = tuple[Iterable[PositionChange], Iterable[CapacityUse]]


def shown_before(database: Engine, then: Then) -> Iterator[Shown]:
    """What the writes of its round that were planned before a decision took, committed or not."""
    for each in replay(database, after=then.position):
        entry = Entry.FromString(each.entry)
        basis = entry.basis
        if basis.engine != then.engine:
            continue
        is_own_round = basis.position == then.position
        if is_own_round and basis.place < then.place:
            yield _shown(entry)
        if not is_own_round and basis.place == 0 and ordinal(each.position) > ordinal(then.own_position):
            for told in entry.in_vain:
                if told.position == then.position and told.place < then.place:
                    yield effects_in(Entry(positions=told.positions, capacities=told.capacities))
            return


def _shown(entry: Entry) -> Shown:
    changes, uses = effects_in(entry)
    if entry.method in ALL_SHOWN:
        return changes, uses
    if entry.method in NONE_SHOWN:
        return (), ()
    if entry.HasField("order") and entry.method != CONFIRM:
        # A change of an order shows what it gives back of stock as well.
        return changes, [each for each in uses if each.quantity_delta > 0]
    return [each for each in changes if each.demand_delta > 0], [each for each in uses if each.quantity_delta > 0]


def _show(stock: LiveStock, changes: Iterable[PositionChange], uses: Iterable[CapacityUse]) -> None:
    for each in changes:
        item, location = stock.item_index.get(each.item_id), stock.location_index.get(each.location_id)
        if item is None or location is None:
            continue
        at = stock.matrix.find(item, location, stock.slot_of(item, location, each.receipt_id, each.pool))
        # One without a position is beyond stock: nothing of it is shown.
        if at >= 0:
            stock.matrix.supply[at] += each.supply_delta
            stock.hold([(at, each.demand_delta)], ())
    known = ((stock.location_index.get(use.location_id, -1), use.day, use.quantity_delta) for use in uses)
    stock.hold((), [use for use in known if use[0] >= 0])
