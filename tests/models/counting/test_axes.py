"""Along which axes do the numbers of a traced operation lie that only moves or widens them?"""

import pytest
import torch
from torch import nn

from scaling.models.counting.axes import alike, moved, varies

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.trace:FutureWarning")


def traced(call, *shapes):
    """The output's value in the trace of ``call``."""

    class Called(nn.Module):
        def forward(self, *tensors):
            return call(*tensors)

    inputs = tuple(torch.zeros(shape) for shape in shapes)
    trace = torch.jit.trace(Called(), inputs, check_trace=False)
    torch._C._jit_pass_inline(trace.graph)
    return next(trace.graph.outputs())


@pytest.mark.parametrize(
    ("call", "axes"),
    [
        (lambda a: a.neg(), [{0}, {1}]),
        (lambda a: a.transpose(0, 1), [{1}, {0}]),
        (lambda a: a.t(), [{1}, {0}]),
        (lambda a: a.unsqueeze(1), [{0}, set(), {1}]),
        (lambda a: a.reshape(6), [{0, 1}]),
        (lambda a: a.reshape(2, 3, 1), [{0}, {1}, set()]),
        (lambda a: a.expand(5, 2, 3), [set(), {0}, {1}]),
        (lambda a: a.select(0, 1), [{1}]),
    ],
)
def test_of_each_axis_it_is_known_which_of_the_input_it_was(call, axes):
    ((source, found),) = moved(traced(call, (2, 3)))
    assert [set(each) for each in found] == axes
    assert source.node().kind() == "prim::Param"


def test_parts_put_together_come_from_each_and_computed_numbers_from_none():
    assert len(moved(traced(lambda a, b: torch.cat([a, b]), (2, 3), (2, 3)))) == 2
    assert moved(traced(lambda a: a.exp(), (2, 3))) == []


def test_a_widened_axis_does_not_vary():
    wide = traced(lambda a: a[:, None].expand(2, 4, 3), (2, 3))
    assert varies(wide, 3) == [True, False, True]
    assert varies(wide, 4) == [False, True, False, True]
    assert varies(traced(lambda a: a.exp(), (2, 1)), 2) == [True, False]


@pytest.mark.parametrize(
    ("call", "same"),
    [
        (lambda a: a * a, True),
        (lambda a: a * a.detach(), True),
        (lambda a: a.exp() * a.exp(), True),
        (lambda a: (a + 1) * (a + 1), True),
        (lambda a: (a + 1) * (a + 2), False),
        (lambda a: a * a.exp(), False),
        (lambda a: a[0] * a[1], False),
    ],
)
def test_two_factors_are_one_value_where_they_are_computed_alike(call, same):
    one, other = list(traced(call, (2, 3)).node().inputs())
    assert alike(one, other) == same
