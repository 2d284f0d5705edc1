"""Our own database: mapped classes, one file per aggregate, and the named reads."""
