"""Are arrays read whole, and is a file that holds none, or others, named?"""

import numpy as np
import pytest

from scaling.records.arrays import read_arrays
from scaling.records.parsed import Damaged


def test_arrays_of_another_shape_are_damaged(tmp_path):
    path = tmp_path / "a.npz"
    assert read_arrays(path, images=4, labels=1) is None
    np.savez(path, images=np.zeros((2, 1, 8, 8), "uint8"), labels=np.zeros(3, int))
    with pytest.raises(Damaged, match=r"a\.npz holds arrays of other shapes"):
        read_arrays(path, images=4, labels=1)
    path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(Damaged, match=r"a\.npz is no whole \.npz file"):
        read_arrays(path, images=4, labels=1)
