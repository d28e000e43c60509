"""Plain baskets laid out for kernels: many in one call, since nothing of them has to be looked at one by one.

A plain basket asks for whole lines of different items and for nothing else, by a policy that the deciding kernel knows all
terms of. Orders (`sourcing.plain`) and quotes (`promise.plain`) are planned so.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST, BasketLine
from engine.domain.enums import Term
from engine.inventory.live import LiveStock
from engine.inventory.matrix import InventoryMatrix
from engine.kernels.asked import (
    L_ALL_OR_NOTHING,
    L_FLOOR_ROW,
    L_GRAMS,
    L_LATEST,
    L_MOST,
    L_QUANTITY,
    L_ROW_COUNT,
    L_ROW_START,
    L_SERVICES,
    L_VOLUME,
    LINE_FIELDS,
    O_FIRST_LINE,
    O_FIRST_OPTION,
    O_LATEST,
    O_LINE_COUNT,
    O_NOW,
    O_OPTION_COUNT,
    O_POOL_ROW,
    O_RUN_ROW,
)
from engine.kernels.dates import HorizonTables
from engine.kernels.order_tables import COST_FIELDS, PEG_FIELDS, PLANNED_FIELDS, SHIPMENT_FIELDS
from engine.kernels.plan_orders import (
    DECLINE_MICROS,
    LATE_MICROS,
    PEGS_EACH_MAX,
    RATE_FIELDS,
    SPLIT_MICROS,
    TERMS,
    USED_FIELDS,
    Planned,
    Rates,
)
from engine.network.image import Lanes, NetworkImage
from engine.network.policies import weight_ppm
from engine.network.records import Policy
from engine.optimizer.direct import ALL_SERVICES, BatchTables, Request, kernel_arguments, order_row, suits_direct
from engine.optimizer.limits import line_locations
from engine.optimizer.scene import Scene, pools_of, short_units_max
from engine.optimizer.workspace import Workspace, workspace_of

Ints = NDArray[np.int64]


class PlainKind(NamedTuple):
    """What plain baskets have in common that are alike in all but their lines: destination, policy, channel and the like."""

    scene: Scene
    lanes: Lanes
    order: bytes
    """A row of the kernel's `orders`, but for its lines, its minute and where its tables lie: joined, many are a table."""
    most: int
    """Locations that each line may be divided over."""
    piece: int
    """The number of its policy."""
    weights: tuple[int, ...]
    """As `Scene.handling_weights`."""
    units_max: int
    """Of more, all short, the price of shortage would leave safe sums."""


class PlainLines(NamedTuple):
    """The lines of plain baskets, those of a basket one behind the other: [lines] each."""

    item: Ints
    quantity: Ints


def plain_items(image: NetworkImage) -> NDArray[np.bool_]:
    """[items]: which can be asked for plainly: nothing bars them anywhere, and they are sourced as what they are."""
    limits, items = image.item_limits, range(len(image.item_ids))
    return np.array(
        [
            limits.locations(item) is None
            and limits.services(item) is None
            and not image.ship_alone.item(item)
            and not image.items[item].components
            for item in items
        ],
        np.bool_,
    )


def suits_plain(image: NetworkImage) -> bool:
    """Whether a network has plain baskets at all: rules and prices by unit are looked at item by item."""
    return image.availability is None and not image.has_unit_prices and len(image.service_ids) > 0


def plain_kind(scene: Scene, piece: int) -> PlainKind | None:
    """What baskets of this scene have in common; None where they are not plain. The scene's basket has no lines."""
    image = scene.image
    if (
        scene.lanes is None
        or scene.nearest_postal_code
        or scene.policy.no_split_below_micros
        or scene.policy.pool_minutes
        or scene.common_bar.items
        or not suits_plain(image)
    ):
        return None
    # Of a policy by which a part of a line may be had for less than all of it, the proof is not the kernel's alone.
    with_line = replace(scene, basket=replace(scene.basket, lines=(BasketLine("1", 0, 2),)))
    request = Request(with_line, scene.lanes, (0,), (scene.services,))
    most = line_locations(with_line, (0,))[0]
    if not suits_direct(request) or (most <= 1 and scene.short_micros is not None):
        return None
    row = np.array(order_row(request, workspace_of(image), 0, 0, 0, 0), np.int64).tobytes()
    return PlainKind(
        scene,
        scene.lanes,
        row,
        most,
        piece,
        scene.handling_weights,
        short_units_max(scene.policy),
    )


class PlainPolicies:
    """The policies that have decided something, numbered as they come. Used by one thread."""

    def __init__(self) -> None:
        self.policies: list[Policy] = []
        """By piece."""
        self._pieces: dict[Policy, int] = {}
        self._weight_rows: list[list[int]] = []

    def piece_of(self, policy: Policy) -> int:
        """The number of a policy, given out when it is new."""
        piece = self._pieces.setdefault(policy, len(self.policies))
        if piece == len(self.policies):
            self.policies.append(policy)
            row = [weight_ppm(policy, term) for term in Term] + [0] * (RATE_FIELDS - TERMS)
            row[SPLIT_MICROS], row[DECLINE_MICROS] = policy.split_micros, policy.decline_micros
            row[LATE_MICROS] = policy.late_micros_per_day
            self._weight_rows.append(row)
        return piece

    def rates(self, image: NetworkImage) -> Rates:
        """What the network and all these policies charge."""
        return Rates(
            image.pick_cost_micros, image.unit_cost_micros, image.pack_cost_micros, image.priority, image.performance_micros,
            image.decline_ppm, image.co2_grams_per_tonne_km, np.array(self._weight_rows, np.int64),
        )  # fmt: skip


