"""A page of the documentation as its code blocks: what a reader would copy, and what is shown of it."""

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"^`([\w.]+)`:")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block. `file` is the name that the paragraph before it begins with, as ``\\`items.csv\\`:``; empty: none."""

    language: str
    text: str
    file: str = ""

    @property
    def lines(self) -> list[str]:
        """Its lines, without spaces at their ends."""
        return [line.rstrip() for line in self.text.splitlines()]


def blocks(page: str) -> list[Block]:
    """The blocks of a page, by its path below the root, in order."""
    text = (ROOT / page).read_text("utf-8")
    found = []
    for match in _BLOCK.finditer(text):
        before = text[: match.start()].rstrip().rpartition("\n\n")[2]
        named = _NAMED.match(before)
        found.append(Block(match[1], match[2], named[1] if named else ""))
    return found


def of_language(page: str, language: str) -> list[Block]:
    """Its blocks of one language."""
    return [block for block in blocks(page) if block.language == language]
