"""A thousand sudden deaths: the worker is killed again and again while many people are erased (`make campaign`)."""
