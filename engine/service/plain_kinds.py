"""Of what kind plain baskets are: what they say besides their lines, looked at once for all that say the same."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
from belofte.v1 import types_pb2
from google.protobuf.message import DecodeError
from numpy.typing import NDArray

from engine.domain.basket import Basket
from engine.domain.reasons import Refusal
from engine.inventory.id_index import IdIndex
from engine.inventory.live import LiveStock
from engine.inventory.matrix import Slot
from engine.kernels.ids import IdTable
from engine.kernels.subsets import SUBSET_LINES_MAX
from engine.network.image import NetworkImage
from engine.network.item_limits import ItemLimits
from engine.network.records import Policy
from engine.optimizer.plain import PlainKind, PlainPolicies, plain_items, plain_kind, suits_plain
from engine.optimizer.scene import set_scene
from engine.service.decode import decode_basket
from engine.service.fields import Violations
from engine.service.quote_tokens import decisive_basket

KINDS_MAX = 4_096
"""Of baskets that are alike but for their lines; where there are more, all are found anew."""

SHARED_FIELDS = frozenset(
    {
        "destination", "channel", "segment", "customer_id", "customer_class", "currency", "policy_id", "demand_class",
        "calling_system",
    }
)  # fmt: skip
"""Fields of a plain basket besides its lines."""


class Tail(NamedTuple):
    """What is known of baskets that say the same besides their lines: the rest of the basket, None where it is not plain."""

    basket: Basket | None
    kinds: dict[str, PlainKind | None]
    """By policy."""
    decisive: bytes
    """What of them decides anything, as it is written."""
    always: PlainKind | None
    """Of what kind all of them are, where neither what they are worth nor the time says by which policy; None: look."""


class PlainIds(NamedTuple):
    """Which items of a network may be asked for plainly."""

    one: str
    """The id of one of them."""
    is_plain: NDArray[np.bool_]
    """[items]"""
    table: IdTable | None
    """Those by their ids; None where there is none."""


_known_ids: WeakKeyDictionary[ItemLimits, PlainIds] = WeakKeyDictionary()
"""Of networks in use, whatever is learned of them: of a million items they take a second to find."""


def plain_ids(image: NetworkImage) -> PlainIds:
    """Which items may be asked for plainly, by what the network's files say."""
    found = _known_ids.get(image.item_limits)
    if found is None:
        is_plain = plain_items(image) if suits_plain(image) else np.zeros(len(image.item_ids), np.bool_)
        known = {item_id: item for item_id, item in image.item_index.items() if is_plain[item]}
        found = PlainIds(next(iter(known)), is_plain, IdIndex(known).table) if known else PlainIds("", is_plain, None)
        _known_ids[image.item_limits] = found
    return found


def decisive_part(tail: bytes) -> bytes:
    """A tail without the fields that decide nothing; as it is where it is no basket."""
    try:
        return decisive_basket(types_pb2.Basket.FromString(tail))
    except DecodeError:
        return tail


class PlainKinds:
    """The kinds of plain baskets of one network image. Used by one thread."""

    def __init__(self, image: NetworkImage, lines_max: int, policies: PlainPolicies) -> None:
        self.image = image
        self.lines_max = min(lines_max, SUBSET_LINES_MAX)
        self.network = np.frombuffer(bytearray(image.network.name.encode()), np.uint8)
        self._policies = policies
        self._plain_id, self.is_plain, self.items = plain_ids(image)
        if image.opportunity is not None and self.items is not None:
            # Prices by unit are looked at item by item.
            is_priced, indexes = image.opportunity.is_priced, self.items.indexes
            self.is_plain = self.is_plain & ~is_priced
            self.items = self.items._replace(indexes=np.where(is_priced[indexes], -1, indexes))
        self._tails: dict[bytes, Tail] = {}
        self._slots: Sequence[Slot] | None = None
        """Those of the stock that all this was made on."""

    def follow(self, stock: LiveStock) -> bool:
        """Whether it is other stock than before: loaded anew, it numbers its slots anew.

        What was kept with the one before would keep it in memory.
        """
        if self._slots is stock.matrix.slots:
            return False
        self._slots = stock.matrix.slots
        self._tails.clear()
        return True

    def kind_of(self, tail: bytes, value_micros: int, units: int, minute: int, stock: LiveStock) -> PlainKind | None:
        """Of what kind a basket is, by what it says besides its lines; None: it is not plain."""
        return self.kind_in(self.tail_of(tail, minute, stock), value_micros, units, minute, stock)

    def tail_of(self, tail: bytes, minute: int, stock: LiveStock) -> Tail:
        """What is known of baskets that say this besides their lines."""
        found = self._tails.get(tail)
        if found is None:
            if len(self._tails) >= KINDS_MAX:
                self._tails.clear()
            found = Tail(self._shared(tail, minute), {}, decisive_part(tail), None)
            if found.basket is not None and (found.basket.policy_id or not self.image.policies.are_conditional):
                found = found._replace(always=self.kind_in(found, 0, 0, minute, stock))
            self._tails[tail] = found
        return found

    def kind_in(self, found: Tail, value_micros: int, units: int, minute: int, stock: LiveStock) -> PlainKind | None:
        """As `kind_of`, of what is known of them."""
        basket = found.basket
        if basket is None:
            return None
        policy = self.image.policies.choose(
            policy_id=basket.policy_id, channel=basket.channel, segment=basket.segment, customer_class=basket.customer_class,
            value_micros=value_micros, minute=minute,
        )  # fmt: skip
        if policy is None:
            return None
        if policy.policy_id not in found.kinds:
            found.kinds[policy.policy_id] = self._new_kind(basket, policy, stock)
        kind = found.kinds[policy.policy_id]
        return kind if kind is not None and units <= kind.units_max else None

    def _shared(self, tail: bytes, minute: int) -> Basket | None:
        """What plain baskets share, without lines; None where it is wrong or asks for more."""
        try:
            wire = types_pb2.Basket.FromString(tail)
        except DecodeError:
            return None
        is_known = all(descriptor.name in SHARED_FIELDS for descriptor, _ in wire.ListFields())
        if not is_known or wire.SerializeToString(deterministic=True) != tail:
            return None
        wire.lines.add(line_id="1", item_id=self._plain_id, quantity=1)
        wrong = Violations()
        basket = decode_basket(wire, "", self.image, minute, 1, wrong)
        return None if wrong.invalid or wrong.unknown or wrong.unbuilt else replace(basket, lines=())

    def _new_kind(self, basket: Basket, policy: Policy, stock: LiveStock) -> PlainKind | None:
        try:
            scene = set_scene(self.image, stock, basket)
        except Refusal:
            return None
        return plain_kind(replace(scene, policy=policy), self._policies.piece_of(policy))
