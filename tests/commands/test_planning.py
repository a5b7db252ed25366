"""Does `scaling plan` say what a study takes, in words and as JSON, and refuse what is too dear?"""

import json

import pytest

from scaling.cli import main


@pytest.fixture
def plan(capsys):
    def plan(*args) -> tuple[int, str, str]:
        capsys.readouterr()
        try:
            main(["plan", *map(str, args)])
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return plan


def test_the_paper_scale_grid_as_json(plan):
    code, out, _ = plan("dit_imagenet256", "--gpus", 8, "--price-per-gpu-hour", 2, "--json")
    told = json.loads(out)
    assert code == 0 and len(told["trials"]) == 12
    keys = {"trial_id", "model", "forward_gmacs", "train_flops", "gpu_hours", "gpus"}
    assert keys | {"start_hours", "end_hours"} <= told["trials"][0].keys()
    assert told["gpu_hours"] == pytest.approx(sum(t["gpu_hours"] for t in told["trials"]))
    assert told["price"] == pytest.approx(2 * told["gpu_hours"])
    low, high = told["gpu_hours_interval"]
    assert low < told["gpu_hours"] < high
    bound = told["makespan_lower_bound_hours"]
    assert bound <= told["makespan_hours"] <= 1.05 * bound
    assert told["makespan_hours"] == max(t["end_hours"] for t in told["trials"])
    assert told["checkpoint_gb"] > 100


def test_in_words_with_who_runs_when(plan):
    code, out, _ = plan("smoke", "--gpus", 2, "--mfu", 0.5)
    lines = out.splitlines()
    assert code == 0 and "2 trials on 2 x NVIDIA H100" in out
    assert sum(line.rstrip().endswith(("| 1 GPU", "| 2 GPUs")) for line in lines) == 2


def test_the_price_with_and_without_stopping_early(plan):
    code, out, _ = plan("digits_lr", "--asha", "grace=100", "--json")
    told = json.loads(out)["asha"]
    assert code == 0 and (told["trainings"], told["to_the_end"]) == (60, 12)  # of 5 rates one each
    assert 0.2 * told["gpu_hours_without"] < told["gpu_hours"] < 0.5 * told["gpu_hours_without"]
    code, out, _ = plan("digits_lr", "--asha", "grace=100")
    assert code == 0 and "without: 12 of 60 trainings run to their end" in out


@pytest.mark.parametrize(
    "args, says",
    [
        (("--gpu-type", "h1000"), "unknown --gpu-type 'h1000'; known: h100"),
        (("--mfu", "1.5"), "--mfu 1.5"),
        (("--budget", "0"), "--budget 0 is not a number of GPU-hours above 0"),
        (("--budget", "100"), "GPU-hours, and --budget is 100; its dearest trials are DiT-XL-2"),
        (("--calibrate", "--mfu", "0.4"), "give one of them"),
        (("--asha", "grace=1000"), "each of the 12 here is alone"),
    ],
)
def test_refused_in_one_line(args, says, plan):
    code, out, err = plan("dit_imagenet256", *args)
    assert code == 2 and out == "" and says in err and len(err.strip().splitlines()) == 1
