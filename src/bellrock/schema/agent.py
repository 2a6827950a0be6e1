"""Names of browsers and operating systems that decide other things."""

OTHER = "Other"
DESKTOP_SYSTEMS = ("Windows", "macOS", "Linux", "Chrome OS")
TOUCH_SYSTEMS = ("Android", "iOS")
