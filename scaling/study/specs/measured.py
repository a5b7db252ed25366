"""Which metrics and which features may a protocol name?"""

from typing import Literal

Metric = Literal[
    "fid",
    "kid",
    "isc",
    "precision",
    "recall",
    "sfid",
    "cmmd",
    "fid_infinity",
    "fdr",
    "mind",
    "clip_fd",
]
METRIC_NAMES = {
    "fid": "FID",
    "kid": "KID",
    "isc": "IS",
    "precision": "precision",
    "recall": "recall",
    "sfid": "sFID",
    "cmmd": "CMMD",
    "fid_infinity": "FID∞",
    "fdr": "FDr",
    "mind": "MIND",
    "clip_fd": "clip FD",  # over the features of all frames of a clip, stacked
    "rfid": "rFID",  # measured along with FID, without being asked for
}
Dinov2Features = Literal[
    "dinov2-vit-s-14",
    "dinov2-vit-b-14",
    "dinov2-vit-l-14",
    "dinov2-vit-g-14",
]
ClipFeatures = Literal[
    "clip-rn50",
    "clip-rn101",
    "clip-rn50x4",
    "clip-rn50x16",
    "clip-rn50x64",
    "clip-vit-b-32",
    "clip-vit-b-16",
    "clip-vit-l-14",
    "clip-vit-l-14-336px",
]
# "inception" is torch-fidelity's inception-v3-compat. Apart from those of digits and fashion and
# efficientnet-lite0, the other names are torch-fidelity's own.
Features = Literal[
    "digits-cnn",
    "digits-mixer",
    "fashion-cnn",
    "fashion-mixer",
    "inception",
    "efficientnet-lite0",
    "vgg16",
    Dinov2Features,
    ClipFeatures,
]
