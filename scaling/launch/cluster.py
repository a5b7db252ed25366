"""Connects to a Ray cluster: one that runs already, or one started here for as long as needed."""

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import ray
from ray._private import ray_constants
from ray.exceptions import GetTimeoutError, RayTaskError

from scaling.launch.address import check_answers
from scaling.launch.scratch import scratch_folder, temporary_files_in
from scaling.launch.tokens import shown_where_asked
from scaling.study.cores import usable_cores

ALONE = "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"
# The longest path of a socket, without its final zero (on a Mac and on Linux), and a name as Ray
# gives them.
SOCKET_PATH_BYTES = 103 if sys.platform == "darwin" else 107
SOCKET = "session_2026-01-01_00-00-00_000000_4194304/sockets/plasma_store"
SHORT_FOLDERS = ("/tmp", "/dev/shm")
GPU_TYPE = "accelerator_type:"  # of a node's GPUs, among its resources
# Until a worker answers, which may have to wait for a place; a driver that waits as long as
# supervise.limits.START_S is taken for one that hangs.
ANSWER_S = 60.0


@dataclass(frozen=True)
class Cluster:
    """What Ray says of the cluster that this process is connected to, all nodes together."""

    dashboard: str | None  # the dashboard's URL; None where there is none
    cpus: float
    gpus: float
    local: bool  # started by us
    gpu_types: tuple[str, ...] = ()  # as Ray names them, such as H100
    token: bool = True  # whether it asks for one

    def told_of_gpus(self, gpus_per_trial: float) -> list[str]:
        """What a person should know of its GPUs, where trials take so many each."""
        if self.gpus and not gpus_per_trial:
            return [
                f"the cluster's {self.gpus:g} GPUs stay idle: the trials run on CPUs; "
                "--gpus-per-trial 1 gives each one"
            ]
        if gpus_per_trial and len(self.gpu_types) > 1:
            return [
                f"the cluster has GPUs of {len(self.gpu_types)} kinds "
                f"({', '.join(self.gpu_types)}): a training takes any that is free, and its pace "
                "is not forecast until one has ended"
            ]
        return []


@contextlib.contextmanager
def connected(address: str | None, cpus: int | None = None):
    """A context that gives the Cluster at ``address``, and leaves it on exit.

    ``address`` is ``auto``, ``HOST:PORT`` or ``local``; None means $RAY_ADDRESS, else local. A
    local cluster listens on this machine's loopback address alone and has ``cpus`` CPUs (default:
    those that this process may use). ValueError if the address does not answer.
    """
    address = address or os.environ.get("RAY_ADDRESS") or "local"
    local = address == "local"
    if not local and address != "auto":
        check_answers(address)
    options = {
        "num_cpus": cpus or usable_cores(),
        "include_dashboard": True,
        "dashboard_host": "127.0.0.1",
    }
    quiet = {"log_to_driver": False, "logging_level": "ERROR", "configure_logging": True}
    kept, token = contextlib.ExitStack(), True
    if local:
        folder = kept.enter_context(scratch_folder(short_temporary_folder()))
    try:
        if not local:
            token = kept.enter_context(shown_where_asked(address))
        with _started_here(folder) if local else contextlib.nullcontext():
            context = _init(address=address, **quiet, **(options if local else {}))
    except (ConnectionError, RuntimeError, ValueError) as error:
        kept.close()
        if local:
            raise
        reason = str(error).strip().splitlines()[0]
        raise ValueError(
            f"no Ray cluster at {address}: {reason} Start one with `ray start --head`, "
            "or say --address local to run on this machine"
        ) from None
    try:
        resources = ray.cluster_resources()
        url = context.dashboard_url
        yield Cluster(
            dashboard=f"http://{url}" if url else None,
            cpus=resources.get("CPU", 0.0),
            gpus=resources.get("GPU", 0.0),
            local=local,
            gpu_types=tuple(
                sorted(
                    name.removeprefix(GPU_TYPE) for name in resources if name.startswith(GPU_TYPE)
                )
            ),
            token=token,
        )
    finally:
        ray.shutdown()
        kept.close()


