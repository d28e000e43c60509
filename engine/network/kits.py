"""What is in a kit."""

from engine.network.image import NetworkImage


def components(image: NetworkImage, item: int) -> dict[int, int]:
    """Units of each item that one kit holds in the end, kits within it taken apart; empty for an item that is no kit."""
    parts: dict[int, int] = {}
    for item_id, ratio in image.items[item].components:
        part = image.item_index[item_id]
        for inner, count in (components(image, part) or {part: 1}).items():
            parts[inner] = parts.get(inner, 0) + ratio * count
    return parts
