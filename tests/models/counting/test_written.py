"""Is what was written into a buffer through its views known where the buffer is read, and there
alone?
"""

import pytest

from scaling.models.counting.written import written
from tests.models.counting.test_axes import traced
from tests.models.counting.test_contractions import macs

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.trace:FutureWarning")


def test_a_write_through_a_view_is_found_with_the_axes_it_lies_along():
    def call(a):
        buffer = a.new_empty(5, 2, 3)
        buffer[1].t().copy_(a.exp())
        return buffer.sum(2)

    total = traced(call, (3, 2))
    buffer = next(total.node().inputs())
    ((source, axes),) = written(buffer, frozenset({2}), total.node())
    assert (source.node().kind(), axes) == ("aten::copy_", {0})
    assert not [*written(buffer, frozenset({0}), total.node())]


def test_what_is_written_after_a_buffer_was_summed_or_read_is_not_in_the_sum():
    def after(a, b):
        buffer = a.new_zeros(2, 3, 4)
        copied = buffer * 2
        total = buffer.sum(1)
        buffer[:] = a[:, :, None] * b
        return total + copied.sum(1)

    assert macs(after, (2, 3), (3, 4)) == 0


def test_what_is_written_along_other_axes_than_those_summed_counts_zero():
    def scaled(a, b):
        buffer = a.new_empty(2, 3, 4)
        buffer[:] = a[:, :, None] * b
        return buffer.sum(0)

    assert macs(scaled, (2, 3), (3, 4)) == 0
