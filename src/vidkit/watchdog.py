"""Stop all processes that vidkit has started when it ends, even if it is killed.

A small shell, the watchdog, reads from a pipe which process groups run. When vidkit ends, for any reason,
the system closes the pipe, and the watchdog kills the groups that are left. Linux's `PR_SET_PDEATHSIG` is no
alternative: it needs Python code between fork and exec, which can deadlock with other threads; it fires
when the thread that started the process ends; and it misses the children of a script named ffmpeg.

On Windows there is no such shell: there, a process runs to its own end.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from pathlib import Path

_SHELL = "/bin/sh"
# "+ 12" is a group that has started, "- 12" one that has ended.
_WATCH = """
running=" "
while read -r sign group; do
  case $sign in
    +) running="$running$group " ;;
    -) case $running in *" $group "*) running="${running%%" $group "*} ${running#*" $group "}" ;; esac ;;
  esac
done
for group in $running; do kill -s KILL -- "-$group"; done
"""
# The process announces itself before it becomes the program: the watchdog knows it even if vidkit is killed at
# once.
_BEGIN = 'echo "+ $$" >&0 && exec "$@" </dev/null'

_TRIES = 5
_lock = threading.Lock()


class _Watchdog:
    """The shell and the pipe to it; `pipe` is None if there is no shell, so nothing is watched."""

    def __init__(self) -> None:
        self.shell: subprocess.Popen[bytes] | None = None
        self.pipe: int | None = None

    def open(self) -> int | None:
        """Start the watchdog if it does not run, and return the writing end of its pipe."""
        with _lock:
            if self.shell is None or self.shell.poll() is not None:
                self.close()
                self._start()
            return self.pipe

    def _start(self) -> None:
        reading, writing = os.pipe()  # a child inherits only an end that is passed to it
        try:
            self.shell = subprocess.Popen(
                [_SHELL, "-c", _WATCH],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",  # so that other file systems can be unmounted
                start_new_session=True,  # so that it gets no signal to vidkit's group
            )
            self.pipe = writing
        except OSError:
            os.close(writing)
        finally:
            os.close(reading)

    def close(self) -> None:
        """Close the pipe, which ends the watchdog."""
        if self.pipe is not None:
            os.close(self.pipe)
            self.pipe = None

    def end(self) -> None:
        """At vidkit's own end: wait until no process is left."""
        self.close()
        if self.shell is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.shell.wait(1)

    def forget(self) -> None:
        """In a fork of this process, which watches its own processes."""
        global _lock
        _lock = threading.Lock()
        self.close()
        self.shell = None


@functools.cache
def _watchdog() -> _Watchdog:
    watchdog = _Watchdog()
    atexit.register(watchdog.end)
    os.register_at_fork(after_in_child=watchdog.forget)
    return watchdog


def start(
    command: Sequence[str], environment: dict[str, str], pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a program in a session of its own, with pipes for its output and no input.

    Its process id is also the id of its session and its process group. It is killed when this process ends; call
    `ended` after it has ended by itself.

    Args:
        command: the program's path and its arguments.
        environment: its environment variables.
        pass_fds: other file descriptors that it inherits, with the same numbers (POSIX only).

    Raises:
        OSError: it is not there or cannot be run.
    """
    pipe = None if os.name == "nt" or not os.access(command[0], os.X_OK) else _watchdog().open()
    process = subprocess.Popen(
        command if pipe is None else [_SHELL, "-c", _BEGIN, _SHELL, *command],
        stdin=subprocess.DEVNULL if pipe is None else pipe,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        env=environment,
        pass_fds=pass_fds,
    )
    keep_nice(process.pid)
    return process


def keep_nice(pid: int) -> None:
    """Give a process's session the nice value of this process.

    Linux gives each session a share of the processors. A nice process leaves more time only to the others of its
    own session, unless the session is nice too (sched(7), autogroup).
    """
    niceness = os.nice(0) if os.name == "posix" else 0
    for _ in range(_TRIES if niceness > 0 else 0):
        try:
            Path(f"/proc/{pid}/autogroup").write_text(str(niceness), encoding="ascii")
            return
        except BlockingIOError:  # the system accepts ten of these a second from all users
            time.sleep(0.1)
        except OSError:  # this system shares in another way, or the process has ended
            return


def ended(process: subprocess.Popen[bytes]) -> None:
    """Tell the watchdog that a process from `start` has ended: its id may soon belong to another process."""
    if os.name == "nt":
        return
    pipe = _watchdog().pipe
    if pipe is not None:
        with contextlib.suppress(OSError):
            os.write(pipe, b"- %d\n" % process.pid)
