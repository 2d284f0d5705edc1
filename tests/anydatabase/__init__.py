"""Erasure in databases that nobody has seen before, held against a reckoning of its own (`make anydatabase`)."""
