"""Does ``scaling evaluate`` measure anyone's images, and name what is wrong with them in a line?"""

import json

import numpy as np
import pytest
import torch
from PIL import Image

from scaling.cli import main
from scaling.data import DataSet, DataSpec, ImageSet, load_data
from scaling.data.crop import read_image
from scaling.evaluation import evaluate
from scaling.evaluation.images import named as named_images
from scaling.evaluation.images import real_images
from scaling.evaluation.images.read import ImageFolder
from scaling.evaluation.metrics.measure import figures
from scaling.evaluation.sampling import drawn
from scaling.evaluation.sampling.generate import generate
from scaling.launch.trials.trial import run_trials, train
from scaling.models import build_model
from scaling.records import Run
from scaling.study import Ema, Protocol
from tests.data.pictures import write_folder

DIGITS = ["--protocol", "features=digits-cnn"]


@pytest.fixture(scope="module")
def samples() -> torch.Tensor:
    return load_data(DataSpec()).heldout.uint8[:80]


@pytest.fixture
def folder(tmp_path, samples):
    path = tmp_path / "images"
    path.mkdir()
    for i, image in enumerate(samples):
        Image.fromarray(image[0].numpy()).save(path / f"{i:03d}.png")
    return path


def test_a_folder_and_an_npz_give_the_protocols_figures(folder, samples, tmp_path, capsys):
    np.savez(tmp_path / "samples.npz", arr_0=samples.permute(0, 2, 3, 1).numpy())
    expected = {
        row["metric"]: row["value"]
        for row in figures(
            samples,
            DataSpec(),
            Protocol(
                samples=80, references=("train",), metrics=("fid", "kid", "precision", "recall")
            ),
        )
    }
    for target in (folder, tmp_path / "samples.npz"):
        main_exits(["evaluate", str(target), "--reference", "digits", *DIGITS, "--json"], 0)
        found = json.loads(capsys.readouterr().out)["figures"]
        assert {row["metric"]: row["value"] for row in found} == pytest.approx(expected)
        assert found[0]["label"] == "FID-80, digits-cnn, vs digits-train" and found[0]["se"] > 0


def test_adms_reference_statistics(folder, tmp_path, capsys):
    g = np.random.default_rng(0)
    np.savez(tmp_path / "ref.npz", mu=np.zeros(64), sigma=np.eye(64))
    main_exits(
        [
            "evaluate",
            str(folder),
            "--reference",
            str(tmp_path / "ref.npz"),
            *DIGITS,
            "--protocol",
            'metrics=["fid"]',
        ],
        0,
    )
    assert capsys.readouterr().out.startswith("FID-80, digits-cnn, vs ref.npz: ")
    np.savez(tmp_path / "other.npz", mu=g.random(2048), sigma=np.eye(2048))
    assert "made with another extractor" in refused(folder, tmp_path / "other.npz", capsys)


def test_a_checkpoint_is_sampled_as_its_trial_was_and_goes_on_after_a_kill(
    tiny, tmp_path, capsys, monkeypatch
):
    run, begun = Run(tmp_path), []
    run_trials(
        [
            tiny.model_copy(
                update={
                    "evaluate": tiny.evaluate.model_copy(update={"ema": Ema(kind="none", length=0)})
                }
            )
        ],
        run,
        lambda progress: None,
    )
    (measured,) = [found for found in run.evaluations() if found["step"] == 12]
    settings = [
        word
        for pair in ("samples=80", "sampling_steps=3", 'metrics=["fid"]')
        for word in ("--protocol", pair)
    ]
    command = ["evaluate", str(tmp_path), "--reference", "digits", *DIGITS, *settings, "--json"]

    def killed_once(model, spec, diffusion, protocol, rows):
        begun.append(rows.start)
        if len(begun) == 3:
            raise KeyboardInterrupt
        return generate(model, spec, diffusion, protocol, rows)

    monkeypatch.setattr(drawn, "PART", 30)
    monkeypatch.setattr(drawn, "generate", killed_once)
    main_exits(command, 130)
    main_exits(command, 0)
    assert begun == [0, 30, 60, 60]
    (row,) = json.loads(capsys.readouterr().out)["figures"]
    assert row["value"] == pytest.approx(measured["figures"][0]["value"], rel=1e-4)
    assert row["label"] == "FID-80, ddpm3, cfg 1.0, digits-cnn, vs digits-train"


