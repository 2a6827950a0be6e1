"""Tables of DynamoDB, as claims and marks use them: an item is put where none is, and stays."""
