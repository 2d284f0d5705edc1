"""What the program costs, row by row, against a baseline of the same run: `python -m tests.bench`."""
