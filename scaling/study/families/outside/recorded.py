"""What is known of a network whose code is not loaded? Only what its records say."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from scaling.study.costs.layers import Layer
from scaling.study.network import Network


class Facts(BaseModel):
    """What a plan records of a network, because otherwise only the network's code knows it."""

    model_config = ConfigDict(frozen=True)

    name: str
    rung: str
    series: str | None
    params: int = Field(ge=0, lt=2**63)
    forward_macs: int = Field(ge=0, lt=2**63)


class Recorded(Network):
    """A network of a family that a study's file defined, read from records.

    It has all fields of the original, and therefore its identity, plus the ``facts`` that the plan
    recorded. It cannot be built: records hold no code, and reading them never runs any.
    """

    model_config = ConfigDict(extra="allow")

    source: str
    facts: Facts | None = Field(None, exclude=True)  # a plan gives them, and keeps them itself

    @property
    def name(self) -> str:
        return self.facts.name if self.facts else self.family

    @property
    def rung(self) -> str:
        return self.facts.rung if self.facts else self.family

    @property
    def series(self) -> str | None:
        return self.facts.series if self.facts else None

    def layers(self) -> Sequence[Layer] | None:
        return None

    def counted(self) -> tuple[int, int]:
        if self.facts is None:
            self.build()
        return self.facts.params, self.facts.forward_macs

    def build(self):
        raise ValueError(
            f"the network {self.name!r} is of family {self.family!r}, whose code is not loaded "
            f"(source {self.source}): load the study's file that defines it first, unchanged since"
        )
