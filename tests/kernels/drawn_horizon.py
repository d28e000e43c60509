"""Day tables of a horizon by chance: days of 1,440 minutes, open or closed, every one written out."""

import random

import numpy as np

from engine.kernels.dates import NEVER, HorizonTables

MINUTES_PER_DAY = 1440


def drawn_horizon(rng: random.Random, profiles: int, services: int, days: int) -> HorizonTables:
    """Calendars with few or many closed days; a pickup row for each profile and service."""
    first_day = rng.choice([0, 3, 20_000])
    start = [(first_day + d) * MINUTES_PER_DAY for d in range(days + 1)]
    profile_days = np.full((profiles, days + 1, 5), -1)
    pickups = np.full((profiles * services, days + 1, 2), -1)
    for p in range(profiles):
        open_share = rng.choice([0.3, 0.8, 1.0])
        is_open = [rng.random() < open_share for _ in range(days)]
        opens, closes = rng.choice([(0, 1440), (480, 1080), (600, 601)])
        cutoff = rng.randint(0, 1439)
        for d in range(days + 1):
            profile_days[p, d, 0] = start[d]
            if d < days and is_open[d]:
                profile_days[p, d, 1:4] = start[d] + opens, start[d] + closes, start[d] + cutoff
            profile_days[p, d, 4] = next((e for e in range(d, days) if is_open[e]), days)
        for s in range(services):
            picked = [o and rng.random() < 0.9 for o in is_open]
            minute = rng.choice([0, 700, 1440])
            for d in range(days + 1):
                if d < days and picked[d]:
                    pickups[p * services + s, d, 0] = start[d] + minute
                pickups[p * services + s, d, 1] = next((e for e in range(d, days) if picked[e]), days)
    calendars = rng.randint(1, 2)
    delivery = np.full((calendars, days + 1, 4), NEVER)
    for c in range(calendars):
        delivered = [d for d in range(days) if rng.random() < rng.choice([0.5, 1.0])]
        for d in range(days + 1):
            delivery[c, d, 0] = sum(e <= d for e in delivered)
            delivery[c, d, 1] = days
        for j, d in enumerate(delivered):
            delivery[c, j, 1:] = d, start[d] + 480, start[d] + 1200
    return HorizonTables(
        first_day, profile_days, np.array([rng.choice([0, 1, 90, 700]) for _ in range(profiles)]),
        np.arange(profiles * services).reshape(profiles, services), pickups,
        np.array([rng.randrange(calendars) for _ in range(services)]), delivery,
    )  # fmt: skip
