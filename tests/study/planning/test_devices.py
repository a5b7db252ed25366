"""Which peak does a device have, and what share of it does a training use?"""

import pytest

from scaling.study.planning.devices import mfu, peak_flops


@pytest.mark.parametrize(
    "device, tflops",
    [
        ("NVIDIA A100-SXM4-80GB", 156.0),
        ("NVIDIA A100X", None),  # another device, though its name begins like one that is known
        ("NVIDIA GeForce RTX 4090", 82.6),
        ("NVIDIA GeForce RTX 4090 D", None),
        ("NVIDIA H200", 494.7),
        ("cpu", None),
    ],
)
def test_the_longest_name_that_fits_decides(device, tflops):
    assert peak_flops(device, "tf32") == (None if tflops is None else tflops * 1e12)


def test_utilisation_is_of_all_devices_together():
    one = mfu(10, 78e11, "NVIDIA A100-SXM4-80GB", "tf32")
    assert one == pytest.approx(0.5)
    assert mfu(10, 78e11, "NVIDIA A100-SXM4-80GB", "tf32", devices=4) == pytest.approx(one / 4)