def test_a_reference_folder_is_cropped_where_the_protocol_says_so(tmp_path, samples, capsys):
    """Of any size and mode; cropped beforehand they give the same figures."""
    target = tmp_path / "samples.npz"
    np.savez(target, arr_0=samples.expand(-1, 3, -1, -1).permute(0, 2, 3, 1).numpy())
    write_folder(tmp_path / "real", per_class=30, width=24, height=20)
    assert "rgba.png is a RGBA image" in refused(target, tmp_path / "real", capsys)
    (tmp_path / "cropped").mkdir()
    for i, path in enumerate(ImageFolder(tmp_path / "real", 8).paths):
        Image.fromarray(read_image(tmp_path / "real" / path, 8).transpose(1, 2, 0)).save(
            tmp_path / "cropped" / f"{i:03d}.png"
        )
    found = []
    for name, more in (("real", ["--protocol", "transform=center-crop"]), ("cropped", [])):
        main_exits(
            [
                "evaluate",
                str(target),
                "--reference",
                str(tmp_path / name),
                *DIGITS,
                *more,
                "--json",
            ],
            0,
        )
        found.append(json.loads(capsys.readouterr().out))
    assert [row["value"] for row in found[0]["figures"]] == pytest.approx(
        [row["value"] for row in found[1]["figures"]]
    )
    assert found[0]["figures"][0]["label"] == "FID-80, digits-cnn, vs real, center-crop"
    assert (
        found[0]["protocol"]["transform"] == "center-crop" and "sampler" not in found[0]["protocol"]
    )
    assert "crops the images of a folder" in refused(
        target, "digits", capsys, "transform=center-crop"
    )
    assert "transform" in refused(target, tmp_path / "real", capsys, "transform=squeeze")


def test_grey_images_do_not_meet_rgb_ones(folder, tmp_path, capsys):
    (tmp_path / "rgb").mkdir()
    for i in range(5):
        Image.new("RGB", (8, 8), (i, 0, 0)).save(tmp_path / "rgb" / f"{i}.png")
    assert (
        f"the images of {folder} are grey, those of the reference {tmp_path / 'rgb'} RGB"
        in refused(folder, tmp_path / "rgb", capsys)
    )
    np.savez(tmp_path / "rgb.npz", arr_0=np.zeros((5, 8, 8, 3), np.uint8))
    assert "rgb.npz RGB" in refused(folder, tmp_path / "rgb.npz", capsys)
    assert "names no metric" in refused(folder, "digits", capsys, "metrics=[]")


def test_samples_of_another_size_than_the_reference_say_so(tmp_path, samples, capsys):
    np.savez(
        tmp_path / "large.npz", arr_0=samples.permute(0, 2, 3, 1).numpy().repeat(2, 1).repeat(2, 2)
    )
    main_exits(["evaluate", str(tmp_path / "large.npz"), "--reference", "digits", *DIGITS], 0)
    assert (
        "samples are 16x16 pixels, reference images 8x8: each is scaled" in capsys.readouterr().out
    )
    # its own images as a reference, under a suffix in capitals
    (tmp_path / "large.npz").rename(tmp_path / "LARGE.NPZ")
    target = str(tmp_path / "LARGE.NPZ")
    fid = ["--protocol", "metrics=fid"]
    main_exits(["evaluate", target, "--reference", target, *DIGITS, *fid], 0)
    assert "are the reference's own images" in capsys.readouterr().out


