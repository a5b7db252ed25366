"""Which operations count as zero? Norms, elementwise work, lookups and what only moves numbers.

Sums, means and norms have a handle: they may add up a matrix product that is written out.
"""

import torch

# Counted as zero, in addition to the shape and copy operations that fvcore itself ignores.
ZERO = (
    "aten::layer_norm",
    "aten::group_norm",
    "aten::batch_norm",
    "aten::instance_norm",
    "aten::rms_norm",
    "aten::add",
    "aten::add_",
    "aten::sub",
    "aten::rsub",
    "aten::mul",
    "aten::mul_",
    "aten::div",
    "aten::div_",
    "aten::neg",
    "aten::pow",
    "aten::sqrt",
    "aten::rsqrt",
    "aten::exp",
    "aten::sin",
    "aten::cos",
    "aten::addcmul",
    "aten::lerp",
    "aten::gelu",
    "aten::silu",
    "aten::silu_",
    "aten::sigmoid",
    "aten::tanh",
    "aten::softmax",
    "aten::embedding",
    "aten::repeat",
    "aten::repeat_interleave",
    "aten::clone",
    "aten::upsample_nearest2d",
    "aten::upsample_bilinear2d",
    "aten::max_pool2d",
    "aten::upsample_bicubic2d",
    "aten::upsample_linear1d",
    "aten::upsample_trilinear3d",
    "aten::_upsample_bilinear2d_aa",
    "aten::_upsample_bicubic2d_aa",
    "aten::pad",
    "aten::constant_pad_nd",
    "aten::pixel_shuffle",
    "aten::pixel_unshuffle",
    "aten::roll",
    "aten::flip",
    "aten::log_softmax",
    "aten::hardswish",
    "aten::hardsigmoid",
    "aten::glu",
    "aten::unfold",
    "aten::im2col",
    "aten::col2im",
    "aten::unsafe_chunk",
    "aten::one_hot",
    "aten::sort",
    "aten::topk",
    "aten::numel",
    "aten::zero_",
    "aten::fill_",
    "aten::uniform_",
    "aten::normal_",
    "aten::bernoulli_",
    "aten::broadcast_tensors",
    "aten::cumprod",
    "aten::logcumsumexp",
    "aten::_weight_norm",
    "aten::fft_fftshift",
    "aten::fft_ifftshift",
    "aten::index_copy",
    "aten::index_copy_",
    "aten::slice_scatter",
    "aten::select_scatter",
    "aten::diagonal_scatter",
    # what torch 2.9 does not declare, as later ones do
    "aten::all",
    "aten::amax",
    "aten::amin",
    "aten::aminmax",
    "aten::any",
    "aten::argmax",
    "aten::argmin",
    "aten::celu_",
    "aten::count_nonzero",
    "aten::elu_",
    "aten::hardsigmoid_",
    "aten::hardtanh_",
    "aten::ldexp",
    "aten::leaky_relu",
    "aten::leaky_relu_",
    "aten::logsumexp",
    "aten::prod",
    "aten::selu_",
    "aten::std",
    "aten::std_mean",
    "aten::var",
    "aten::var_mean",
)


def multiplies_nothing(operation: str) -> bool:
    """Whether ``operation`` is in ZERO, or torch itself declares it elementwise, a reduction or a
    view.
    """
    if operation in ZERO:
        return True
    packet = getattr(torch.ops.aten, operation.removeprefix("aten::"), None)
    if packet is None:
        return False
    forms = [getattr(packet, name) for name in packet.overloads()]
    return any(_is_cheap(form) for form in forms if not _writes_into_given(form))


def _writes_into_given(form: torch._ops.OpOverload) -> bool:
    return any(argument.is_out for argument in form._schema.arguments)


def _is_cheap(form: torch._ops.OpOverload) -> bool:
    # by name: torch 2.9 has no tag for reductions, and ZERO lists them
    if {"pointwise", "reduction"} & {tag.name for tag in form.tags}:
        return True
    aliases = [result.alias_info for result in form._schema.returns]
    return any(alias is not None and not alias.is_write for alias in aliases)  # it is a view
