"""Who owns an order: the first page impression in the log that claimed it, for as long as the shop lives."""
