"""Does each study that ships run through every stage at debug scale, on real Ray, with nothing
downloaded?
"""

import json

import pytest

from scaling.records import trial_rows
from scaling.sweep import sweep
from tests.study.test_experiments import STUDIES

pytestmark = [pytest.mark.ray, pytest.mark.xdist_group("ray")]


@pytest.mark.parametrize("name", STUDIES)
def test_a_study_runs_through_every_stage_at_debug_scale(
    name, ray_address, shared_cluster, tmp_path
):
    results = tmp_path / "results"
    settings = ["scale=debug", f"data.path={tmp_path / 'data'}"]
    assert sweep(name, settings, results, ray_address) == 0
    folder = results / f"{name}_debug"
    rows = trial_rows(folder)
    assert rows and {row["state"] for row in rows} == {"completed"}
    assert all(row["fid"] is not None and row["heldout_loss"] is not None for row in rows)
    assert (folder / "report.html").stat().st_size > 10_000 and (
        folder / "figures" / "sample_grid.png"
    ).exists()
    protocols = {
        json.dumps(json.loads(path.read_text())["protocol"])
        for path in results.glob("runs/*/evaluations/*.json")
    }
    assert all(
        json.loads(protocol)["decoder"] == (None if name == "cifar10" else "synthetic")
        for protocol in protocols
    )
