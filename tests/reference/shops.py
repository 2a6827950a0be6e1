"""The sites of the generated streams, and the pools from which visits draw.

Small on purpose: ids collide within a site, across sites and across sessions.
"""

SITES = """
[[site]]
key = "plain"
currency = "EUR"
order_key = "1111111111111111111111111111111111111111111111111111111111111111"
revenue_cap = 5000
dimensions = []
labels = []
releases = []
timers = []
parameters = []
gpc = "anonymous"

[[site]]
key = "shop-a"
currency = "EUR"
order_key = "2222222222222222222222222222222222222222222222222222222222222222"
revenue_cap = 1000000
dimensions = ["label", "firstLoad", "served", "country"]
labels = ["home", "product", "caf\u00e9 \U0001f6d2"]
releases = []
timers = ["hero", "search_box"]
parameters = ["utm_source"]
gpc = "drop"
[[site.test]]
name = "speed"
control = "A"
groups = { A = 0.5, B = 0.5 }

[[site]]
key = "shop.b"
currency = "JPY"
order_key = "3333333333333333333333333333333333333333333333333333333333333333"
revenue_cap = 10000000
dimensions = ["os", "release", "navigation", "cacheHit"]
labels = ["home"]
releases = ["r1", "r2"]
timers = ["hero"]
parameters = []
gpc = "ignore"
[[site.test]]
name = "speed"
control = "off"
groups = { off = 0.9, on = 0.1 }
[[site.test]]
name = "search"
control = "A"
groups = { A = 0.5, B = 0.5 }

[[site]]
key = "0_kwd"
currency = "KWD"
order_key = "3333333333333333333333333333333333333333333333333333333333333333"
revenue_cap = 10
dimensions = ["label", "served"]
labels = ["product"]
releases = ["r1"]
timers = []
parameters = []
gpc = "ignore"
[[site.test]]
name = "speed"
control = "A"
groups = { A = 0.34, B = 0.33, C = 0.33 }
"""

SITE_KEYS = (
    "plain",
    "shop-a",
    "shop-a",
    "shop-a",
    "shop.b",
    "shop.b",
    "0_kwd",
    "nowhere",
    "no site",
)
SESSIONS = tuple(f"session-{number:08d}" for number in range(14))
IMPRESSIONS = tuple(f"impression_{number:06d}" for number in range(7))
LABELS = ("home", "product", "caf\u00e9 \U0001f6d2", "checkout", "home:repeat", "")
RELEASES = ("r1", "r2", "r3")
TESTS = (("speed", "A"), ("speed", "B"), ("speed", "on"), ("search", "B"), ("colour", "A"))
NAVIGATIONS = ("navigate", "reload", "back-forward-cache", "soft-navigation", "sideways")
COUNTRIES = ("DE", "DE", "FR", "ZZ")
CURRENCIES = ("EUR", "EUR", "EUR", "JPY", "KWD", "USD", "eur")
ORDERS = tuple(f"order {number}" for number in range(9))
TIMERS = ("ttfb", "fcp", "lcp", "inp", "dcl", "load", "cls", "hero", "search_box", "nowhere")
# Grid points and cell edges, their neighbours, and the ends of the ranges.
MILLISECONDS = (
    0, 0.0004, 0.0005, 0.0015, 0.048828125, 0.0488, 3.125, 49.9999, 50, 50.0001, 99.9996, 100,
    799.9995, 800, 812.3, 2500, 2500.001, 12800, 12800.0005, 102400, 102400.001, 600000, 600001, -1,
)  # fmt: skip
SHIFTS = (0, 0.00625, 0.0062504, 0.1, 0.10000051, 0.25, 1.2, 1.2000005, 100, 100.001, -0.1)
VALUES = (
    0,
    0.005,
    1.005,
    0.285,
    2.675,
    19.99,
    10.5,
    1.2345,
    0.00049999,
    10_000_000,
    10_000_001,
    -1,
)

SCRAPER = (
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/109.0.0.0 Safari/537.36"
)
AGENTS = (
    SCRAPER,
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.6 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; SM-X700) AppleWebKit/537.36 (KHTML, like Gecko) "
    "SamsungBrowser/23.0 Chrome/115.0.0.0 Safari/537.36",
    "Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0",
    "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/131.0.0.0 Safari/537.36",
    "Opera/9.80 (Android; Opera Mini/36.2/191.249; U; en) Presto/2.12.423 Version/12.16",
    "Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko",
    "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
    "curl/8.5.0",
    "?",
)
