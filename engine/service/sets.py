"""Lines that belong together: a kit's components in its place, and one number for all lines that leave together."""

from collections.abc import Sequence
from dataclasses import replace

from belofte.v1 import types_pb2

from engine.domain.basket import BasketLine, DeliveryMethod
from engine.network.image import NetworkImage
from engine.network.kits import components
from engine.service.fields import Violations, check_id

QUANTITY_MAX = 2**31 - 1


def join_lines(
    lines: Sequence[BasketLine], wire: Sequence[types_pb2.BasketLine], field: str, image: NetworkImage, violations: Violations
) -> tuple[BasketLine, ...]:
    """The lines with kits replaced by their components, and the sets of basket and kits numbered.

    A kit whose components stand on lines of their own (`kit_parent_line_id`) is not sourced itself where the network knows it
    as a kit, so they must be all of it; one without such lines comes in the network's own components. A kit's components
    leave together.
    """
    named = any(asked.ship_set or asked.arrival_set or asked.kit_parent_line_id or asked.kit_ratio for asked in wire)
    if not named and not any(line.item >= 0 and image.items[line.item].components for line in lines):
        return tuple(lines)
    parents = {line.line_id: i for i, line in enumerate(lines)}
    keys: list[list[str]] = [[] for _ in lines]
    spelt_out: dict[int, list[int]] = {}
    named_parents = {asked.kit_parent_line_id for asked in wire}
    for i, asked in enumerate(wire):
        path = f"{field}.lines[{i}]"
        if asked.ship_set and check_id(asked.ship_set, f"{path}.ship_set", violations):
            keys[i].append(f"set {asked.ship_set}")
        parent = parents.get(asked.kit_parent_line_id, -1) if asked.kit_parent_line_id else -1
        if asked.kit_parent_line_id and check_component(asked, lines, i, parent, named_parents, path, violations):
            keys[i].append(f"kit {parent}")
            keys[parent].append(f"kit {parent}")
            spelt_out.setdefault(parent, []).append(i)
        elif asked.kit_ratio and not asked.kit_parent_line_id:
            violations.add(f"{path}.kit_ratio", "0 was expected, the line is no component: kit_parent_line_id is empty")
    check_complete(lines, wire, spelt_out, field, image, violations)
    arrivals = {name: n for n, name in enumerate(dict.fromkeys(asked.arrival_set for asked in wire if asked.arrival_set))}
    joined: list[BasketLine] = []
    joined_keys: list[list[str]] = []
    for i, (line, asked) in enumerate(zip(lines, wire, strict=True)):
        if asked.arrival_set:
            check_id(asked.arrival_set, f"{field}.lines[{i}].arrival_set", violations)
            if line.delivery_method is not DeliveryMethod.SHIP:
                violations.add(f"{field}.lines[{i}].arrival_set", "none was expected, only lines of method SHIP arrive")
        line = replace(line, position=i, arrival_set=arrivals.get(asked.arrival_set, -1), kit_ratio=asked.kit_ratio)
        parts = components(image, line.item) if line.item >= 0 else {}
        if not parts:
            joined.append(line)
            joined_keys.append(keys[i])
        elif i not in spelt_out:
            if max(parts.values()) * line.quantity > QUANTITY_MAX:
                violations.add(f"{field}.lines[{i}].quantity", f"at most {QUANTITY_MAX} units of each component were expected")
            for item, ratio in parts.items():
                joined.append(replace(line, item=item, quantity=min(ratio * line.quantity, QUANTITY_MAX), kit_ratio=ratio))
                joined_keys.append([*keys[i], f"kit {i}"])
    numbers = set_numbers(joined_keys)
    check_sets(joined, numbers, field, violations)
    return tuple(replace(line, ship_set=number) for line, number in zip(joined, numbers, strict=True))


def check_component(
    asked: types_pb2.BasketLine, lines: Sequence[BasketLine], i: int, parent: int, parents: set[str], path: str,
    violations: Violations,
) -> bool:  # fmt: skip
    """A component must name a kit of the basket, have no components itself, and hold so many units for each kit."""
    if parent in (-1, i):
        violations.add(
            f"{path}.kit_parent_line_id", f"the line_id of another line was expected, not {asked.kit_parent_line_id[:40]!r}"
        )
        return False
    if asked.line_id in parents:
        violations.add(f"{path}.kit_parent_line_id", "none was expected, the line has components itself")
        return False
    wanted = lines[parent].quantity * asked.kit_ratio
    if asked.kit_ratio < 1 or wanted != asked.quantity:
        expected = f"units in one kit were expected, so that {lines[parent].quantity} kits hold {asked.quantity}"
        violations.add(f"{path}.kit_ratio", expected)
        return False
    return True


def check_complete(
    lines: Sequence[BasketLine], wire: Sequence[types_pb2.BasketLine], spelt_out: dict[int, list[int]], field: str,
    image: NetworkImage, violations: Violations,
) -> None:  # fmt: skip
    """Where the network knows what is in a kit, components on lines of their own must be all of it: they stand for the kit."""
    for parent, children in spelt_out.items():
        expected = components(image, lines[parent].item) if lines[parent].item >= 0 else {}
        named = sum(asked.kit_parent_line_id == wire[parent].line_id for asked in wire)
        # A component that is wrong itself has been named already.
        if not expected or len(children) < named or any(lines[i].item < 0 for i in children):
            continue
        given: dict[int, int] = {}
        for i in children:
            for item, count in (components(image, lines[i].item) or {lines[i].item: 1}).items():
                given[item] = given.get(item, 0) + count * wire[i].kit_ratio
        if given != expected:
            parts = ", ".join(f"{image.item_ids[item]} × {ratio}" for item, ratio in expected.items())
            violations.add(f"{field}.lines[{parent}].item_id", f"component lines of {parts} were expected")


def set_numbers(keys: Sequence[Sequence[str]]) -> list[int]:
    """Of each line the number of its set, −1 where it has none: lines that share a key, or a chain of them, are one set."""
    number_of: dict[str, int] = {}
    numbers: list[int] = []
    for n, own in enumerate(keys):
        found = {number_of[key] for key in own if key in number_of}
        number = min(found, default=n)
        for key, other in number_of.items():
            if other in found:
                number_of[key] = number
        numbers = [number if other in found else other for other in numbers]
        number_of.update(dict.fromkeys(own, number))
        numbers.append(number if own else -1)
    return [number if numbers.count(number) > 1 else -1 for number in numbers]


def check_sets(lines: Sequence[BasketLine], numbers: Sequence[int], field: str, violations: Violations) -> None:
    """Lines that leave together must go the same way."""
    first: dict[int, BasketLine] = {}
    for line, number in zip(lines, numbers, strict=True):
        if number < 0:
            continue
        other = first.setdefault(number, line)
        if (line.delivery_method, line.pickup_location) != (other.delivery_method, other.pickup_location):
            expected = f"that of line {other.line_id!r} was expected, and its pickup location: the two leave together"
            violations.add(f"{field}.lines[{line.position}].delivery_method", expected)
