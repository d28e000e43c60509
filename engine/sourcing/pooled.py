"""How long an order waits to be decided together with others, by its policy.

Until the end of the stretch of time that it came in, all stretches of a policy being equally long, so that orders which came
in one are decided at once; but no longer than its promise allows: so many minutes before the first cutoff of its shipments.
"""

from collections.abc import Iterable

from engine.domain.plan import Route, Shipment
from engine.network.records import Policy

MINUTE_MS = 60_000


def pooled_until(policy: Policy, shipments: Iterable[Shipment], now_unix_ms: int) -> int | None:
    """Unix milliseconds until when an order of these shipments waits; None: it goes at once, for it may not wait or move."""
    planned = tuple(shipments)
    if not policy.pool_minutes or not any(each.route is Route.SHIP for each in planned):
        return None
    stretch = policy.pool_minutes * MINUTE_MS
    until = min((now_unix_ms // stretch + 1) * stretch, last_moment(policy, planned))
    return until if until > now_unix_ms else None


def last_moment(policy: Policy, shipments: Iterable[Shipment]) -> int:
    """Unix milliseconds until when an order of these shipments may wait, for its promise to hold."""
    cutoff = min(each.order_by_minute for each in shipments)
    return (cutoff - policy.pool_cutoff_minutes) * MINUTE_MS
