"""A network as the ledger keeps it for replay: its folder in Parquet, in one archive, and a key made of its content."""

import io
import tempfile
import zipfile
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np

from engine.network.records import NetworkRecords
from loaders.folder import load_folder
from loaders.write import write_folder

INSTANT = (2000, 1, 1, 0, 0, 0)
"""Of every file: the same network is the same archive."""


def network_key(records: NetworkRecords, version: str) -> str:
    """SHA-256, in hexadecimal, of the network's version and of the positions that are flagged as out of stock."""
    inventory = records.inventory
    digest = sha256(version.encode())
    for at in np.flatnonzero(~inventory.sellable).tolist():
        item, location = records.items[inventory.item_index[at]], records.locations[inventory.location_index[at]]
        pool = inventory.pools[inventory.pool_index[at]]
        digest.update(f"\n{item.item_id}\t{location.location_id}\t{pool}".encode())
    return digest.hexdigest()


def archived(records: NetworkRecords) -> bytes:
    """The records without stock, which the ledger's entries have; flags of positions stay."""
    inventory = records.inventory
    flagged = np.flatnonzero(~inventory.sellable)
    kept = replace(
        inventory, item_index=inventory.item_index[flagged], location_index=inventory.location_index[flagged],
        quantity=np.zeros(len(flagged), np.int64), pool_index=inventory.pool_index[flagged],
        sellable=inventory.sellable[flagged],
    )  # fmt: skip
    out = io.BytesIO()
    with tempfile.TemporaryDirectory(prefix="belofte-") as name, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        folder = Path(name) / "network"
        write_folder(replace(records, inventory=kept, receipts=()), folder, "parquet")
        for path in sorted(folder.iterdir()):
            archive.writestr(zipfile.ZipInfo(path.name, INSTANT), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return out.getvalue()


def unpacked(content: bytes) -> NetworkRecords:
    """The records that were archived."""
    with tempfile.TemporaryDirectory(prefix="belofte-") as name, zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(name)  # our own archive: names without folders
        return load_folder(Path(name))
