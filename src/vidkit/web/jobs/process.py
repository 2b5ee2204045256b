"""The process of one job: `python -m vidkit.web.jobs.process DIRECTORY ID PRIORITY`, started by the queue.

It reads the settings from its standard input and needs nothing else of the server. When that input ends, the server
is gone, and the process stops as if it got a signal.
"""

from __future__ import annotations

import logging
import os
import pickle
import signal
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from vidkit.core import printable, setup_logging, without_secrets
from vidkit.core.config import Config
from vidkit.core.locks import FileLock, take_file_lock
from vidkit.errors import Terminated, VidkitError
from vidkit.watchdog import keep_nice
from vidkit.web.jobs.files import JobFolder, folder_of, read_json, write_json

log = logging.getLogger("vidkit.web.jobs.process")  # the module itself is __main__

EXIT_DONE, EXIT_FAILED, EXIT_STOPPED = 0, 1, 130
_SECONDS_TO_STOP = 10.0
_SECONDS_TO_LOCK = 30.0


def main(arguments: list[str]) -> int:
    """Run one job.

    Args:
        arguments: [Serve] Directory, the job's id and its priority.

    Returns:
        The exit status. If the job has an outcome, it is in the job's folder.
    """
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the server's terminal is for the server
    folder = folder_of(Path(arguments[0]), int(arguments[1]))
    try:
        with open(0, "rb", closefd=False) as pipe:
            config = pickle.load(pipe)
        with suppress(OSError, AttributeError):
            os.nice(config.serve.jobs_nice)
        keep_nice(os.getpid())
        threading.Thread(target=_stop_without_server, name="server", daemon=True).start()
        setup_logging(folder.log, "INFO", config.secrets())
        lock = _locked(folder)
        log.info("job %s begins, process %d", arguments[1], os.getpid())
        try:
            _work(config, folder, int(arguments[2]))
        finally:
            lock.release()
    except (Terminated, EOFError):
        return EXIT_STOPPED
    except VidkitError as error:
        print(printable(without_secrets(str(error))), file=sys.stderr)
        return EXIT_FAILED
    return EXIT_DONE


def _work(config: Config, folder: JobFolder, priority: int) -> None:
    """Run the job and write its outcome.

    Raises:
        Terminated: it was stopped.
        OutputError: the outcome cannot be written.
    """
    # Heavy modules: a process that is stopped at once need not wait for them.
    from vidkit.web.jobs.kinds import RUN, Task
    from vidkit.web.jobs.progress import JobProgress

    folder.outcome.unlink(missing_ok=True)
    what = read_json(folder.request)
    outcome: dict[str, Any]
    progress = JobProgress(folder)
    try:
        result = RUN[what["kind"]](Task(config, folder, what, progress, priority))
        outcome = {"state": "done", "result": result}
    except VidkitError as error:
        outcome = {"state": "failed", "error": str(error)}
    finally:
        progress.close()
    write_json(folder.outcome, outcome)


def _locked(folder: JobFolder) -> FileLock:
    """Lock the job. The process of a server that is gone may need a moment to end.

    Raises:
        VidkitError: another process works on the job.
    """
    until = time.monotonic() + _SECONDS_TO_LOCK
    while (lock := take_file_lock(folder.lock)) is None:
        if time.monotonic() > until:
            raise VidkitError("another process works on this job")
        time.sleep(0.1)
    return lock


def _stop(*_: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second signal must not interrupt the end
    raise Terminated


def _stop_without_server() -> None:
    """Stop the process when the standard input ends, after some seconds by force."""
    with suppress(OSError):
        while os.read(0, 1):
            pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_SECONDS_TO_STOP)
    os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))


if __name__ == "__main__":
    exit_code = main(sys.argv[1:])
    logging.shutdown()
    sys.stderr.flush()
    os._exit(exit_code)  # a thread may still wait for a server, and Python would wait for the thread
