"""Does ``scaling sample --count`` draw on Ray workers what one process draws?"""

import numpy as np
import pytest

from scaling.evaluation.sampling import samples
from scaling.evaluation.sampling.generate import generate
from scaling.evaluation.sampling.load import load_checkpoint
from scaling.launch import sampling
from scaling.launch.trials.trial import train
from scaling.records import Run
from scaling.study import Protocol


@pytest.mark.ray
@pytest.mark.xdist_group("ray")
def test_images_over_workers_are_those_of_one_process(tmp_path, tiny, ray_address, shared_cluster):
    train([tiny], Run(tmp_path / "run"), lambda progress: None)
    count = samples.PART + 50
    said = sampling.run(
        tmp_path / "run", out=tmp_path / "out.npy", count=count, steps=3, address=ray_address
    )
    first, weights = said.splitlines()
    assert first == f"{count} samples of DiT-d1w16/4, ddpm3, cfg 1.0: {tmp_path / 'out.npy'}"
    assert weights.startswith("weights: ema-power-0.05 of ") and "step-00000012" in weights
    loaded = load_checkpoint(tmp_path / "run")
    whole, _, _ = generate(
        loaded.model, loaded.spec, loaded.diffusion, Protocol(samples=count, sampling_steps=3)
    )
    found = np.load(tmp_path / "out.npy", mmap_mode="r")
    assert (
        found.dtype == np.uint8
        and np.abs(found.astype(int) - whole.permute(0, 2, 3, 1).numpy()).max() <= 1
    )
    assert not (tmp_path / "out.npy.partial").exists()
    with pytest.raises(
        ValueError, match=r"^--gpus 9 asks for more than any node of the cluster has"
    ):
        sampling.run(tmp_path / "run", out=tmp_path / "b", count=9, gpus=9, address=ray_address)
    assert not list(tmp_path.glob("b*"))  # nothing is claimed
