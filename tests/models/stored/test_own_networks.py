"""Are weights of a user's own network opened with the file that defines it, and only then?"""

import json

import pytest
import torch
from PIL import Image

from scaling.cli import main
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.launch.trials.trial import train
from scaling.models import build_model
from scaling.models.stored.open_weights import open_weights
from scaling.models.stored.own_networks import networks_in
from scaling.records import Run
from scaling.study import TrainSpec, load_study
from scaling.study.network import FAMILIES
from scaling.study.specs.weights import WeightsSpec
from tests.models.formats.test_export import states_equal
from tests.models.test_weights import refusal
from tests.study.families.outside.someones import write_study

FAMILY = "weighed"


@pytest.fixture
def file(tmp_path):
    yield write_study(tmp_path, FAMILY)
    FAMILIES.pop(FAMILY, None)


def test_a_file_names_its_networks_and_what_they_learn(file):
    own = networks_in(file)
    assert [c.network.name for c in own] == ["Conv-4", "Conv-8"]
    assert {(c.diffusion.objective, c.dropout) for c in own} == {("ddpm", 0.1)}
    assert networks_in(None) == ()
    (file.parent / "none.py").write_text("from scaling.study import Network\n")
    assert "defines no network" in refusal(networks_in, file.parent / "none.py")
    assert "is no .py file" in refusal(networks_in, file.parent)
    (file.parent / "bad.py").write_text("1 / 0\n")
    assert "ZeroDivisionError" in refusal(networks_in, file.parent / "bad.py")


def test_bare_weights_belong_to_the_network_that_they_fit(file, tmp_path):
    large = networks_in(file)[1].network
    state = build_model(large).state_dict()
    torch.save({"ema": {f"module.{k}": v for k, v in state.items()}}, tmp_path / "c.pt")
    found = open_weights(tmp_path / "c.pt", None, networks_in(file))
    assert found.spec.name == "Conv-8" and states_equal(found.state, state)
    assert (found.diffusion.objective, found.label_dropout) == ("ddpm", 0.1)
    none = open_weights(tmp_path / "c.pt", WeightsSpec(null="none"), networks_in(file))
    assert none.label_dropout == 0
    torch.save({**state, "first.weight": torch.zeros(5, 1, 3, 3)}, tmp_path / "d.pt")
    message = refusal(open_weights, tmp_path / "d.pt", None, networks_in(file))
    assert "fits none of the 2 networks" in message and "first.weight is (5, 1, 3, 3)" in message
    assert "--network FILE.py" in refusal(open_weights, tmp_path / "c.pt")


def test_a_run_of_it_is_sampled_and_exported_with_its_file_alone(file, tmp_path, capsys):
    trial = load_study(str(file)).trials[0]
    quick = {"train": TrainSpec(steps=2, batch=4, lr=1e-3)}
    train([trial.model_copy(update=quick)], Run(tmp_path / "run"), lambda progress: None)
    FAMILIES.pop(FAMILY)
    arguments = [str(tmp_path / "run"), "--out", str(tmp_path / "x.png"), "--classes", "3"]

    def command(verb, *more):
        with pytest.raises(SystemExit) as stop:
            main([verb, *map(str, more)])
        return stop.value.code, capsys.readouterr()

    code, told = command("sample", *arguments, "--steps", 2)
    assert code == 2 and "records run no code: give it with --network FILE.py" in told.err
    other = write_study(tmp_path / "..", FAMILY, {"GAIN = 1.0": "GAIN = 0.5"})
    code, told = command("sample", *arguments, "--steps", 2, "--network", other)
    assert code == 2 and "does not define the family 'weighed' as it was trained" in told.err
    other.unlink()
    FAMILIES.pop(FAMILY)
    code, told = command("sample", *arguments, "--steps", 2, "--network", file)
    assert code == 0 and "weights: ema-power-0.05 of" in told.out
    assert Image.open(tmp_path / "x.png").size == (96 + 8 * 68, 4 + 68)
    out = tmp_path / "o.safetensors"
    code, told = command(
        "export", tmp_path / "run", "--to", "safetensors", "--out", out, "--network", file
    )
    assert code == 0 and "Conv-4" in told.out
    again = load_checkpoint(out, network=file)
    assert states_equal(
        again.model.state_dict(), load_checkpoint(tmp_path / "run", network=file).model.state_dict()
    )
    code, told = command("export", tmp_path / "run", "--to", "dit", "--network", file)
    assert code == 2 and "is not written as 'dit'; its formats: safetensors" in told.err
    assert json.loads((tmp_path / "run" / "spec.json").read_text())["model"]["source"]


def test_what_is_told_against_the_study_is_refused(file, tmp_path):
    own = networks_in(file)
    torch.save(build_model(own[0].network).state_dict(), tmp_path / "c.pt")
    for objective in ("flow", "sit", "epsilon"):
        message = refusal(open_weights, tmp_path / "c.pt", WeightsSpec(objective=objective), own)
        assert f"--objective {objective}" in message
    message = refusal(open_weights, tmp_path / "c.pt", WeightsSpec(heads=2), own)
    assert "--heads 2: Conv-4" in message and "has no heads" in message
