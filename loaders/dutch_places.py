"""Facts of Dutch geography for the sample network: postcode regions, towns, and the islands carriers charge more for."""

from dataclasses import dataclass

COUNTRY = "NL"
TIME_ZONE = "Europe/Amsterdam"


@dataclass(frozen=True, slots=True)
class Place:
    """A town: a four-digit postcode in its centre and where that is, in degrees."""

    name: str
    postal_code: str
    latitude: float
    longitude: float


STORE_PLACES = (
    Place("Almere", "1315", 52.3716, 5.2191),
    Place("Amersfoort", "3811", 52.1561, 5.3878),
    Place("Amsterdam", "1012", 52.3728, 4.8936),
    Place("Arnhem", "6811", 51.9824, 5.9083),
    Place("Breda", "4811", 51.5888, 4.7757),
    Place("Den Haag", "2511", 52.0780, 4.3120),
    Place("Eindhoven", "5611", 51.4394, 5.4778),
    Place("Enschede", "7511", 52.2206, 6.8958),
    Place("Groningen", "9711", 53.2181, 6.5670),
    Place("Haarlem", "2011", 52.3810, 4.6367),
    Place("Leeuwarden", "8911", 53.2014, 5.7936),
    Place("Maastricht", "6211", 50.8494, 5.6900),
    Place("Nijmegen", "6511", 51.8453, 5.8630),
    Place("Rotterdam", "3012", 51.9194, 4.4767),
    Place("Tilburg", "5038", 51.5573, 5.0870),
    Place("Utrecht", "3511", 52.0919, 5.1150),
    Place("Zwolle", "8011", 52.5125, 6.0936),
)
DC_PLACES = (Place("Waalwijk", "5145", 51.7040, 5.0690), Place("Zwolle", "8028", 52.5540, 6.1860))
SUPPLIER_PLACES = (
    Place("Dongen", "5104", 51.6200, 4.9460),
    Place("Nijverdal", "7442", 52.3580, 6.4800),
    Place("Oisterwijk", "5061", 51.5790, 5.1890),
)

# First and last postcode of Texel, Terschelling and Vlieland, Ameland, Schiermonnikoog: reached by ferry.
ISLAND_RANGES = (("1790", "1799"), ("8880", "8899"), ("9160", "9164"), ("9166", "9166"))