def test_a_checkpoint_that_cannot_be_compared_is_refused(tiny, tmp_path, capsys):
    train([tiny], Run(tmp_path), lambda progress: None)
    few = DataSet(
        "cifar10",
        3,
        *[ImageSet(torch.zeros(4, 1, 8, 8, dtype=torch.uint8), torch.zeros(4).long())] * 2,
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(real_images, "load_data", lambda data: few)
        patch.setattr(named_images, "load_data", lambda data: few)
        assert "draws 10 classes, the reference cifar10 has 3" in refused(
            tmp_path, "cifar10", capsys
        )
    for setting, says in (
        ("sampling_steps=1001", "1001 sampling steps"),
        ("sampler=heun", "'heun' does not fit"),
        ("guidance_channels=3", "guidance_channels without guidance: nothing would be guided"),
        ("references=heldout", "say what to compare with by --reference"),
        ("feature=vgg16", "feature"),
        ("steps", "--protocol 'steps' is not KEY=VALUE"),
        ("class_draw=balanced", "5 samples cannot be balanced over 10 classes"),
    ):
        assert says in refused(tmp_path, "digits", capsys, setting, "samples=5")


def test_weights_of_others_are_measured_as_what_is_said_of_them(tiny, folder, tmp_path, capsys):
    torch.manual_seed(0)
    state = build_model(tiny.model).state_dict()
    torch.save({"ema": state, "model": {k: v + 1 for k, v in state.items()}}, tmp_path / "c.pt")
    few = [
        word
        for pair in ("samples=4", "sampling_steps=2", 'metrics=["fid"]')
        for word in ("--protocol", pair)
    ]
    ask = ["--reference", "digits", *DIGITS, *few]
    main_exits(["evaluate", str(tmp_path / "c.pt"), *ask, "--heads", "2", "--json"], 0)
    told = json.loads(capsys.readouterr().out)
    assert told["weights"][0].startswith("weights: ema of ") and told["protocol"]["samples"] == 4
    main_exits(["evaluate", str(tmp_path / "c.pt"), *ask, "--heads", "2"], 0)
    assert "\nassumed that they predict noise and sigma" in capsys.readouterr().out
    for options, says in (
        ([], "say how many heads"),
        (["--heads", "2", "--average", "best"], "holds no average 'best'; it has ema, model"),
        (["--heads", "2", "--objective", "epsilon"], "--objective epsilon predicts noise alone"),
    ):
        main_exits(["evaluate", str(tmp_path / "c.pt"), *ask, *options], 2)
        assert says in capsys.readouterr().err
    for options, says in (
        (["--average", "ema"], "--average is said of weights, and"),
        (["--network", "x.py"], "--network is said of weights, and"),
        (["--protocol", "sampler=ddim"], "--protocol sampler is of sampling, and"),
    ):
        main_exits(["evaluate", str(folder), "--reference", "digits", *DIGITS, *options], 2)
        assert says in capsys.readouterr().err


def test_a_truncated_image_among_many_is_named(folder, tmp_path, samples, capsys):
    """Whichever set it is in."""
    for i, image in enumerate(load_data(DataSpec()).train.uint8[:200]):
        Image.fromarray(image[0].numpy()).save(folder / f"more-{i:03d}.png")
    whole = (folder / "more-137.png").read_bytes()
    (folder / "more-137.png").write_bytes(whole[:-30])
    np.savez(tmp_path / "samples.npz", arr_0=samples.permute(0, 2, 3, 1).numpy())
    assert "more-137.png cannot be read as an image" in refused(folder, "digits", capsys)
    assert "more-137.png cannot be read as an image" in refused(
        tmp_path / "samples.npz", folder, capsys
    )


def test_what_is_wrong_with_images_is_named(folder, tmp_path, samples, capsys):
    (tmp_path / "empty").mkdir()
    assert "holds no images" in refused(tmp_path / "empty", "digits", capsys)
    assert "no such file" in refused(tmp_path / "none.npz.gz", "digits", capsys)
    Image.new("L", (9, 8)).save(folder / "040x.png")
    assert "040x.png is L of 9x8 pixels" in refused(folder, "digits", capsys)
    Image.new("RGBA", (8, 8)).save(folder / "040x.png")
    assert "040x.png is a RGBA image" in refused(folder, "digits", capsys)
    whole = (folder / "039.png").read_bytes()
    (folder / "040x.png").write_bytes(whole[: len(whole) // 2])
    assert "040x.png cannot be read as an image" in refused(folder, "digits", capsys)
    (folder / "040x.png").unlink()
    np.savez(tmp_path / "float.npz", arr_0=np.full((4, 8, 8, 1), 200.0))
    assert "floats are read as 0 to 1" in refused(tmp_path / "float.npz", "digits", capsys)
    np.savez(tmp_path / "stats.npz", mu=np.zeros(64), sigma=np.eye(64))
    assert "no images (arr_0)" in refused(tmp_path / "stats.npz", "digits", capsys)
    assert "no images (arr_0), which kid" in refused(folder, tmp_path / "stats.npz", capsys)
    (tmp_path / "broken.npz").write_bytes(b"PK\x03\x04 not a zip")
    assert "broken.npz" in refused(tmp_path / "broken.npz", "digits", capsys)
    assert "data sets: digits" in refused(folder, "digitz", capsys)


def test_what_is_left_out_and_what_jpeg_lost_is_told(folder, samples, tmp_path, capsys):
    """Beside the figures, so that they stay JSON; an .npy is samples and reference too."""
    (folder / ".copies").mkdir()
    Image.fromarray(samples[0, 0].numpy()).save(folder / ".copies" / "a.png")
    (folder / "notes.txt").touch()
    Image.fromarray(samples[0, 0].numpy()).save(folder / "000.png.jpg")
    np.save(tmp_path / "real.npy", samples.permute(0, 2, 3, 1).numpy())
    fid = ["--protocol", 'metrics=["fid"]']
    arguments = ["evaluate", str(folder), "--reference", str(tmp_path / "real.npy"), *DIGITS, *fid]
    main_exits([*arguments, "--json"], 0)
    out, err = capsys.readouterr()
    assert "1 of 81 samples are JPEG" in json.loads(out)["figures"][0]["warning"]
    assert err == f"{folder}: 83 files: 81 images; left out 2: .txt 1, hidden folders 1\n"
    main_exits(
        ["evaluate", str(tmp_path / "real.npy"), "--reference", str(folder), *DIGITS, *fid], 0
    )
    out, err = capsys.readouterr()
    assert "FID-80, digits-cnn, vs images: " in out and "JPEG" not in out and "left out 2" in err


def refused(target, reference, capsys, *settings) -> str:
    more = [word for setting in settings for word in ("--protocol", setting)]
    main_exits(["evaluate", str(target), "--reference", str(reference), *DIGITS, *more], 2)
    error = capsys.readouterr().err
    assert len(error.strip().splitlines()) == 1
    return error


def main_exits(args: list[str], code: int) -> None:
    with pytest.raises(SystemExit) as stop:
        main(args)
    assert stop.value.code == code


FDR = ['metrics=["fdr"]', 'spaces=["digits-mixer"]']


def test_fdr_of_a_data_set_takes_its_unit_from_the_other_half(tmp_path):
    heldout = load_data(DataSpec()).heldout.uint8
    np.savez(tmp_path / "a.npz", arr_0=heldout.permute(0, 2, 3, 1).numpy())
    (row,) = json.loads(evaluate.run(tmp_path / "a.npz", "digits", FDR, as_json=True))["figures"]
    assert row["value"] == pytest.approx(1) and len(row["parts"]) == 2
    assert row["label"] == "FDr2-364, digits-cnn + digits-mixer, vs digits-train"
    with pytest.raises(ValueError, match=r"a\.npz is one set of images: leave fdr out"):
        evaluate.run(tmp_path / "a.npz", str(tmp_path / "a.npz"), FDR)
