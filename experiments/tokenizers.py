"""Do small DiTs rank tokenizers as large ones do?

A tokenizer is chosen once for a whole ladder of models, by what a small model or its rFID says of
it. Here DiTs of three sizes, the largest eight times as dear as the smallest, are trained behind
five tokenizers of scikit-learn's digits: pixels, three autoencoders that halve the image (2, 4 and
8 channels) and one that quarters it (16 channels), all shipped with the suite
(scaling/data/latents/shipped). Their stores are made from the digits when they are first read.

    python -m scaling.sweep tokenizers    45 trainings, 11 minutes on 2 cores

How the rungs are made fair: at each rung the DiTs cost the same Gflops within 8 %. Where the image
is halved a patch is one latent pixel, of pixels it is 2 x 2, so that all see 16 tokens; where it is
quartered there are 4 tokens, and the DiT is wider. Batch, steps, data order, EMA and protocol are
equal, and every FID is against the real training images, not against what the decoder makes of
them. The learning rate is that of the rung, tuned on pixels (`digits_lr`): shared, not tuned for
each tokenizer, which favours pixels if anything.

Declared before the run: FID falls with Gflops behind every tokenizer. rFID falls with channels, but
FID does not follow it: of the autoencoders that halve the image, 2 or 4 channels have the best FID
at the smallest DiT and 4 or 8 at the largest. So small and large DiTs rank the tokenizers alike
where they differ much (Spearman's rho above 0.7), and disagree on a pair of neighbours.

Found (three seeds, records in results/reference/tokenizers): all three sizes rank the five alike
(Spearman's rho 1.00; 8 pairs of 10 are told apart by the smallest and the largest, in the same
order). No neighbours change places, as had been expected: the best autoencoder that halves the
image has 2 channels at every size, and more channels are worse the more there are. Among the
autoencoders the order is that of rFID reversed (0.82, 0.61, 0.29 and 0.11 from the best FID to the
worst), so rFID alone would have chosen the worst of all; pixels lie between. FID falls with Gflops
behind every tokenizer (9 of 10 single steps up hold, the last is not resolved), and the gap
narrows: 8 channels have 2.2 times the FID of 2 at the smallest DiT and 1.7 times at the largest.
That these DiTs are small (at most 1 MMACs) and their rates tuned on pixels limits what this says of
others.
"""

from experiments.digits import BASE, SIZES, TUNED_LR
from scaling.study import Study, grid
from scaling.study.settings import with_settings

RUNGS = SIZES[:3]  # widths 16, 32 and 48
HALVED = ("digits-f2c2", "digits-f2c4", "digits-f2c8")
QUARTERED = "digits-f4c16"
# width at 16 tokens -> that at 4 tokens of the same Gflops
WIDER = {16: 32, 32: 60, 48: 92}

COMMON = {
    "train.steps": 1000,
    "train.checkpoint_every": 500,
    "train.heldout_every": 500,
    "evaluate.checkpoints": 1,
    "evaluate.protocol.sampler": "ddim",
    "evaluate.protocol.sampling_steps": 25,
    "evaluate.protocol.references": ("train-images",),
}


def latents(tokenizer: str) -> dict:
    """The settings of a trial on latents of the digits."""
    factor, channels = (int(number) for number in tokenizer.removeprefix("digits-f").split("c"))
    return {
        "data.source": "latents",
        "data.name": "digits",
        "data.size": 8,
        "data.vae": tokenizer,
        "model.input_size": 8 // factor,
        "model.channels": channels,
        "model.patch": 1,
        "evaluate.protocol.decoder": tokenizer,
        "evaluate.protocol.features": "digits-cnn",
    }


PIXELS = grid(with_settings(BASE, COMMON), {"size": RUNGS, "model.patch": (2,)})
RATED = [with_settings(trial, {"train.lr": TUNED_LR[trial.model.width]}) for trial in PIXELS]

STUDY = Study(
    name="tokenizers",
    question="Do small DiTs rank tokenizers as large ones do?",
    expectation="FID falls with Gflops behind every tokenizer; small and large DiTs rank the "
    "tokenizers alike where they differ much (Spearman's rho above 0.7) and disagree on a pair of "
    "neighbours; FID does not follow rFID.",
    trials=(
        *RATED,
        *(with_settings(trial, latents(name)) for name in HALVED for trial in RATED),
        *(
            with_settings(
                trial,
                {**latents(QUARTERED), "model.width": WIDER[trial.model.width], "model.heads": 2},
            )
            for trial in RATED
        ),
    ),
    seeds=3,
    nuisance={
        "train.lr": "by rung, tuned on pixels (digits_lr), the same for every tokenizer",
        "ema": "power-function average, 5 % of training long at every step, the same for all",
        "Gflops": "within 8 % at a rung; 16 tokens, or 4 and a wider DiT at a quarter",
        "batch, steps, data order": "equal for all",
        "guidance": "none",
    },
)
