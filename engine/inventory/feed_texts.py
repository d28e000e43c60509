"""Texts of the store as the feeds of one tick see them: each is read once, and shows what was planned before it."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from engine.domain.reasons import Reason, Refusal
from engine.inventory.parts import is_locked
from engine.inventory.transaction import Cell, TextTable


class TextName(NamedTuple):
    """Which text: its table, the item where the table has texts by item, and its field."""

    table: TextTable
    item_id: str
    field: str


class Held(NamedTuple):
    """What was replaced by a plan, to be put back."""

    texts: Mapping[TextName, str]
    pending: Mapping[Cell, tuple[int, int]]


class FeedTexts:
    """What is read is kept until the next round: see `write_path.Reading`."""

    def __init__(self, read: Callable[[Sequence[Sequence[TextName]]], Iterator[Sequence[str]]]) -> None:
        """`read` asks the store for the texts of each part in turn, "" where there is none."""
        self._read = read
        self._texts: dict[TextName, str] = {}
        self._pending: dict[Cell, tuple[int, int]] = {}
        self._held: list[Held] = []
        self._coming: deque[list[TextName]] = deque()
        self._reading: Iterator[Sequence[str]] = iter(())

    def expect(self, parts: Iterable[Iterable[TextName]]) -> None:
        """Begin a round: forget what was read, and have read what will be needed, part by part."""
        assert not self._held, "what is held is planned on"
        self._texts.clear()
        self._pending.clear()
        seen: set[TextName] = set()
        self._coming.clear()
        for part in parts:
            new = [name for name in dict.fromkeys(part) if name not in seen]
            seen.update(new)
            if new:
                self._coming.append(new)
        self._reading = self._read(list(self._coming))

    def need(self, names: Iterable[TextName]) -> None:
        """Have these at hand. What nobody expected is asked for by itself."""
        missing = [name for name in dict.fromkeys(names) if name not in self._texts]
        while missing and self._coming:
            part, texts = self._coming.popleft(), next(self._reading, None)
            if texts is None:
                # It broke off before.
                self._coming.clear()
                break
            self._texts.update(zip(part, texts, strict=True))
            missing = [name for name in missing if name not in self._texts]
        if missing:
            (found,) = self._read([missing])
            self._texts.update(zip(missing, found, strict=True))

    def get(self, name: TextName) -> str:
        """A text that was needed, as those planned before leave it. Raises `Refusal` while it is locked."""
        text = self._texts[name]
        if is_locked(text):
            raise Refusal(Reason.CONTENDED, f"{name.table} {name.field} is being changed; try again")
        return text

    def pending(self, cell: Cell) -> tuple[int, int]:
        """(supply, demand) planned at a position that is not open yet, so that the stock in memory cannot show it."""
        return self._pending.get(cell, (0, 0))

    def hold(self, texts: Mapping[TextName, str], pending: Mapping[Cell, tuple[int, int]]) -> None:
        """Show what was planned to the feeds planned after it; `pending` is the whole of each of its positions."""
        before = {name: self._texts[name] for name in texts}
        self._held.append(Held(before, {cell: self.pending(cell) for cell in pending}))
        self._texts.update(texts)
        self._pending.update(pending)

    def release(self) -> None:
        """Take back what was held last."""
        held = self._held.pop()
        self._texts.update(held.texts)
        self._pending.update(held.pending)
