"""What the deciding kernel works on and keeps between calls: runs per destination and policy, and room for its sums.

A workspace belongs to one thread and one network image.
"""

import threading
from collections import OrderedDict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.domain.enums import Term
from engine.inventory.live import LiveStock
from engine.kernels.asked import Limits
from engine.kernels.cheapest import TILE, TILE_ROWS
from engine.kernels.dates import HorizonTables
from engine.kernels.entries import UNLIMITED
from engine.kernels.offers import ENTRY_FIELDS, LINE_COUNT, SUBSET_ROWS, TALLY_FIELDS, Offers
from engine.kernels.partition import TABLES_EACH
from engine.kernels.runs import PLACE_FIELDS, SERVICE_FIELDS, SIZE_FIELDS, RunTables, lay_runs
from engine.kernels.score import UNITS_MAX
from engine.kernels.subsets import SUBSET_LINES_MAX, sum_subsets
from engine.network.image import Lanes, NetworkImage
from engine.optimizer.footprint import decline_table
from engine.optimizer.scene import Ints, Scene

RUN_BYTES_MAX = 2**26
RUN_ROWS_MAX = 1024
FLOOR_ROWS_MAX = 1024
ENTRIES_EXTRA = 4096
"""Entries for receipts that land later, besides one for each location; an order with more takes the long way."""

HANDLING_CLASSES_MAX = 16
"""Of more handling costs than that, runs by them would be too many: they are scanned whole instead."""

NOWHERE = np.int32(-1)
"""In place of the country of a location that does not ship."""

SIZE_MAX = 1 << SUBSET_LINES_MAX

_local = threading.local()


