"""Which Ray cluster do tests share? One of two CPUs for each worker of pytest, started by the first
test that asks: a start costs what ten tests do.

Tests that need Ray are two groups of pytest-xdist, "ray" and "ray apart", of about equal length, so
that two workers of pytest have one each and end together.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
import pytest

from scaling.launch import cluster as clusters
from scaling.launch import sampling
from scaling.launch.supervise import driver, supervisor

START_S = 180  # where the machine is busy
END_S = 4


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


@pytest.fixture(scope="session")
def dashboard():
    """The URL of the shared cluster's dashboard, once there is one."""
    return f"http://127.0.0.1:{free_port()}"


@pytest.fixture(scope="session")
def ray_address(tmp_path_factory, dashboard):
    """HOST:PORT of a cluster that asks for a token and runs until the tests end, as a person's own
    would.
    """
    port = free_port()
    log = tmp_path_factory.mktemp("ray") / "log"
    # Ray tells a job the latest cluster that began in its temporary folder, and other tests begin
    # clusters in the usual one. The path is short, as Ray's sockets need.
    folder = tempfile.mkdtemp(prefix="ray-")
    command = [
        str(Path(sys.executable).with_name("ray")),
        "start",
        "--head",
        "--block",
        "--num-cpus=2",
        f"--port={port}",
        f"--temp-dir={folder}",
        f"--dashboard-port={dashboard.rpartition(':')[2]}",
        f"--dashboard-agent-listen-port={free_port()}",
        "--disable-usage-stats",
    ]
    with open(log, "w") as out:
        head = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            env={
                **os.environ,
                "RAY_AUTH_MODE": "token",
                "DIT_SCALING_PYTHON": sys.executable,  # of jobs
            },
        )
    try:
        deadline = time.monotonic() + START_S
        while "Ray runtime started" not in log.read_text():
            assert time.monotonic() < deadline and head.poll() is None, log.read_text()
            time.sleep(0.2)
        yield f"127.0.0.1:{port}"
    finally:
        processes = psutil.Process(head.pid).children(recursive=True)
        head.terminate()  # --block ends its processes with itself, and gives each half a minute
        _, alive = psutil.wait_procs(processes, timeout=END_S)
        for process in alive:
            process.kill()
        head.wait(timeout=START_S)
        shutil.rmtree(folder, ignore_errors=True)  # Ray's processes may still write into it


@pytest.fixture(scope="session")
def connection(ray_address):
    """This process's connection to that cluster. Its workers keep torch imported while it lasts."""
    with clusters.connected(ray_address) as cluster:
        yield cluster


def share(connection, patch: pytest.MonkeyPatch) -> None:
    """Let a command that runs in this process find itself connected, and leave the connection. It
    draws its report alone, as on one core, and no page while it runs: the other core has tests to
    run.
    """
    for module in (clusters, sampling):
        patch.setattr(module, "connected", lambda address: contextlib.nullcontext(connection))
    patch.setattr(
        supervisor,
        "supervised",
        lambda order, say: contextlib.nullcontext(Here(order, connection)),
    )
    patch.setattr("analysis.report.helper.usable_cores", lambda: 1)
    patch.setattr("scaling.running.LivePage", NoLivePage)


class NoLivePage:
    """Where a LivePage would start a process that imports and draws as long as the sweep runs."""

    def __init__(self, folder):
        self.folder = folder

    def __enter__(self):
        return self

    def __exit__(self, *exception) -> None:
        """Nothing was begun."""

    def refresh(self) -> None:
        """Nothing follows."""


class Here:
    """Runs an order in this process, where a Supervisor would start one and watch it."""

    def __init__(self, order, connection):
        self.order, self.left, self.connection = order, order, connection

    def begin(self):
        driver.check(self.connection, self.order)
        return self.connection

    def again(self, train_ids) -> None:
        self.left = self.order.only(train_ids)

    def follow(self, on_progress, asked) -> None:
        driver.run_jobs(self.left, on_progress)


@pytest.fixture
def shared_cluster(connection, monkeypatch):
    """The shared cluster, for a test that runs commands in this process."""
    share(connection, monkeypatch)
    return connection
