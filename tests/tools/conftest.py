"""A ledger in either database, as the tests of the ledger have it."""

from tests.ledger.conftest import database, postgres

__all__ = ["database", "postgres"]
