"""Where documents live: a ledger of additive rows, written by runners, read by queries."""
