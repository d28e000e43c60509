"""A customer erased from a ledger: who they are goes out of every entry, what was decided stays, and the chain is whole.

An entry that was changed keeps the hash of what was recorded beside it, which the chain is over, and the hash of what is left.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import sha256

import numpy as np
from belofte.v1 import ledger_entry_pb2, types_pb2
from sqlalchemy import Connection, Engine, insert, select, tuple_, update

from engine.ledger import tables
from engine.ledger.database import write_to
from engine.ledger.networks import decider, network_content
from engine.ledger.recorder import replay
from engine.ledger.tables import entries, erasures, order_entries, reservations
from engine.network.image import NetworkImage, compile_image
from engine.network.postal import normalise_postal_code
from engine.service.hold_writes import RECORD
from engine.service.network_archive import unpacked
from engine.tools.personal import concerns, erase

ENTRIES_EACH = 200
"""Changed in one transaction: the sidecar records between two of them."""

AREA_CHARACTERS_MAX = 4
"""What stays of a postal code where the network that decided is not known."""

Entry = ledger_entry_pb2.LedgerEntry
Place = tuple[int, int]


class Eraser:
    """Erases from one ledger; the server may run."""

    def __init__(self, database: Engine, now_unix_ms: int, advance: Callable[[], None] = lambda: None) -> None:
        """`advance` is told of each entry that was read."""
        self._database, self._now, self._advance = database, now_unix_ms, advance
        self._image = lru_cache(maxsize=4)(self._read_image)

    def erase(self, customer_id: str) -> int:
        """Erase a customer; how many entries were changed. What was erased before is left as it is."""
        places = self._places(customer_id)
        for first in range(0, len(places), ENTRIES_EACH):
            with write_to(self._database) as connection:
                if connection.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA secure_delete=ON")  # what is freed is overwritten
                for place in places[first : first + ENTRIES_EACH]:
                    self._erase_entry(connection, place)
        with write_to(self._database) as connection:
            self._erase_tables(connection, customer_id)
        with self._database.connect() as connection:
            if connection.dialect.name == "sqlite":
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        return len(places)

    def _places(self, customer_id: str) -> list[Place]:
        """Every entry of a record of the customer, and every other one that has a basket of theirs."""
        wanted, found, records = customer_id.encode(), set(), set()
        for each in replay(self._database):
            self._advance()
            if wanted in each.entry and concerns(entry := Entry.FromString(each.entry), customer_id):
                epoch, _, sequence = each.position.partition("-")
                found.add((int(epoch), int(sequence)))
                records |= {entry.order_id, *(RECORD + held.reservation_id for held in entry.reservations)} - {""}
        with self._database.connect() as connection:
            found |= set(self._of_records(connection, sorted(records)))
        # The latest first: should this end halfway, what names the customer is still there to find the rest by.
        return sorted(found, reverse=True)

    def _of_records(self, connection: Connection, ids: Sequence[str]) -> Iterator[Place]:
        """Later entries of orders and reservations: they may say where to, without saying who."""
        for first in range(0, len(ids), ENTRIES_EACH):
            some = ids[first : first + ENTRIES_EACH]
            for table in (entries, order_entries):
                for row in connection.execute(select(table.c.epoch, table.c.sequence).where(table.c.order_id.in_(some))):
                    yield row.epoch, row.sequence

    def _erase_entry(self, connection: Connection, place: Place) -> None:
        of_it = tuple_(entries.c.epoch, entries.c.sequence) == tuple_(*place)
        recorded = bytes(connection.execute(select(entries.c.entry).where(of_it)).scalar_one())
        message = Entry.FromString(recorded)
        erase(message, lambda destination: self._area(message, destination))
        left = message.SerializeToString()
        if left == Entry.FromString(recorded).SerializeToString():
            return
        connection.execute(update(entries).where(of_it).values(entry=left))
        before = tuple_(erasures.c.epoch, erasures.c.sequence) == tuple_(*place)
        row = {"left_hash": sha256(left).digest(), "erased_unix_ms": self._now}
        if not connection.execute(update(erasures).where(before).values(row)).rowcount:
            first = {"epoch": place[0], "sequence": place[1], "recorded_hash": sha256(recorded).digest()}
            connection.execute(insert(erasures).values(**first, **row))

    def _erase_tables(self, connection: Connection, customer_id: str) -> None:
        """Out of what is made of the entries: every table that names customers."""
        columns = reservations.c.reservation_id, reservations.c.body
        for reservation_id, body in connection.execute(select(*columns).where(reservations.c.customer_id == customer_id)).all():
            of_it = reservations.c.reservation_id == reservation_id
            connection.execute(update(reservations).where(of_it).values(body=self._erased_body(bytes(body))))
        for table in tables.metadata.sorted_tables:
            if "customer_id" in table.c:
                connection.execute(update(table).where(table.c.customer_id == customer_id).values(customer_id=""))

    def _erased_body(self, body: bytes) -> bytes:
        entry = Entry()
        entry.reservations.add().ParseFromString(body)
        erase(entry, lambda destination: self._area(entry, destination))
        return entry.reservations[0].SerializeToString()

    def _area(self, entry: Entry, destination: types_pb2.Destination) -> str:
        """As `personal.Area`: by the network that the entry was decided by."""
        code = normalise_postal_code(destination.postal_code)
        image = self._image(entry.basis.engine)
        if image is None:
            return code[:AREA_CHARACTERS_MAX]
        country = destination.country_code or image.network.country_code
        for length in range(len(code) + 1):
            if _is_alike(image, country, code[:length], code):
                return code[:length]
        return code[:AREA_CHARACTERS_MAX]

    def _read_image(self, number: int) -> NetworkImage | None:
        with self._database.connect() as connection:
            found = decider(connection, number)
            content = network_content(connection, found.network_key) if found is not None else None
        return compile_image(unpacked(content)) if content is not None else None


def _is_alike(image: NetworkImage, country: str, beginning: str, code: str) -> bool:
    """Whether a beginning of a postal code is as far from everywhere as the code, in the same zones."""
    places = image.locate(country, beginning), image.locate(country, code)
    if places[0] is None or places[1] is None:
        return False
    some, all_of_it = (image.lanes(place) for place in places if place is not None)
    names = "distance_meters", "zone_index", "transit_days"
    return all(np.array_equal(getattr(some, name), getattr(all_of_it, name)) for name in names)
