"""Kinds of cells that speak of time: minutes of the day, days of a calendar, dates and instants, time zones."""

import re
from datetime import UTC, date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from engine.network.records import MINUTES_PER_DAY
from loaders.errors import Fault
from loaders.kinds import BadCellError, Kind, country_codes

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
HOLIDAYS = "holidays"
YEAR_MIN, YEAR_MAX = 1970, 2999

_CLOCK = re.compile(r"([0-9]{1,2}):([0-9]{2})")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}.*")
_HOLIDAYS = re.compile(rf"{HOLIDAYS}(?:[ :](.+))?")


def _parse_minute(raw: Any) -> int:
    if isinstance(raw, time):
        raw = raw.isoformat("minutes" if raw == raw.replace(second=0, microsecond=0) else "auto")
    match = _CLOCK.fullmatch(str(raw))
    if match is None:
        raise BadCellError(Fault.MALFORMED)
    hour, minute = int(match[1]), int(match[2])
    if minute > 59 or hour * 60 + minute > MINUTES_PER_DAY:
        raise BadCellError(Fault.OUT_OF_RANGE)
    return hour * 60 + minute


def _parse_day(raw: Any) -> str:
    """MON…SUN, an ISO date, or `holidays`, which may be followed by its country: ``holidays NL``."""
    text = raw.isoformat() if isinstance(raw, date) else str(raw)
    if text in WEEKDAYS:
        return text
    if match := _HOLIDAYS.fullmatch(text):
        if match[1] and match[1] not in country_codes():
            raise BadCellError(Fault.UNKNOWN_REFERENCE, "; its country code is of two capital letters (ISO 3166)")
        return text
    return _date(text).isoformat()


def _parse_moment(raw: Any) -> date | datetime:
    """A date, or an instant as an aware UTC datetime. An instant without an offset could be any hour: refused."""
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return _in_years(raw)
    if not isinstance(raw, datetime) and not _INSTANT.fullmatch(str(raw)):
        return _date(str(raw))
    try:
        instant = datetime.fromisoformat(str(raw))
    except ValueError:
        raise BadCellError(Fault.MALFORMED) from None
    if instant.tzinfo is None:
        raise BadCellError(Fault.MALFORMED, "; an instant needs its Z or offset")
    _in_years(instant.date())
    return instant.astimezone(UTC)


def _write_moment(moment: date | datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}" if isinstance(moment, datetime) else moment.isoformat()


def _parse_time_zone(raw: Any) -> str:
    try:
        return ZoneInfo(raw).key
    except (LookupError, ValueError, OSError, TypeError, AttributeError):
        raise BadCellError(Fault.UNKNOWN_REFERENCE) from None


def _date(text: str) -> date:
    if not _DATE.fullmatch(text):
        raise BadCellError(Fault.MALFORMED)
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise BadCellError(Fault.MALFORMED) from None
    return _in_years(day)


def _in_years(day: date) -> date:
    if not YEAR_MIN <= day.year <= YEAR_MAX:
        raise BadCellError(Fault.OUT_OF_RANGE)
    return day


MINUTE = Kind("a time from 00:00 to 24:00", _parse_minute, lambda minute: f"{minute // 60:02d}:{minute % 60:02d}")
DAY = Kind(f"{', '.join(WEEKDAYS)}, a date YYYY-MM-DD, or {HOLIDAYS}", _parse_day)
MOMENT = Kind(
    f"a date YYYY-MM-DD or an instant YYYY-MM-DDTHH:MM with Z or an offset, years {YEAR_MIN} to {YEAR_MAX}",
    _parse_moment,
    _write_moment,
)
MOMENT_TEXT = Kind(MOMENT.expected, lambda raw: _write_moment(_parse_moment(raw)))
TIME_ZONE = Kind("a time zone of the IANA database, as Europe/Amsterdam", _parse_time_zone)
