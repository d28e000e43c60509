"""The short way to a plan: baskets in, best plans by several choices of services out, one kernel call for all of them.

It serves whole lines of different items, ranked by cost; what else there is (see `suits_direct`, and the statuses of
`kernels.asked`) takes the long way of candidates, problem and solver, which finds the same plans.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple
from weakref import ref

import numpy as np
from numpy.typing import NDArray

from engine.domain.basket import NO_LATEST, BasketLine
from engine.domain.enums import OrderBy, Term
from engine.inventory.live import LiveStock
from engine.kernels.asked import (
    EMPTY,
    PLACED_FIELDS,
    R_COLUMNS,
    R_NODES,
    R_OBJECTIVE,
    R_STATUS,
    RESULT_FIELDS,
    SOLVED,
    Arena,
)
from engine.kernels.dates import HorizonTables
from engine.kernels.decide import decide_orders
from engine.kernels.runs import METERS_MAX
from engine.kernels.score import ANY_SHIFT
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import Lanes
from engine.optimizer.departures import differ_in_services, may_depart_apart
from engine.optimizer.limits import line_locations, line_services, line_sources
from engine.optimizer.load import NOTHING, Chosen, Load
from engine.optimizer.scene import Ints, Scene
from engine.optimizer.unit_prices import has_unit_prices
from engine.optimizer.workspace import Workspace, workspace_of

SERVICES_MAX = 62
"""Services have a bit each in an int64."""

ALL_SERVICES = (1 << SERVICES_MAX) - 1

Bits = NDArray[np.int32]
Bools = NDArray[np.bool_]


class Request(NamedTuple):
    """Lines of a basket to ship, and the choices of services to plan them by."""

    scene: Scene
    lanes: Lanes
    lines: tuple[int, ...]
    choices: tuple[tuple[int, ...], ...]


class BatchTables(NamedTuple):
    """The tables of a batch, see `kernels.asked`."""

    orders: Ints
    lines: Ints
    options: Ints
    wishes: Bits
    pools: Bools


class Decided(NamedTuple):
    """The request decided last, while its offers are at hand; what it was decided on may go meanwhile."""

    scene: ref[Scene]
    asked: tuple[Any, ...]
    """Lines and choices."""
    tables: BatchTables
    results: Ints


def suits_direct(request: Request) -> bool:
    """Whether the kernel can try at all."""
    scene, lines = request.scene, request.scene.basket.lines
    return (
        0 < len(request.lines) <= SUBSET_LINES_MAX
        and len(scene.image.service_ids) <= SERVICES_MAX
        and scene.policy.order_by is OrderBy.COST
        and scene.locations_max > 0
        and not asks_for_more(scene, request.lines)
        and not (scene.policy.carbon_micros_per_kg or scene.policy.capacity_price_micros)
        and not departs_apart(scene, request.lines)
        and not has_unit_prices(scene, request.lines)
        and len({lines[i].item for i in request.lines}) == len(request.lines)
        and (not (apart := scene.common_bar.items) or apart.isdisjoint(lines[i].item for i in request.lines))
    )


def asks_for_more(scene: Scene, lines: tuple[int, ...]) -> bool:
    """Whether anything is asked that takes several tries, or ties lines together; see `shipping`."""
    limits, alone = scene.basket.constraints, scene.image.ship_alone
    if limits.penalties or limits.express_only or limits.ship_complete:
        return True
    asked = [scene.basket.lines[i] for i in lines]
    return any(
        line.ship_set >= 0
        or line.arrival_set >= 0
        or line.min_split_quantity
        or line.earliest_minute
        or (len(lines) > 1 and alone.item(line.item))
        for line in asked
    )


def departs_apart(scene: Scene, lines: tuple[int, ...]) -> bool:
    """Whether a location may ship several times, which the kernel does not know of; see `departures`."""
    if not may_depart_apart(scene, lines):
        return False
    lines_asked = [scene.basket.lines[i] for i in lines]
    if scene.policy.late_micros_per_day and any(each.quantity > 1 and each.latest_minute < NO_LATEST for each in lines_asked):
        # Units are late one by one: the kernel would charge them as one.
        return True
    return differ_in_services(scene, lines) or any(lands_later(scene, scene.basket.lines[i].item) for i in lines)


def lands_later(scene: Scene, item: int) -> bool:
    """Whether units of an item are on their way."""
    matrix = scene.stock.matrix
    first, count = matrix.row_start.item(item), matrix.row_count.item(item)
    arrivals = matrix.slot_available_at[matrix.slot[first : first + count]]
    return bool((arrivals > scene.start_minute).any())


def decide_direct(requests: Sequence[Request]) -> list[list[Chosen | None]]:
    """Per request and choice the plan, or None: the long way. All on one image, stock and horizon."""
    answers: list[list[Chosen | None]] = [[None] * len(request.choices) for request in requests]
    suited = [i for i, request in enumerate(requests) if suits_direct(request)]
    if suited:
        space = workspace_of(requests[suited[0]].scene.image)
        for first in range(0, len(suited), space.row_count):
            batch = suited[first : first + space.row_count]
            for i, chosen in zip(batch, _decide_batch([requests[i] for i in batch], space), strict=True):
                answers[i] = chosen
    return answers


def _decide_batch(requests: list[Request], space: Workspace) -> list[list[Chosen | None]]:
    count = sum(len(request.choices) for request in requests)
    results = np.empty((count, RESULT_FIELDS), np.int64)
    placed = np.empty((count, SUBSET_LINES_MAX, PLACED_FIELDS), np.int64)
    arguments = [*batch_tables(requests, space), results, placed]
    decide_orders(*arguments)
    if len(requests) == 1:
        (request,) = requests
        space.decided = Decided(ref(request.scene), request[2:], BatchTables(*arguments[: len(BatchTables._fields)]), results)
    answers, at = [], 0
    for request, result in _by_request(requests, results.tolist()):
        answers.append([_chosen(request, row, placed[at + c]) for c, row in enumerate(result)])
        at += len(result)
    return answers


def decided_tables(request: Request, *, is_decided: bool) -> tuple[tuple[Any, ...], Ints]:
    """The arguments of `decide_orders` up to its outputs, and its results, of a request whose offers are in the workspace.

    is_decided: it may have been decided last, on the same stock; then that is not done again.
    """
    scene, space = request.scene, workspace_of(request.scene.image)
    last: Decided | None = space.decided
    if not is_decided or last is None or last.scene() is not scene or last.asked != request[2:]:
        _decide_batch([request], space)
        last = space.decided
        assert last is not None, "one request was decided"
    return kernel_arguments(scene.stock, space, scene.horizon.tables, last.tables), last.results


def batch_tables(requests: list[Request], space: Workspace) -> tuple[Any, ...]:
    """The arguments of `decide_orders` up to its outputs, for requests on one image, stock and horizon."""
    scene = requests[0].scene
    space.start(scene.horizon.tables)
    return kernel_arguments(scene.stock, space, scene.horizon.tables, _tables(requests, space))


def kernel_arguments(stock: LiveStock, space: Workspace, tables: HorizonTables, batch: BatchTables) -> tuple[Any, ...]:
    """The arguments of `decide_orders` up to its outputs; `batch` was laid out after `space.start`."""
    image, matrix = space.image, stock.matrix
    arena = Arena(matrix.location, matrix.slot, matrix.supply, matrix.demand, matrix.slot_available_at, matrix.slot_pool,
                  matrix.slot_sellable)  # fmt: skip
    return (
        *batch, space.floor, arena, space.limits(stock), space.runs, tables,
        image.tariff_start, image.tariff_max_grams, image.tariff_price_micros, image.tariff_per_kg_micros, space.subsets,
        space.prices, space.zone_rows, space.offers,
    )  # fmt: skip


def _by_request(requests: list[Request], results: list[list[int]]) -> Iterator[tuple[Request, list[list[int]]]]:
    """Each request with the rows of its choices."""
    at = 0
    for request in requests:
        yield request, results[at : at + len(request.choices)]
        at += len(request.choices)


def _chosen(request: Request, result: list[int], placed: Ints) -> Chosen | None:
    """The plan of one choice, if it was decided."""
    if result[R_STATUS] == EMPTY:
        return NOTHING
    if result[R_STATUS] != SOLVED:
        return None
    by_place: dict[Any, list[tuple[int, int]]] = {}
    for i, (location, *rest) in zip(request.lines, placed[: len(request.lines)].tolist(), strict=True):
        if location >= 0:
            by_place.setdefault((location, *rest), []).append((i, request.scene.basket.lines[i].quantity))
    objective = result[R_OBJECTIVE]
    loads = tuple(Load._make((*place, tuple(quantities), -1, -1)) for place, quantities in by_place.items())
    return Chosen(loads, objective, objective, result[R_NODES], result[R_COLUMNS])


def _tables(requests: list[Request], space: Workspace) -> BatchTables:
    """The tables of a batch."""
    orders: list[tuple[int, ...]] = []
    lines: list[tuple[int, ...]] = []
    options: list[int] = []
    wishes, pools = [space.wishes], [request.scene.pool_allowed for request in requests]
    for row, request in enumerate(requests):
        wish_row = 0
        wanted = _wishes(request)
        if wanted is not None:
            wish_row = len(wishes)
            wishes.append(wanted)
        orders.append(order_row(request, space, len(lines), len(options), row, wish_row))
        lines += _line_rows(request, space)
        options += [_bits(choice) for choice in request.choices]
    return BatchTables(
        np.array(orders, np.int64), np.ascontiguousarray(np.array(lines, np.int64).T), np.array(options, np.int64),
        space.wishes if len(wishes) == 1 else np.concatenate(wishes), pools[0][None] if len(pools) == 1 else np.stack(pools),
    )  # fmt: skip


def order_row(
    request: Request, space: Workspace, first_line: int, first_option: int, pool_row: int, wish_row: int
) -> tuple[int, ...]:
    """A row of the kernel's `orders`."""
    scene, policy = request.scene, request.scene.policy
    weights = scene.weights_ppm
    farthest = METERS_MAX if scene.farthest_meters is None else min(scene.farthest_meters, METERS_MAX)
    short = -1 if scene.short_micros is None else scene.short_micros
    return (
        first_line, len(request.lines), first_option, len(request.choices), scene.start_minute, scene.last_minute,
        space.run_row(scene, request.lanes), pool_row, wish_row, farthest, scene.country_wanted,
        space.is_limited, scene.split_micros, weights[Term.CARRIER], policy.late_micros_per_day, weights[Term.LATENESS], short,
        min(scene.locations_max, SUBSET_LINES_MAX), scene.deliver_by,
    )  # fmt: skip


