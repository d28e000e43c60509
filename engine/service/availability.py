"""GetAvailability: what is available to promise, of items and of kits."""

from belofte.v1 import inventory_service_pb2

from engine.inventory.live import LiveStock
from engine.network.image import NetworkImage
from engine.network.kits import components
from engine.optimizer.kept import Asker
from engine.service.fields import Violations, check_scenario, index_of_item, minute_of
from engine.service.kit_rows import kit_rows
from engine.service.reads import Row, View, decode_view, rows_of, shown_rows

ITEMS_MAX = 500


def get_availability(
    request: inventory_service_pb2.GetAvailabilityRequest, image: NetworkImage, stock: LiveStock, now_minute: int
) -> inventory_service_pb2.GetAvailabilityResponse:
    """Rows by item in the order asked, then by location and pool. Raises `Refusal`."""
    wrong = Violations()
    if not 1 <= len(request.item_ids) <= ITEMS_MAX:
        wrong.add("item_ids", f"1 to {ITEMS_MAX} items were expected, not {len(request.item_ids)}")
    items = [index_of_item(each, f"item_ids[{i}]", image, wrong) for i, each in enumerate(request.item_ids[:ITEMS_MAX])]
    view = decode_view(request, image, wrong)
    check_scenario(request.scenario_id, "scenario_id", image, wrong)
    by_minute = now_minute
    if request.HasField("by_date"):
        by_minute = minute_of(request.by_date, "by_date", wrong)
    wrong.check()
    asker = Asker(request.channel, request.scenario_id, now_minute)
    answer = inventory_service_pb2.GetAvailabilityResponse(position=stock.matrix.position)
    for item in items:
        rows = _rows(item, view, asker, image, stock)
        answer.availabilities.extend(shown_rows(item, rows, view, by_minute, now_minute, image, stock.matrix.position))
    return answer


def _rows(item: int, view: View, asker: Asker, image: NetworkImage, stock: LiveStock) -> list[Row]:
    parts = components(image, item)
    if not parts:
        return rows_of(item, view, asker, image, stock)
    return kit_rows(parts, {part: rows_of(part, view, asker, image, stock) for part in parts}, view.locations)
