"""How often is a claim refuted or supported wrongly, and how often is a clear one decided?

    python -m tests.benchmarks.bench_claims [--studies 1000] [--seeds 3]

Simulated studies of 12 models, three seeds and five checkpoints (``tests.analysis.claims.luck``);
the three claims that the digits study is asked: Gflops, patch, training compute. Asked of each kind
of luck: where every claim is just true, one or more refuted in 5 % of studies or fewer, and each
supported in 5 % or fewer; the same support of a claim that one patch of three does not bear out (it
makes "patch" plainly false, so that refutations there are right). Last, where larger models at
patch 2 are worse by half a unit of log FID at equal training FLOPs: how often that is found. 1,000
studies know a share of 5 % to 0.7 % (standard error).

The other rows say why no variance is shared between models: of 12 models with three seeds each, and
their slopes and single steps, how often one is found to rise though none does, by the error of each
model's own seeds (what the claims do), by one variance of all, and by variances drawn towards each
other (Smyth, 2004). Asked: 5 % or less.
"""

import argparse
import functools
import tempfile
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from scipy import special, stats

from analysis.answers.verdicts import FAILS, HOLDS
from analysis.claims import CLAIMS, claims
from analysis.fits.linear import slope_weights
from analysis.frames import evaluations_frame, trials_frame
from tests.analysis.claims import luck
from tests.analysis.synthetic_study import digits_like, write_study
from tests.benchmarks.timing import table

NAMES = ("gflops", "patch", "training")
ASKED = [claim for claim in CLAIMS if claim.name in NAMES]
TRUTHS = {  # name -> log FIDs, and what is counted of the verdicts
    "every claim just true": (luck.flat, lambda said: (FAILS in said.values(), HOLDS)),
    "patch 2 bears none out": (luck.but_one_patch, lambda said: (FAILS in said.values(), HOLDS)),
    "patch 2 refutes training": (
        luck.larger_learn_slower,
        lambda said: (said["training"] == FAILS, HOLDS),
    ),
}
SHAPES = ("normal", "heavy tails", "some runs go wrong", "shared by a seed")


@functools.cache
def frames(seeds: int):
    with tempfile.TemporaryDirectory() as folder:
        study = write_study(Path(folder), digits_like(seeds=seeds))
        return trials_frame(study), evaluations_frame(study)


def one(seeds: int, truth: str, spread: str, shape: str, seed: int) -> tuple[bool, ...]:
    """Refuted (any of three), then of each claim whether it is supported."""
    drawn = luck.records(*frames(seeds), TRUTHS[truth][0], spread, shape, seed)
    said = {verdict.claim.name: verdict.verdict for verdict in claims(drawn, ASKED)}
    refuted, supported = TRUTHS[truth][1](said)
    return refuted, *(said[name] == supported for name in NAMES)


def own(variances: np.ndarray, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Each model's own variance (n, models), and its degrees of freedom."""
    return variances, np.full(variances.shape, seeds - 1.0)


def one_for_all(variances: np.ndarray, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    n, models = variances.shape
    pooled = np.repeat(variances.mean(1, keepdims=True), models, 1)
    return pooled, np.full((n, models), np.inf)  # of all models together: see ``rises``


def drawn_together(variances: np.ndarray, seeds: int) -> tuple[np.ndarray, np.ndarray]:
    """Smyth's moderated variances, their prior from the scatter of log variances."""
    d = seeds - 1.0
    log = np.log(variances) - special.digamma(d / 2) + np.log(d / 2)
    beyond = log.var(1, ddof=1) - special.polygamma(1, d / 2)
    grid = np.geomspace(0.05, 1e4, 4000)
    prior = np.where(
        beyond > 0,
        grid[np.abs(special.polygamma(1, grid[:, None] / 2) - beyond).argmin(0)],
        1e4,
    )[:, None]
    centre = np.exp(log.mean(1, keepdims=True) + special.digamma(prior / 2) - np.log(prior / 2))
    both = (prior * centre + d * variances) / (prior + d)
    return both, np.broadcast_to(prior + d, variances.shape)


RULES = {
    "of each model's own seeds": own,
    "one variance of all": one_for_all,
    "drawn towards each other": drawn_together,
}


def rises(rule: str, spread: str, seeds: int, studies: int) -> float:
    """The share of studies in which a slope or step of four sizes and three patches is found to
    rise, at 5 % over all twelve, where none does.
    """
    rng, sizes, patches = np.random.default_rng(1), 4, 3
    weights = []
    for patch in range(patches):
        at = np.zeros((sizes, patches))
        at[:, patch] = slope_weights(np.array([0.0, 1.2, 2.0, 3.0]))
        weights.append(at.ravel())
        for step in range(sizes - 1):
            at = np.zeros((sizes, patches))
            at[step : step + 2, patch] = -1, 1
            weights.append(at.ravel())
    w = np.array(weights)
    sd = np.array([luck.SPREADS[spread](rng, sizes * patches) for _ in range(studies)])
    y = sd[..., None] * rng.standard_normal((studies, sizes * patches, seeds))
    variance, dof = RULES[rule](y.var(2, ddof=1), seeds)
    shares = w**2 * variance[:, None] / seeds
    total = shares.sum(2)
    free = total**2 / np.maximum((shares**2 / dof[:, None]).sum(2), 1e-300)
    free = np.minimum(free, sizes * patches * (seeds - 1))
    p = 2 * stats.t.sf((y.mean(2) @ w.T) / np.sqrt(total), free)
    return float((len(w) * p.min(1) < 0.05).mean())


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--studies", type=int, default=1000, help="simulated studies a row")
    parser.add_argument("--seeds", type=int, default=3, help="of each model")
    options = parser.parse_args(arguments)
    rows = [("truth", "spread of seeds", "luck", "refuted %", *(f"{n} holds %" for n in NAMES))]
    kinds = [(spread, "normal") for spread in luck.SPREADS]
    kinds += [("by model", shape) for shape in SHAPES[1:]]
    with get_context("spawn").Pool(2) as pool:
        for truth in TRUTHS:
            for spread, shape in kinds:
                ask = functools.partial(one, options.seeds, truth, spread, shape)
                found = pool.map(ask, range(options.studies), chunksize=50)
                shares = 100 * np.mean(found, axis=0)
                rows.append((truth, spread, shape, *(f"{share:.1f}" for share in shares)))
                print(".", end="", flush=True)
    print(f"\n{table(rows)}")
    print("asked: refuted 5 % or less of the first truth, held 5 % or less of the first two\n")
    rows = [("error", *(f"{spread}, refuted %" for spread in luck.SPREADS))]
    rows += [
        (
            rule,
            *(
                f"{100 * rises(rule, spread, options.seeds, 4 * options.studies):.1f}"
                for spread in luck.SPREADS
            ),
        )
        for rule in RULES
    ]
    print(table(rows))


if __name__ == "__main__":
    main()
