"""Are the files of cluster/ what Ray, Kubernetes, Slurm and Grafana take, each with storage, token
and a dashboard that strangers do not reach?
"""

import json
import os
import re
import subprocess
from pathlib import Path

import jsonschema
import pytest
import ray.autoscaler
import yaml

from experiments import dit_imagenet256
from scaling.launch.tasks.worker import GAUGES

CLUSTER = Path(__file__).parents[1] / "cluster"


@pytest.fixture(scope="module")
def aws() -> dict:
    return yaml.safe_load((CLUSTER / "aws.yaml").read_text())


@pytest.fixture(scope="module")
def kubernetes() -> dict[str, dict]:
    """By kind."""
    return {d["kind"]: d for d in yaml.safe_load_all((CLUSTER / "kuberay.yaml").read_text())}


def test_the_cluster_on_aws_has_rays_schema(aws):
    schema = Path(ray.autoscaler.__file__).with_name("ray-schema.json")
    jsonschema.validate(aws, json.loads(schema.read_text()))
    assert aws["head_node_type"] in aws["available_node_types"]


def test_every_node_on_aws_has_the_token_and_the_storage(aws):
    assert "~/.ray/auth_token" in aws["file_mounts"]
    assert "chmod 600 ~/.ray/auth_token" in aws["setup_commands"]
    assert any("mount -t nfs4" in command for command in aws["initialization_commands"])
    starts = [
        next(command for command in aws[f"{role}_start_ray_commands"] if "ray start" in command)
        for role in ("head", "worker")
    ]
    assert all("RAY_AUTH_MODE=token ~/venv/bin/ray start" in command for command in starts)
    assert "--dashboard-host=127.0.0.1" in starts[0]
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in starts[0]


def test_the_job_is_kueues_and_its_sweep_one_of_ours(kubernetes):
    job = kubernetes["RayJob"]
    assert "kueue.x-k8s.io/queue-name" in job["metadata"]["labels"]
    spec = job["spec"]
    assert spec["shutdownAfterJobFinishes"] is True and spec["suspend"] is True
    words = spec["entrypoint"].split()
    assert words[:3] == ["python", "-m", "scaling.sweep"]
    assert words[3] == dit_imagenet256.STUDY.name
    assert words[words.index("--results") + 1] == "/shared/results"  # where pods mount the claim


def test_every_pod_has_image_storage_and_a_place_in_the_network(kubernetes):
    spec = kubernetes["RayJob"]["spec"]["rayClusterSpec"]
    assert spec["authOptions"] == {"mode": "token"}
    claim = kubernetes["PersistentVolumeClaim"]
    assert claim["spec"]["accessModes"] == ["ReadWriteMany"]
    allowed = kubernetes["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"]
    images = set()
    for group in (spec["headGroupSpec"], *spec["workerGroupSpecs"]):
        assert group["template"]["metadata"]["labels"] == allowed
        pod = group["template"]["spec"]
        (volume,) = pod["volumes"]
        assert volume["persistentVolumeClaim"]["claimName"] == claim["metadata"]["name"]
        (container,) = pod["containers"]
        assert container["volumeMounts"] == [
            {"name": volume["name"], "mountPath": "/shared/results"}
        ]
        assert container["resources"]["requests"] == container["resources"]["limits"]
        images.add(container["image"])
    assert len(images) == 1


