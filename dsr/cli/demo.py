"""The command that shows everything at work on this machine."""

from __future__ import annotations

import socket
from pathlib import Path

import click

from dsr.cli.options import fail
from dsr.cli.serving import serve_until_stopped
from dsr.config import Settings
from dsr.demo import site
from dsr.demo.people import COLLEAGUES, PASSWORD, VISITOR, email_of

HOST = "127.0.0.1"


@click.command()
@click.option(
    "--folder", type=click.Path(file_okay=False, path_type=Path), default=Path("demo-data"), show_default=True
)
@click.option("--port", type=click.IntRange(0, 65535), default=8080, show_default=True, help="0: any free port.")
@click.option("--keep", is_flag=True, help="Go on with the demo in FOLDER instead of making a new one.")
def demo(folder: Path, port: int, keep: bool) -> None:
    """Make an invented firm with requests in every stage.

    It is made in FOLDER with a database that is filled, and served here. Mail is kept on a page. What was in FOLDER
    from the last time is replaced.
    """
    port = _free_port(port)
    try:
        if keep and site.is_made(folder):
            site.configure(folder, port)
        else:
            click.echo("Making the demo: a database, a register, staff, and requests in every stage ...")
            site.make(folder, port)
    except site.NotADemo as error:
        fail(str(error))
    opened = site.open_site(folder)
    worker = opened.start_worker()
    serve_until_stopped(opened.app, opened.settings, worker, _directions(opened.settings))


def _free_port(wanted: int) -> int:
    """The port that is wanted if nobody has it, else any other."""
    try:
        return _bound_port(wanted)
    except OSError:
        return _bound_port(0)


def _bound_port(port: int) -> int:
    with socket.socket() as tried:
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        tried.bind((HOST, port))
        return int(tried.getsockname()[1])


def _directions(settings: Settings) -> str:
    base = settings.web.base_url
    sign_ins = "\n".join(f"  {each.email:32} {', '.join(each.roles)}" for each in COLLEAGUES)
    return (
        f"\nThe public form     {base}/\n"
        f"  Be {VISITOR}, {email_of(VISITOR)}: a customer who has asked nothing yet.\n\n"
        f"Staff sign in at    {base}/staff/sign-in\n"
        f"{sign_ins}\n"
        f"  password of all: {PASSWORD}\n\n"
        f"The mailbox         {base}/demo/mailbox\n"
        f"The story in steps  {base}/demo/\n\n"
        "Stop with Ctrl+C."
    )


COMMANDS = {"demo": demo}
