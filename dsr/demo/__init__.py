"""The demo: an invented firm with its database, requests in every stage, a mailbox, and a clock that can be moved."""
