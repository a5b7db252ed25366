"""Is a DiT of clips counted, priced and positioned as its spec says, and of one frame a DiT?"""

import json
from typing import get_args

import pytest
import torch
from diffusers.models.embeddings import get_3d_sincos_pos_embed
from diffusers.models.transformers.transformer_wan import WanRotaryPosEmbed
from torch.utils.flop_counter import FlopCounterMode

from scaling.models import build_model
from scaling.models.counting.count import checked_count, example_inputs, trainable_params
from scaling.models.counting.count_table import count_models
from scaling.models.networks.dit import position_table
from scaling.models.networks.embeddings import clip_of, patches
from scaling.models.networks.parts import rotated, rotations
from scaling.study import ModelSpec, cost
from scaling.study.costs.memory import training_memory
from scaling.study.families import named_network
from scaling.study.families.dit.layers import FREQUENCIES
from scaling.study.families.dit.variant import Positions, axis_channels
from tests.models.networks.test_dit import inputs, randomised
from tests.study.costs.test_memory import Step
from tests.study.families.variants import HEAD, JIT

torch.set_num_threads(1)
IMAGE = ModelSpec(input_size=8, channels=2, num_classes=10, patch=4, width=32, depth=2, heads=2)
CLIP = IMAGE.replaced(frames=6, patch_t=2, input_width=12)
CLIPS = {
    "r2": CLIP,
    "r1": CLIP.replaced(patch_t=1),
    "all in one": CLIP.replaced(patch_t=6, width=64, depth=4),
    "bottleneck, head": CLIP.replaced(bottleneck=6, **HEAD | {"head_width": 48}),
    "in-context": CLIP.replaced(conditioning="in-context", class_tokens=0, norm="rms"),
    # a width and heads' channels (10) that only rotary positions of clips allow
    "rope": CLIP.replaced(positions="rope", width=40, heads=4),
    "sincos+rope": CLIP.replaced(positions="sincos+rope"),
    "JiT": CLIP.replaced(**JIT, patch_t=3),
    "JiT, head": CLIP.replaced(**JIT | HEAD | {"head_width": 48, "positions": "rope"}),
}
every_clip = pytest.mark.parametrize("m", CLIPS.values(), ids=CLIPS)


