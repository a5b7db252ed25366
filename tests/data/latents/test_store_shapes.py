"""Is a store's file held to its shape, and is what is wrong in it named with what to do?"""

import json

import pytest

from scaling.data.latents.store_shapes import ENCODING_SHAPE, SHARD, STORE_SHAPE

SHA = 64 * "a"
SUMS = {"npy": SHA, "parquet": SHA}
SHARDS = [{"images": 3, "sha256": SUMS}]
VAE = {"name": "v", "identity": "1", "scaling_factor": 0.18215, "shift_factor": 0.0}
STORE = {
    "format": 1,
    "size": 32,
    "shape": [4, 4, 4],
    "vae": VAE,
    "classes": ["a"],
    "upscale": False,
    "content": "c",
    "encoded_from": None,
    "shards": {"train": SHARDS, "heldout": SHARDS},
}


def parsed(of, **changed):
    return of.parse(json.dumps(STORE | changed).encode(), "store.json")


def test_a_store_of_images_and_one_of_clips_are_read():
    assert parsed(STORE_SHAPE) == STORE
    clips = {"shape": [4, 3, 4, 4], "frames": 3, "width": 48, "images_of": "digits"}
    assert parsed(STORE_SHAPE, **clips) == STORE | clips


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"shape": [4, 4]}, "shape"),
        ({"shape": [4, 0, 4]}, "shape"),
        ({"size": 0}, "size"),
        ({"shards": {"train": SHARDS}}, "shards.*heldout is missing"),
        ({"shards": {"train": [{"images": 3}], "heldout": []}}, "sha256"),
        ({"vae": VAE | {"scaling_factor": "half"}}, r"vae\.scaling_factor"),
    ],
)
def test_what_is_wrong_in_a_store_is_named_with_a_way_on(changed, says):
    with pytest.raises(ValueError, match=rf"store\.json.*{says}.*encode into another --out"):
        parsed(STORE_SHAPE, **changed)


def test_a_store_of_a_newer_format_is_left_to_newer_code():
    with pytest.raises(ValueError, match=r"store\.json.*2"):
        parsed(STORE_SHAPE, format=2, shape="of another kind")


def test_a_shard_without_its_sums_is_made_again():
    whole = {"images": 2, "skipped": [{"path": "x.png", "why": "cut off"}], "sha256": SUMS}
    assert SHARD.parse(json.dumps(whole).encode(), "shard-00000.json") == whole
    for lacks in (whole | {"sha256": {"npy": SHA}}, whole | {"sha256": SUMS | {"npy": "abc"}}):
        with pytest.raises(ValueError, match=r"sha256\.(npy|parquet).*encode \.\.\. --resume"):
            SHARD.parse(json.dumps(lacks).encode(), "shard-00000.json")
    with pytest.raises(ValueError, match=r"encoding\.json.*another --out"):
        ENCODING_SHAPE.parse(b"{", "encoding.json")
