"""Which network image counts now."""

from engine.network.image import NetworkImage


class CurrentNetwork:
    """Holds the current image. A caller takes `image` once and works with that one, whatever is swapped in meanwhile."""

    def __init__(self, image: NetworkImage) -> None:
        self._image = image

    @property
    def image(self) -> NetworkImage:
        """The image that counts now."""
        return self._image

    def replace(self, image: NetworkImage) -> None:
        """Make `image` the current one, in one step: assigning a reference is atomic."""
        self._image = image
