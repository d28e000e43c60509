"""Opening hours of the sample network: stores, distribution centers, suppliers, trucks and carriers."""

from datetime import date

from engine.network.records import MINUTES_PER_DAY, CalendarDay
from loaders.dutch_places import COUNTRY
from loaders.kinds_of_time import HOLIDAYS, WEEKDAYS

Hours = tuple[int, int] | None

_CLOSED: Hours = None
_ALL_DAY: Hours = (0, MINUTES_PER_DAY)
_SHOP: Hours = (9 * 60 + 30, 18 * 60)
# Monday starts late, Thursday is the late evening.
_SHOP_WEEK: tuple[Hours, ...] = ((11 * 60, 18 * 60), _SHOP, _SHOP, (9 * 60 + 30, 21 * 60), _SHOP, _SHOP)
_SHOP_SUNDAY: Hours = (12 * 60, 17 * 60)
_LONG_DAY: Hours = (6 * 60, 23 * 60)
_OFFICE_DAY: Hours = (8 * 60, 17 * 60)

# MON…SUN of each calendar, calendars in the order of their ids.
_WEEK_BY_CALENDAR: dict[str, tuple[Hours, ...]] = {
    "CARRIER-PICKUP": (*[_ALL_DAY] * 6, _CLOSED),
    "DC": (*[_LONG_DAY] * 5, (7 * 60, 17 * 60), _CLOSED),
    "DELIVERY-SATURDAY": (*[_ALL_DAY] * 6, _CLOSED),
    "DELIVERY-WEEKDAYS": (*[_ALL_DAY] * 5, _CLOSED, _CLOSED),
    "STORE": (*_SHOP_WEEK, _SHOP_SUNDAY),
    "STORE-NO-SUNDAY": (*_SHOP_WEEK, _CLOSED),
    "SUPPLIER": (*[_OFFICE_DAY] * 5, _CLOSED, _CLOSED),
    "TRUCK": (*[_ALL_DAY] * 5, _CLOSED, _CLOSED),
}


def shoe_calendars(today: date) -> tuple[CalendarDay, ...]:
    """Weeks, public holidays closed, and stores closing at 17:00 on the last days of this year and the next."""
    days: list[CalendarDay] = []
    for calendar_id, week in _WEEK_BY_CALENDAR.items():
        days += [_day(calendar_id, day, hours) for day, hours in zip(WEEKDAYS, week, strict=True)]
        days.append(CalendarDay(calendar_id, HOLIDAYS, None, None, COUNTRY))
        if calendar_id.startswith("STORE"):
            days += [
                _day(calendar_id, date(year, 12, day).isoformat(), (9 * 60 + 30, 17 * 60))
                for year in (today.year, today.year + 1)
                for day in (24, 31)
            ]
    return tuple(days)


def _day(calendar_id: str, day: str, hours: Hours) -> CalendarDay:
    open_minute, close_minute = hours or (None, None)
    return CalendarDay(calendar_id, day, open_minute, close_minute)
