"""What order management asks, and the plan it is given."""

from dataclasses import dataclass

from engine.domain.basket import Basket
from engine.domain.plan import Plan
from engine.optimizer.explanation import Explanation, Level
from engine.optimizer.quoted_plan import QuotedPlan
from engine.optimizer.scene import Scene


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """One order to source. `digest` is SHA-256 of the request without its id; `message` its bytes, kept for replay."""

    request_id: str
    digest: bytes
    order_id: str
    basket: Basket
    message: bytes
    explain: Level = Level.NONE
    field: str = "order.basket"
    """Path of the basket in the request, for refusals."""
    is_held: bool = False
    """It is kept from being sent until it is released."""
    quoted: QuotedPlan | None = None
    """The plan that was quoted for it, which it is to have."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A request with its plan, and the scene it was planned on. `attempt` counts its plans from 1."""

    request: SourceRequest
    scene: Scene
    plan: Plan
    attempt: int
    solve_micros: int
    explanation: Explanation | None = None
