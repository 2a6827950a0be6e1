"""The goods of the demonstration shop, which real and simulated visitors buy alike."""

import msgspec

SITE = "demo-shop"
CURRENCY = "EUR"
TEST = "speed"
CONTROL = "A"
GROUPS = {"A": 0.5, "B": 0.5}
LABELS = ("home", "listing", "product", "cart", "confirmation")
TIMERS = ("hero",)


class Product(msgspec.Struct, frozen=True):
    """One product. `cents` is its price in euro cents, `hue` (degrees) the colour of its picture."""

    key: str
    name: str
    cents: int
    hue: int
    line: str

    @property
    def price(self) -> str:
        """The price as the shop's pages show it."""
        return f"€ {self.cents // 100}.{self.cents % 100:02d}"


PRODUCTS = (
    Product(
        "harbour-lantern", "Harbour Lantern", 5990, 28, "Storm glass, brass cage, a steady flame."
    ),
    Product("signal-lamp", "Signal Lamp", 8900, 205, "A desk lamp with a shutter that clicks."),
    Product("keepers-torch", "Keeper's Torch", 3450, 45, "Charges by hand. Never leaves you dark."),
    Product(
        "fresnel-shade", "Fresnel Shade", 12900, 190, "Ringed glass that widens a small light."
    ),
    Product("reading-light", "Night Watch Light", 4990, 220, "Warm, low and easy on tired eyes."),
    Product("rope-pendant", "Rope Pendant", 7450, 35, "Forty turns of hemp around one bulb."),
    Product("deck-light", "Deck Light", 2990, 165, "Solar, flat, and fine in any weather."),
    Product("beacon-floor", "Beacon Floor Lamp", 18900, 12, "A tall, slow light for a large room."),
    Product("tide-candle", "Tide Candle", 1490, 195, "Burns for one tide: six hours, about."),
    Product("fog-globe", "Fog Globe", 6490, 260, "Frosted glass, a soft round light."),
    Product("oil-can", "Lamp Oil, 1 l", 1190, 50, "Clean, clear, without a smell."),
    Product("wick-set", "Wick Set", 790, 20, "Five cotton wicks, cut to length."),
)
BY_KEY = {product.key: product for product in PRODUCTS}
