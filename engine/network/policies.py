"""Policies: which of a network's sourcing policies counts for a basket, and the weights it gives to costs."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from types import MappingProxyType

import numpy as np
import orjson

from engine.domain.enums import Term
from engine.network.calendars import day_number, local_time, time_zone
from engine.network.records import MINUTES_PER_DAY, Policy

WEIGHT_PPM = 1_000_000
DEFAULT_POLICY = Policy("default")

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_EQUAL = ("channel", "segment", "customer_class")


@dataclass(frozen=True, slots=True)
class Period:
    """UTC minutes from `first` until before `end`; None: since ever, for ever."""

    first: int | None
    end: int | None

    @property
    def is_empty(self) -> bool:
        """Whether no minute lies in it."""
        return self.first is not None and self.end is not None and self.end <= self.first

    def holds(self, other: "Period") -> bool:
        """Whether every minute of the other one lies in it."""
        starts = self.first is None or (other.first is not None and other.first >= self.first)
        return starts and (self.end is None or (other.end is not None and other.end <= self.end))


@dataclass(frozen=True, slots=True)
class _Conditional:
    """A policy with its conditions read: an order must meet them all; None asks nothing."""

    policy: Policy
    equal: tuple[str | None, ...]
    value_micros_min: int | None
    period: Period

    def holds(self, equal: tuple[str, ...], value_micros: int, minute: int) -> bool:
        return (
            all(asked is None or asked == given for asked, given in zip(self.equal, equal, strict=True))
            and (self.value_micros_min is None or value_micros >= self.value_micros_min)
            and (self.period.first is None or minute >= self.period.first)
            and (self.period.end is None or minute < self.period.end)
        )


@lru_cache(maxsize=256)
def policy_version(policy: Policy) -> str:
    """16 hex digits of a hash of all its fields: what decided can be told from what is in force now."""
    content = [[field.name, getattr(policy, field.name)] for field in fields(policy)]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()[:16]


class Policies:
    """The policies of a network, in the order of the file.

    `from` and `until` are instants or dates; a date is a day of the network's time zone, from its first minute, until
    its last. An instant in `until` is itself too late.
    """

    def __init__(self, policies: Sequence[Policy], zone: str) -> None:
        self._by_id: Mapping[str, Policy] = MappingProxyType({policy.policy_id: policy for policy in policies})
        self._conditional = tuple(_read(policy, zone) for policy in policies if policy.when)
        self.default = next((policy for policy in policies if not policy.when), DEFAULT_POLICY)

    @property
    def are_conditional(self) -> bool:
        """Whether it may depend on a basket's worth, its caller or the time which of them counts."""
        return bool(self._conditional)

    def choose(
        self,
        *,
        policy_id: str = "",
        channel: str = "",
        segment: str = "",
        customer_class: str = "",
        value_micros: int = 0,
        minute: int,
    ) -> Policy | None:
        """The policy of that id, or None when there is none; without an id the first whose `when` holds, or the default.

        The default is the first policy without `when`, or one with every field at its own default. `minute` is the
        UTC minute of the request.
        """
        if policy_id:
            return self._by_id.get(policy_id)
        equal = (channel, segment, customer_class)
        for each in self._conditional:
            if each.holds(equal, value_micros, minute):
                return each.policy
        return self.default


def weight_ppm(policy: Policy, term: Term) -> int:
    """The weight of a term in millionths: 1,000,000 unless the policy says otherwise."""
    return next((weight for name, weight in policy.weights if name == term), WEIGHT_PPM)


def period_of(policy: Policy, zone: str) -> Period:
    """When a policy may count."""
    when = dict(policy.when)
    return Period(
        moment_minute(when["from"], zone, 0) if "from" in when else None,
        moment_minute(when["until"], zone, 1) if "until" in when else None,
    )


def _read(policy: Policy, zone: str) -> _Conditional:
    when = dict(policy.when)
    assert when.keys() <= {*_EQUAL, "min_value_micros", "from", "until"}, policy.policy_id
    return _Conditional(
        policy,
        tuple(when.get(key) for key in _EQUAL),
        int(when["min_value_micros"]) if "min_value_micros" in when else None,
        period_of(policy, zone),
    )


def moment_minute(text: str, zone: str, days_after: int) -> int:
    """The UTC minute of an instant, rounded up, or of the midnight that starts a date or the day after it."""
    if len(text) > len("YYYY-MM-DD"):
        return -((_EPOCH - datetime.fromisoformat(text)) // timedelta(minutes=1))
    day = day_number(date.fromisoformat(text)) + days_after
    midnight = np.array([day * MINUTES_PER_DAY], np.int64)
    return int(local_time(time_zone(zone), day, 1).utc_minutes(midnight)[0])
