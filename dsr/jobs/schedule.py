"""The table of jobs, and the clock that starts them. What is to be done stands in the database, never in the clock."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Engine

from dsr.jobs import erasing, tasks, work
from dsr.jobs.context import Context
from dsr.jobs.leader import AdvisoryLock, FileLock, Leadership
from dsr.mail.delivery import Mail
from dsr.services.work import release_all

log = logging.getLogger(__name__)

MAIL, WORK = "mail", "work"


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so many seconds; only the leader does what is `led`."""

    name: str
    seconds: int
    run: Callable[[], object]
    is_led: bool = True


def table(context: Context, mail: Mail) -> list[Job]:
    """Everything the worker does."""
    return [
        Job(MAIL, 1, partial(tasks.deliver, context, mail), is_led=False),
        Job(WORK, 1, partial(work.run_all, context), is_led=False),
        Job("heartbeat", 60, partial(tasks.beat, context), is_led=False),
        Job("reminders", 60, partial(tasks.remind, context)),
        Job("ledger", 60, partial(erasing.run_ledger, context)),
        Job("anchor", 60, partial(tasks.anchor, context)),
        Job("tasks", 900, partial(tasks.tell_tasks, context)),
        Job("purge", 900, partial(tasks.purge, context)),
    ]


class Worker:
    """The running worker."""

    def __init__(self, jobs: list[Job], leadership: Leadership) -> None:
        self._jobs = {job.name: job for job in jobs}
        self._leadership = leadership
        self._scheduler = BackgroundScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
        )

    def start(self) -> None:
        """Start every job now, and again each time it is due."""
        for job in self._jobs.values():
            self._scheduler.add_job(
                partial(self._run, job), "interval", seconds=job.seconds, id=job.name, next_run_time=_now()
            )
        self._scheduler.start()

    def wake(self) -> None:
        """There is mail or work: do not wait for the tick."""
        self._run_now(MAIL, WORK)

    def tick(self) -> None:
        """Run every job now: the clock was set forward."""
        self._run_now(*self._jobs)

    def stop(self) -> None:
        """Let what is running end, and start nothing more."""
        self._scheduler.shutdown(wait=True)
        self._leadership.release()

    def _run_now(self, *names: str) -> None:
        for name in names if self._scheduler.running else ():
            self._scheduler.modify_job(name, next_run_time=_now())

    def _run(self, job: Job) -> None:
        """Run a job. A fault is logged without its words, which may hold personal data; the job runs again in time."""
        try:
            if not job.is_led or self._leadership.is_ours():
                job.run()
        except Exception as fault:  # noqa: BLE001 - the other jobs and the next tick must go on
            place = traceback.extract_tb(fault.__traceback__)[-1]
            file = Path(place.filename).name
            log.error("the job %s failed: %s in %s, line %s", job.name, type(fault).__name__, file, place.lineno)


def start(context: Context, mail: Mail) -> Worker:
    """Start the worker of this process. Raises WorkerRunning where there may be only one and there is one."""
    logging.getLogger("apscheduler").setLevel(logging.ERROR)  # a job that is still running at its next time is no news
    leadership = _leadership(context)
    if leadership.is_ours():
        with context.transaction() as session:
            release_all(session)
    worker = Worker(table(context, mail), leadership)
    worker.start()
    return worker


def _leadership(context: Context) -> Leadership:
    with context.transaction(writes=False) as session:
        engine = session.get_bind()
    if isinstance(engine, Engine) and engine.dialect.name == "postgresql":
        return AdvisoryLock(engine)
    return FileLock(Path(f"{engine.engine.url.database}.worker"))


def _now() -> datetime:
    return datetime.now(UTC)