# The first two digits of a postcode, with the place that stands for the region.
POSTAL_REGIONS = (
    (10, "Amsterdam", 52.3728, 4.8936),
    (11, "Amstelveen", 52.3080, 4.9000),
    (12, "Hilversum", 52.2242, 5.1758),
    (13, "Almere", 52.3716, 5.2191),
    (14, "Purmerend", 52.5050, 4.9597),
    (15, "Zaandam", 52.4420, 4.8292),
    (16, "Hoorn", 52.6424, 5.0602),
    (17, "Den Helder", 52.9533, 4.7600),
    (18, "Alkmaar", 52.6324, 4.7534),
    (19, "Beverwijk", 52.4834, 4.6569),
    (20, "Haarlem", 52.3810, 4.6367),
    (21, "Hoofddorp", 52.3030, 4.6890),
    (22, "Katwijk", 52.2040, 4.3990),
    (23, "Leiden", 52.1601, 4.4970),
    (24, "Alphen aan den Rijn", 52.1290, 4.6550),
    (25, "Den Haag", 52.0780, 4.3120),
    (26, "Delft", 52.0116, 4.3571),
    (27, "Zoetermeer", 52.0575, 4.4931),
    (28, "Gouda", 52.0115, 4.7105),
    (29, "Capelle aan den IJssel", 51.9290, 4.5780),
    (30, "Rotterdam", 51.9194, 4.4767),
    (31, "Schiedam", 51.9192, 4.3886),
    (32, "Spijkenisse", 51.8450, 4.3290),
    (33, "Dordrecht", 51.8133, 4.6901),
    (34, "Nieuwegein", 52.0292, 5.0806),
    (35, "Utrecht", 52.0919, 5.1150),
    (36, "Maarssen", 52.1390, 5.0410),
    (37, "Zeist", 52.0907, 5.2332),
    (38, "Amersfoort", 52.1561, 5.3878),
    (39, "Veenendaal", 52.0286, 5.5589),
    (40, "Tiel", 51.8876, 5.4279),
    (41, "Culemborg", 51.9554, 5.2277),
    (42, "Gorinchem", 51.8366, 4.9729),
    (43, "Middelburg", 51.4988, 3.6110),
    (44, "Goes", 51.5043, 3.8907),
    (45, "Terneuzen", 51.3350, 3.8280),
    (46, "Bergen op Zoom", 51.4949, 4.2911),
    (47, "Roosendaal", 51.5308, 4.4653),
    (48, "Breda", 51.5888, 4.7757),
    (49, "Oosterhout", 51.6450, 4.8600),
    (50, "Tilburg", 51.5573, 5.0870),
    (51, "Waalwijk", 51.6839, 5.0706),
    (52, "'s-Hertogenbosch", 51.6886, 5.3035),
    (53, "Oss", 51.7650, 5.5180),
    (54, "Uden", 51.6608, 5.6194),
    (55, "Veldhoven", 51.4180, 5.4030),
    (56, "Eindhoven", 51.4394, 5.4778),
    (57, "Helmond", 51.4793, 5.6570),
    (58, "Venray", 51.5250, 5.9750),
    (59, "Venlo", 51.3704, 6.1724),
    (60, "Weert", 51.2517, 5.7070),
    (61, "Sittard", 51.0013, 5.8684),
    (62, "Maastricht", 50.8494, 5.6900),
    (63, "Valkenburg", 50.8652, 5.8320),
    (64, "Heerlen", 50.8882, 5.9795),
    (65, "Nijmegen", 51.8453, 5.8630),
    (66, "Wijchen", 51.8090, 5.7250),
    (67, "Ede", 52.0402, 5.6649),
    (68, "Arnhem", 51.9824, 5.9083),
    (69, "Zevenaar", 51.9300, 6.0710),
    (70, "Doetinchem", 51.9650, 6.2880),
    (71, "Winterswijk", 51.9720, 6.7200),
    (72, "Zutphen", 52.1386, 6.2010),
    (73, "Apeldoorn", 52.2112, 5.9699),
    (74, "Deventer", 52.2550, 6.1639),
    (75, "Enschede", 52.2206, 6.8958),
    (76, "Almelo", 52.3567, 6.6625),
    (77, "Hardenberg", 52.5750, 6.6190),
    (78, "Emmen", 52.7792, 6.9069),
    (79, "Hoogeveen", 52.7220, 6.4770),
    (80, "Zwolle", 52.5125, 6.0936),
    (81, "Raalte", 52.3860, 6.2750),
    (82, "Lelystad", 52.5185, 5.4714),
    (83, "Emmeloord", 52.7108, 5.7486),
    (84, "Heerenveen", 52.9600, 5.9200),
    (85, "Joure", 52.9650, 5.8030),
    (86, "Sneek", 53.0330, 5.6600),
    (87, "Bolsward", 53.0650, 5.5320),
    (88, "Franeker", 53.1870, 5.5430),
    (89, "Leeuwarden", 53.2014, 5.7936),
    (90, "Grou", 53.0960, 5.8370),
    (91, "Dokkum", 53.3260, 5.9990),
    (92, "Drachten", 53.1120, 6.0990),
    (93, "Roden", 53.1380, 6.4270),
    (94, "Assen", 52.9967, 6.5625),
    (95, "Stadskanaal", 52.9890, 6.9500),
    (96, "Veendam", 53.1060, 6.8790),
    (97, "Groningen", 53.2181, 6.5670),
    (98, "Zuidhorn", 53.2470, 6.4030),
    (99, "Delfzijl", 53.3300, 6.9240),
)
