"""What does a spec of the small latent store say?"""

from scaling.data import DataSpec


def spec(folder, **fields) -> DataSpec:
    return DataSpec(
        **{
            "source": "latents",
            "name": "toy",
            "size": 32,
            "vae": "synthetic",
            "path": str(folder),
            **fields,
        }
    )
