"""Instants and money as people read them."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo


def local_text(unix_seconds: int, zone: ZoneInfo) -> str:
    """Day and time in a zone. Midnight ends a day, for a reader: the day is named, without a time."""
    local = datetime.fromtimestamp(unix_seconds, zone)
    if (local.hour, local.minute) == (0, 0):
        return f"{local - timedelta(minutes=1):%a %d %b}"
    return f"{local:%a %d %b %H:%M}"


def money_text(micros: int, currency: str) -> str:
    """Micros of a currency, to the cent."""
    return f"{currency} {micros / 1_000_000:,.2f}"
