"""What may a network of a Gaussian diffusion predict, and of what may its loss be the error?

x_t = a x_0 + s epsilon, with a^2 + s^2 = 1. Source of v = a epsilon - s x_0: arXiv 2202.00512.
"""

from collections.abc import Callable

from torch import Tensor

# A loss divides by no less than this, as a flow's: at one end a, at the other s goes to 0.
LEAST = 0.05

# prediction -> the noise that an output at x means: (out, x, a, s); neither a nor s is ever 0
NOISES: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "epsilon": lambda out, x, a, s: out,
    "v": lambda out, x, a, s: s * x + a * out,
    "x": lambda out, x, a, s: (x - a * out) / s,
}
# prediction -> what it is to tell, of image and noise: (x0, noise, a, s)
TARGETS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "epsilon": lambda x0, noise, a, s: noise,
    "v": lambda x0, noise, a, s: a * noise - s * x0,
    "x": lambda x0, noise, a, s: x0,
}
# (prediction, what the loss is of) -> the error of the latter over that of the former: (a, s)
FACTORS: dict[tuple[str, str], Callable[[Tensor, Tensor], Tensor]] = {
    ("epsilon", "epsilon"): lambda a, s: a.new_ones(a.shape),
    ("epsilon", "v"): lambda a, s: 1 / a.clamp(min=LEAST),
    ("epsilon", "x"): lambda a, s: s / a.clamp(min=LEAST),
    ("v", "v"): lambda a, s: a.new_ones(a.shape),
    ("v", "epsilon"): lambda a, s: a,
    ("v", "x"): lambda a, s: s,
    ("x", "x"): lambda a, s: a.new_ones(a.shape),
    ("x", "v"): lambda a, s: 1 / s.clamp(min=LEAST),
    ("x", "epsilon"): lambda a, s: a / s.clamp(min=LEAST),
}