class Laid(NamedTuple):
    """Plain baskets as kernels take them; `column` [lines]: where each of their lines stands among those that were read."""

    pieces: Ints
    first_line: Ints
    column: Ints
    item: Ints
    tables: HorizonTables
    arguments: tuple[Any, ...]
    """Those of `decide_orders` up to its outputs: orders, lines, options …"""


def lay_out(
    image: NetworkImage, stock: LiveStock, minute: int, kinds: Sequence[PlainKind], first_line: Ints, line_count: Ints,
    lines: PlainLines, choices: Ints,
) -> Laid:  # fmt: skip
    """Baskets, at most `row_count` of the workspace, each with an option for each of the choices of services (bits).

    first_line, line_count [baskets]: where in `lines` those of each are.
    """
    matrix, space, n = stock.matrix, workspace_of(image), len(kinds)
    # Contiguous, whatever the number of baskets: another layout would be compiled while callers wait.
    first_line, line_count = np.ascontiguousarray(first_line), np.ascontiguousarray(line_count)
    begin = np.zeros(n + 1, np.int64)
    np.cumsum(line_count, out=begin[1:])
    total = int(begin[-1])
    column = np.repeat(first_line - begin[:-1], line_count) + np.arange(total)
    item, quantity = lines.item[column], lines.quantity[column]
    horizon = image.horizon(minute)
    # What is asked of a kind is asked once, however many baskets are of it; `of` [baskets] numbers the kinds.
    distinct = {id(kind): kind for kind in kinds}
    number = dict(zip(distinct, range(len(distinct)), strict=True))
    of = np.array([number[id(kind)] for kind in kinds], np.int64)
    shared = distinct.values()
    orders = np.frombuffer(b"".join([kind.order for kind in shared]), np.int64).reshape(len(shared), -1)[of]
    orders[:, O_FIRST_LINE], orders[:, O_LINE_COUNT] = begin[:-1], line_count
    orders[:, O_FIRST_OPTION], orders[:, O_OPTION_COUNT] = np.arange(n) * len(choices), len(choices)
    orders[:, O_NOW], orders[:, O_LATEST] = minute, horizon.last_minute
    orders[:, O_RUN_ROW] = np.array([space.run_row_by(kind.scene, kind.lanes, kind.weights) for kind in shared], np.int64)[of]
    segments = {segment: row for row, segment in enumerate({kind.scene.basket.segment: None for kind in shared})}
    allowed = ((segment, not image.common_bar(segment).everything) for segment in segments)
    pools = np.stack([pools_of(matrix.pools, segment, common=common) for segment, common in allowed])
    orders[:, O_POOL_ROW] = np.array([segments[kind.scene.basket.segment] for kind in shared], np.int64)[of]
    pieces = np.array([kind.piece for kind in shared], np.int64)[of]
    most = np.repeat(np.array([kind.most for kind in shared], np.int64)[of], line_count)
    space.start(horizon.tables)
    table = _line_table(image, kinds, most, line_count, item, quantity, matrix, space)
    batch = BatchTables(orders, table, np.tile(choices, n), space.wishes, pools)
    return Laid(
        pieces, first_line, column, item, horizon.tables, kernel_arguments(stock, space, horizon.tables, batch)
    )  # fmt: skip


def _line_table(
    image: NetworkImage, kinds: Sequence[PlainKind], most: Ints, line_count: Ints, item: Ints, quantity: Ints,
    matrix: InventoryMatrix, space: Workspace,
) -> Ints:  # fmt: skip
    """[LINE_FIELDS, lines] of the kernel's `lines`; most [lines]: locations that each may be divided over."""
    table = np.empty((LINE_FIELDS, len(item)), np.int64)
    table[L_ROW_START], table[L_ROW_COUNT] = matrix.row_start[item], matrix.row_count[item]
    if image.has_one_floor:
        table[L_FLOOR_ROW] = space.floor_row(image.safety_stock(0, ""))
    else:
        channels = [kind.scene.basket.channel for kind in kinds]
        floors = map(image.safety_stock, item.tolist(), np.repeat(channels, line_count).tolist())
        table[L_FLOOR_ROW] = [space.floor_row(floor) for floor in floors]
    table[L_QUANTITY] = quantity
    table[L_GRAMS], table[L_VOLUME] = image.weight_grams[item], image.volume_mm3[item]
    table[L_MOST] = most
    table[L_ALL_OR_NOTHING], table[L_LATEST], table[L_SERVICES] = False, NO_LATEST, ALL_SERVICES
    return table


def new_scratch() -> Ints:
    """Scratch of the kernels that plan."""
    return np.zeros((PEGS_EACH_MAX + TERMS, 3), np.int64)


def new_tables(orders: int, lines: int) -> Planned:
    """Room for so many plans with so many lines between them."""
    rows = lines, 2 * lines + PEGS_EACH_MAX, TERMS * lines, TERMS * orders
    fields = SHIPMENT_FIELDS, PEG_FIELDS, COST_FIELDS, COST_FIELDS
    shipments, pegs, terms, sums = (np.empty(shape, np.int64) for shape in zip(rows, fields, strict=True))
    return Planned(
        np.zeros((orders, PLANNED_FIELDS), np.int64), shipments, pegs, terms, sums, np.zeros(USED_FIELDS, np.int64)
    )  # fmt: skip
