"""Which user agents behave like bots, site by site: found by the fold, listed and lifted by people."""
