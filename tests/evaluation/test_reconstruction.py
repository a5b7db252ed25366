"""Is the decoder's floor the distance of reconstructions to the images they are of, made once, and
null without them?
"""

import hashlib
import shutil

import numpy as np
import pytest
import torch

from scaling.data import DataSpec, load_data
from scaling.data.crop import read_image
from scaling.data.folder import list_images
from scaling.data.latents.store import finish_store, write_shard
from scaling.data.latents.vae import decode, describe, encode, load_vae
from scaling.evaluation import reconstruction
from scaling.evaluation.images import real_images
from scaling.evaluation.images.real_images import tensor_images
from scaling.evaluation.images.reference import Reference
from scaling.evaluation.metrics.measure import measure
from scaling.evaluation.reconstruction import rfid
from scaling.launch.trials.evaluation import evaluate
from scaling.launch.trials.trial import train
from scaling.records import Run
from scaling.study import Protocol
from tests.data.pictures import write_folder


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    """Two classes of images, a VAE with random weights, and the latents that it makes of them."""
    work = tmp_path_factory.mktemp("rfid")
    write_folder(work / "images", per_class=40)
    load_vae("synthetic").save_pretrained(work / "vae")
    vae, listing = load_vae(str(work / "vae")), list_images(work / "images")
    for split, rows in listing.splits.items():
        pixels = torch.from_numpy(
            np.stack([read_image(work / "images" / path, 32) for path, _ in rows])
        )
        write_shard(
            work / "store",
            split,
            0,
            encode(vae, pixels, 16).numpy(),
            skipped=[],
            images=[
                {
                    "label": label,
                    "path": path,
                    "sha256": hashlib.sha256((work / "images" / path).read_bytes()).hexdigest(),
                }
                for path, label in rows
            ],
        )
    finish_store(
        work / "store",
        {
            "size": 32,
            "shape": [4, 4, 4],
            "vae": describe(vae, "vae"),
            "upscale": False,
            "classes": listing.classes,
        },
        {"train": 1, "heldout": 1},
        work / "images",
    )
    return work


@pytest.fixture(autouse=True)
def nothing_known(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    for cached in (reconstruction._floor, reconstruction.reference_of, real_images.data_images):
        cached.cache_clear()


def latents(work, **fields) -> DataSpec:
    return DataSpec(
        source="latents", name="toy", size=32, vae="vae", path=str(work / "store"), **fields
    )


def protocol(work, **fields) -> Protocol:
    return Protocol(
        **{
            "samples": 30,
            "references": ("train", "heldout"),
            "metrics": ("fid",),
            "decoder": str(work / "vae"),
            "features": "digits-cnn",
            **fields,
        }
    )


def both_sides(work, split="train") -> tuple[torch.Tensor, torch.Tensor]:
    """The real images of a split, and what the decoder makes of their latents."""
    real = torch.from_numpy(
        np.stack(
            [
                read_image(work / "images" / path, 32)
                for path, _ in list_images(work / "images").splits[split]
            ]
        )
    )
    data = load_data(latents(work)).subset(split)
    return real, decode(load_vae(str(work / "vae")), data.batch(torch.arange(len(data))))


def test_it_is_fid_of_reconstructions_against_their_images(work):
    rows = rfid(latents(work), protocol(work))
    assert [(row["metric"], row["reference"], row["why"]) for row in rows] == [
        ("rfid", "train", None),
        ("rfid", "heldout", None),
    ]
    real, made = both_sides(work)
    against = {"train": {"digits-cnn": Reference(tensor_images("real", real), "digits-cnn")}}
    (fid,) = measure(made, latents(work), protocol(work, samples=len(made)), against)["figures"]
    assert rows[0]["value"] == pytest.approx(fid["value"], rel=1e-6) and rows[0]["se"] is None
    assert (rows[0]["samples"], rows[0]["reference_images"]) == (len(made), len(real)) == (76, 76)
    assert rows[0]["label"] == "rFID, vae, digits-cnn, vs train"


def test_against_adms_file_as_many_reconstructions_count_as_samples(work, tmp_path):
    real, _ = both_sides(work)
    np.savez(tmp_path / "ref.npz", arr_0=real.permute(0, 2, 3, 1).numpy())
    (row,) = rfid(latents(work), protocol(work, references=(str(tmp_path / "ref.npz"),)))
    assert (row["samples"], row["reference_images"]) == (
        30,
        76,
    ) and "30 samples do not span 64" in row["warning"]
    (row,) = rfid(
        latents(work), protocol(work, references=(str(tmp_path / "ref.npz"),), samples=76)
    )
    assert row["se"] > 0 and row["value"] == pytest.approx(
        rfid(latents(work), protocol(work))[0]["value"], rel=1e-6
    )


def test_it_is_made_once_even_where_the_images_are_gone_since(work, tmp_path, monkeypatch):
    (before, _) = rfid(latents(work), protocol(work))
    reconstruction._floor.cache_clear()
    shutil.move(work / "images", work / "moved")
    try:
        assert rfid(latents(work), protocol(work))[0]["value"] == before["value"]
        monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "another"))
        reconstruction._floor.cache_clear()
        (gone, _) = rfid(latents(work), protocol(work))
        assert gone["value"] is None and f"they are not in {work / 'images'} or " in gone["why"]
        monkeypatch.setenv("DIT_SCALING_DATA", str(tmp_path))
        (tmp_path / "toy").symlink_to(work / "moved")
        reconstruction._floor.cache_clear()
        assert rfid(latents(work), protocol(work))[0]["value"] == pytest.approx(
            before["value"], rel=1e-9
        )
    finally:
        shutil.move(work / "moved", work / "images")


