"""How does a block of a DiT receive the timestep and the class? Section 3.2 of arXiv 2212.09748."""

from typing import Literal, NamedTuple

CONTEXT = 2  # conditioning tokens, in context or attended to: the timestep's and the label's


class Design(NamedTuple):
    """What a block does with the conditioning."""

    modulations: int  # vectors of width d that a block regresses from the conditioning
    final_modulations: int  # vectors that the last norm regresses
    gated: bool = False  # each branch has a gate, initialised to zero
    in_context: bool = False  # the conditioning is appended to the tokens
    attended: bool = False  # the tokens attend to the conditioning

    @property
    def adaptive(self) -> bool:
        """Whether the conditioning is one vector that modulates norms, not a sequence of tokens."""
        return self.modulations > 0


Conditioning = Literal["adaln-zero", "adaln", "cross-attention", "in-context"]
DESIGNS: dict[str, Design] = {
    "adaln-zero": Design(6, 2, gated=True),
    "adaln": Design(4, 2),
    "cross-attention": Design(0, 0, attended=True),
    "in-context": Design(0, 0, in_context=True),
}
