"""Names that the fold derives, in the order of their codes."""

OTHER = "Other"
BROWSERS = (OTHER, "Chrome", "Safari", "Firefox", "Edge", "Opera", "Samsung Internet", "IE")
SYSTEMS = (OTHER, "Windows", "macOS", "iOS", "Android", "Chrome OS", "Linux")
DESKTOP_SYSTEMS = ("Windows", "macOS", "Linux", "Chrome OS")
TOUCH_SYSTEMS = ("Android", "iOS")
DEVICES = ("other", "desktop", "tablet", "mobile")
BOTS = ("", "declared", "webdriver", "behaviour")
