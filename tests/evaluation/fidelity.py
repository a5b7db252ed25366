"""How does torch-fidelity read images, and figures a test?"""

import torch
from torch.utils.data import Dataset


class Uint8Images(Dataset):
    """Images (N, C, H, W) as torch-fidelity reads them."""

    def __init__(self, images: torch.Tensor):
        self.images = images

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, i: int) -> torch.Tensor:
        return self.images[i]


def by_metric(rows: list[dict]) -> dict[str, dict]:
    return {row["metric"]: row for row in rows}
