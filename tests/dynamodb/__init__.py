"""Tables of DynamoDB, and faults on the way to them."""
