"""Are patches that cannot be refused with those that can, and are tables of positions in bounds?"""

import pytest

from scaling.study.families.patches import MOST_TOKENS, frame_faults, patch_faults, token_faults


@pytest.mark.parametrize(
    ("asked", "faults"),
    [
        ((2, 32), []),
        ((2, 32, 8), []),
        ((5, 12), ["patch 5 does not divide the input size 12; divisors: [1, 2, 3, 4, 6, 12]"]),
        ((4, 8, 6), ["patch 4 does not divide the input width 6; divisors: [1, 2, 3, 6]"]),
        (
            (4, 6, 9),
            [
                "patch 4 does not divide the input size 6; divisors: [1, 2, 3, 6]",
                "patch 4 does not divide the input width 9; divisors: [1, 3, 9]",
            ],
        ),
        ((16, 8), ["patch 16 does not divide the input size 8; divisors: [1, 2, 4, 8]"]),
        ((1, 512), []),  # 2^18 tokens, as many as are held
        (
            (1, 512, 513),
            ["patch 1 of input size 512x513 makes 262656 tokens, more than 262144; choose a larger "
             "patch"],
        ),
    ],
)  # fmt: skip
def test_patches_of_an_image(asked, faults):
    assert patch_faults(*asked) == faults


def test_patches_of_frames_and_tokens_of_both():
    assert frame_faults(16, 4) == []
    assert frame_faults(6, 4) == ["patch_t 4 does not divide the 6 frames; divisors: [1, 2, 3, 6]"]
    assert token_faults("a clip", MOST_TOKENS) == []
    (fault,) = token_faults("a clip", MOST_TOKENS + 1)
    assert fault.startswith("a clip makes 262145 tokens, more than 262144")
