"""Do several workers train as one, and does the checkpoint of one layout resume in the other? Two
processes, gloo.
"""

import os
import time

import pytest
import torch
import torch.distributed as dist

from scaling.launch.trials import trial
from scaling.records import Run
from scaling.study.execution import Execution
from scaling.study.settings import with_settings
from scaling.training import Trainer, checkpoint, gradients
from scaling.training.workers import OutOfMemory, Workers, until_it_fits
from tests.study.families.tiny import TINY
from tests.study.families.variants import HEAD, JIT, PAPER
from tests.training.carrying import Carries
from tests.training.forks import FORKS

STEPS = 2  # of each family
OWN_BY_DDP = "own by ddp"  # whose idle layers are no error

pytestmark = pytest.mark.xdist_group("forks")  # one worker starts the server


def train(spec, root, resume_at, until, workers=None):
    trainer, lines = Trainer(spec, [spec.evaluate.ema], workers=workers), []
    if resume_at:
        trainer.restore(checkpoint.load(root, resume_at))
    trainer.train_to(until, lines.append)
    snapshot = trainer.snapshot()
    if trainer.workers.lead:
        checkpoint.save(root, **snapshot)
    return [(line["step"], line["loss"], line["heldout_loss"]) for line in lines]


def _worker(rank, parallel, store, args, queue):
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    try:
        lines = train(*args, workers=Workers(parallel))
        if rank == 0:
            queue.put(lines)
        dist.barrier()
    finally:
        dist.destroy_process_group()


def _families_worker(rank, store, specs, root, queue):
    """Every family in one pair of processes, whose start takes seconds."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    try:
        lines = {
            name: train(
                spec, root / name, None, STEPS, Workers("ddp" if name == OWN_BY_DDP else "fsdp")
            )
            for name, spec in specs.items()
        }
        if rank == 0:
            queue.put(lines)
        dist.barrier()
    finally:
        dist.destroy_process_group()


def in_two_processes(work, *args):
    """What ``work(rank, *args, queue)`` of the first of two processes puts into the queue."""
    queue = FORKS.SimpleQueue()
    processes = [FORKS.Process(target=work, args=(rank, *args, queue)) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(120)
    assert [process.exitcode for process in processes] == [0, 0]
    return queue.get()


def by_two(parallel, tmp_path, *args):
    store = tmp_path / f"store-{parallel}-{len(list(tmp_path.iterdir()))}"
    return in_two_processes(_worker, parallel, store, args)


@pytest.fixture(scope="module")
def spec(tiny):
    return with_settings(
        tiny,
        {
            "train.steps": 20,
            "train.log_every": 1,
            "train.heldout_every": 10,
            "train.grad_clip": 1.0,
            "model.depth": 2,
        },
    )


def assert_same(ours, theirs):
    assert [step for step, _, _ in ours] == [step for step, _, _ in theirs]
    for a, b in zip(ours, theirs):
        assert a[1] == pytest.approx(b[1], abs=1e-5) and (
            a[2] is b[2] or a[2] == pytest.approx(b[2], abs=1e-5)
        )


def test_shards_of_a_modern_dit_train_as_one(tmp_path, spec):
    """Its wide head and class tokens lie beside the body's blocks."""
    modern = spec.model_copy(update={"model": PAPER.replaced(**JIT, **HEAD)})
    alone = train(modern, tmp_path / "alone", None, 6)
    assert_same(by_two("fsdp", tmp_path, modern, tmp_path / "both", None, 6), alone)


