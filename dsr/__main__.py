"""`python -m dsr` is the `dsr` command."""

from dsr.cli import main

if __name__ == "__main__":
    main(prog_name="dsr")
