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


@pytest.mark.parametrize(
    ("content", "why"), [(b"", "it is empty"), (b"words", "it begins otherwise")]
)
def test_what_is_no_archive_is_not_told_as_a_pickle_to_trust(content, why, tmp_path):
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(Damaged, match=rf"a\.npz is no whole \.npz file \({why}\); take it away"):
        read_arrays(tmp_path / "a.npz", images=4)
