"""Takes requests under GDPR articles 15-22 to a lawful end, for one controller."""

__version__ = "0.1.0"
