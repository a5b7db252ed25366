"""Is a network whose stated cost is not its own refused before anything runs?"""

from typing import Literal

import pytest
import torch

from scaling.launch import preflight
from scaling.models.counting.count import checked_count
from scaling.study import Network, Plan, Study
from scaling.study.execution import Execution
from scaling.study.families.dit.spec import ModelSpec
from scaling.study.families.outside.shipped import import_file
from scaling.study.network import FAMILIES
from scaling.study.settings import with_settings


def plan(*trials) -> Plan:
    return Plan.of(Study(name="test", question="?", expectation="!", trials=trials))


def test_layers_that_are_not_the_networks_are_refused_the_cheapest_model_first(tiny, monkeypatch):
    deeper = with_settings(tiny, {"model.depth": 3})
    preflight.check_counts(plan(deeper, tiny))
    right = ModelSpec.layers
    monkeypatch.setattr(ModelSpec, "layers", lambda self: right(self)[:-1])  # without the head
    with pytest.raises(ValueError, match=r"layers\(\) of DiT-d1w16/4 .* mend layers\(\)") as error:
        preflight.check_counts(plan(deeper, tiny))
    assert "\n" not in str(error.value)


def test_one_model_of_many_whose_layers_are_wrong_is_found(tiny, monkeypatch):
    wider = with_settings(tiny, {"model.width": 24})
    right = ModelSpec.layers
    wrong = lambda self: right(self)[: -1 if self.width == 24 else None]  # noqa: E731
    monkeypatch.setattr(ModelSpec, "layers", wrong)
    with pytest.raises(ValueError, match=r"layers\(\) of DiT-d1w24/4"):
        preflight.check_counts(plan(tiny, wider))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("return 3", r"build\(\) of family 'odd' returned a int; it must return a torch.nn.Module"),
        ("return torch.nn.Linear(3, 4)", r"cannot be built and called: TypeError: .*forward"),
        ("return Detached(self.channels)", r"returns numbers without a gradient, as after .detach"),
        ("return InPlace(self.channels)", r"changes x in place, .* work on x\.clone\(\)"),
        ("return Wrong(self.channels)", r"returns \(2, 1, 8, 8\) .* must return \(2, 2, 8, 8\)"),
    ],
)
def test_a_network_that_cannot_be_trained_is_refused_in_a_line(tmp_path, tiny, body, message):
    (tmp_path / "odd.py").write_text(
        "from typing import Literal\nimport torch\nfrom scaling.study import Network\n"
        "class Wrong(torch.nn.Module):\n"
        "    def __init__(self, channels):\n        super().__init__()\n"
        "        self.conv = torch.nn.Conv2d(channels, channels, 3, padding=1)\n"
        "    def forward(self, x, t, y):\n        return self.conv(x)\n"
        "class Detached(Wrong):\n"
        "    def forward(self, x, t, y):\n"
        "        return torch.cat([x, self.conv(x)], 1).detach()\n"
        "class InPlace(Wrong):\n"
        "    def forward(self, x, t, y):\n"
        "        return torch.cat([x.mul_(0.5), self.conv(x)], 1)\n"
        "class Odd(Network):\n    family: Literal['odd'] = 'odd'\n"
        f"    def build(self):\n        {body}\n"
    )
    try:
        odd = import_file(tmp_path / "odd.py").Odd(input_size=8, channels=1, num_classes=10)
        with pytest.raises(ValueError, match=message) as error:
            checked_count(odd)
        assert "\n" not in str(error.value)
    finally:
        FAMILIES.pop("odd", None)


class OverTheBatch(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = torch.nn.Conv2d(1, 2, 1), torch.nn.BatchNorm2d(2)

    def forward(self, x, t, y):
        return self.norm(self.conv(x))


class Normalised(Network):
    family: Literal["tests-batch-norm"] = "tests-batch-norm"

    def build(self):
        return OverTheBatch()


def test_a_network_that_sees_the_whole_batch_is_not_given_parts_of_it(tiny):
    own = with_settings(tiny, {"model": Normalised(input_size=8, channels=1, num_classes=10)})
    preflight.check_workers(plan(own), Execution())
    preflight.check_workers(plan(tiny), Execution(workers=2, micro_batch=4))
    for execution, option in (
        (Execution(workers=2), "--workers-per-trial 2: .* normalises over the batch"),
        (Execution(micro_batch=4), r"--micro-batch 4: .*the batch \(norm\)"),
    ):
        with pytest.raises(ValueError, match=option):
            preflight.check_workers(plan(own), execution)


def test_an_optimiser_that_torch_lacks_is_refused(tiny, monkeypatch):
    muon = with_settings(tiny, {"train.optimiser": "muon"})
    preflight.check_optimisers(plan(tiny, muon))
    monkeypatch.delattr(torch.optim, "Muon")
    preflight.check_optimisers(plan(tiny))
    with pytest.raises(ValueError, match=r"has no optimiser Muon; set train\.optimiser to adamw"):
        preflight.check_trials(plan(tiny, muon))


@pytest.mark.parametrize("address", [None, "local"])
def test_more_gpus_than_this_machine_has_are_refused_before_ray_starts(address, monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    preflight.check_here(address, 2, Execution())
    preflight.check_here(address, 4, Execution(workers=4, min_workers=2))
    with pytest.raises(ValueError, match=r"--gpus-per-trial 4 asks for more .* has \(2\)"):
        preflight.check_here(address, 4, Execution())
    with pytest.raises(ValueError, match=r"--min-workers-per-trial 3 asks for more"):
        preflight.check_here(address, 4, Execution(workers=4, min_workers=3))


def test_gpus_of_a_cluster_are_not_looked_for_here(monkeypatch):
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)
    preflight.check_here("head:6379", 4, Execution())
    monkeypatch.setenv("RAY_ADDRESS", "auto")
    preflight.check_here(None, 4, Execution())


@pytest.mark.parametrize("gpus", [0, 0.0001, 0.3, 1, 8])
def test_gpus_that_ray_takes_are_let_be(gpus):
    preflight.check_gpus(gpus)


@pytest.mark.parametrize("gpus", [-1, 1e-7, 1.5, float("nan"), float("inf")])
def test_gpus_that_ray_would_not_take_are_refused(gpus):
    with pytest.raises(ValueError, match=r"--gpus-per-trial \S+ must be 0, a fraction up to 1"):
        preflight.check_gpus(gpus)
