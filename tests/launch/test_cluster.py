"""Is a start tried again where the machine was too busy, and what workers lack refused?"""

import os
import re
import subprocess
import sys

import pytest
from ray.exceptions import RayTaskError

from scaling.launch import cluster, preflight, tokens
from scaling.study import Plan, load_study

BUSY = Exception(
    "The current node timed out during startup. This could happen because some of the raylet "
    "failed to startup"
)


@pytest.mark.parametrize("failures, starts", [([], 1), ([BUSY], 2)])
def test_a_start_that_took_too_long_is_tried_once_more(failures, starts, monkeypatch):
    calls, left = [], list(failures)

    def init(**options):
        calls.append(options)
        if left:
            raise left.pop()
        return "context"

    monkeypatch.setattr(cluster.ray, "init", init)
    monkeypatch.setattr(cluster.ray, "shutdown", lambda: None)  # this process may be connected
    assert cluster._init(address="local") == "context" and calls == [{"address": "local"}] * starts


@pytest.mark.parametrize(
    "failures, says", [([BUSY, BUSY], "timed out"), ([RuntimeError("no space")], "no space")]
)
def test_what_another_start_does_not_mend_is_raised(failures, says, monkeypatch):
    left = list(failures)

    def init(**options):
        raise left.pop()

    monkeypatch.setattr(cluster.ray, "init", init)
    monkeypatch.setattr(cluster.ray, "shutdown", lambda: None)
    with pytest.raises(Exception, match=says):
        cluster._init(address="local")
    assert not left


def test_where_no_cluster_runs_auto_is_refused_in_a_line(monkeypatch):
    def none(address):
        raise ConnectionError("Could not find any running Ray instance.\nMore words.")

    monkeypatch.setattr(tokens, "canonicalize_bootstrap_address", none)
    with pytest.raises(ValueError, match=r"^no Ray cluster at auto: Could not find .*machine$"):
        with cluster.connected("auto"):
            pass


@pytest.mark.ray
@pytest.mark.parametrize(
    "workers, fewest, gpus, refused",
    [
        (4, None, 4, None),
        (5, None, 5, "--workers-per-trial 5 asks for 5 CPUs and 5 GPUs"),
        (8, 4, 8, None),  # it goes on with as many as there are
        (8, 6, 8, "--min-workers-per-trial 6 asks for 6 CPUs and 6 GPUs"),
        (8, 6, 0, None),
        (12, 9, 0, "--min-workers-per-trial 9 asks for 9 CPUs and 0 GPUs"),
    ],
)
def test_workers_that_a_cluster_can_never_have_are_refused(workers, fewest, gpus, refused):
    there = cluster.Cluster(dashboard=None, cpus=8, gpus=4, local=False)
    if refused is None:
        cluster.check_cluster(there, gpus, workers, fewest)
    else:
        with pytest.raises(ValueError, match=refused):
            cluster.check_cluster(there, gpus, workers, fewest)


@pytest.mark.xdist_group("ray")
def test_a_precision_that_workers_lack_is_refused_before_a_trial_runs(shared_cluster):
    """Where this machine cannot tell: it has no GPU, and the cluster's workers have none either."""
    plan = Plan.of(load_study("smoke").with_settings({"train.precision": "tf32"}))
    preflight.check_precisions(plan, gpus_per_trial=1)
    with pytest.raises(
        ValueError, match=r"^tf32 is a mode of NVIDIA GPUs .* set train.precision=fp32"
    ):
        cluster.check_workers_precisions("smoke", ["tf32"], gpus_per_trial=0)
    # computed in software where the CPU cannot
    cluster.check_workers_precisions("smoke", ["bf16"], gpus_per_trial=0)


# Ray was imported before, as by a notebook; the temporary folder is too deep for Ray's sockets.
CONNECTS = """
import ray
from scaling.launch.cluster import connected
import os, psutil
with connected("local", cpus=1) as there:
    assert ray.get(ray.remote(lambda: 7).remote(), timeout=120) == 7
    ours = [psutil.Process(), *psutil.Process().children(recursive=True)]
    listening = {
        connection.laddr.ip.removeprefix("::ffff:")
        for process in ours
        for connection in process.net_connections("inet")
        if connection.status == psutil.CONN_LISTEN
    }
print(there.cpus, listening)
"""


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_a_cluster_of_ours_listens_on_the_loopback_address_alone(tmp_path):
    deep = tmp_path / ("d" * 100)
    deep.mkdir()
    environment = {name: os.environ[name] for name in os.environ if not name.startswith("RAY_")}
    done = subprocess.run(
        [sys.executable, "-c", CONNECTS],
        capture_output=True,
        text=True,
        env={**environment, "TMPDIR": str(deep), "PYTHONPATH": os.getcwd()},
    )
    assert done.stdout == "1.0 {'127.0.0.1'}\n", done.stderr


def test_a_temporary_folder_is_replaced_only_where_sockets_need_it(monkeypatch):
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv("TMPDIR", "/var/tmp")
    assert cluster.short_temporary_folder() is None
    monkeypatch.setenv("TMPDIR", "/" + "t" * 116)
    assert cluster.short_temporary_folder() == f"/tmp/ray-{os.getuid()}"
    monkeypatch.setattr(cluster, "SHORT_FOLDERS", ("/proc/none",))
    with pytest.raises(ValueError, match=r"too long for Ray's sockets.* set RAY_TMPDIR"):
        cluster.short_temporary_folder()


def test_auto_without_a_cluster_says_how_to_start_one(monkeypatch):
    """Ray's own refusal, provoked here: a cluster of another test on this machine would answer to
    "auto".
    """

    def nobody(address, **options):
        raise ConnectionError("Could not find any running Ray instance.\nMore lines follow.")

    monkeypatch.setattr("ray.init", nobody)
    says = r"^no Ray cluster at auto: Could not find any running Ray instance\. .*ray start --head"
    with pytest.raises(ValueError, match=says), cluster.connected("auto"):
        raise AssertionError("connected to nobody")


@pytest.mark.parametrize("address", ["nonsense", "127.0.0.1:1", "ray://host"])
def test_an_address_of_the_environment_says_how_not_to_use_it(monkeypatch, address):
    monkeypatch.setenv("RAY_ADDRESS", address)
    says = rf"{address}.*say --address local to run on this machine$"
    with pytest.raises(ValueError, match=says), cluster.connected(None):
        raise AssertionError("connected to nobody")


def test_a_refusal_of_a_task_is_told_without_the_workers_traceback():
    refused = RayTaskError("draw", "Traceback ...", ValueError("it changed while it was sampled"))
    with pytest.raises(ValueError, match=r"^it changed while it was sampled$"), cluster.refusals():
        raise refused.as_instanceof_cause()
    broken = RayTaskError("draw", "Traceback ...", KeyError("x"))
    with pytest.raises(RayTaskError), cluster.refusals():
        raise broken.as_instanceof_cause()


@pytest.mark.parametrize(
    ("gpus", "types", "asked", "told"),
    [
        (4, ("H100",), 0, "the cluster's 4 GPUs stay idle"),
        (4, ("H100",), 1, None),
        (4, ("A100", "H100"), 1, r"GPUs of 2 kinds \(A100, H100\): a training takes any"),
        (0, (), 0, None),
    ],
)
def test_gpus_that_stay_idle_or_are_of_several_kinds_are_told(gpus, types, asked, told):
    its = cluster.Cluster(None, cpus=2.0, gpus=gpus, local=False, gpu_types=types)
    lines = its.told_of_gpus(asked)
    assert len(lines) == (told is not None)
    assert told is None or re.search(told, lines[0])
