"""In which precision does a network compute? fp32, fp32 with TF32 products, or bf16 autocast.

Weights stay in fp32 in all three.
"""

import contextlib

import torch


@contextlib.contextmanager
def matmul_precision(name: str):
    """Compute products of fp32 matrices in TF32 if ``name`` is "tf32", forward and backward.

    The previous setting is restored at the end.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def autocast(name: str, device: torch.device | str):
    """A context for a forward pass only: bf16 autocast if ``name`` is "bf16"."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=name == "bf16")


@contextlib.contextmanager
def computing(name: str, device: torch.device | str):
    """A context for forward passes in precision ``name``."""
    with matmul_precision(name), autocast(name, device):
        yield


def check_precision(name: str, device: str) -> None:
    """Refuse a precision that ``device``, ``"cpu"`` or ``"cuda"``, cannot compute in.

    ValueError in one line.
    """
    if device == "cuda":
        major, minor = torch.cuda.get_device_capability()
        if name in ("bf16", "tf32") and major < 8:
            raise ValueError(
                f"{name} needs a GPU of compute capability 8.0, {torch.cuda.get_device_name()} has "
                f"{major}.{minor}; set train.precision=fp32"
            )
    elif name == "tf32":
        raise ValueError(
            "tf32 is a mode of NVIDIA GPUs and this training runs on a CPU; set "
            "train.precision=fp32, or reserve a GPU with --gpus-per-trial 1"
        )
    elif name == "bf16" and not _computes_bf16():
        raise ValueError("this CPU cannot compute in bf16; set train.precision=fp32")


def _computes_bf16() -> bool:
    """Whether a product under autocast, and its gradient, work in bf16 on this CPU."""
    a = torch.ones(8, 8, requires_grad=True)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            product = torch.nn.functional.linear(a, a)
        product.float().sum().backward()
    except RuntimeError:
        return False
    return product.dtype == torch.bfloat16
