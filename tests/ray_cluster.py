"""A Ray cluster for tests: its nodes are processes of this machine, on the loopback of a network of their own."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import pytest

from .misbehaving_server import Server

T = TypeVar("T")
_MAIN = "import sys; from vidkit.cli import main; sys.exit(main())"
# For tests whose nodes stay: a worker that dies or says nothing is given up sooner.
IMPATIENT = (
    "import sys; import vidkit.batch.cluster.engine as engine; engine.QUIET = 8.0; engine.JUDGED_AFTER = 0.5; "
    "from vidkit.cli import main; sys.exit(main())"
)
_NEW_NETWORK = 0x40000000  # CLONE_NEWNET
_STARTS = 3  # tries to start a node
_PORTS = (
    "node-manager", "object-manager", "runtime-env-agent", "dashboard-agent-grpc", "dashboard-agent-listen",
    "metrics-export",
)  # fmt: skip
_ENVIRONMENT = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_AUTH_MODE": "disabled",  # else a token that somebody has in the home directory is asked for
    "RAY_enable_metrics_collection": "0",
    # A node that is stopped counts as lost after a few seconds, and not after half a minute.
    "RAY_health_check_initial_delay_ms": "10000",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "2500",
    "RAY_health_check_failure_threshold": "4",
    "RAY_raylet_start_wait_time_s": "90",
    "RAY_worker_niceness": "0",  # 15 by default: on a busy machine the tests would starve
}


# Read now: in a test it is gone, with all that configures vidkit.
_IS_WANTED = bool(os.environ.get("VIDKIT_TEST_CLUSTER"))


def skip_without_cluster() -> None:
    """Skip the test where no cluster is wanted, or none can be had."""
    if not _IS_WANTED:
        pytest.skip("it starts Ray clusters, which takes minutes: make test-cluster")
    if reason := why_none():
        pytest.skip(reason)


@functools.cache
def why_none() -> str | None:
    """Why no cluster can be had here; None where one can."""
    if not shutil.which("unshare") or not shutil.which("nsenter") or not shutil.which("ip"):
        return "a network of its own needs the commands unshare, nsenter and ip"
    try:
        import ray  # noqa: F401
    except ImportError:
        return "Ray is not installed"
    done = subprocess.run(["unshare", "-n", "ip", "link", "set", "lo", "up"], capture_output=True, check=False)
    return None if done.returncode == 0 else "a network of its own needs root"


class Network:
    """A network namespace with nothing but its loopback."""

    def __init__(self) -> None:
        words = ["unshare", "-n", "sh", "-c", "ip link set lo up && echo up && exec sleep 100000"]
        self._holder = subprocess.Popen(words, stdout=subprocess.PIPE, start_new_session=True)
        assert self._holder.stdout is not None
        assert self._holder.stdout.readline() == b"up\n"

    @property
    def pid(self) -> int:
        """A process in it."""
        return self._holder.pid

    def inside(self, *words: str) -> list[str]:
        """A command line that runs in it."""
        return ["nsenter", "-t", str(self._holder.pid), "-n", *words]

    def call(self, function: Callable[[], T]) -> T:
        """Call a function in it, in a thread of its own: sockets that it opens stay there."""
        results: list[Any] = []

        def enter() -> None:
            with open(f"/proc/{self._holder.pid}/ns/net") as place:
                libc = ctypes.CDLL(None, use_errno=True)
                if libc.setns(place.fileno(), _NEW_NETWORK):
                    raise OSError(ctypes.get_errno(), "setns")
            results.append(function())

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        return results[0]

    def close(self) -> None:
        self._holder.kill()
        self._holder.wait()
        if self._holder.stdout:
            self._holder.stdout.close()


class Node:
    """A node: `ray start --block` and all that it has started, in one process group."""

    def __init__(self, words: list[str], environment: dict[str, str], log: Path) -> None:
        self.log = log
        self._words, self._environment = words, environment
        self._starts, self._is_killed = 0, False
        self._start()

    def _start(self) -> None:
        self._starts += 1
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(
                self._words,
                env=self._environment,
                stdout=file,
                stderr=file,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )

    def has_started(self) -> bool:
        """Whether it is up, or was killed. On a busy machine Ray may give up: then it is started again."""
        if self._is_killed or "Ray runtime started" in self.log.read_text():
            return True
        if self.process.poll() is not None and self._starts < _STARTS:
            self._kill()
            self._start()
        return False

    def pids(self) -> list[int]:
        """Its process and all that have come of it; Ray gives its workers process groups of their own."""
        parents = {}
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError, ValueError):
                parents[int(place.name)] = int((place / "stat").read_text().rpartition(")")[2].split()[1])
        found = [self.process.pid]
        for pid in found:
            found += [child for child, parent in parents.items() if parent == pid]
        return found

    def send(self, number: int) -> None:
        """Send a signal to all of them."""
        for pid in self.pids():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def kill(self) -> None:
        """Kill its process group; its workers notice that themselves."""
        self._is_killed = True
        self._kill()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Driver:
    """A run of vidkit; what it says can be read while it runs."""

    def __init__(self, command: list[str], environment: dict[str, str]) -> None:
        self._out, self._err = tempfile.TemporaryFile("w+"), tempfile.TemporaryFile("w+")  # noqa: SIM115
        self.process = subprocess.Popen(
            command,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=self._out,
            stderr=self._err,
            start_new_session=True,
        )

    @property
    def out(self) -> str:
        self._out.seek(0)
        return self._out.read()

    @property
    def err(self) -> str:
        self._err.seek(0)
        return self._err.read()

    def send(self, number: int) -> None:
        os.kill(self.process.pid, number)

    def says(self, text: str, seconds: float = 90) -> None:
        """Wait until it says something."""
        until = time.monotonic() + seconds
        while text not in self.err:
            assert self.process.poll() is None, self.err
            assert time.monotonic() < until, f"no {text!r} in {self.err}"
            time.sleep(0.05)

    def ends(self, code: int, seconds: float = 240) -> str:
        """Wait for its end; what it said."""
        try:
            assert self.process.wait(seconds) == code, self.out + self.err
        except subprocess.TimeoutExpired:
            pytest.fail(f"it does not end: {self.out}{self.err}")
        said = self.out + self.err
        assert "Traceback" not in said, said
        assert "raylet" not in said, said
        return self.err

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._out.close()
        self._err.close()


class RayCluster:
    """A head, and nodes that are added."""

    def __init__(
        self, head_cpus: int = 0, port: int = 6379, network: Network | None = None, **environment: str
    ) -> None:
        self.network = network or Network()
        self.folder = Path(tempfile.mkdtemp(prefix="vr-"))  # short: a socket's path has 107 bytes at the most
        self.address = f"127.0.0.1:{port}"
        self.nodes: list[Node] = []
        self.drivers: list[Driver] = []
        try:
            self.head = self._start(
                "--head", "--node-ip-address=127.0.0.1", f"--port={port}", f"--num-cpus={head_cpus}",
                "--include-dashboard=false", "--no-monitor", **environment,
            )  # fmt: skip
            self.ready()
        except BaseException:
            self.close()
            raise

    def add(
        self, cpus: int = 1, gpus: int = 0, wait: bool = True, within: Sequence[str] = (), **environment: str
    ) -> Node:
        """Start a node, and wait until it is there.

        Args:
            cpus: how many it has.
            gpus: how many it tells Ray of.
            wait: whether to wait.
            within: a command that runs it (`memory_of`).
            environment: more of its environment.
        """
        has = [f"--num-cpus={cpus}", f"--num-gpus={gpus}", "--include-log-monitor=false"]
        node = self._start(f"--address={self.address}", *has, within=within, **environment)
        if wait:
            self.ready()
        return node

    def ready(self) -> None:
        """Wait until every node has started."""
        self.wait(lambda: all(node.has_started() for node in self.nodes), "the nodes", 180)

    def _start(self, *words: str, within: Sequence[str] = (), **environment: str) -> Node:
        own = ["--block", "--object-store-memory=80000000", "--disable-usage-stats"]
        # Nodes that start at once would take the same sockets and ports.
        own.append(f"--temp-dir={self.folder}/{len(self.nodes)}")
        first = 20000 + 100 * len(self.nodes)
        own += [f"--{name}-port={first + place}" for place, name in enumerate(_PORTS)]
        own += [f"--min-worker-port={first + 20}", f"--max-worker-port={first + 99}"]
        node = Node(
            self.network.inside(*within, sys.executable, "-m", "ray.scripts.scripts", "start", *own, *words),
            self.environment(**environment),
            self.folder / f"node{len(self.nodes)}.txt",
        )
        self.nodes.append(node)
        return node

    def environment(self, **more: str) -> dict[str, str]:
        path = os.pathsep.join(filter(None, [str(Path(__file__).parents[1] / "src"), os.environ.get("PYTHONPATH")]))
        return {**os.environ, **_ENVIRONMENT, "PYTHONPATH": path, **more}

    def process(self, *words: str, code: str = _MAIN, **settings: str) -> Driver:
        """Start `vidkit process --engine ray` in the cluster's network, on the head's machine."""
        command = [sys.executable, "-c", code, "process", "--engine", "ray", *words]
        environment = self.environment(VIDKIT_ENGINE_ADDRESS=self.address, **settings)
        driver = Driver(self.network.inside(*command), environment)
        self.drivers.append(driver)
        return driver

    def server(self, port: int = 0) -> Server:
        """A web server in the cluster's network."""
        return self.network.call(lambda: Server(port=port))

    def wait(self, is_so: Callable[[], object], what: str, seconds: float = 60) -> None:
        until = time.monotonic() + seconds
        while not is_so():
            if time.monotonic() > until:
                said = "\n".join(node.log.read_text()[-300:] for node in self.nodes)
                said += "\n".join(f"{driver.err[-2000:]}\n{driver.process.poll()}" for driver in self.drivers)
                pytest.fail(f"{what}: not after {seconds:g} seconds\n{said}")
            time.sleep(0.05)

    def close(self) -> None:
        for driver in self.drivers:
            driver.close()
        for node in reversed(self.nodes):
            node.kill()
        self.network.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def memory_of(megabytes: int) -> Iterator[list[str]]:
    """A command that runs another one with so much memory in all: a machine of its own, as far as that can see.

    It takes a control group of Linux's version 1. The test skips where none can be made.
    """
    root = Path("/sys/fs/cgroup/memory")
    group = root / f"vidkit-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / "memory.limit_in_bytes").write_text(f"{megabytes}M")
    except OSError as error:
        pytest.skip(f"a control group for memory cannot be made: {error}")
    enter = 'echo $$ > "$0/cgroup.procs" && mount --bind "$0" /sys/fs/cgroup/memory && exec "$@"'
    try:
        yield ["unshare", "-m", "sh", "-c", enter, str(group)]
    finally:
        until = time.monotonic() + 30
        while pids := (group / "cgroup.procs").read_text().split():
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(int(pid), signal.SIGKILL)
            assert time.monotonic() < until
            time.sleep(0.1)
        group.rmdir()


def client_of(port: int, cluster: RayCluster) -> int:
    """The process that has a connection from this port of the cluster's network."""
    with open(f"/proc/{cluster.network.pid}/net/tcp") as table:
        rows = [line.split() for line in table][1:]
    wanted = {f"socket:[{row[9]}]" for row in rows if int(row[1].rpartition(":")[2], 16) == port}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(file) in wanted for file in (place / "fd").iterdir()):
                return int(place.name)
    raise LookupError(f"nobody has port {port}")


@contextlib.contextmanager
def ray_cluster(
    *cpus: int, head_cpus: int = 0, network: Network | None = None, **environment: str
) -> Iterator[RayCluster]:
    """A cluster with so many nodes beside its head; the test skips where none can be had.

    Args:
        cpus: of each node.
        head_cpus: of the head.
        network: where it runs; by default one of its own. It is closed with the cluster.
        environment: of the head.
    """
    skip_without_cluster()
    cluster = RayCluster(head_cpus, network=network, **environment)
    try:
        for each in cpus:
            cluster.add(each, wait=False)
        cluster.ready()
        yield cluster
    finally:
        cluster.close()
