"""A shoe retailer: a distribution center, three stores that send and hand over, and the maker of the shoes."""

from pathlib import Path

from tests.acceptance.server import NETWORK, Server

LOCATIONS = """\
location_id,kind,postal_code,ships,pickup,return_cost_micros,keep_days,returns
center,DC,1012,true,false,2000000,,
north,STORE,1020,true,true,500000,3,
south,STORE,1030,true,true,500000,3,
west,STORE,1040,true,true,500000,3,
maker,SUPPLIER,1090,false,false,0,,
outlet,STORE,1050,false,true,100000,3,false
"""
ITEMS = """\
item_id,weight_grams,value_micros,decay_ppm_per_day,supplier_credit_ppm
runner,900,80000000,5000,
boot,1800,120000000,1000,
lace,10,1000000,,
sample,900,80000000,5000,900000
"""
FILES = {
    "network.toml": NETWORK["network.toml"].replace("acceptance", "shoes"),
    "policy.toml": "[policy.default]\nsplit_micros = 1000000\n[policy.default.weights]\ndistance = 0\n",
    "postal_areas.csv": NETWORK["postal_areas.csv"],
    "calendars.csv": NETWORK["calendars.csv"],
    "carrier_services.csv": NETWORK["carrier_services.csv"],
    "zones.csv": "carrier_service_id,origin_location_id,destination_country,zone,transit_days\nPOST,,NL,home,1\n",
    "tariffs.csv": NETWORK["tariffs.csv"].replace("POST,far,100000000,19950000\n", ""),
    "transfers.csv": (
        "from_location_id,to_location_id,transit_days,cost_micros,unit_cost_micros\n"
        "north,center,1,300000,\nnorth,south,1,400000,\nwest,maker,2,600000,\nwest,center,1,300000,\n"
    ),
    "inventory_prices.csv": (
        "item_id,location_id,stock_out_micros,markdown_micros\n"
        "runner,north,12000000,0\nrunner,south,30000000,0\nrunner,center,4000000,20000000\nrunner,west,0,15000000\n"
    ),
    "locations.csv": LOCATIONS,
    "items.csv": ITEMS,
    "inventory.csv": (
        "item_id,location_id,quantity\nrunner,center,20\nrunner,north,2\nrunner,west,3\nboot,center,4\nboot,west,1\n"
        "lace,center,50\nsample,center,5\nsample,maker,0\n"
    ),
}  # fmt: skip


def shoe_server(folder: Path) -> Server:
    """Its server, not started yet."""
    server = Server(folder)
    network = folder / "network"
    for old in network.iterdir():
        old.unlink()
    for name, text in FILES.items():
        (network / name).write_text(text, "utf-8")
    return server
