"""Do a U-Net's parts come in the order of a pass, each with the channels that reach it?"""

from scaling.study.costs.layers import Convolution
from scaling.study.families.unet_parts import (
    Attended,
    Block,
    Resampled,
    parts,
    resampling,
    residual_layers,
)


def test_the_parts_of_two_levels_by_hand():
    """4 channels at 8 pixels a side, 6 at 4; one block a level, attention at 4."""
    assert [*parts((4, 6), (8, 4), 1, (4,))] == [
        Block(4, 4, 8),  # kept: 4 of the first convolution, 4
        Resampled(4, 8, "down"),  # kept: 4
        Block(4, 6, 4),
        Attended(6, 4),  # kept: 6
        Block(6, 6, 4),
        Attended(6, 4),
        Block(6, 6, 4),
        Block(6 + 6, 6, 4),
        Attended(6, 4),
        Block(6 + 4, 6, 4),
        Attended(6, 4),
        Resampled(6, 4, "up"),
        Block(6 + 4, 4, 8),
        Block(4 + 4, 4, 8),
    ]


def test_the_lowest_level_attends_though_no_side_is_named():
    attended = [part for part in parts((4, 4), (8, 4), 2, ()) if isinstance(part, Attended)]
    assert attended == [Attended(4, 4)]


def test_sides_are_halved_to_a_quarter_of_the_places_and_doubled_before_they_are_read():
    down, up = resampling(Resampled(3, 8, "down")), resampling(Resampled(3, 8, "up"))
    # 9 x 3 x 3 products a place of the output
    assert (down.macs, up.macs) == (81 * 16, 81 * 256)
    assert (down.input_positions, up.input_positions) == (64, 256)


def test_a_residual_block_has_a_shortcut_where_channels_change_and_two_vectors_to_modulate():
    def macs(**of):
        fields = {"groups": 1, "time_width": 10, "scale_and_shift": False} | of
        return {
            inputs: sum(
                layer.macs for layer in residual_layers(Block(inputs, 4, 2), **fields).layers
            )
            for inputs in (3, 4)
        }

    # at 4 places: convolutions of 9 x 3 x 4 (or 9 x 4 x 4) and 9 x 4 x 4, the time's 10 x 4, and
    # of 3 channels a shortcut of 3 x 4
    assert macs() == {3: 4 * (108 + 144 + 12) + 40, 4: 4 * (144 + 144) + 40}
    assert macs(scale_and_shift=True)[4] == macs()[4] + 40
    halved = residual_layers(Block(4, 4, 2, "down"), 1, 10, True).layers
    assert [layer.macs for layer in halved if isinstance(layer, Convolution)] == [144, 144]