def _line_rows(request: Request, space: Workspace) -> list[tuple[int, ...]]:
    """Rows of `lines`, one a line."""
    scene = request.scene
    image, matrix = scene.image, scene.stock.matrix
    rows: list[tuple[int, ...]] = []
    for line, most in zip((scene.basket.lines[i] for i in request.lines), line_locations(scene, request.lines), strict=True):
        item = line.item
        rows.append((
            matrix.row_start.item(item), matrix.row_count.item(item),
            space.floor_row(scene.floor(item)), line.quantity, image.weight_grams.item(item),
            image.volume_mm3.item(item), most, line.all_or_nothing, line.latest_minute,
            _services_of(scene, line),
        ))  # fmt: skip
    return rows


def _services_of(scene: Scene, line: BasketLine) -> int:
    """Bits of the services by which a line may go."""
    services = line_services(scene, line)
    return ALL_SERVICES if services is None else _bits(np.flatnonzero(services).tolist())


def _wishes(request: Request) -> Bits | None:
    """[1, L]: bits of the lines that each location may carry, as `carry_bits` has them; None where lines wish nothing."""
    sources = [line_sources(request.scene, request.scene.basket.lines[i]) for i in request.lines]
    if all(mask is None for mask in sources):
        return None
    bits = np.zeros((1, len(request.scene.image.location_ids)), np.int32)
    for j, mask in enumerate(sources):
        of_line = 1 << j | 1 << (ANY_SHIFT + j)
        bits[0] |= np.int32(of_line) if mask is None else np.where(mask, of_line, 0).astype(np.int32)
    return bits


def _bits(services: Iterable[int]) -> int:
    bits = 0
    for s in services:
        bits |= 1 << s
    return bits
