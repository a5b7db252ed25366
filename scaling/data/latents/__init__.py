"""Images as latents: the VAE, the store on disk, and how it is read."""
