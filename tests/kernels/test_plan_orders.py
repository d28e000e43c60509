"""The ranks of terms that the planning kernel counts by are those of `Term`."""

from engine.domain.enums import Term
from engine.kernels import plan_orders


def test_ranks_of_terms_are_the_order_of_the_enumeration() -> None:
    ranks = [getattr(plan_orders, term.name) for term in Term]
    assert ranks == list(range(len(Term)))
    assert len(Term) == plan_orders.TERMS
