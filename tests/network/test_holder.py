"""The current network is swapped in one step."""

from engine.network.holder import CurrentNetwork
from engine.network.image import compile_image
from tests.network.small_network import small_records


def test_replacing_leaves_those_at_work_with_what_they_took() -> None:
    old, new = compile_image(small_records()), compile_image(small_records(items=()))
    current = CurrentNetwork(old)
    taken = current.image
    current.replace(new)
    assert taken is old
    assert current.image is new
