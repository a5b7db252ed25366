"""Who imports whom? Downward only, ray in one room, and study, experiments and analysis without
torch or Ray.
"""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# A family builds its network, and counts or converts it, when it is asked: it imports it then.
FAMILY_FILES = ("adm", "adm_u", "captioned", "ddpm", "dit/spec", "ldm", "pixart", "sd3", "unet")
FAMILIES = (
    "scaling/study/network.py",
    *(f"scaling/study/families/{name}.py" for name in FAMILY_FILES),
)
LAYERS = {  # a room may import from its own layer's listed rooms only
    "scaling.study": {"scaling.study", "experiments"},
    "scaling.models": {
        "scaling.models",
        "scaling.records.cache",
        "scaling.records.files",
        "scaling.records.parsed",
        "scaling.records.shapes",
        "scaling.study",
    },
    "scaling.diffusion": {"scaling.diffusion", "scaling.study"},
    "scaling.data": {
        "scaling.data",
        "scaling.records.cache",
        "scaling.records.disk",
        "scaling.records.files",
        "scaling.records.parsed",
        "scaling.study",
    },
    "scaling.records": {"scaling.records", "scaling.study"},
    "scaling.loggers": {"scaling.loggers", "scaling.records", "scaling.study"},
    "scaling.training": {
        "scaling.training",
        "scaling.records",
        "scaling.models",
        "scaling.diffusion",
        "scaling.data",
        "scaling.study",
    },
    "scaling.evaluation": {
        "scaling.evaluation",
        "scaling.records",
        "scaling.models",
        "scaling.diffusion",
        "scaling.data",
        "scaling.study",
    },
    "scaling.launch": {
        "scaling.launch",
        "scaling.training",
        "scaling.evaluation",
        "scaling.records",
        "scaling.models",
        "scaling.diffusion",
        "scaling.data",
        "scaling.study",
    },
    "experiments": {"experiments", "scaling.study"},
    "analysis": {"analysis", "scaling.records", "scaling.study"},
}
# analysis: select, frames < fits < answers < claims, forecasting < figures < report
_DATA = {"analysis.text", "analysis.frames"}
_ANSWERS = _DATA | {"analysis.select", "analysis.fits", "analysis.answers"}
_FIGURES = _ANSWERS | {"analysis.claims", "analysis.forecasting", "analysis.figures"}
ROOMS = {
    "analysis.text": {"analysis.text"},
    "analysis.frames": _DATA,
    "analysis.select": _DATA | {"analysis.select"},
    "analysis.fits": _DATA | {"analysis.fits"},
    "analysis.answers": _ANSWERS,
    "analysis.claims": _ANSWERS | {"analysis.claims"},
    "analysis.forecasting": _ANSWERS | {"analysis.forecasting"},
    "analysis.figures": _FIGURES,
    "analysis.report": _FIGURES | {"analysis.report"},
}


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            found.add(node.module)
    return found


def sources(room: str) -> list[Path]:
    path = ROOT / room.replace(".", "/")
    return sorted(path.rglob("*.py")) or [path.with_suffix(".py")]


def modules(path: Path) -> set[str]:
    """What ``path`` imports, ``from analysis import claims`` as ``analysis.claims``."""
    found = imports(path) - {"analysis"}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "analysis":
            found |= {f"analysis.{alias.name}" for alias in node.names}
    return found


def assert_imports(room: str, within: tuple[str, ...], allowed: set[str]) -> None:
    for path in sources(room):
        families = path.relative_to(ROOT).as_posix() in FAMILIES
        may = allowed | ({"scaling.models"} if families else set())
        for name in modules(path):
            if name.split(".")[0] in within and name != "scaling":
                assert any(name == a or name.startswith(a + ".") for a in may), (
                    f"{path.relative_to(ROOT)} imports {name}"
                )


@pytest.mark.parametrize("room", LAYERS)
def test_rooms_import_downward_only(room):
    assert all(path.is_file() for path in sources(room))
    assert_imports(room, ("scaling", "analysis", "experiments"), LAYERS[room])


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_of_analysis_import_downward_only(room):
    assert all(path.is_file() for path in sources(room))
    assert_imports(room, ("analysis",), ROOMS[room])


def test_every_room_of_analysis_has_its_layer():
    folders = {path.parent.name for path in (ROOT / "analysis").glob("*/*.py")}
    files = {path.stem for path in (ROOT / "analysis").glob("*.py")} - {"__init__"}
    assert {f"analysis.{name}" for name in folders | files} == set(ROOMS)


def test_ray_is_imported_in_one_room():
    for path in [*sources("scaling"), *sources("analysis"), *sources("experiments")]:
        if "launch" not in path.parts:
            assert not any(name.split(".")[0] == "ray" for name in imports(path)), path


HEAVY = {"torch", "ray", "diffusers"}
SECONDS = HEAVY | {"scipy", "pandas", "polars", "matplotlib"}  # for which a command that asks waits


@pytest.mark.parametrize(
    "module, not_imported",
    [
        ("scaling.study", SECONDS),
        ("experiments.digits", SECONDS),
        ("scaling.cli", SECONDS),
        ("scaling.sweep", SECONDS),
        ("analysis.frames", HEAVY),
        ("analysis.figures", HEAVY),
        ("analysis.report", HEAVY),
        ("scaling.launch.supervise.driver", {"torch"}),  # and each watch, which it sends
    ],
)
def test_asking_and_analysing_need_neither_torch_nor_ray(module, not_imported):
    code = f"import {module}, sys; assert not {not_imported} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_trial_of_a_dit_loads_no_library_that_only_others_need(tmp_path):
    code = f"""
import sys
import torchvision  # of which some releases load PyAV themselves
from pathlib import Path
theirs = set(sys.modules)
from experiments.smoke import BASE
from scaling.launch.trials.trial import run_trials
from scaling.records import Run
from scaling.study.settings import with_settings
short = {{"train.steps": 2, "evaluate.checkpoints": 1, "evaluate.protocol.samples": 8}}
run = Run(Path({str(tmp_path)!r}))
assert run_trials([with_settings(BASE, short)], run, lambda told: None) == "completed"
assert not {{"diffusers", "transformers", "av"}} & (set(sys.modules) - theirs)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
