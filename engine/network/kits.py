"""What is in a kit, and which kits an item is in."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from engine.network.records import Item

if TYPE_CHECKING:
    from engine.network.image import NetworkImage


def components(image: "NetworkImage", item: int) -> dict[int, int]:
    """Units of each item that one kit holds in the end, kits within it taken apart; empty for an item that is no kit."""
    return _taken_apart(item, image.items, image.item_index)


def kits_by_component(among: Iterable[int], items: Sequence[Item], item_index: Mapping[str, int]) -> dict[int, tuple[int, ...]]:
    """The kits among these items, by each item that one of them holds in the end."""
    found: dict[int, list[int]] = {}
    for kit in among:
        if items[kit].components:
            for part in _taken_apart(kit, items, item_index):
                found.setdefault(part, []).append(kit)
    return {part: tuple(kits) for part, kits in found.items()}


def _taken_apart(item: int, items: Sequence[Item], item_index: Mapping[str, int]) -> dict[int, int]:
    parts: dict[int, int] = {}
    for item_id, ratio in items[item].components:
        part = item_index[item_id]
        for inner, count in (_taken_apart(part, items, item_index) or {part: 1}).items():
            parts[inner] = parts.get(inner, 0) + ratio * count
    return parts
