"""What the outbox keeps in the ledger's database: where each subscriber stands, and the letters not delivered to it yet.

A letter is an event on its way to one subscriber; what it says is read from the entry that tells of the event. The position of
a subscriber and its letters change in one transaction, so that whatever ends the outbox, each event is delivered, waits as a
letter, or is still to be read.
"""

from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, Row, delete, func, insert, select, tuple_, update

from engine.inventory.client import ordinal
from engine.inventory.shards import WHOLE, Shards, join
from engine.ledger.database import write_to
from engine.ledger.insert import insert_rows
from engine.ledger.recorder import Fenced
from engine.ledger.tables import letters, subscriber_logs, subscribers

WHY_CHARACTERS_MAX = 200


class LetterState(IntEnum):
    """What is to become of a letter."""

    WAITING = 0
    DEAD = 1
    """Given up."""
    AGAIN = 2
    """Given up before, and to be delivered after all."""


class LetterKey(NamedTuple):
    """Which event of which entry, for whom."""

    subscriber: str
    epoch: int
    sequence: int
    event_id: str

    @property
    def position(self) -> str:
        """Of the entry."""
        return f"{self.epoch}-{self.sequence}"


class Letter(NamedTuple):
    """A letter as it is kept."""

    key: LetterKey
    state: LetterState
    attempts: int
    due_unix_ms: int
    status: int
    why: str


class Standing(NamedTuple):
    """Where a subscriber stands."""

    name: str
    position: str
    waiting: int
    dead: int


class Post:
    """One process's hold on the outbox of a ledger; who takes over later keeps this one from changing anything."""

    def __init__(self, database: Engine, shards: Shards = WHOLE) -> None:
        """Takes nothing yet."""
        self._database = database
        self._shards = shards
        self._holders: dict[str, int] = {}

    def take_over(self, name: str, start: str) -> tuple[str, list[Letter]]:
        """Be the one who delivers to a subscriber: its position, `start` where it is new, and what waits for it."""
        with write_to(self._database) as connection:
            of_it = subscribers.c.name == name
            held = connection.execute(
                update(subscribers).where(of_it).values(holder=subscribers.c.holder + 1).returning(*subscribers.c)
            ).one_or_none()
            if held is None:
                connection.execute(insert(subscribers).values(name=name, holder=1, **self._place(start)))
                self._save_others(connection, name, start)
                self._holders[name] = 1
                return start, []
            self._holders[name] = held.holder
            waiting = find_letters(connection, letters.c.subscriber == name, letters.c.state != LetterState.DEAD)
            return _position(held, _others(connection)), waiting

    def save(self, name: str, position: str, kept: Sequence[Letter], done: Iterable[LetterKey]) -> None:
        """Move a subscriber's position; `kept` letters are as they are now, those `done` are gone. Raises Fenced."""
        with write_to(self._database) as connection:
            held = (subscribers.c.name == name) & (subscribers.c.holder == self._holders[name])
            moved = connection.execute(update(subscribers).where(held).values(**self._place(position)))
            if moved.rowcount != 1:
                raise Fenced(f"another process delivers to {name}")
            self._save_others(connection, name, position)
            _remove(connection, [*done, *(letter.key for letter in kept)])
            if kept:
                insert_rows(connection, letters, [(*each.key, *each[1:]) for each in kept])

    def _place(self, position: str) -> dict[str, int]:
        epoch, sequence = ordinal(self._shards.parse(position)[0])
        return {"epoch": epoch, "sequence": sequence}

    def _save_others(self, connection: Connection, name: str, position: str) -> None:
        others = list(enumerate(self._shards.parse(position)))[1:]
        if others:
            connection.execute(delete(subscriber_logs).where(subscriber_logs.c.name == name))
            insert_rows(connection, subscriber_logs, [(name, shard, *ordinal(each)) for shard, each in others])

    def asked_again(self, name: str) -> list[Letter]:
        """Letters that were given up and are to be delivered after all."""
        with self._database.connect() as connection:
            return find_letters(connection, letters.c.subscriber == name, letters.c.state == LetterState.AGAIN)


def find_letters(connection: Connection, *wanted: ColumnElement[bool]) -> list[Letter]:
    """Letters in the order of the log."""
    rows = connection.execute(select(letters).where(*wanted).order_by(letters.c.epoch, letters.c.sequence, letters.c.event_id))
    return [
        Letter(LetterKey(*row[:4]), LetterState(row.state), row.attempts, row.due_unix_ms, row.status, row.why) for row in rows
    ]


def standings(connection: Connection) -> list[Standing]:
    """Every subscriber that was ever delivered to, by name."""
    counts: dict[tuple[str, bool], int] = {}
    grouped = select(letters.c.subscriber, letters.c.state, func.count()).group_by(letters.c.subscriber, letters.c.state)
    for name, state, count in connection.execute(grouped):
        is_dead = state == LetterState.DEAD
        counts[name, is_dead] = counts.get((name, is_dead), 0) + count
    others = _others(connection)
    return [
        Standing(row.name, _position(row, others), counts.get((row.name, False), 0), counts.get((row.name, True), 0))
        for row in connection.execute(select(subscribers).order_by(subscribers.c.name))
    ]


def resend_letters(connection: Connection, name: str, event_ids: Sequence[str]) -> int:
    """Have dead letters delivered after all: those named, or all of a subscriber where none is; how many there are."""
    dead = (letters.c.subscriber == name) & (letters.c.state == LetterState.DEAD)
    if event_ids:
        dead &= letters.c.event_id.in_(event_ids)
    return connection.execute(update(letters).where(dead).values(state=LetterState.AGAIN, attempts=0)).rowcount


def _others(connection: Connection) -> dict[str, list[str]]:
    """Where each subscriber stands in the logs of shards but the first."""
    found: dict[str, list[str]] = {}
    rows = connection.execute(select(subscriber_logs).order_by(subscriber_logs.c.name, subscriber_logs.c.shard))
    for row in rows:
        found.setdefault(row.name, []).append(f"{row.epoch}-{row.sequence}")
    return found


def _position(row: Row[Any], others: dict[str, list[str]]) -> str:
    return join([f"{row.epoch}-{row.sequence}", *others.get(row.name, ())])


def _remove(connection: Connection, keys: Sequence[LetterKey]) -> None:
    for first in range(0, len(keys), 100):
        place = tuple_(letters.c.subscriber, letters.c.epoch, letters.c.sequence, letters.c.event_id)
        connection.execute(delete(letters).where(place.in_(keys[first : first + 100])))
