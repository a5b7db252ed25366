"""Which networks beside DiT do the analysis tests train? One without series, one with its own."""

from typing import Literal

from scaling.study.costs.layers import Layer, Linear
from scaling.study.network import Network

GRID = {"input_size": 8, "channels": 1, "num_classes": 10}


class Mixer(Network):
    """A family of one curve; its ``heads`` mean something else than a DiT's."""

    family: Literal["tests-mixer"] = "tests-mixer"
    width: int
    heads: tuple[int, ...] = (1, 2)

    @property
    def rung(self) -> str:
        return f"w{self.width}"

    @property
    def name(self) -> str:
        return f"Mixer-{self.width}"

    def layers(self) -> list[Layer]:
        return [Linear(64, self.width), Linear(self.width, 64 * (1 + self.learn_sigma))]


class Convolutions(Mixer):
    """A family whose curves are kernels."""

    family: Literal["tests-convolutions"] = "tests-convolutions"
    TITLE = "ConvNet"
    kernel: int

    @property
    def series(self) -> str:
        return f"kernel {self.kernel}"

    @property
    def name(self) -> str:
        return f"Conv-{self.width}/{self.kernel}"

    def layers(self) -> list[Layer]:
        return [*super().layers(), Linear(self.width * self.kernel**2, self.width)]
