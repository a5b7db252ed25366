"""Does ``scaling count`` print what it counts, and refuse in one line what it cannot?"""

import json

import pytest

from scaling.models.counting.count_rows import counted
from scaling.models.counting.count_table import as_json, as_text, count_models

KEYS = [
    "model",
    "resolution",
    "conditioning",
    "params_m",
    "tokens",
    "forward_gmacs",
    "forward_gflops",
    "published_gmacs",
    "published_params_m",
]


def test_json_has_one_object_per_model_with_the_agreed_keys():
    row, custom = json.loads(count_models(["DiT-S/8", "DiT-S/16"], json=True))
    assert list(row) == list(custom) == KEYS
    assert row["forward_gmacs"] == pytest.approx(0.358, abs=1e-3)
    assert row["forward_gflops"] == 2 * row["forward_gmacs"]
    assert (row["published_gmacs"], row["published_params_m"], row["tokens"]) == (0.36, 33, 16)
    assert custom["published_gmacs"] is None and custom["published_params_m"] is None


def test_by_module_adds_up():
    (row,) = json.loads(count_models(["DiT-S/8"], json=True, by_module=True))
    parts = row["gmacs_by_module"]
    blocks = sum(parts[f"blocks.{i}"] for i in range(12))
    assert parts[""] == pytest.approx(row["forward_gmacs"])
    assert blocks + parts["x_embedder"] + parts["t_embedder"] + parts[
        "final_layer"
    ] == pytest.approx(parts[""])


def test_the_table_shows_the_published_figure_the_difference_and_memory():
    text = count_models(["DiT-S/8"], batch=8, by_module=True)
    for shown in (
        "DiT-S/8",
        "0.358",
        "0.36",
        "-0.56",
        "33.14",
        "activations",
        "8 images",
        "blocks.0.attn.qkv",
    ):
        assert shown in text


@pytest.fixture(scope="module")
def rows():
    return counted(["DiT-S/8", "DiT-S/4"], conditioning="cross-attention")


@pytest.mark.parametrize("width, lines_of_a_name", [(80, 2), (160, 1), (None, 1)])
def test_tables_fit_the_width_and_no_number_is_cut(rows, width, lines_of_a_name):
    text = as_text(rows, by_module=True, width=width)
    shown = set(text.split())
    for row in json.loads(as_json(rows, by_module=True)):
        gmacs = row["forward_gmacs"]
        assert {
            f"{row['params_m']:.2f}",
            f"{gmacs:.4g}" if gmacs < 1 else f"{gmacs:.3f}",
            f"{row['forward_gflops']:.3f}",
            f"{3 * row['forward_gflops']:.2f}",
            *(f"{g:.4f}" for name, g in row["gmacs_by_module"].items() if "." not in name),
        } <= shown
    assert "\u2026" not in text and max(map(len, text.splitlines())) <= (width or 100)
    first = next(line for line in text.splitlines() if line.startswith("DiT-S/4"))
    assert ("cross-attention" in first) == (lines_of_a_name == 1) and "tokens" not in first


def test_a_table_wider_than_the_terminal_keeps_its_numbers(rows):
    narrow, wide = (as_text(rows, width=width).split() for width in (20, None))
    assert sorted(word for word in narrow if word[0] != "\u2500") == sorted(
        word for word in wide if word[0] != "\u2500"
    )


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(models=["DiT-XXL/2"]), "unknown model 'DiT-XXL/2'; nearest: DiT-XL/2"),
        (dict(models=["DiT-S/3"]), "patch 3 does not divide the input size 32"),
        (dict(resolution=100), "resolution 100 is not a positive multiple of 8"),
        (dict(resolution=0), "resolution 0 is not a positive multiple of 8"),
        (dict(conditioning="film"), "got 'film'"),
        (dict(batch=0), "batch 0 is not at least 1"),
    ],
)
def test_bad_arguments_are_one_line_that_names_them(arguments, message):
    with pytest.raises(ValueError) as error:
        count_models(**arguments)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
