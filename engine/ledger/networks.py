"""Networks that decisions were made by, each once under a hash of its content, and which engine decided by which."""

import secrets
from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection, Engine, func, insert, select
from sqlalchemy.exc import IntegrityError

from engine.ledger.database import write_to
from engine.ledger.tables import deciders, networks


class Decider(NamedTuple):
    """An engine as it decided: the same from its start, or its last change of network, to the next."""

    network_key: str
    node_budget: int


def begin_deciding(database: Engine, network_key: str, content: Callable[[], bytes], node_budget: int, now_unix_ms: int) -> int:
    """Keep a network unless it is kept, and say who decides by it from now on: the number that its decisions name."""
    with database.connect() as connection:
        is_kept = connection.execute(select(networks.c.key).where(networks.c.key == network_key)).one_or_none() is not None
    if not is_kept:
        kept = content()  # outside any transaction: a large network takes a while
        try:
            with write_to(database) as connection:
                connection.execute(insert(networks).values(key=network_key, kept_unix_ms=now_unix_ms, content=kept))
        except IntegrityError:
            pass  # another engine has just kept it
    number = secrets.randbelow(2**63 - 1) + 1
    row = {"number": number, "network_key": network_key, "node_budget": node_budget, "since_unix_ms": now_unix_ms}
    with write_to(database) as connection:
        connection.execute(insert(deciders).values(row))
    return number


def decider(connection: Connection, number: int) -> Decider | None:
    """Who a number stands for; None where nobody does."""
    columns = deciders.c.network_key, deciders.c.node_budget
    row = connection.execute(select(*columns).where(deciders.c.number == number)).one_or_none()
    return None if row is None else Decider(*row)


def network_content(connection: Connection, network_key: str) -> bytes | None:
    """What is kept under a key."""
    row = connection.execute(select(networks.c.content).where(networks.c.key == network_key)).one_or_none()
    return None if row is None else bytes(row.content)


def network_contents(connection: Connection) -> Iterator[bytes]:
    """Every network that anybody decided by, the one that was decided by last first."""
    last = select(deciders.c.network_key).group_by(deciders.c.network_key).order_by(func.max(deciders.c.since_unix_ms).desc())
    for key in connection.execute(last).scalars().all():
        content = network_content(connection, key)
        if content is not None:
            yield content
