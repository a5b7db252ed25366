"""Is changed code another training, and is all else the same? Hashes of a user's network."""

import ast
import sys
from pathlib import Path

import pytest
import torch

import scaling
from scaling.study import ModelSpec, load_study
from scaling.study.families.outside.shipped import Shipped, import_file
from scaling.study.families.outside.source import _own_files, files_of, source_id
from tests.study.families.outside.someones import write_study


def identity(folder, family, replaced=None):
    return load_study(str(write_study(folder, family, replaced))).trials[0].train_id


@pytest.mark.parametrize(
    "changed",
    [
        {"nn.Conv2d(m.width, m.out_channels, 1)": "nn.Conv2d(m.width, m.out_channels, 1, 1)"},
        {"GAIN = 1.0": "GAIN = 0.5"},
        {"    GAIN": "    2 * GAIN"} | {"GAIN * torch": "2 * GAIN * torch"},
        {"GAIN = 1.0": "GAIN = 1.0\nGAIN += 1"},
        {"GAIN = 1.0": "GAIN = 1.0\ntorch.nn.init.zeros_ = torch.nn.init.ones_"},
    ],
    ids=["a layer", "a constant", "an expression", "a change of a constant", "an effect"],
)
def test_changed_code_is_another_training(tmp_path, changed, monkeypatch):
    monkeypatch.setattr(torch.nn.init, "zeros_", torch.nn.init.zeros_)  # put back after the effect
    changed = {old: new for old, new in changed.items() if old != "    GAIN"}
    assert identity(tmp_path, "changed") != identity(tmp_path, "changed", changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"[4, 8]": "[4, 8, 16]"},
        {'"It does."': '"It does not."'},
        {"GAIN = 1.0": "GAIN = 1.0\nUNUSED = 3"},
        {"A study whose network": "A study of which the network"},
        {"GAIN = 1.0": "GAIN  =  1.0  # as in the paper"},
        {"def build(self):\n": 'def build(self):\n        """The network."""\n\n'},
        {"nn.Linear(1, m.width)": "nn.Linear(\n                1, m.width\n            )"},
    ],
    ids=[
        "trials",
        "expectation",
        "an unused name",
        "the file's docstring",
        "a comment",
        "a method's docstring",
        "another layout",
    ],
)
def test_what_the_network_does_not_reach_changes_nothing(tmp_path, changed):
    assert identity(tmp_path, "same") == identity(tmp_path, "same", changed)


def test_another_place_or_name_of_the_file_changes_nothing(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    here.mkdir(), there.mkdir()
    first = identity(here, "moved")
    write_study(there, "moved").rename(there / "renamed.py")
    assert load_study(str(there / "renamed.py")).trials[0].train_id == first


def test_what_it_imports_from_its_folder_counts(tmp_path):
    helper = tmp_path / "gains_of_mine.py"
    from_helper = {"GAIN = 1.0": "from gains_of_mine import GAIN"}
    helper.write_text("GAIN = 1.0\nOTHER = 2.0\n")
    first = load_study(str(write_study(tmp_path, "importing", from_helper))).trials[0].model
    assert list(files_of(type(first))) == ["importing.py", "gains_of_mine.py"]
    before = source_id(type(first))
    helper.write_text("GAIN = 1.0\nOTHER = 3.0\n")  # which the network does not use
    again = load_study(str(write_study(tmp_path, "importing", from_helper))).trials[0].model
    assert source_id(type(again)) == before
    helper.write_text("GAIN = 1.5\nOTHER = 3.0\n")
    third = load_study(str(write_study(tmp_path, "importing", from_helper))).trials[0].model
    assert source_id(type(third)) != before


def test_a_network_without_a_file_says_what_to_do():
    from typing import Literal

    from scaling.study import Network

    namespace = {"Literal": Literal, "Network": Network, "__name__": "typed_in"}
    exec(
        'class Typed(Network):\n    family: Literal["typed"] = "typed"\n    def build(self): ...',
        namespace,
    )
    model = namespace["Typed"](input_size=8, channels=1, num_classes=2)
    with pytest.raises(ValueError, match=r"is no file; define it in a .py file"):
        model.model_dump()


def test_a_study_beside_the_suite_has_not_the_suite_for_its_own_code(tmp_path):
    """As in a checkout's root, below which scaling/ and an environment lie."""
    root = Path(scaling.__file__).parents[1]
    tree = (
        "from scaling.study import Network\nimport torch, numpy\nfrom experiments import digits\n"
    )
    nodes = ast.parse(tree).body
    found = [set(_own_files(node, root)) for node in nodes]
    assert found == [set(), set(), {"experiments", "experiments.digits"}]


def test_a_module_that_changed_is_loaded_anew(tmp_path):
    helper = tmp_path / "fresh_gains.py"
    from_helper = {"GAIN = 1.0": "from fresh_gains import GAIN"}
    gains = []
    for gain in ("1.0", "1.25"):
        helper.write_text(f"GAIN = {gain}\n")
        model = load_study(str(write_study(tmp_path, "fresh", from_helper))).trials[0].model
        gains.append(sys.modules[type(model).__module__].GAIN)
    assert gains == [1.0, 1.25]


def test_our_own_families_have_no_source():
    assert source_id(ModelSpec) is None
    assert "source" not in ModelSpec.preset("DiT-S/2").model_dump()


def test_a_network_inside_a_function_is_told_by_the_function(tmp_path):
    """It has an identity, and is not sent to workers, which could not find it."""
    text = (
        "from typing import Literal\nfrom scaling.study import Network\n"
        "def make(depth=2):\n    class Inner(Network):\n"
        "        family: Literal['inner'] = 'inner'\n"
        "        def build(self):\n            return depth\n"
        "    return Inner(input_size=8, channels=1, num_classes=2)\n"
    )
    sources = []
    for version in (text, text.replace("depth=2", "depth=3")):
        (tmp_path / "inner.py").write_text(version)
        model = import_file(tmp_path / "inner.py").make()
        sources.append(model.model_dump()["source"])
    assert sources[0] != sources[1]
    with pytest.raises(ValueError, match="defined inside a function; define it at the top level"):
        Shipped.of([model])
