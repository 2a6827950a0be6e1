"""Real servers for tests: DynamoDB Local, a Kafka broker, an OpenSearch node.

`make test` has Maven fetch their jars; `fixtures` starts a server when the first test asks for it. A server
is shared by all tests and all workers of a run, so tests keep apart by names (table, topic, index).
"""