class Workspace:
    """Tables and scratch of one thread for one image. Rows of `runs` and `floor` last until the next batch."""

    def __init__(self, image: NetworkImage) -> None:
        self.image = image
        locations, services = len(image.location_ids), len(image.service_ids)
        zones = max(1, min(len(image.zones), locations * services))
        row_bytes = locations * (4 * (PLACE_FIELDS + 2 + SERVICE_FIELDS + 2 * services) + 8) + 8 * zones
        self.row_count = int(min(RUN_ROWS_MAX, max(8, RUN_BYTES_MAX // max(1, row_bytes))))
        rows = self.row_count
        self.runs = RunTables(
            np.zeros((rows, PLACE_FIELDS, locations), np.int32), np.zeros((rows, locations), np.int64),
            np.zeros((rows, 2, locations), np.int32), np.zeros((rows, locations, SERVICE_FIELDS + 2 * services), np.int32),
            np.zeros((rows, 2, zones), np.int32), np.zeros((rows, SIZE_FIELDS), np.int64), image.priority,
        )  # fmt: skip
        self.floor = np.zeros((1, locations), np.int32)
        self.wishes = np.full((1, locations), -1, np.int32)
        self.subsets = np.zeros((SUBSET_ROWS + TABLES_EACH * SUBSET_LINES_MAX, SIZE_MAX), np.int64)
        sum_subsets(SUBSET_LINES_MAX, np.ones(SUBSET_LINES_MAX, np.int64), 0, self.subsets[LINE_COUNT])
        self.prices = np.empty(zones * SIZE_MAX, np.int64)
        self.zone_rows = np.empty((4, zones), np.int64)
        self.offers = _offers(locations, services, len(image.profiles), zones)
        self._country = np.where(image.active & image.ships, image.country_index, NOWHERE).astype(np.int32)
        self._profile = image.profile_index.astype(np.int32)
        self._kind = image.capacity_unit.astype(np.int32)
        self._services = np.stack((image.dimensional_divisor, image.max_package_grams))
        self._by_priority = np.lexsort((np.arange(locations), image.priority)).astype(np.int64)
        self._heads = np.empty(1 << max(1, int(2 * locations - 1).bit_length()), np.int64)
        self.is_limited = bool((image.capacity_per_day < UNLIMITED).any())
        self.decided: Any = None
        """A `direct.Decided`: the request decided last, where its offers are still at hand."""
        self._tables: HorizonTables | None = None
        self._rows: OrderedDict[tuple[int, tuple[int, ...]], tuple[int, Lanes]] = OrderedDict()
        self._costs: dict[tuple[int, ...], tuple[Ints, Ints, Ints, Ints, bool]] = {}
        self._floors: dict[int, tuple[int, Ints]] = {}

    def limits(self, stock: LiveStock) -> Limits:
        """Who may ship, and what is taken of each day."""
        country = self._country if not stock.closed.any() else np.where(stock.closed != 0, NOWHERE, self._country)
        return Limits(
            country, self._profile, self._kind, self.image.capacity_per_day, stock.capacity_used.T, self._services,
            stock.first_day,
        )  # fmt: skip

    def start(self, tables: HorizonTables) -> None:
        """Begin a batch on the day tables of one horizon."""
        self.decided = None
        if tables is not self._tables:
            self._tables = tables
            self.offers.clock[0] = -1
        if len(self._floors) > FLOOR_ROWS_MAX:
            self._floors.clear()

    def run_row(self, scene: Scene, lanes: Lanes) -> int:
        """The row of the run tables for a destination and the weights of a policy, laid out when it is new."""
        return self.run_row_by(scene, lanes, scene.handling_weights)

    def run_row_by(self, scene: Scene, lanes: Lanes, weights: tuple[int, ...]) -> int:
        """`run_row` with the scene's handling weights at hand."""
        key = (id(lanes), weights)
        found = self._rows.get(key)
        if found is not None:
            self._rows.move_to_end(key)
            return found[0]
        row = len(self._rows)
        if row == self.row_count:
            _, (row, _) = self._rows.popitem(last=False)
        if weights not in self._costs:
            self._costs[weights] = (*(costs := location_costs(scene)), *handling_classes(*costs[1:]))
        lay_runs(row, self._by_priority, self._profile, lanes.zone_index, lanes.transit_days, lanes.distance_meters,
                 scene.weights_ppm[Term.DISTANCE], *self._costs[weights], self._heads, self.runs)  # fmt: skip
        self._rows[key] = row, lanes
        return row

    def floor_row(self, floor: Ints) -> int:
        """The row of `floor` that holds a safety stock per location."""
        found = self._floors.get(id(floor))
        if found is not None:
            return found[0]
        assert floor.min(initial=0) >= 0, "a safety stock below zero would sell what is not there"
        row = len(self._floors)
        if row == len(self.floor):
            self.floor = np.concatenate((self.floor, np.zeros_like(self.floor)))
        self.floor[row] = np.minimum(floor, UNITS_MAX)
        self._floors[id(floor)] = row, floor
        return row


def workspace_of(image: NetworkImage) -> Workspace:
    """This thread's workspace for an image; the one before it is kept too, for while an image is being replaced."""
    kept: list[Workspace] = getattr(_local, "kept", [])
    for workspace in kept:
        if workspace.image is image:
            return workspace
    workspace = Workspace(image)
    _local.kept = [workspace, *kept[:1]]
    return workspace


def location_costs(scene: Scene) -> tuple[Ints, Ints, Ints]:
    """[L] each: weighted micros per shipment (without distance and carrier), per line and per unit."""
    image, weights = scene.image, scene.weights_ppm
    fixed = (
        weigh_all(image.pack_cost_micros, weights[Term.PACK])
        + weigh_all(image.priority, weights[Term.PRIORITY])
        + weigh_all(image.performance_micros, weights[Term.PERFORMANCE])
        + scene.split_micros
    )
    line = weigh_all(image.pick_cost_micros, weights[Term.PICK])
    if scene.policy.decline_micros:
        line += weigh_all(decline_table(scene.policy.decline_micros, image.decline_ppm), weights[Term.DECLINE])
    return fixed, line, weigh_all(image.unit_cost_micros, weights[Term.UNIT])


def handling_classes(pick: Ints, unit: Ints) -> tuple[Ints, bool]:
    """([L]: the number of each location's handling costs, whether they are few enough for runs to be sorted by cost)."""
    _, numbers = np.unique(np.stack((pick, unit)), axis=1, return_inverse=True)
    numbers = numbers.reshape(-1).astype(np.int64)
    if numbers.max(initial=0) < HANDLING_CLASSES_MAX:
        return numbers, True
    return np.zeros_like(numbers), False


def weigh_all(raw: Ints, weight_ppm: int) -> Ints:
    """`tariffs.weigh`, element by element."""
    return raw // 1_000_000 * weight_ppm + raw % 1_000_000 * weight_ppm // 1_000_000


def _offers(locations: int, services: int, profiles: int, zones: int) -> Offers:
    entries = locations + ENTRIES_EXTRA
    sizes: NDArray[np.int64] = np.zeros((ENTRY_FIELDS, entries), np.int64)
    return Offers(
        np.zeros((2, locations), np.int32), np.zeros((services, SIZE_MAX), np.int64), np.zeros((services, SIZE_MAX), np.int64),
        np.zeros((locations + entries, services), np.int64), np.zeros((profiles, services, 2), np.int64),
        np.zeros(profiles, np.int64), np.full(2, -1, np.int64), np.zeros(locations, np.bool_),
        np.zeros((SUBSET_LINES_MAX, locations), np.int32), np.zeros((2, locations), np.int32),
        np.zeros((SUBSET_ROWS, SIZE_MAX), np.int64), np.zeros(zones * SIZE_MAX, np.int64),
        np.zeros((services, TALLY_FIELDS), np.int64), sizes,
        np.zeros((TILE_ROWS, TILE), np.int64),
    )  # fmt: skip