def test_grafana_asks_for_the_metrics_that_trials_publish_and_for_all_of_them():
    board = json.loads((CLUSTER / "grafana.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    asked += [v["query"] for v in board["templating"]["list"] if v["type"] == "query"]
    names = {name for text in asked for name in re.findall(r"ray_dit_scaling_(\w+)", text)}
    assert names == set(GAUGES)
    labels = {label for text in asked for label in re.findall(r"(\w+)=~", text)}
    assert labels == {"study", "model"}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


STUBS = {
    # a step runs here, and says where it would have run
    "srun": 'echo "srun $*" >>"$LOG"; while [ "$1" != bash ]; do shift; done; exec "$@"',
    "scontrol": 'echo "scontrol $*" >>"$LOG"; [ "$1" != show ] || printf "%s\\n" n1 n2 n3',
    "ray": """echo "ray $* mode=$RAY_AUTH_MODE" >>"$LOG"
case "$1" in start) stat -c "token %a" "$RAY_AUTH_TOKEN_PATH" >>"$LOG"; exec sleep 60;; esac""",
}
PYTHON = """#!/bin/bash
case "$1" in
-c) printf secret;;
-m) echo "sweep $*" >>"$LOG"; trap 'echo ended >>"$LOG"; eval "${ON_TERM:-exit 130}"' TERM
    for _ in $(seq "$TAKES"); do sleep 0.1; done; exit "$CODE";;
esac
"""


@pytest.fixture
def slurm(tmp_path):
    """Begins the script as Slurm would on three nodes; returns the process."""
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name, text in STUBS.items():
        (binaries / name).write_text(f"#!/bin/bash\n{text}\n")
    (binaries / "python").write_text(PYTHON)
    for path in binaries.iterdir():
        path.chmod(0o755)
    begun = []

    def begin(*words: str, takes: int = 8, code: int = 0, **more: str) -> subprocess.Popen:
        environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "LOG": str(tmp_path / "log"),
            "TAKES": str(takes),
            "CODE": str(code),
            "SLURM_JOB_ID": "123",
            "SLURM_JOB_NODELIST": "n[1-3]",
            "SLURM_SUBMIT_DIR": str(tmp_path),
            "SLURM_CPUS_PER_TASK": "64",
            "SLURM_GPUS_ON_NODE": "8",
            "DIT_SCALING_PYTHON": str(binaries / "python"),
            **more,
        }
        process = subprocess.Popen(
            ["bash", str(CLUSTER / "slurm.sh"), *words],
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.wait()


def log(tmp_path) -> list[str]:
    path = tmp_path / "log"
    return path.read_text().splitlines() if path.exists() else []


def test_slurm_starts_a_head_two_workers_and_the_sweep(slurm, tmp_path):
    process = slurm("smoke", "--gpus-per-trial", "1", code=1)
    assert process.wait(60) == 1  # the sweep's
    lines = log(tmp_path)
    starts = [line for line in lines if line.startswith("ray start")]
    assert sum("--head" in line and "--dashboard-host=127.0.0.1" in line for line in starts) == 1
    assert sum("--address=n1:20123" in line for line in starts) == 2
    assert all("--num-cpus=64 --num-gpus=8" in line for line in starts)
    assert all(line.endswith("mode=token") for line in starts)
    assert lines.count("token 600") == 3 and not list(tmp_path.glob("results/.ray-token*"))
    nodes = [line.split(" -w ")[1].split()[0] for line in lines if line.startswith("srun")]
    assert sorted(nodes) == ["n1", "n2", "n3"]
    assert (
        f"sweep -m scaling.sweep smoke --gpus-per-trial 1 --results {tmp_path}/results "
        "--address n1:20123"
    ) in lines
    assert not any("requeue" in line for line in lines)


def test_results_at_a_url_need_no_folder_for_slurms_token(slurm, tmp_path):
    process = slurm("smoke", DIT_SCALING_RESULTS="s3://bucket/results")
    assert process.wait(60) == 0
    assert "--results s3://bucket/results --address n1:20123" in "".join(log(tmp_path))
    assert log(tmp_path).count("token 600") == 3
    assert not (tmp_path / "s3:").exists() and not list(tmp_path.glob(".ray-token*"))


def test_slurms_signal_ends_the_sweep_in_order_and_queues_the_job_again(slurm, tmp_path):
    process = slurm("smoke", takes=600)
    begun(process, tmp_path)
    process.terminate()
    assert process.wait(60) == 130
    lines = log(tmp_path)
    assert lines.index("ended") < lines.index("scontrol requeue 123")
    assert not list(tmp_path.glob("results/.ray-token*"))


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_sweep_that_came_to_its_end_is_not_queued_again_for_a_signal(slurm, tmp_path, code):
    process = slurm("smoke", takes=600, code=code, ON_TERM=f"exit {code}")
    begun(process, tmp_path)
    process.terminate()
    assert process.wait(60) == code
    assert not any("requeue" in line for line in log(tmp_path))


def begun(process: subprocess.Popen, tmp_path: Path) -> None:
    """Wait for the sweep to begin."""
    for _ in range(600):
        if any(line.startswith("sweep") for line in log(tmp_path)):
            return
        try:
            process.wait(0.1)
        except subprocess.TimeoutExpired:
            continue


def test_slurm_without_a_study_or_python_is_refused(slurm, tmp_path):
    process = slurm()
    assert process.wait(60) == 2 and "name a study" in process.stderr.read()
    process = slurm("smoke", DIT_SCALING_PYTHON=str(tmp_path / "none"))
    assert process.wait(60) == 2 and "is missing; run make" in process.stderr.read()
    assert not log(tmp_path)
