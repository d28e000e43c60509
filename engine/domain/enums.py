"""Closed sets of words. Values are the spellings of the network folder and of the wire."""

from enum import StrEnum


class LocationKind(StrEnum):
    """What a location is."""

    DC = "DC"
    STORE = "STORE"
    SUPPLIER = "SUPPLIER"
    LOCKER = "LOCKER"


class LocationStatus(StrEnum):
    """Whether a location takes part."""

    ACTIVE = "ACTIVE"
    DISABLED = "DISABLED"


class CapacityUnit(StrEnum):
    """What a location's capacity per day is counted in."""

    ORDERS = "ORDERS"
    LINES = "LINES"
    UNITS = "UNITS"


class StockStatus(StrEnum):
    """Whether a position may be sold, whatever its quantity."""

    AVAILABLE = "AVAILABLE"
    OUT_OF_STOCK = "OUT_OF_STOCK"


class ReceiptKind(StrEnum):
    """Where an inbound receipt comes from."""

    PURCHASE = "PURCHASE"
    TRANSFER = "TRANSFER"
    SUPPLIER = "SUPPLIER"


class OrderBy(StrEnum):
    """What a plan is ranked by first."""

    COST = "COST"
    PRIORITY = "PRIORITY"
    DISTANCE = "DISTANCE"


class DeclinedLines(StrEnum):
    """What becomes of units that a location has declined and no other has."""

    CANCEL = "CANCEL"
    BACKORDER = "BACKORDER"


class Term(StrEnum):
    """A term of the objective, in micros of the network currency; each has a weight in the policy."""

    PICK = "pick"
    UNIT = "unit"
    PACK = "pack"
    CARRIER = "carrier"
    TRANSFER = "transfer"
    SPLIT = "split"
    LATENESS = "lateness"
    PRIORITY = "priority"
    DISTANCE = "distance"
    CAPACITY = "capacity"
    STOCK_OUT = "stock_out"
    MARKDOWN = "markdown"
    OPPORTUNITY = "opportunity"
    DECLINE = "decline"
    PERFORMANCE = "performance"
    CARBON = "carbon"
    DUTY = "duty"
    SHORT = "short"
    PENALTY = "penalty"
