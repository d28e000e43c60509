"""Kinds of cells: how each is read, what is said when it cannot be, and how it is written back.

`parse` gets a cell that is not empty: text, or what a typed format holds (int, float, bool, date, …). It is called once
for each *distinct* value of a column, so it may be plain Python however many rows there are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from functools import cache
from importlib.resources import files
from typing import Any

import pyarrow as pa

from engine.domain.ids import BACKORDER, is_id
from loaders.errors import Fault, nearest

QUANTITY_MAX = 2**31 - 1
MICROS_MAX = 10**12
WEIGHT_GRAMS_MAX = 10**9
TEXT_LENGTH_MAX = 500
PARTS_PER_MILLION = 1_000_000

Cell = str | int | float | bool | None

_TEXT_TYPE = pa.string()
_NUMBER = re.compile(r"-?[0-9]{1,40}(\.[0-9]{0,40})?([eE][+-]?[0-9]{1,3})?")
_POSTAL_CODE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9 -]{0,14}[A-Za-z0-9])?")
# U+FFFD stands where a file held bytes that are not UTF-8.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ufffd]")
_FLAGS = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}


class BadCellError(ValueError):
    """A cell that cannot be read: why, and a hint to put after what was expected."""

    def __init__(self, reason: Fault, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of cell. `arrow` is its type in typed files; `write` is the inverse of `parse`.

    `takes_lists` where a typed file may give the parts of a cell as a list.
    """

    expected: str
    parse: Callable[[Any], Any]
    write: Callable[[Any], Cell] = lambda value: value
    arrow: pa.DataType = _TEXT_TYPE
    takes_lists: bool = False


def whole(low: int, high: int, unit: str = "") -> Kind:
    """A whole number from `low` to `high`; ``5.0`` counts as 5, since spreadsheets write whole numbers so."""

    def parse(raw: Any) -> int:
        number = _number(raw)
        if number != number.to_integral_value():
            raise BadCellError(Fault.MALFORMED)
        if not low <= number <= high:
            raise BadCellError(Fault.OUT_OF_RANGE)
        return int(number)

    return Kind(f"a whole number{unit and ' of '}{unit} from {low} to {high}", parse, arrow=pa.int64())


def decimal(low: int, high: int) -> Kind:
    """A finite number from `low` to `high`, as a float."""

    def parse(raw: Any) -> float:
        number = _number(raw)
        if not low <= number <= high:
            raise BadCellError(Fault.OUT_OF_RANGE)
        return float(number)

    return Kind(f"a number from {low} to {high}", parse, arrow=pa.float64())


def parts_per_million(low: int, high: int) -> Kind:
    """A number with at most six decimals, kept as whole parts per million: 1 is 1,000,000."""

    def parse(raw: Any) -> int:
        parts = _number(raw) * PARTS_PER_MILLION
        if not low * PARTS_PER_MILLION <= parts <= high * PARTS_PER_MILLION:
            raise BadCellError(Fault.OUT_OF_RANGE)
        if parts != parts.to_integral_value():
            raise BadCellError(Fault.MALFORMED)
        return int(parts)

    def write(parts: int) -> Cell:
        return parts // PARTS_PER_MILLION if parts % PARTS_PER_MILLION == 0 else parts / PARTS_PER_MILLION

    return Kind(f"a number from {low} to {high} with at most six decimals", parse, write, pa.float64())


