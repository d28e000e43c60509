"""A network folder small enough to read: two locations, two items; tests change one thing in it."""

from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path

import numpy as np

from engine.network.records import NetworkRecords

SAMPLE: Mapping[str, str] = {
    "network.toml": 'name = "Test"\ncurrency = "EUR"\ncountry_code = "NL"\ntime_zone = "Europe/Amsterdam"\n',
    "policy.toml": "[policy.default]\nsplit_micros = 1000000\n",
    "postal_areas.csv": "country_code,postal_from,postal_to,latitude,longitude\nNL,1000,1099,52.37,4.89\n",
    "calendars.csv": "calendar_id,day,open,close\nWEEK,MON,09:00,18:00\nWEEK,SUN,,\n",
    "locations.csv": "location_id,kind,postal_code,calendar_id\nA1,DC,1012 AB,WEEK\nB2,STORE,1013,\n",
    "items.csv": "item_id,weight_grams\nX,100\nY,200\n",
    "carrier_services.csv": "carrier_service_id,service_level\nGROUND,STANDARD\n",
    "zones.csv": "carrier_service_id,destination_country,zone,transit_days\nGROUND,NL,1,1\n",
    "tariffs.csv": "carrier_service_id,zone,max_weight_grams,price_micros\nGROUND,1,10000,4950000\n",
    "inventory.csv": "item_id,location_id,quantity\nX,A1,5\nX,B2,0\nY,A1,7\n",
}


COLUMNAR = ("inventory", "inventory_prices")


def write_sample(folder: Path, changes: Mapping[str, str | bytes | None] | None = None) -> Path:
    """Write the sample with files replaced or added, or left out where None."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in {**SAMPLE, **(changes or {})}.items():
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        elif content is not None:
            (folder / name).write_text(content, "utf-8", newline="")
    return folder


def as_comparable(records: NetworkRecords) -> dict[str, object]:
    """The records as values that `==` compares; arrays with their types. `sources` names files, so it is left out."""
    comparable: dict[str, object] = {
        f.name: getattr(records, f.name) for f in fields(records) if f.name not in (*COLUMNAR, "sources")
    }
    for stem in COLUMNAR:
        table = getattr(records, stem)
        for f in fields(table):
            value = getattr(table, f.name)
            comparable[f"{stem}.{f.name}"] = (value.dtype, value.tolist()) if isinstance(value, np.ndarray) else value
    return comparable
