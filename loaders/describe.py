"""Write `docs/network-files.md` from the schema, by `python -m loaders.describe`; with `--check`, say whether it is stale."""

import sys
from collections.abc import Mapping
from pathlib import Path

from engine.domain.enums import Term
from engine.network.fees import WAYS
from loaders.columns import Column, Table
from loaders.kinds import (
    COUNTRY,
    CURRENCY,
    FLAG,
    ID_QUANTITIES,
    IDENTIFIER,
    IDS,
    MICROS,
    PERCENT,
    POSTAL_CODE,
    RECEIPT_ID,
    TEXT,
    Kind,
)
from loaders.kinds_of_time import DAY, MINUTE, MOMENT, MOMENT_TEXT, TIME_ZONE
from loaders.meanings import ABOUT, MEANINGS
from loaders.schema import NETWORK, POLICY, POLICY_WEIGHTS, POLICY_WHEN, TABLES

PAGE = Path(__file__).resolve().parent.parent / "docs" / "network-files.md"

KIND_NAMES: Mapping[Kind, str] = {
    IDENTIFIER: "id", RECEIPT_ID: "id", IDS: "ids", ID_QUANTITIES: "ids with quantities", TEXT: "text", FLAG: "flag",
    COUNTRY: "country", CURRENCY: "currency", POSTAL_CODE: "postal code", MICROS: "micros", PERCENT: "percent", MINUTE: "time",
    DAY: "day", MOMENT: "moment", MOMENT_TEXT: "moment", TIME_ZONE: "time zone",
}  # fmt: skip
"""Kinds that are told once, at the end; any other is told where it stands."""

HEAD = """\
# The files of a network

Every file and column of a network folder, written by `make docs` from `loaders/schema.py`. To begin with a small folder,
read [your network](your-network.md) first.

* `network.toml` and `policy.toml` are TOML in UTF-8. Each other file is a table: `NAME.csv` (comma-separated, UTF-8, a header
  line), `NAME.parquet` or `NAME.jsonl` (an object a line), one of the three.
* Columns may stand in any order. A column that is left out holds its default in every row, as an empty cell does. A column or a
  file of another name is an error, and the nearest known name is told.
* Money is in micros of the network's currency: EUR 4.95 is 4950000. Shares are in parts per million: 2 % is 20000. Weights are
  grams, sizes millimetres, quantities whole numbers of an item's base unit. Times of day are local to the location.
* A folder is read whole or not at all: `server.py validate FOLDER` names every bad row.
"""


def main(arguments: list[str]) -> int:
    """Exit status: 0 done or up to date, 1 stale or without a meaning, 2 misused."""
    if arguments not in ([], ["--check"]):
        print("usage: python -m loaders.describe [--check]", file=sys.stderr)
        return 2
    if differing := _differing():
        print(f"loaders/meanings.py and the schema differ in {', '.join(differing)}", file=sys.stderr)
        return 1
    page = describe()
    if not arguments:
        PAGE.write_text(page, "utf-8")
    elif not PAGE.exists() or PAGE.read_text("utf-8") != page:
        print("docs/network-files.md is stale\nrun make docs", file=sys.stderr)
        return 1
    return 0


def describe() -> str:
    """The page."""
    parts = [HEAD, _contents(), "## `network.toml`", ABOUT["network"], _columns(NETWORK)]
    parts += ["## `policy.toml`", ABOUT["policy"], _columns(POLICY)]
    parts += ["`[policy.NAME.when]`: " + ABOUT["when"], _columns(POLICY_WHEN)]
    terms = ", ".join(f"`{term}`" for term in Term)
    parts.append(f"`[policy.NAME.weights]`: {ABOUT['weights']} {POLICY_WEIGHTS.columns[0].kind.expected}. Terms: {terms}.")
    parts.append(f"`[policy.NAME.fees]`: {ABOUT['fees']} {', '.join(f'`{way}`' for way in WAYS)}.")
    for table in TABLES:
        key = ", ".join(f"`{name}`" for name in table.key)
        parts += [f"## `{table.stem}`", ABOUT[table.stem], f"One row for each {key}.", _columns(table)]
    return "\n\n".join(part.strip("\n") for part in [*parts, "## Kinds of cells", _kinds()]) + "\n"


def _differing() -> list[str]:
    """Columns without a meaning, and meanings without a column."""
    columns = {f"{table.stem}.{column.name}" for table in (NETWORK, POLICY, POLICY_WHEN, *TABLES) for column in table.columns}
    return sorted(columns ^ {f"{stem}.{name}" for stem, meanings in MEANINGS.items() for name in meanings})


def _contents() -> str:
    rows = ["| file | | holds |", "|---|---|---|"]
    for stem, suffix, required in (
        ("network", ".toml", True), ("policy", ".toml", True), *((table.stem, "", table.required) for table in TABLES),
    ):  # fmt: skip
        first = ABOUT[stem].partition(". ")[0].rstrip(".")
        rows.append(f"| [`{stem}{suffix}`](#{stem}{suffix.replace('.', '')}) | {'needed' if required else ''} | {first}. |")
    return "\n".join(rows)


def _columns(table: Table) -> str:
    rows = ["| column | holds | default | |", "|---|---|---|---|"]
    for column in table.columns:
        meaning = MEANINGS[table.stem][column.name]
        if column.refers_to:
            meaning += f" From [`{column.refers_to}`](#{column.refers_to})."
        rows.append(f"| `{column.name}` | {_kind(column.kind)} | {_default(table, column)} | {meaning} |")
    return "\n".join(rows)


def _kind(kind: Kind) -> str:
    if kind in KIND_NAMES:
        return f"[{KIND_NAMES[kind]}](#kinds-of-cells)"
    return kind.expected


def _default(table: Table, column: Column) -> str:
    """What an empty cell holds, as it would be written; nothing where its meaning says what empty is."""
    if column.required:
        return "needed"
    default = table.default(column)
    if default is None or default in ("", ()):
        return ""
    return str(column.kind.write(default)).lower() if isinstance(default, bool) else str(column.kind.write(default))


def _kinds() -> str:
    names = dict.fromkeys(KIND_NAMES.values())
    expected = {name: next(kind.expected for kind, own in KIND_NAMES.items() if own == name) for name in names}
    return "\n".join(["| kind | is |", "|---|---|", *(f"| {name} | {expected[name]} |" for name in names)])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
