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
FAMILIES = ("scaling/study/network.py", "scaling/study/families/dit.py")
LAYERS = {  # a room may import from its own layer's listed rooms only
    "scaling.study": {"scaling.study", "experiments"},
    "scaling.models": {"scaling.models", "scaling.study"},
    "scaling.diffusion": {"scaling.diffusion", "scaling.study"},
    "scaling.data": {
        "scaling.data",
        "scaling.records.cache",
        "scaling.records.files",
        "scaling.study",
    },
    "scaling.records": {"scaling.records", "scaling.study"},
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
    return sorted((ROOT / room.replace(".", "/")).rglob("*.py"))


@pytest.mark.parametrize("room", LAYERS)
def test_rooms_import_downward_only(room):
    assert sources(room)
    for path in sources(room):
        for name in imports(path):
            if name.split(".")[0] in ("scaling", "analysis", "experiments") and name != "scaling":
                allowed = any(name == a or name.startswith(a + ".") for a in LAYERS[room])
                if path.relative_to(ROOT).as_posix() in FAMILIES:
                    allowed |= name.startswith("scaling.models")
                assert allowed, f"{path.relative_to(ROOT)} imports {name}"


def test_ray_is_imported_in_one_room():
    for path in [*sources("scaling"), *sources("analysis"), *sources("experiments")]:
        if "launch" not in path.parts:
            assert not any(name.split(".")[0] == "ray" for name in imports(path)), path


@pytest.mark.parametrize(
    "module",
    [
        "scaling.study",
        "experiments.digits",
        "analysis.frames",
        "analysis.figures",
        "analysis.report",
        "scaling.cli",
        "scaling.sweep",
    ],
)
def test_asking_and_analysing_need_neither_torch_nor_ray(module):
    code = f"import {module}, sys; assert not {{'torch', 'ray'}} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
