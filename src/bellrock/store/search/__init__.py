"""The search store: documents in OpenSearch or Elasticsearch, written whole, read as sums."""

from bellrock.store.search.store import SearchStore, open_search_store

__all__ = ["SearchStore", "open_search_store"]
