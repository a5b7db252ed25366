"""Which features suit which data, where a study names none?"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaling.study.specs.protocol import Protocol
    from scaling.study.specs.training import EvaluationSpec

DIGITS, CLOTHES, PHOTOGRAPHS = "digits-cnn", "fashion-cnn", "inception"
# source -> features of its own; noise has some too, so that a trial run downloads nothing
OWN_FEATURES = {
    "digits": DIGITS,
    "mnist": DIGITS,
    "moving-digits": DIGITS,
    "fashion-mnist": CLOTHES,
    "synthetic": DIGITS,
    "synthetic-pixels": DIGITS,
}


def usual_features(source: str) -> str:
    """The extractor for data of ``source``: its own, or Inception as in the papers."""
    return OWN_FEATURES.get(source, PHOTOGRAPHS)


def named_features(protocol: "Protocol") -> bool:
    """Whether the features were asked for by name, and do not follow the data."""
    return "features" in protocol.model_fields_set


def following_data(evaluation: "EvaluationSpec", source: str) -> "EvaluationSpec":
    """``evaluation`` with the usual features of ``source``, unless its protocol names some.

    They stay unnamed, so they follow again when the trial is given other data.
    """
    protocol = evaluation.protocol
    usual = usual_features(source)
    if named_features(protocol) or protocol.features == usual:
        return evaluation
    fields = dict(protocol) | {"features": usual}
    followed = type(protocol).model_construct(protocol.model_fields_set, **fields)
    return evaluation.model_copy(update={"protocol": followed})
