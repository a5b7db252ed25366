"""Do a network's files reach another process, and is it the same network there?"""

import subprocess
import sys

from scaling.study import load_study
from scaling.study.families.outside.shipped import Shipped
from tests.study.families.outside.someones import write_study

CODE = """
import sys
from pathlib import Path
from scaling.models import build_model
from scaling.study import TrialSpec
from scaling.study.families.outside.shipped import Shipped
Shipped.model_validate_json(Path(sys.argv[1]).read_text()).load(Path(sys.argv[3]))
trial = TrialSpec.model_validate_json(Path(sys.argv[2]).read_text())
print(trial.train_id, type(trial.model).__name__, type(build_model(trial.model)).__name__)
"""


def test_a_worker_builds_the_network_from_the_shipped_files(tmp_path):
    """In another process and folder, though its own file and its helper are gone."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "gains_to_ship.py").write_text("GAIN = 1.0\n")
    path = write_study(home, "shipped", {"GAIN = 1.0": "from gains_to_ship import GAIN"})
    trial = load_study(str(path)).trials[0]
    (tmp_path / "shipped.json").write_text(Shipped.of([trial.model]).model_dump_json())
    (tmp_path / "trial.json").write_text(trial.model_dump_json())
    path.unlink(), (home / "gains_to_ship.py").unlink()
    asked = [str(tmp_path / name) for name in ("shipped.json", "trial.json", "worker")]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *asked], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [trial.train_id, "ConvNet", "Blocks"]


def test_a_package_beside_it_ships_whole(tmp_path):
    """Relative imports in it, its ``__init__``, and a module beside the study that it imports."""
    home = tmp_path / "home"
    (home / "parts_of_mine").mkdir(parents=True)
    (home / "parts_of_mine" / "__init__.py").write_text("import basis_of_mine\n")
    (home / "parts_of_mine" / "gains.py").write_text("from .base import GAIN\n")
    (home / "parts_of_mine" / "base.py").write_text("from basis_of_mine import GAIN\n")
    (home / "basis_of_mine.py").write_text("GAIN = 1.0\n")
    path = write_study(home, "packed", {"GAIN = 1.0": "from parts_of_mine.gains import GAIN"})
    trial = load_study(str(path)).trials[0]
    shipped = Shipped.of([trial.model])
    assert set(shipped.files[0].texts) == {
        "packed.py",
        "basis_of_mine.py",
        *(f"parts_of_mine/{name}.py" for name in ("__init__", "gains", "base")),
    }
    (tmp_path / "shipped.json").write_text(shipped.model_dump_json())
    (tmp_path / "trial.json").write_text(trial.model_dump_json())
    home.rename(tmp_path / "gone")
    asked = [str(tmp_path / name) for name in ("shipped.json", "trial.json", "worker")]
    done = subprocess.run(
        [sys.executable, "-c", CODE, *asked], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == [trial.train_id, "ConvNet", "Blocks"]
    (tmp_path / "gone" / "basis_of_mine.py").write_text("GAIN = 1.5\n")
    again = load_study(str(tmp_path / "gone" / "packed.py")).trials[0]
    assert again.train_id != trial.train_id


def test_what_is_loaded_already_stays(tmp_path):
    model = load_study(str(write_study(tmp_path, "staying"))).trials[0].model
    Shipped.of([model]).load(tmp_path / "worker")
    assert not (tmp_path / "worker").exists()


def test_our_own_networks_ship_nothing(tiny):
    assert Shipped.of([tiny.model]).files == ()
