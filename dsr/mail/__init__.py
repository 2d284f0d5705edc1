"""Mail: what we write, and its way out of the door."""
