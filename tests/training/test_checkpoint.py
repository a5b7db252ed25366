"""Is a checkpoint trusted only where it is whole, found by what it holds, and pruned?"""

import resource

import pytest
import torch

from scaling.training import checkpoint


def save(root, step, emas=("power",)):
    return checkpoint.save(
        root,
        step=step,
        weights={"w": torch.full((3,), float(step))},
        emas={label: {"w": torch.full((3,), step / 2)} for label in emas},
        training={"step": step, "losses": [0.5]},
        train_wall_s=1.5 * step,
    )


def test_what_was_saved_is_loaded(tmp_path):
    assert save(tmp_path, 7) == checkpoint.folder_of(tmp_path, 7)
    found = checkpoint.load(tmp_path, 7)
    assert (found.step, found.train_wall_s, found.emas) == (7, 10.5, ("power",))
    assert found.weights()["w"].tolist() == [7.0] * 3
    assert found.ema("power")["w"].tolist() == [3.5] * 3
    assert found.training_state() == {"step": 7, "losses": [0.5]}
    assert [path.name for path in tmp_path.iterdir()] == ["step-00000007"]


def test_one_that_is_there_is_replaced(tmp_path):
    save(tmp_path, 7)
    save(tmp_path, 7, emas=("decay",))
    assert checkpoint.load(tmp_path, 7).emas == ("decay",)


@pytest.mark.parametrize("file", ["weights.safetensors", "power.safetensors", "train.pt"])
@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_one_is_none(tmp_path, file, damage):
    path = save(tmp_path, 7) / file
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(path.read_bytes()[:-1] + b"!")
    assert checkpoint.load(tmp_path, 7) is None and checkpoint.newest_step(tmp_path) is None


def test_without_a_manifest_of_its_step_it_is_none(tmp_path):
    assert checkpoint.load(tmp_path, 7) is None
    save(tmp_path, 7).rename(checkpoint.folder_of(tmp_path, 8))  # another step's
    assert checkpoint.load(tmp_path, 8) is None
    (checkpoint.folder_of(tmp_path, 8) / checkpoint.MANIFEST).write_text("{")
    assert checkpoint.load(tmp_path, 8) is None


def test_the_newest_is_of_the_steps_asked_for_and_holds_the_averages(tmp_path):
    for step, emas in ((2, ("power", "decay")), (4, ("power",)), (6, ("power",))):
        save(tmp_path, step, emas)

    def newest(*emas, after=0, at_most=100):
        found = checkpoint.newest(tmp_path, emas, after=after, at_most=at_most)
        return found and found.step

    assert checkpoint.steps(tmp_path) == [6, 4, 2] and checkpoint.newest_step(tmp_path) == 6
    assert (newest(), newest("power", at_most=5), newest("decay")) == (6, 4, 2)
    assert newest("decay", after=2) is None
    (checkpoint.folder_of(tmp_path, 6) / "train.pt").unlink()
    assert newest("power") == checkpoint.newest_step(tmp_path) == 4


def test_a_writer_keeps_the_steps_named_and_the_newest(tmp_path):
    (tmp_path / ".writing-00000001-killed").mkdir()
    writer = checkpoint.Writer(tmp_path)
    for step in range(1, 7):
        snapshot = {
            "step": step,
            "weights": {"w": torch.zeros(1)},
            "emas": {},
            "training": {},
            "train_wall_s": 0.0,
        }
        writer.write(snapshot, keep=[2], newest=2)
    writer.join()
    assert checkpoint.steps(tmp_path) == [6, 5, 2]
    assert not list(tmp_path.glob(".writing-*"))


def test_a_writer_raises_what_went_wrong_when_it_is_joined(tmp_path, monkeypatch):
    def full(*args, **kwargs):
        raise OSError("disk is full")

    monkeypatch.setattr(checkpoint, "save", full)
    writer = checkpoint.Writer(tmp_path)
    writer.write({}, keep=[], newest=2)
    with pytest.raises(OSError, match="disk is full"):
        writer.join()
    writer.join()  # told once


def test_a_checkpoint_that_cannot_be_written_names_its_file_and_leaves_nothing(tmp_path):
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError) as failed:
            checkpoint.save(
                tmp_path,
                step=1,
                weights={"w": torch.zeros(5000)},
                emas={},
                training={},
                train_wall_s=1.0,
            )
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert failed.value.filename.startswith(str(tmp_path)) and not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "manifest",
    [
        b"[]",
        b"{}",
        b'{"step": "1", "train_wall_s": 1.0, "emas": [], "sha256": {}}',
        b'{"step": 1, "train_wall_s": 1.0, "emas": [], "sha256": {}}',
        b'{"step": 1, "train_wall_s": 1.0, "emas": ["gone"], "sha256": {"train.pt": "../x"}}',
        b"[" * 5000,
    ],
)
def test_a_manifest_of_another_shape_is_no_checkpoint(tmp_path, manifest):
    checkpoint.save(
        tmp_path,
        step=1,
        weights={"w": torch.zeros(1)},
        emas={},
        training={},
        train_wall_s=1.0,
        lines=3,
    )
    saved = checkpoint.load(tmp_path, 1)
    assert saved is not None and saved.lines == 3
    (saved.folder / "manifest.json").write_bytes(manifest)
    (tmp_path / "step-mine").mkdir()
    assert checkpoint.load(tmp_path, 1) is None and checkpoint.steps(tmp_path) == [1]
