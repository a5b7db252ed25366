"""How many FLOPs per second can a device deliver at most? Published dense peaks.

Values are TFLOP/s without sparsity from NVIDIA's data sheets (H100, H200, A100, L40S, L4, A10) and
architecture whitepapers (Ada AD102, Ampere GA102). fp32 is measured outside the tensor cores; bf16
accumulates in fp32. A device that is not listed has no peak.
"""

from typing import NamedTuple

# Keyed by torch's name of the device; the longest entry that the name contains is used.
PEAK_TFLOPS: dict[str, dict[str, float]] = {
    "NVIDIA H100 PCIe": {"fp32": 51.2, "tf32": 378.0, "bf16": 756.0},
    "NVIDIA H100 80GB HBM3": {"fp32": 66.9, "tf32": 494.7, "bf16": 989.4},
    "NVIDIA H200": {"fp32": 66.9, "tf32": 494.7, "bf16": 989.4},
    "NVIDIA A100": {"fp32": 19.5, "tf32": 156.0, "bf16": 312.0},
    "NVIDIA L40S": {"fp32": 91.6, "tf32": 183.0, "bf16": 362.0},
    "NVIDIA L4": {"fp32": 30.3, "tf32": 60.0, "bf16": 121.0},
    "NVIDIA A10": {"fp32": 31.2, "tf32": 62.5, "bf16": 125.0},
    "NVIDIA GeForce RTX 4090": {"fp32": 82.6, "tf32": 82.6, "bf16": 165.2},
    "NVIDIA GeForce RTX 3090": {"fp32": 35.6, "tf32": 35.6, "bf16": 71.0},
}
# Other devices whose names begin like one of those above.
OTHERS = (
    "NVIDIA L40",
    "NVIDIA A100X",
    "NVIDIA A10G",
    "NVIDIA A10M",
    "NVIDIA GeForce RTX 4090 D",
    "NVIDIA GeForce RTX 4090 Laptop",
    "NVIDIA GeForce RTX 3090 Ti",
)


def peak_flops(device: str, precision: str) -> float | None:
    """Peak FLOPs per second of the device that torch calls ``device``; None if it is not known."""
    fits = [name for name in (*PEAK_TFLOPS, *OTHERS) if name in device]
    best = max(fits, key=len, default=None)
    return PEAK_TFLOPS[best][precision] * 1e12 if best in PEAK_TFLOPS else None


def mfu(
    images_per_s: float, flops_per_image: float, device: str, precision: str, devices: int = 1
) -> float | None:
    """The fraction of the devices' peak that training uses; None if the peak is not known.

    Activations that are recomputed in the backward pass do not count as useful work.
    """
    peak = peak_flops(device, precision)
    return None if peak is None else images_per_s * flops_per_image / (peak * devices)


class GpuType(NamedTuple):
    """A kind of GPU that a plan can be made for."""

    device: str  # torch's name of it, as in PEAK_TFLOPS
    memory_gb: float  # 1e9 bytes, NVIDIA's data sheets


GPU_TYPES: dict[str, GpuType] = {
    "h100": GpuType("NVIDIA H100 80GB HBM3", 80),
    "h100-pcie": GpuType("NVIDIA H100 PCIe", 80),
    "h200": GpuType("NVIDIA H200", 141),
    "a100": GpuType("NVIDIA A100", 80),
    "a100-40gb": GpuType("NVIDIA A100", 40),
    "l40s": GpuType("NVIDIA L40S", 48),
    "l4": GpuType("NVIDIA L4", 24),
    "a10": GpuType("NVIDIA A10", 24),
    "rtx4090": GpuType("NVIDIA GeForce RTX 4090", 24),
    "rtx3090": GpuType("NVIDIA GeForce RTX 3090", 24),
}