def test_an_image_that_changed_since_is_named(work):
    path = work / "images" / list_images(work / "images").splits["train"][0][0]
    encoded = path.read_bytes()
    try:
        path.write_bytes(encoded + b"more")
        row, heldout = rfid(latents(work), protocol(work))
    finally:
        path.write_bytes(encoded)
    assert (
        row["value"] is None
        and row["why"] == f"no real images: {path} is not the file that was encoded"
    )
    assert heldout["value"] is not None


def test_there_is_none_without_a_decoder_or_without_images(work, tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_DATA", str(tmp_path))
    assert (
        rfid(DataSpec(), Protocol()) == []
        and rfid(latents(work), protocol(work, metrics=("kid",))) == []
    )
    (row,) = rfid(
        DataSpec(source="synthetic", size=32),
        protocol(work, decoder="synthetic", references=("train",)),
    )
    assert (
        row["value"] is None
        and row["why"] == "no real images of synthetic: its latents were not made from images"
    )


def test_a_trials_record_has_it_beside_its_fid(work, tmp_path, tiny):
    spec = tiny.model_copy(
        update={
            "model": tiny.model.model_copy(
                update={"channels": 4, "input_size": 4, "patch": 2, "num_classes": 2}
            ),
            "data": latents(work),
            "evaluate": tiny.evaluate.model_copy(
                update={"protocol": protocol(work, samples=4, sampling_steps=1)}
            ),
        }
    )
    run = Run(tmp_path / "run")
    train([spec], run, lambda progress: None)
    evaluate(spec, 12, run, lambda progress: None)
    evaluation = run.evaluation(spec.eval_id(12))
    assert evaluation["tokenizer"] | {"decoder_gmacs": 0} == {
        "name": spec.data.vae,
        "factor": 8,
        "channels": 4,
        "decoder": spec.evaluate.protocol.decoder,
        "decoder_gmacs": 0,
    }
    assert evaluation["tokenizer"]["decoder_gmacs"] > 0
    found = evaluation["figures"]
    assert [row["metric"] for row in found] == ["fid", "fid", "rfid", "rfid"]
    assert found[2]["value"] == rfid(spec.data, spec.evaluate.protocol)[0]["value"]
