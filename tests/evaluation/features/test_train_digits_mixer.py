"""Do the shipped weights of digits-mixer know digits?"""

from scaling.evaluation.features.digits_mixer import DigitsMixerExtractor
from scaling.evaluation.features.train_digits_cnn import accuracy


def test_the_shipped_weights_classify_heldout_digits():
    net = DigitsMixerExtractor(DigitsMixerExtractor.NAME, ["logits"]).net.eval()
    assert accuracy(net) >= 0.96
