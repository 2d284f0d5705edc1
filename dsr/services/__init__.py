"""Use-cases: one verb per function. They never commit; whoever calls them owns the transaction."""
