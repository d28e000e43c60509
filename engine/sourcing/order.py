"""What order management asks, and what it is told: requests, and outcomes by name."""

from dataclasses import dataclass
from enum import StrEnum

from engine.domain.basket import Basket
from engine.domain.plan import Plan
from engine.optimizer.scene import Scene


class Mode(StrEnum):
    """What is done with the plan."""

    COMMIT = "COMMIT"
    """Stock and capacity are taken, the order is recorded."""
    PREVIEW = "PREVIEW"
    """Nothing is taken."""


@dataclass(frozen=True, slots=True)
class SourceRequest:
    """One order to source. `digest` is SHA-256 of the request without its id; `message` its bytes, kept for replay."""

    request_id: str
    digest: bytes
    order_id: str
    basket: Basket
    mode: Mode
    message: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """A request with its plan, and the scene it was planned on."""

    request: SourceRequest
    scene: Scene
    plan: Plan


@dataclass(frozen=True, slots=True)
class Sourced:
    """An order that is recorded: the answer as it stands in the ledger, and where."""

    response: bytes
    position: str
    attempts: int
    duplicate: bool
