"""In which precision does a network compute? fp32, fp32 with TF32 products, or bf16 autocast;
weights stay fp32.
"""

import contextlib

import torch


@contextlib.contextmanager
def matmul_precision(name: str):
    """Products of fp32 matrices by TF32 or not, forward and backward; what was set before comes
    back.
    """
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("high" if name == "tf32" else "highest")
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def autocast(name: str, device: torch.device | str):
    """Around a forward pass alone: bf16 where ``name`` says so."""
    return torch.autocast(torch.device(device).type, torch.bfloat16, enabled=name == "bf16")


@contextlib.contextmanager
def computing(name: str, device: torch.device | str):
    """Forward passes in precision ``name``."""
    with matmul_precision(name), autocast(name, device):
        yield


def check_precision(name: str, device: str) -> None:
    """Refuse a precision that ``device``, ``"cpu"`` or ``"cuda"``, cannot compute in. ValueError,
    one line.
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
            "train.precision=fp32, "
            "or reserve a GPU with --gpus-per-trial 1"
        )
    elif name == "bf16" and not _computes_bf16():
        raise ValueError("this CPU cannot compute in bf16; set train.precision=fp32")


def _computes_bf16() -> bool:
    """Whether a product under autocast, and its gradient, come out in bf16 on this CPU."""
    a = torch.ones(8, 8, requires_grad=True)
    try:
        with torch.autocast("cpu", torch.bfloat16):
            product = torch.nn.functional.linear(a, a)
        product.float().sum().backward()
    except RuntimeError:
        return False
    return product.dtype == torch.bfloat16
