"""The law: pure functions and tables. No clock, no input or output, no framework."""
