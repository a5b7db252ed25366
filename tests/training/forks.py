"""Where do tests start processes that train? In a server that imports once what a training needs,
and forks.

A fork is quick, and free of the threads of the tests' own process. One server serves all tests of a
worker, so what it imports is said here alone.
"""

import multiprocessing

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload(
    [
        *("scaling.launch.trials.trial", "torch._dynamo", "torch.optim"),
        *("scaling.models.networks.unet", "scaling.models.networks.mmdit"),  # of diffusers
    ]
)
