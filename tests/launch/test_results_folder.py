"""Is a results folder refused that cannot be written or lies among the images, before any work?"""

import pytest

from scaling.launch import results_folder
from scaling.study import DataSpec, Plan, Study


def plan(*trials) -> Plan:
    return Plan.of(Study(name="test", question="?", expectation="!", trials=trials))


def test_results_may_not_lie_among_the_images(tmp_path, tiny):
    photos = DataSpec(source="folder", name="toy", size=8, path=str(tmp_path))
    study = plan(tiny.model_copy(update={"data": photos}))
    with pytest.raises(ValueError, match=r"--results .* lies in the image folder"):
        results_folder.check_folder(tmp_path / "results", study)
    assert not (tmp_path / "results").exists()


def test_a_results_folder_is_tried_and_nothing_is_made_of_it(tmp_path, tiny):
    results_folder.check_folder(tmp_path / "a" / "b", plan(tiny))
    assert not list(tmp_path.iterdir())
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"cannot write to .*file/b/test: Not a directory"):
        results_folder.check_folder(tmp_path / "file" / "b", plan(tiny))


def test_a_damaged_plan_is_no_other_plan(tmp_path, tiny):
    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "study.json").write_text("[]")
    results_folder.check_folder(tmp_path, plan(tiny))