def test_shards_of_each_family_train_as_one(tmp_path, spec):
    """Labels, a U-Net's skips and what only some blocks have are sharded, too."""
    networks = TINY | {
        "clips": TINY["dit"].replaced(frames=2, positions="rope", heads=1),
        "sd3.5": TINY["sd3"].replaced(qk_norm=True, dual_attention=1),
        "own": Carries(input_size=8, channels=1, num_classes=10),
        OWN_BY_DDP: Carries(input_size=8, channels=1, num_classes=10),
    }
    few = {"train.steps": STEPS, "train.heldout_every": STEPS, "train.batch": 4}
    specs = {}
    for name, model in networks.items():
        data = {"data.source": "moving-digits", "data.size": 12, "data.frames": 2}
        shaped = {**data, "model.input_size": 12} if name == "clips" else {}
        specs[name] = with_settings(spec, {"model": model, **few, **shaped})
    alone = {
        name: train(one, tmp_path / f"alone-{name}", None, STEPS) for name, one in specs.items()
    }
    root = tmp_path / "both"
    both = in_two_processes(_families_worker, tmp_path / "store", specs, root)
    for name, lines in alone.items():
        assert_same(both[name], lines)
        ours, theirs = (
            (saved := checkpoint.load(folder, STEPS)).weights() | saved.buffers()
            for folder in (tmp_path / f"alone-{name}", root / name)
        )
        assert ours.keys() == theirs.keys(), name
        assert all(torch.allclose(ours[k], theirs[k], atol=1e-4) for k in ours), name


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_workers_train_as_one_and_each_resumes_the_other(tmp_path, spec, parallel):
    alone = train(spec, tmp_path / "alone", None, 20)
    train(spec, tmp_path / "half", None, 10)
    assert_same(by_two(parallel, tmp_path, spec, tmp_path / "both", None, 20), alone)
    # one worker's, by two
    assert_same(by_two(parallel, tmp_path, spec, tmp_path / "half", 10, 20), alone[10:])
    by_two(parallel, tmp_path, spec, tmp_path / "half-of-two", None, 10)
    assert_same(train(spec, tmp_path / "half-of-two", 10, 20), alone[10:])  # two workers', by one
    ours, theirs = (checkpoint.load(tmp_path / name, 20) for name in ("alone", "both"))
    for a, b in (
        (ours.weights(), theirs.weights()),
        (ours.ema("ema-power-0.05"), theirs.ema("ema-power-0.05")),
    ):
        assert a.keys() == b.keys() and all(torch.allclose(a[k], b[k], atol=1e-4) for k in a)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_workers_step_muon_as_one(tmp_path, spec, parallel):
    muon = with_settings(spec, {"train.optimiser": "muon", "train.steps": 4})
    alone = train(muon, tmp_path / "alone", None, 4)
    train(muon, tmp_path / "half", None, 2)
    assert_same(by_two(parallel, tmp_path, muon, tmp_path / "half", 2, 4), alone[2:])


def _crowded_worker(rank, store, spec, folder, execution, told, queue):
    """The second one holds no more than 4 images at once, from the fifteenth step on."""
    torch.set_num_threads(1)
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=2)
    accumulate = gradients.accumulate

    def crowded(trainer, x0, *rest):
        if rank == 1 and trainer.step >= 14 and min(trainer.micro_batch, len(x0)) > 4:
            raise torch.OutOfMemoryError("out of memory")
        return accumulate(trainer, x0, *rest)

    gradients.accumulate = crowded
    try:
        trial.train(
            [spec],
            Run(folder),
            lambda progress: None,
            execution=execution,
            workers=Workers("ddp", told),
        )
        queue.put((rank, None))
    except OutOfMemory as error:
        queue.put((rank, error))
        # its connections stay, and the other waits for its gradients until it is ended
        time.sleep(60)


def test_one_of_two_workers_out_of_memory_has_both_begin_again_with_half_the_micro_batch(
    tmp_path, spec
):
    alone = train(spec, tmp_path / "alone", None, 20)

    def attempt(execution, told):
        """As Ray Train: the first failure ends the others, wherever they are."""
        queue, store = FORKS.SimpleQueue(), tmp_path / f"store-{len(told)}"
        processes = [
            FORKS.Process(
                target=_crowded_worker,
                args=(rank, store, spec, tmp_path / "run", execution, told, queue),
            )
            for rank in range(2)
        ]
        for process in processes:
            process.start()
        ended = [queue.get()]
        if ended[0][1] is None:
            ended.append(queue.get())
        for process in processes:
            process.kill()
            process.join()
        for _, error in ended:
            if error is not None:
                raise error

    until_it_fits(attempt, Execution(workers=2))
    run = Run(tmp_path / "run")
    assert_same([(line["step"], line["loss"], line["heldout_loss"]) for line in run.curve()], alone)
    first, second = run.record()["sessions"]
    assert first["ended"] is None and first["out_of_memory"] == []
    # the evaluated step is on disk for certain, the one after it mostly
    assert second["from_step"] in (10, 12)
    assert second["execution"]["micro_batch"] == 4 and run.state()["state"] == "completed"
    assert second["out_of_memory"] == [
        {"step": 15, "micro_batch": 8, "went_on_with": 4, "worker": 1}
    ]
