"""Where do digits-mixer's weights come from? This script trains them, as digits-cnn's are.

It takes a minute on one core.

    python -m scaling.evaluation.features.train_digits_mixer [OUT.safetensors]
"""

import sys
from pathlib import Path

import torch
from safetensors.torch import save_file

from scaling.evaluation.features.digits_mixer import DigitsMixer, DigitsMixerExtractor
from scaling.evaluation.features.train_digits_cnn import accuracy, train

if __name__ == "__main__":
    torch.set_num_threads(1)
    out = Path(sys.argv[1]) if len(sys.argv) > 1 else DigitsMixerExtractor.WEIGHTS
    net = train(DigitsMixer)
    save_file(net.state_dict(), out)
    print(f"{out}: {accuracy(net):.2%} of the held-out images")
