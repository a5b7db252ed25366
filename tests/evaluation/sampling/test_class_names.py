"""Do a training's records keep the names of its classes, and does --classes take them?"""

import pytest

from scaling.evaluation.sampling.class_names import as_labels, class_names
from scaling.launch import sampling
from scaling.launch.trials.trial import train
from scaling.records import Run
from scaling.study import ModelSpec
from scaling.study.specs.trial import DataSpec
from tests.data.pictures import write_kind


@pytest.fixture(scope="module")
def run(tmp_path_factory, tiny):
    """Trained on folders 0 to 11, whose order as names is 0, 1, 10, 11, 2, ..."""
    root = tmp_path_factory.mktemp("classes")
    for name in range(12):
        for i in range(2):
            write_kind(root / "images" / str(name) / f"{i}.png", "rgb.png", 8, 8)
    data = DataSpec(source="folder", name="toy", size=8, path=str(root / "images"))
    model = ModelSpec(input_size=8, channels=3, patch=4, width=16, depth=1, heads=2, num_classes=12)
    spec = tiny.model_copy(update={"data": data, "model": model})
    train([spec], Run(root / "run"), lambda progress: None)
    return root / "run"


def test_the_record_has_the_names_in_order_of_label(run):
    assert Run(run).record()["classes"][:5] == ["0", "1", "10", "11", "2"]
    (checkpoint, *_) = sorted((run / "checkpoints").iterdir())
    assert class_names(checkpoint) == class_names(run)
    assert class_names(run.parent / "images") is None


def test_a_name_is_its_label_and_a_word_that_is_none_is_refused(run, tmp_path):
    assert as_labels(["10", "2", "none"], run) == ["2", "4", "none"]
    assert as_labels(["10", "cat"], tmp_path) == ["10", "cat"]
    with pytest.raises(ValueError, match=r"--classes cat: no class .*it has 12, such as 0, 1, 10"):
        as_labels(["cat"], run)


def test_sample_takes_names(run, tmp_path):
    made = []
    for name, words in (("a.png", ["10"]), ("b.png", ["2"])):
        sampling.run(run, out=tmp_path / name, classes=words, per_class=1, steps=2)
        made.append((tmp_path / name).read_bytes())
    assert made[0] != made[1]
