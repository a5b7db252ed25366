"""What do tests share? One torch thread, a tiny trial, and a place for results."""

import gc
import itertools
import os
import secrets
import tempfile

# Before torch or Ray start threads: two test workers with two threads each on two cores are many
# times slower.
for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
os.environ.pop("RAY_ADDRESS", None)
os.environ["RAY_AUTH_TOKEN"] = secrets.token_hex(32)  # each test worker's clusters are its own
# no test reads what another run left
os.environ["DIT_SCALING_CACHE"] = tempfile.mkdtemp(prefix="dit-scaling-tests-")

from tests.records.storage.s3 import S3Server, settings  # noqa: E402

# Before Ray starts: its workers ask the same store.
os.environ |= settings()

import pytest  # noqa: E402
import torch  # noqa: E402

from scaling.records import StudyFolder  # noqa: E402
from scaling.study import (  # noqa: E402
    EvaluationSpec,
    ModelSpec,
    Plan,
    Protocol,
    Study,
    TrainSpec,
    TrialSpec,
)
from scaling.study.settings import with_settings  # noqa: E402

torch.set_num_threads(1)


def pytest_collection_finish() -> None:
    """What the imports left stays to the end, so no collection looks through torch again; and they
    are fewer: a tenth of the time of small tests went into them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)


@pytest.fixture(scope="session")
def s3(tmp_path_factory):
    """A real S3 server, a process of its own."""
    server = S3Server(tmp_path_factory.mktemp("s3"))
    yield server
    server.kill()


@pytest.fixture
def bucket(s3):
    """The URL of a bucket of the test's own."""
    return s3.bucket(f"tests-{secrets.token_hex(6)}")


@pytest.fixture
def another_machine(monkeypatch, tmp_path):
    """A function that gives this process an empty local disk, as another machine has."""
    made = itertools.count()

    def change() -> None:
        monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / f"machine-{next(made)}"))

    return change


@pytest.fixture(scope="session")
def tiny() -> TrialSpec:
    """A trial on digits that trains in well under a second."""
    return TrialSpec(
        model=ModelSpec(
            input_size=8, channels=1, patch=4, width=16, depth=1, heads=2, num_classes=10
        ),
        train=TrainSpec(
            steps=12, batch=16, lr=3e-3, log_every=5, heldout_every=6, checkpoint_every=4
        ),
        evaluate=EvaluationSpec(checkpoints=2, protocol=Protocol(samples=80, sampling_steps=3)),
    )


@pytest.fixture
def planned(tmp_path, tiny):
    """A function of a count: the plan of so many trainings of ``tiny``, none begun, in its folder.

    They differ in their seeds.
    """

    def write(count: int) -> tuple[Plan, StudyFolder]:
        trials = tuple(with_settings(tiny, {"train.seed": seed}) for seed in range(count))
        plan = Plan.of(Study(name="planned", question="?", expectation="!", trials=trials))
        folder = StudyFolder(tmp_path / "planned")
        folder.write_plan(plan)
        return plan, folder

    return write
