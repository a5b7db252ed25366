"""Which colours tell curves and rungs apart? Those of seaborn, as values.

Loading seaborn itself takes pandas and scipy.stats along, longer than the colours of a page are
worth; ``tests/analysis/figures/drawing/test_palettes.py`` holds these to it.
"""

from matplotlib.colors import ListedColormap, to_rgb

# seaborn.color_palette("colorblind"): told apart by colour-blind readers too
COLORBLIND = (
    "#0173b2",
    "#de8f05",
    "#029e73",
    "#d55e00",
    "#cc78bc",
    "#ca9161",
    "#fbafe4",
    "#949494",
    "#ece133",
    "#56b4e9",
)
# seaborn.color_palette("flare", as_cmap=True): from light to dark, 256 colours of six digits
_FLARE = (
    "edb081edaf80edae7fedad7fedac7eedab7eecaa7deca97ceca87ceca77beca67beca57aeca479eca379eca278"
    "eca178eca077ec9f76eb9e76eb9d75eb9c75eb9b74eb9a73eb9973eb9972eb9872eb9771ea9671ea9570ea946f"
    "ea936fea926eea916eea906dea8f6cea8e6ce98d6be98c6be98b6ae98a6ae98969e98868e98768e98667e88567"
    "e88466e88366e88265e88165e88064e87f64e77e63e77d63e77c63e77b62e77a62e67961e67861e67760e67660"
    "e67560e5745fe5735fe5725fe5715ee5705ee46f5ee46e5ee46d5de46c5de36b5de36a5de3695de3685ce2675c"
    "e2665ce2655ce1645ce1635ce1625ce0615ce0605ce05f5cdf5f5cdf5e5cde5d5cde5c5cde5b5cdd5a5cdd595c"
    "dc585cdc575cdb565ddb565dda555dda545dd9535dd9525ed8525ed7515ed7505ed64f5fd64f5fd54e5fd44d60"
    "d44c60d34c60d24b60d24a61d14a61d04962d04962cf4862ce4763cd4763cc4663cc4664cb4564ca4564c94465"
    "c84465c84365c74366c64366c54266c44267c34167c24167c14168c14068c04068bf4069be3f69bd3f69bc3f69"
    "bb3f6aba3e6ab93e6ab83e6bb73d6bb63d6bb53d6bb43d6bb33c6cb23c6cb13c6cb13c6cb03b6daf3b6dae3b6d"
    "ad3b6dac3a6dab3a6daa3a6ea93a6ea8396ea7396ea6396ea5396ea4386fa3386fa2386fa1386fa1376fa0376f"
    "9f376f9e37709d36709c36709b36709a3670993570983570973570963570953470943470943471933471923371"
    "9133719033718f33718e32718d32718c32718b32718a3171893171883171873171873171863071853071843071"
    "833070822f70812f70802f707f2f707e2f707d2e707c2e707b2e707a2e70792e6f782e6f772d6f762d6f752d6f"
    "752d6f742d6e732c6e722c6e712c6e702c6e6f2c6d6e2c6d6d2b6d6c2b6d6b2b6c6a2b6c692b6c682a6c672a6b"
    "662a6b652a6b642a6a642a6a63296a62296a6129696029695f29695e28685d28685c28685b28675a2767592767"
    "5827665827665727665626665526655426655326655225645125645025644f24634f24634e24634d24634c2362"
    "4b2362"
)
FLARE = ListedColormap([f"#{_FLARE[i : i + 6]}" for i in range(0, len(_FLARE), 6)], "flare")


def colorblind(count: int) -> list[tuple[float, float, float]]:
    """``count`` colours that are told apart; from the eleventh on they repeat."""
    return [to_rgb(COLORBLIND[i % len(COLORBLIND)]) for i in range(count)]


def flare(count: int) -> list[tuple[float, float, float]]:
    """``count`` colours from light to dark, at equal steps inside the ends."""
    return [FLARE((i + 1) / (count + 1))[:3] for i in range(count)]
