"""Do the verbs of a study make of every mistake one line and exit code 2, before anything runs?"""

import pytest

from scaling.cli import main
from scaling.data.synthetic import write_store
from tests.data.pictures import write_folder

CASES = {
    "unknown study": (["sweep", "digitz"], "nearest: digits"),
    "no such file": (["sweep", "missing.py"], "no such study file"),
    "unknown key": (["sweep", "smoke", "--set", "train.stepz=1"], "nearest: train.steps"),
    "no value": (["sweep", "smoke", "--set", "train.steps"], "KEY=VALUE"),
    "twice": (["sweep", "smoke", "--set", "train.lr=1", "--set", "train.lr=2"], "twice"),
    "mistyped": (["sweep", "smoke", "--set", "train.steps=many"], "'many'"),
    "zero steps": (["sweep", "smoke", "--set", "train.steps=0"], "train.steps"),
    "zero batch": (["sweep", "smoke", "--set", "train.batch=0"], "train.batch"),
    "patch": (["sweep", "smoke", "--set", "model.patch=3"], "patch 3 does not divide"),
    "heads": (["sweep", "smoke", "--set", "model.heads=5"], "heads 5 do not divide"),
    "data shape": (["sweep", "smoke", "--set", "model.channels=3"], "model.channels"),
    "sampling steps": (
        ["sweep", "smoke", "--set", "evaluate.protocol.sampling_steps=2000"],
        "2000 sampling steps",
    ),
    "half a GPU too many": (["sweep", "smoke", "--gpus-per-trial", "1.5"], "whole number"),
    "unequal shares": (
        ["sweep", "smoke", "--workers-per-trial", "3"],
        "32 images does not divide among 3 workers",
    ),
    "workers without GPUs": (
        ["sweep", "smoke", "--workers-per-trial", "2", "--gpus-per-trial", "1"],
        "give 2, or 0",
    ),
    "fewer workers than one": (
        ["sweep", "smoke", "--workers-per-trial", "2", "--min-workers-per-trial", "0"],
        "--min-workers-per-trial",
    ),
    "a range that is none": (
        ["sweep", "smoke", "--workers-per-trial", "2", "--min-workers-per-trial", "4"],
        "--min-workers-per-trial 4 is more than --workers-per-trial 2",
    ),
    "a range of one worker": (
        ["sweep", "smoke", "--min-workers-per-trial", "1"],
        "with one worker per trial",
    ),
    "a dry run of fewer workers than share a batch": (
        ["sweep", "smoke", "--dry-run", "--workers-per-trial", "4", "--min-workers-per-trial", "3"],
        "32 images does not divide among 3 workers; choose a --min-workers-per-trial",
    ),
    "a dry run of GPUs that are not there for the fewest": (
        [
            "sweep",
            "smoke",
            "--dry-run",
            "--workers-per-trial",
            "4",
            "--gpus-per-trial",
            "4",
            "--min-workers-per-trial",
            "2",
        ],
        "--min-workers-per-trial 2 asks for more than this machine has",
    ),
    "negative GPUs": (["sweep", "smoke", "--gpus-per-trial", "-1"], "-1"),
    "no number of GPUs": (["sweep", "smoke", "--gpus-per-trial", "nan"], "no finite number"),
    "endless GPUs": (["sweep", "smoke", "--gpus-per-trial", "inf"], "no finite number"),
    "a dry run of half a GPU too many": (
        ["sweep", "smoke", "--dry-run", "--gpus-per-trial", "1.5"],
        "whole number",
    ),
    "a dry run of GPUs that are not there": (
        ["sweep", "smoke", "--dry-run", "--gpus-per-trial", "4096"],
        "--gpus-per-trial 4096 asks for more than this machine has",
    ),
    "a dry run of unequal shares": (
        ["sweep", "smoke", "--dry-run", "--workers-per-trial", "3"],
        "32 images does not divide among 3 workers",
    ),
    "a dry run on nobody": (
        ["sweep", "smoke", "--dry-run", "--address", "127.0.0.1:1"],
        "no Ray cluster at 127.0.0.1:1",
    ),
    "a dry run of too many sampling steps": (
        ["sweep", "smoke", "--dry-run", "--set", "evaluate.protocol.sampling_steps=2000"],
        "2000 sampling steps",
    ),
    "nobody there": (
        ["sweep", "smoke", "--address", "127.0.0.1:1"],
        "no Ray cluster at 127.0.0.1:1",
    ),
    "not an address": (["sweep", "smoke", "--address", "nonsense"], "HOST:PORT"),
    "status of nothing": (["status", "nowhere"], "holds no study.json"),
    "report of nothing": (["report", "nowhere"], "holds no study.json"),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input_is_one_line_and_exit_code_2(case, tmp_path, monkeypatch, capsys):
    args, says = CASES[case]
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as stop:
        main(args)
    error = capsys.readouterr().err
    assert stop.value.code == 2 and says in error
    assert len(error.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def store(folder, size=32):
    write_store(folder, size=size, images={"train": 8, "heldout": 4}, shard=4)
    return [
        "data.source=latents",
        "data.name=toy",
        "data.size=32",
        "data.vae=synthetic",
        f"data.path={folder}",
        "model.channels=4",
        "model.input_size=4",
        "model.patch=2",
        "model.num_classes=1000",
        "evaluate.protocol.decoder=synthetic",
    ]


def images(folder, **kinds):
    write_folder(folder, **kinds)
    return [
        "data.source=folder",
        "data.name=toy",
        "data.size=32",
        f"data.path={folder}",
        "model.channels=3",
        "model.input_size=32",
        "model.num_classes=2",
    ]


def corrupt(folder):
    settings, path = store(folder), folder / "train" / "shard-00001.npy"
    path.write_bytes(path.read_bytes()[:-1] + b"!")
    return settings


def empty_class(folder):
    settings = images(folder)
    (folder / "class7").mkdir()
    return settings


def cut_off(folder):
    """The head of each is whole, the pixels end early."""
    settings = images(folder)
    for path in sorted(folder.glob("class1/*"))[:2]:
        path.write_bytes(path.read_bytes()[:-40])
    return settings


DATA = {
    "cut off": (cut_off, "2 of 10 files"),
    "missing folder": (
        lambda f: [*images(f)[:3], "data.path=/nowhere"],
        "no image folder at /nowhere",
    ),
    "missing store": (
        lambda f: [*store(f)[:4], "data.path=/nowhere"],
        "no latent store at /nowhere",
    ),
    "empty class": (empty_class, "such as 'class7'"),
    "single class": (lambda f: images(f, classes=1), "has 1 classes"),
    "small images": (lambda f: images(f, width=31), "smaller than the crop of 32 pixels"),
    "corrupt shard": (corrupt, "1 of 6 shard files"),
    "another VAE": (lambda f: [*store(f), "data.vae=sd-vae-ft-mse"], "made with the VAE synthetic"),
    "another size": (lambda f: store(f, size=64), "made of 64-pixel images, the spec says 32"),
    "no decoder": (lambda f: store(f)[:-1], "set evaluate.protocol.decoder to a VAE"),
    "a decoder of pixels": (
        lambda f: ["evaluate.protocol.decoder=sd-vae-ft-mse"],
        "set evaluate.protocol.decoder to null",
    ),
}


@pytest.mark.parametrize("case", DATA)
def test_data_that_cannot_be_trained_on_is_one_line_before_any_training(case, tmp_path, capsys):
    prepare, says = DATA[case]
    settings = dict(pair.split("=", 1) for pair in prepare(tmp_path / "data"))
    pairs = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "smoke", "--results", str(tmp_path / "results"), *pairs])
    error = capsys.readouterr().err
    assert stop.value.code == 2 and says in error and len(error.strip().splitlines()) == 1, error
    assert not (tmp_path / "results").exists()


@pytest.mark.parametrize("root", ["file/results", "/proc/nothing"])
def test_a_results_folder_that_cannot_be_written(root, tmp_path, monkeypatch, capsys):
    """Below a file, and where the kernel takes no files: both stop root too."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(SystemExit) as stop:
        main(["sweep", "smoke", "--results", root])
    assert stop.value.code == 2 and "cannot write to the results folder" in capsys.readouterr().err
