"""Where visitors are: countries as a shop in the middle of Europe sees them, and how far away they are."""

import msgspec


class Place(msgspec.Struct, frozen=True):
    """A country (ISO 3166), its share of visitors, and the factor on all that crosses the network."""

    country: str
    share: float
    distance: float


PLACES = (
    Place("DE", 0.46, 1.00),
    Place("AT", 0.10, 1.03),
    Place("CH", 0.09, 1.02),
    Place("FR", 0.07, 1.08),
    Place("NL", 0.06, 1.00),
    Place("GB", 0.05, 1.10),
    Place("PL", 0.04, 1.12),
    Place("IT", 0.04, 1.15),
    Place("ES", 0.03, 1.18),
    Place("US", 0.03, 1.55),
    Place("IN", 0.01, 2.10),
    Place("BR", 0.01, 1.95),
    Place("", 0.01, 1.30),
)