def _parse_percent(raw: Any) -> int:
    number = _number(raw)
    parts = number * (PARTS_PER_MILLION // 100)
    if not 0 <= number <= 100:
        raise BadCellError(Fault.OUT_OF_RANGE)
    if parts != parts.to_integral_value():
        raise BadCellError(Fault.MALFORMED)
    return int(parts)


def _write_percent(parts: int) -> Cell:
    each = PARTS_PER_MILLION // 100
    return parts // each if parts % each == 0 else parts / each


def words(enum: type[StrEnum]) -> Kind:
    """One word of a closed set."""

    def parse(raw: Any) -> StrEnum:
        try:
            return enum(raw)
        except ValueError:
            raise BadCellError(Fault.MALFORMED, nearest(str(raw), enum)) from None

    return Kind(f"one of {', '.join(enum)}", parse, str)


@cache
def country_codes() -> frozenset[str]:
    """The ISO 3166 two-letter codes, as the time zone database lists them."""
    table = (files("tzdata.zoneinfo") / "iso3166.tab").read_text("utf-8")
    return frozenset(line[:2] for line in table.splitlines() if line and not line.startswith("#"))


def _parse_identifier(raw: Any) -> str:
    text = _text(raw)
    if not is_id(text):
        raise BadCellError(Fault.MALFORMED)
    return text


def _parse_receipt_id(raw: Any) -> str:
    text = _parse_identifier(raw)
    if text == BACKORDER:
        raise BadCellError(Fault.MALFORMED, f"; {BACKORDER} stands for units that are sold beyond stock")
    return text


def _parse_text(raw: Any) -> str:
    # A line break in a cell is refused: an unclosed quote swallows the rows after it, and they must not go unnoticed.
    text = _text(raw)
    if len(text) > TEXT_LENGTH_MAX or _UNPRINTABLE.search(text):
        raise BadCellError(Fault.MALFORMED)
    return text


def _parse_flag(raw: Any) -> bool:
    flag = _FLAGS.get(str(raw).lower())
    if flag is None:
        raise BadCellError(Fault.MALFORMED)
    return flag


def _parse_country(raw: Any) -> str:
    text = _text(raw)
    if text not in country_codes():
        raise BadCellError(Fault.UNKNOWN_REFERENCE)
    return text


def _parse_currency(raw: Any) -> str:
    text = _text(raw)
    if not re.fullmatch(r"[A-Z]{3}", text):
        raise BadCellError(Fault.MALFORMED)
    return text


def _parse_postal_code(raw: Any) -> str:
    text = _text(raw)
    if not _POSTAL_CODE.fullmatch(text):
        raise BadCellError(Fault.MALFORMED)
    return text


def _parse_ids(raw: Any) -> tuple[str, ...]:
    ids = tuple(_parse_identifier(part) for part in _text(raw).split(";"))
    if len(set(ids)) < len(ids):
        raise BadCellError(Fault.DUPLICATE)
    return ids


def _parse_id_quantities(raw: Any) -> tuple[tuple[str, int], ...]:
    pairs = []
    for part in _text(raw).split(";"):
        # An id may hold colons itself: the last one parts off the quantity.
        name, _, quantity = part.rpartition(":")
        pairs.append((_parse_identifier(name), _COMPONENT_QUANTITY.parse(quantity)))
    if len({name for name, _ in pairs}) < len(pairs):
        raise BadCellError(Fault.DUPLICATE)
    return tuple(pairs)


def _text(raw: Any) -> str:
    """Text, or a whole number of a typed format as text: ids and postal codes are often stored as numbers there."""
    if isinstance(raw, bool) or not isinstance(raw, str | int):
        raise BadCellError(Fault.MALFORMED)
    return str(raw)


def _number(raw: Any) -> Decimal:
    """The exact finite number a cell holds; a float is taken at its shortest spelling."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | Decimal | str):
        raise BadCellError(Fault.MALFORMED)
    text = repr(raw) if isinstance(raw, float) else str(raw)
    if not _NUMBER.fullmatch(text):
        raise BadCellError(Fault.MALFORMED)
    return Decimal(text)


_COMPONENT_QUANTITY = whole(1, QUANTITY_MAX)
IDENTIFIER = Kind("an id: 1 to 128 letters, digits and . _ : / @ + -, the first a letter or digit", _parse_identifier)
RECEIPT_ID = Kind(IDENTIFIER.expected, _parse_receipt_id)
TEXT = Kind(f"one line of at most {TEXT_LENGTH_MAX} characters in UTF-8", _parse_text)
FLAG = Kind("true, false, 1, 0, yes or no", _parse_flag, arrow=pa.bool_())
COUNTRY = Kind("a country code of two capital letters (ISO 3166)", _parse_country)
CURRENCY = Kind("a currency code of three capital letters (ISO 4217)", _parse_currency)
POSTAL_CODE = Kind("a postal code: 1 to 16 letters, digits, spaces and hyphens", _parse_postal_code)
IDS = Kind("ids parted by ; and each once", _parse_ids, ";".join, takes_lists=True)
ID_QUANTITIES = Kind(
    f"id:quantity parted by ; and each id once, quantities from 1 to {QUANTITY_MAX}",
    _parse_id_quantities,
    lambda pairs: ";".join(f"{name}:{quantity}" for name, quantity in pairs),
    takes_lists=True,
)
PERCENT = Kind("a number from 0 to 100 with at most four decimals", _parse_percent, _write_percent, pa.float64())
QUANTITY = whole(0, QUANTITY_MAX)
STOCK_QUANTITY = whole(-(2**31), QUANTITY_MAX)
MICROS = whole(0, MICROS_MAX, "micros")
GRAMS = whole(0, WEIGHT_GRAMS_MAX, "grams")