@contextlib.contextmanager
def _started_here(scratch: Path):
    """While entered, a cluster that is started listens on 127.0.0.1 alone, and its processes keep
    temporary files in ``scratch`` and sockets where their paths are short enough.

    Ray's parts then talk over 127.0.0.1, and each of them listens where it talks. Ray knows this as
    the way of clusters on Windows and macOS, whose firewalls would ask; otherwise it takes the
    address of the network for its node, even if told another.
    """
    before, cluster_allowed = os.environ.get(ALONE), ray_constants.ENABLE_RAY_CLUSTER
    os.environ[ALONE] = "0"
    ray_constants.ENABLE_RAY_CLUSTER = False
    try:
        with temporary_files_in(scratch, short_temporary_folder()):
            yield
    finally:
        ray_constants.ENABLE_RAY_CLUSTER = cluster_allowed
        if before is None:
            del os.environ[ALONE]
        else:
            os.environ[ALONE] = before


def short_temporary_folder() -> str | None:
    """Where Ray's processes keep their sockets; None where the usual place is short enough.

    ValueError where no folder is.
    """
    chosen = os.environ.get("RAY_TMPDIR") or os.environ.get("TMPDIR") or "/tmp"
    if len(os.path.join(chosen, "ray", SOCKET).encode()) <= SOCKET_PATH_BYTES:
        return None
    for folder in SHORT_FOLDERS:
        if os.access(folder, os.W_OK | os.X_OK):
            return os.path.join(folder, f"ray-{os.getuid()}")
    raise ValueError(
        f"the temporary folder {chosen} has a path too long for Ray's sockets, and "
        f"{' and '.join(SHORT_FOLDERS)} cannot be written; set RAY_TMPDIR to a folder with a short "
        "path"
    )


def _init(**options):
    """``ray.init``, tried again where Ray gave up its node after 30 seconds, as it does on a busy
    machine.
    """
    try:
        return ray.init(**options)
    except Exception as error:
        if "timed out during startup" not in str(error):
            raise
        ray.shutdown()
        return ray.init(**options)


def most_gpus_on_a_node() -> float:
    """The GPUs of the best equipped living node."""
    return max(
        (node["Resources"].get("GPU", 0.0) for node in ray.nodes() if node["Alive"]), default=0.0
    )


def check_cluster(
    cluster: Cluster,
    gpus_per_trial: float,
    workers: int = 1,
    fewest: int | None = None,
    option: str = "--gpus-per-trial",
) -> None:
    """Refuse what the cluster can never give; Ray would wait for it forever. ``fewest`` are the
    workers with which a trial goes on, where those are less than ``workers``. ``option`` is what
    a person called ``gpus_per_trial``.
    """
    if workers > 1:  # which may be on several nodes
        count = fewest or workers
        gpus = count if gpus_per_trial else 0
        if gpus > cluster.gpus or count > cluster.cpus:
            option = "--min-workers-per-trial" if count < workers else "--workers-per-trial"
            raise ValueError(
                f"{option} {count} asks for {count} CPUs and {gpus} GPUs, and the "
                f"cluster has {cluster.cpus:g} and {cluster.gpus:g}; lower it, or connect to "
                "another cluster"
            )
        return
    best = most_gpus_on_a_node()
    if gpus_per_trial > best:
        raise ValueError(
            f"{option} {gpus_per_trial:g} asks for more than any node of the cluster has "
            f"({best:g} of {cluster.gpus:g} in all); lower it, or connect to another cluster"
        )
    if cluster.cpus < 1:
        raise ValueError(f"the cluster has {cluster.cpus:g} CPUs; a trial needs one")


def check_workers_precisions(study: str, precisions: Iterable[str], gpus_per_trial: float) -> None:
    """Refuse training in a precision that a worker of the connected cluster lacks.

    The worker asked has a GPU if trials have one.
    """
    precisions = set(precisions) - {"fp32"}  # which every device has
    if not precisions:
        return
    task = (
        ray.remote(_check_precisions)
        .options(
            name=f"{study}: check precision",
            num_cpus=1,
            max_retries=0,
            num_gpus=min(1.0, gpus_per_trial),
        )
        .remote(sorted(precisions))
    )
    try:
        with refusals():
            ray.get(task, timeout=ANSWER_S)
    except GetTimeoutError:  # others hold every place; each training checks for itself as it begins
        ray.cancel(task)


@contextlib.contextmanager
def refusals() -> Iterator[None]:
    """While entered, a ValueError of a task is raised in its own words, without the traceback of
    the worker.
    """
    try:
        yield
    except RayTaskError as failure:
        if isinstance(failure.cause, ValueError):
            raise ValueError(str(failure.cause)) from None
        raise


def _check_precisions(names: list[str]) -> None:
    """Run in a worker process."""
    import torch

    from scaling.models.precision import check_precision

    for name in names:
        check_precision(name, "cuda" if torch.cuda.is_available() else "cpu")
