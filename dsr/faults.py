"""Named places where a test can kill the process: DSR_FAULT=mail-accepted ends it there, as a power cut would.

Without that environment variable nothing happens. The names in use: `git grep 'faults.point'`.
"""

import os
import signal


def point(name: str) -> None:
    """Kill this process at once if DSR_FAULT names this place."""
    if os.environ.get("DSR_FAULT") == name:
        os.kill(os.getpid(), signal.SIGKILL)
