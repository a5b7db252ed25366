"""Is data known by what it is and not by where it lies, and is a spec that cannot be refused?"""

import pytest
from pydantic import ValidationError

from scaling.study import DataSpec

LATENTS = DataSpec(
    source="latents", name="imagenet", size=256, vae="stabilityai/sd-vae-ft-mse", flip=True
)
FOLDER = DataSpec(source="folder", name="flowers", size=64)
CLIPS = DataSpec(source="clips", name="walks", size=64, frames=16)


def test_where_data_lies_is_no_identity():
    for spec in (LATENTS, FOLDER, DataSpec(), DataSpec(source="cifar10")):
        assert (
            spec.model_copy(update={"path": "/mnt/a"}).identity_fields() == spec.identity_fields()
        )
        assert "path" not in spec.identity_fields()


def test_what_was_there_before_keeps_its_identity():
    assert DataSpec().identity_fields() == {"source": "digits"}


@pytest.mark.parametrize(
    "spec, field, other",
    [
        (LATENTS, "name", "places"),
        (LATENTS, "size", 512),
        (LATENTS, "vae", "stabilityai/sd-vae-ft-ema"),
        (LATENTS, "content", "0123456789abcdef"),
        (LATENTS, "flip", False),
        (FOLDER, "upscale", True),
        (FOLDER, "content", "0123456789abcdef"),
        (DataSpec(source="cifar10"), "source", "cifar100"),
        (DataSpec(source="synthetic", size=256), "size", 512),
        (CLIPS, "frames", 8),
        (CLIPS, "width", 16),
        (CLIPS, "name", "runs"),
    ],
)
def test_what_the_images_are_is_identity(spec, field, other):
    changed = DataSpec(**{**spec.model_dump(), field: other})
    assert changed.identity_fields() != spec.identity_fields()


@pytest.mark.parametrize(
    "fields, says",
    [
        (
            {"source": "latents", "name": "imagenet", "size": 256},
            "'latents' needs a vae; set data.vae",
        ),
        ({"source": "latents", "size": 256, "vae": "x"}, "needs a name"),
        ({"source": "folder", "name": "flowers"}, "'folder' needs a size"),
        (
            {"source": "folder", "name": "flowers", "size": 64, "vae": "x"},
            "'folder' has no vae, got 'x'",
        ),
        ({"source": "cifar10", "size": 32}, "has no size, got 32"),
        ({"size": 0, "source": "synthetic"}, "greater than 0"),
        ({"source": "synthetic", "size": 100}, "100 is not a multiple of 8"),
        ({"source": "digits", "flip": True}, "a flipped digit is no digit"),
        ({"source": "mnist", "flip": True}, "no flip"),
        ({"source": "imagenet"}, "'latents'"),
        (
            {"source": "clips", "name": "walks", "size": 64},
            "'clips' needs a frames; set data.frames",
        ),
        ({"source": "folder", "name": "flowers", "size": 64, "frames": 2}, "has no frames, got 2"),
    ],
)
def test_a_data_spec_that_cannot_be_is_refused(fields, says):
    with pytest.raises(ValidationError, match=says):
        DataSpec(**fields)


def test_the_title_is_the_datas_own_name():
    folder = DataSpec(source="folder", name="flowers", size=64)
    store = DataSpec(source="latents", name="imagenet", size=256, vae="stabilityai/sd-vae-ft-ema")
    assert DataSpec().title == "digits" and folder.title == "flowers, 64 px"
    assert CLIPS.title == "walks, 64 px, 16 frames"
    assert store.title == "imagenet, 256 px, latents of sd-vae-ft-ema"