def by_hand(m: ModelSpec) -> tuple[int, int, int]:
    """Tokens, parameters and multiply-accumulates of an adaLN-Zero DiT of clips, in closed form."""
    T = (m.frames // m.patch_t) * (m.input_size // m.patch)
    T *= (m.input_width or m.input_size) // m.patch
    d, voxels = m.width, m.patch_t * m.patch**2
    inside, outside = m.channels * voxels, m.out_channels * voxels
    embedders = FREQUENCIES * d + d + d * d + d + (m.num_classes + 1) * d
    blocks = m.depth * (12 * d * d + 9 * d + 6 * d * d + 6 * d)
    params = inside * d + d + embedders + blocks + 2 * d * d + 2 * d + outside * (d + 1)
    once = FREQUENCIES * d + d * d + m.depth * 6 * d * d + 2 * d * d
    macs = T * d * (inside + outside) + once + m.depth * (12 * T * d * d + 2 * T * T * d)
    return T, params, macs


BY_HAND = [CLIP, CLIPS["r1"], CLIPS["all in one"], IMAGE, CLIPS["rope"], CLIPS["sincos+rope"]]


@pytest.mark.parametrize("m", BY_HAND, ids=str)
def test_tokens_parameters_and_macs_are_the_closed_form(m):
    assert by_hand(m) == (m.tokens, cost.params(m), cost.forward_macs(m))


def test_a_clip_of_the_papers_size_is_counted_exactly():
    m = named_network("DiT-B/2", frames=16, patch_t=2)
    counted = checked_count(m)
    assert by_hand(m) == (2048, trainable_params(m), counted.macs)
    assert m.input_shape == (4, 16, 32, 32) and m.name == "DiT-B/2 t2"
    assert len({m.model_id, m.replaced(patch_t=1).model_id, m.replaced(frames=8).model_id}) == 3
    row = json.loads(count_models(["DiT-B/2"], frames=16, patch_t=2, json=True))[0]
    assert (row["frames"], row["tokens"], row["forward_gmacs"]) == (16, 2048, counted.macs / 1e9)
    assert row["published_gmacs"] is None
    assert m.named_like("DiT-S/4 t4").patch_t == 4 and m.named_like("DiT-S/4").frames == 16


@every_clip
def test_layers_are_what_fvcore_and_torch_count(m):
    assert checked_count(m).macs == cost.forward_macs(m)
    assert trainable_params(m) == cost.params(m)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        build_model(m, device="meta")(*example_inputs(m, device="meta"))
    assert counter.get_total_flops() / 2 == cost.forward_macs(m)
    assert training_memory(m, 16).activations == pytest.approx(Step(m, 16).saved_bytes(), rel=0.1)
    twin = m.debug_twin(channels=3, num_classes=5)
    assert twin.input_shape == (3, *m.input_shape[1:]) and cost.params(twin) < 1e6
    checked_count(twin)


@every_clip
def test_each_parameter_acts_and_the_answer_has_the_clips_shape(m):
    x, t, y = inputs(m)
    model = randomised(m)
    out = model(x, t, y)
    assert out.shape == (len(x), m.out_channels, 6, 8, 12)
    out.square().sum().backward()
    assert not [name for name, p in model.named_parameters() if not p.grad.any()]


@pytest.mark.parametrize("positions", get_args(Positions))
def test_one_frame_is_the_dit_to_the_bit(positions):
    image = IMAGE.replaced(positions=positions)
    clip = image.replaced(frames=1, patch_t=1)
    assert clip.model_id == image.model_id and clip.slug == image.slug and clip == image
    model, (x, t, y) = randomised(image), inputs(image)
    assert torch.equal(model(x[:, :, None], t, y), model(x, t, y)[:, :, None])


def test_a_clip_of_one_step_in_time_turns_as_an_image():
    one = CLIP.replaced(positions="rope", patch_t=6)
    places = [randomised(m).turns for m in (one, one.replaced(frames=1, patch_t=1))]
    assert torch.equal(*places) and torch.equal(places[0], rotations(16, 2, 3))


@pytest.mark.parametrize("channels", [6, 8, 10, 16, 64, 72, 128])
def test_turns_of_a_clip_are_those_of_wan(channels):
    cos, sin = WanRotaryPosEmbed(channels, (1, 2, 2), 16)(torch.empty(1, 1, 5, 8, 6))
    # there each number stands twice, for both channels of a pair
    theirs = torch.stack((cos, sin)).view(2, 5 * 4 * 3, channels // 2, 2)[..., 0]
    ours = rotations(channels, 4, 3, extra=2, steps=5)
    torch.testing.assert_close(ours[:, :-2], theirs, atol=1e-6, rtol=0)
    assert not ours[1, -2:].any() and sum(axis_channels(channels, 5)) == channels


def test_a_product_of_turned_tokens_depends_on_how_far_apart_they_are_in_time_and_space():
    q, k = torch.randn(2, 16)
    turns = rotations(16, 4, 4, steps=4)
    qs, ks = (rotated(x.expand(1, 64, 1, 16), turns)[0, :, 0].view(4, 4, 4, 16) for x in (q, k))

    def product(a, b):
        return float(qs[a] @ ks[b])

    far = product((1, 0, 2), (3, 1, 1))
    assert far == pytest.approx(product((0, 2, 3), (2, 3, 2)), abs=1e-5)
    for other in ((2, 1, 1), (3, 2, 1), (3, 1, 0)):
        assert far != pytest.approx(product((1, 0, 2), other), abs=1e-3)


def test_an_images_weights_fit_a_clip_of_patches_of_one_frame():
    clip, image = IMAGE.replaced(frames=6), randomised(IMAGE)
    state = {k: v for k, v in image.state_dict().items() if k != "pos_embed"}
    told = randomised(clip).load_state_dict(state, strict=False)
    assert (told.missing_keys, told.unexpected_keys) == (["pos_embed"], [])
    one = CLIP.replaced(frames=2, patch_t=2)  # of one step in time: the same places as an image
    assert torch.equal(position_table(one), position_table(CLIP.replaced(frames=1, patch_t=1)))


def test_positions_of_a_clip_are_those_of_diffusers():
    ours = position_table(CLIP).view(3, 6, 32)
    theirs = get_3d_sincos_pos_embed(32, (3, 2), 3, output_type="pt")  # width, height
    torch.testing.assert_close(ours, theirs.float(), atol=1e-6, rtol=0)
    assert len(torch.unique(ours.reshape(18, 32), dim=0)) == 18  # no two tokens share a place


def test_a_clip_comes_back_from_its_patches_and_each_has_its_own_voxels():
    x = torch.arange(2 * 3 * 4 * 4 * 6.0).view(2, 3, 4, 4, 6)
    cut = patches(x, 2, 2)  # (2, 12, 24), channels outermost
    assert torch.equal(
        cut[0, 7].view(3, 2, 2, 2), x[0, :, 2:4, 0:2, 2:4]
    )  # step 1, row 0, column 1
    inner = cut.view(2, 12, 3, 8).transpose(2, 3).reshape(2, 12, 24)  # channels innermost
    assert torch.equal(clip_of(inner, 2, 2, (2, 2, 3)), x)


@pytest.mark.parametrize("name", ["r1", "rope"])
def test_a_token_is_told_of_other_frames_and_of_its_own_time(name):
    model, (x, t, y) = randomised(CLIPS[name]), inputs(CLIPS[name])
    other = x.clone()
    other[:, :, 5] += 1
    moved = (model(other, t, y) - model(x, t, y)).abs().amax((0, 1, 3, 4))
    assert (moved > 1e-6).all()  # each frame hears of the last
    turned = model(x.flip(2), t, y).flip(2) - model(x, t, y)
    assert turned.abs().max() > 1e-4  # time has a direction


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"frames": 6, "patch_t": 4}, r"patch_t 4 does not divide the 6 frames.*\[1, 2, 3, 6\]"),
        ({"frames": 6, "width": 24}, "width 24 is not a multiple of 16, as the 3-D sine-cosine"),
        (
            {"frames": 6, "positions": "rope", "heads": 8},
            "heads 8 of width 32 have 4 channels each, not an even number of at least 6, as 3-D",
        ),
        (
            {"frames": 6, "positions": "sincos+rope", "width": 48, "heads": 16},
            "have 3 channels each, not an even number of at least 6",
        ),
        ({"positions": "rope", "width": 36, "heads": 2}, "18 channels each, not a multiple of 4"),
        ({"input_width": 10}, r"patch 4 does not divide the input width 10; divisors: \[1, 2, 5"),
        ({"frames": 16384, "input_size": 512}, "makes 268435456 tokens, more than 262144"),
    ],
)
def test_what_no_clip_has_is_refused(fields, told):
    with pytest.raises(ValueError, match=told):
        IMAGE.replaced(**fields)
