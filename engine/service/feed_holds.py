"""Reservations whose units were to come with a receipt: when it has come in, they hold what is on hand."""

from dataclasses import replace

from engine.inventory.feed_texts import TextName
from engine.inventory.holds import HeldUnits, Hold, Holds, merged
from engine.inventory.transaction import Cell, TextTable


class MovedHolds:
    """The holds that one request moves."""

    def __init__(self, holds: Holds) -> None:
        """`holds`: as of the stock that is planned on."""
        self._holds = holds
        self._moved: dict[str, Hold] = {}
        self._gone: dict[Cell, int] = {}

    def reserved(self, cell: Cell) -> int:
        """Units of a position that are held and have not been moved."""
        return self._holds.reserved(cell) - self._gone.get(cell, 0)

    def move(self, cell: Cell, quantity: int) -> None:
        """Move so many held units of a receipt to on hand, by reservation id: oldest first where none was chosen."""
        self._gone[cell] = self._gone.get(cell, 0) + quantity
        for reservation_id in self._holds.holders(cell):
            if not quantity:
                return
            hold = self._moved.get(reservation_id) or self._holds.get(reservation_id)
            assert hold is not None
            units: list[HeldUnits] = []
            for line_id, of, held in hold.units:
                part = min(quantity, held) if of == cell else 0
                quantity -= part
                units += (HeldUnits(line_id, of, held - part), HeldUnits(line_id, cell._replace(receipt_id=""), part))
            after = merged(each for each in units if each.quantity)
            if after != hold.units:
                self._moved[reservation_id] = replace(hold, units=after)

    def texts(self) -> list[tuple[TextName, str, str]]:
        """(name, text before, text after) of each."""
        found = []
        for reservation_id, hold in self._moved.items():
            before = self._holds.get(reservation_id)
            assert before is not None
            found.append((TextName(TextTable.HOLDS, "", reservation_id), before.text(), hold.text()))
        return found
