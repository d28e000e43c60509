"""The scripts that run inside the shared store, each read once from its file beside this one."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent


@cache
def script_text(name: str) -> str:
    """The text of a script, with what all of them share before it."""
    return "".join((_FOLDER / f"{each}.lua").read_text("utf-8") for each in ("gate", name))
