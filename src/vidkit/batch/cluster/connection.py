"""The connection to a Ray cluster: find or start it, keep Ray's output off the screen, check its head."""

from __future__ import annotations

import logging
import os
import re
import signal
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from vidkit.core import printable
from vidkit.core.config import Engine
from vidkit.core.extras import install_command
from vidkit.errors import EngineError, EngineGoneError, ToolMissingError
from vidkit.messages import message

if TYPE_CHECKING:
    from types import ModuleType

log = logging.getLogger(__name__)

_SECONDS_TO_CONNECT = 5.0
_SECONDS_TO_LEAVE = 30.0
_TRIES_TO_CONNECT = 3
_LOST_AFTER = 3  # failed checks of the head in a row
_STORE_BYTES = 100 * 2**20  # rows and records are small; Ray's default is a third of the memory
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",  # otherwise Ray reports usage statistics
    "RAY_enable_metrics_collection": "0",
    "RAY_BACKEND_LOG_LEVEL": "fatal",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",  # otherwise Ray warns of a future change
}
# Ray's variable for a cluster of one machine: ports are open on loopback only, not on all addresses.
_ALONE = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}


class Node(NamedTuple):
    """A node that is alive: its address, and its Ray resources."""

    address: str
    cpus: float
    memory: float
    gpus: float


class Cluster:
    """A cluster that this process is connected to.

    `address` is that of its head, HOST:PORT. `node` is the id of the node on this machine.
    """

    def __init__(self, ray: ModuleType, own: bool) -> None:
        context = ray.get_runtime_context()
        self.ray = ray
        self.address = str(context.gcs_address)
        self.node = str(context.get_node_id())
        self._own = own
        self._missed = 0

    def nodes(self) -> dict[str, Node]:
        """The nodes that are alive, by their ids."""
        return {
            each["NodeID"]: Node(
                each["NodeManagerAddress"], *(each["Resources"].get(what, 0.0) for what in ("CPU", "memory", "GPU"))
            )
            for each in self.ray.nodes()
            if each["Alive"]
        }

    def check(self) -> None:
        """Check that the head answers.

        Raises:
            EngineGoneError: it did not answer several times in a row.
        """
        self._missed = 0 if _answers(self.address) else self._missed + 1
        if self._missed >= _LOST_AFTER:
            raise EngineGoneError(
                "the head of the Ray cluster at {address} is gone. What is done is kept: start the cluster "
                "again, and the same command continues from here",
                address=self.address,
            )

    @property
    def head_answers(self) -> bool:
        """Whether the head answered the last time."""
        return not self._missed

    def close(self) -> None:
        """Leave the cluster. One that this process started ends. If the head is gone, nothing is sent to it."""
        import atexit

        atexit.unregister(self.ray.shutdown)
        if not self.head_answers and not self._own:
            return
        leaving = threading.Thread(target=self.ray.shutdown, name="leave", daemon=True)
        leaving.start()
        leaving.join(_SECONDS_TO_LEAVE)


def connect(settings: Engine) -> Cluster:
    """Connect to the cluster that the settings or RAY_ADDRESS name; without one, start Ray on this machine.

    Raises:
        ToolMissingError: Ray is not installed.
        EngineError: there is no such cluster, or it does not accept this machine or process.
    """
    address = settings.address or os.environ.get("RAY_ADDRESS", "")
    own = address in ("", "local")
    for name, value in (_QUIET | (_ALONE if own else {})).items():
        os.environ.setdefault(name, value)
    try:
        with _silent():
            import ray
    except ImportError as error:
        if error.name != "ray":
            raise ToolMissingError(
                "Ray cannot be used: {error}. Try: {command}",
                error=printable(error),
                command=install_command("ray"),
            ) from None
        raise ToolMissingError("the engine ray needs Ray: {command}", command=install_command("ray")) from None
    if "://" in address:
        raise EngineError(
            "[Engine] Address {address}: run vidkit on a node of the cluster, and give HOST:PORT",
            address=printable(address),
        )
    if not own and address != "auto" and not _answers(address):
        raise EngineError(
            "no Ray cluster answers at {address} ([Engine] Address). Start one with `ray start --head`",
            address=printable(address),
        )
    _log_ray_output()
    options: dict[str, Any] = {"address": address, "log_to_driver": False, "logging_level": logging.CRITICAL}
    if own:
        options |= {"address": "local", "object_store_memory": _STORE_BYTES}
        options["include_dashboard"] = False
    with _own_signals(), _silent():
        for left in reversed(range(_TRIES_TO_CONNECT)):
            try:
                ray.init(**options)
                break
            except Exception as error:  # Ray raises exceptions of all kinds
                reason = _reason(address, error)
                if not left or "Failed to connect" not in reason:  # its head may be busy
                    raise EngineError(reason) from None
    return Cluster(ray, own)


def _log_ray_output() -> None:
    """Log Ray's messages about nodes and workers: otherwise Ray prints them among the results."""
    from ray._private import worker

    def keep(data: dict[str, Any], **_: object) -> None:
        log.info("Ray: %s", printable(" ".join(map(str, data.get("lines", ())))))

    if hasattr(worker, "print_to_stdstream"):
        worker.print_to_stdstream = keep


def _reason(address: str, error: Exception) -> str:
    """Why Ray does not connect, in one sentence."""
    text = str(error)
    if "AuthToken" in f"{text} {error.__cause__} {error.__context__}":
        return message(
            "the Ray cluster at {address} asks for its token: set RAY_AUTH_MODE=token, and have the token in "
            "~/.ray/auth_token or in RAY_AUTH_TOKEN",
            address=address,
        )
    if "ersion mismatch" in text:
        found = re.findall(r"(Ray|Python):\s*([\w.]+)", text)
        theirs, ours = found[: len(found) // 2], found[len(found) // 2 :]
        words = [" and ".join(map(" ".join, each)) for each in (theirs, ours)]
        return message(
            "the Ray cluster at {address} has {there}, and here is {here}: install the same on all nodes",
            address=address,
            there=words[0],
            here=words[1],
        )
    if "Could not find any running Ray" in text:
        return message(
            "no Ray cluster runs on this machine (RAY_ADDRESS is auto): start one with `ray start --head`"
        )
    first = printable(text.strip().partition("\n")[0])[:300]
    if address:
        return message(
            "the Ray cluster at {address} does not take this process: {first}. This machine must be a node of it, "
            "as by `ray start --address={address}`",
            address=address,
            first=first,
        )
    return message("Ray does not start on this machine: {first}", first=first)


def _answers(address: str) -> bool:
    host, _, port = address.rpartition(":")
    with suppress(OSError, ValueError), socket.create_connection((host, int(port)), _SECONDS_TO_CONNECT):
        return True
    return False


@contextmanager
def _silent() -> Iterator[None]:
    """Discard standard error: Ray writes there while it connects."""
    sys.stderr.flush()
    before, devnull = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(devnull, 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(before, 2)
        os.close(before)
        os.close(devnull)


@contextmanager
def _own_signals() -> Iterator[None]:
    """Restore this process's signal handlers, which Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.getsignal(number) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)
