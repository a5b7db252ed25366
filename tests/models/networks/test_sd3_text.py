"""Are captions read as SD3 reads them: two CLIPs side by side, then T5 or zeros?"""

import pytest
import torch
from torch.testing import assert_close

from scaling.models.networks.sd3_text import sd3_encoded
from tests.models.small_sd3 import saved

CLIP_TOKENS, T5_TOKENS, WIDTH = 77, 256, 24
CAPTIONS = ("A red fox", "a teapot")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("sd3") / "small", t5=False)


@pytest.fixture(scope="module")
def encoded(folder):
    return sd3_encoded(folder, CAPTIONS)


def penultimate(folder, part: str, caption: str) -> torch.Tensor:
    from transformers import CLIPTextModelWithProjection, CLIPTokenizer

    tokens = CLIPTokenizer.from_pretrained(folder / part.replace("text_encoder", "tokenizer"))(
        caption, padding="max_length", max_length=CLIP_TOKENS, return_tensors="pt"
    )
    model = CLIPTextModelWithProjection.from_pretrained(folder / part)
    with torch.no_grad():
        return model(tokens.input_ids, output_hidden_states=True).hidden_states[-2][0]


def test_a_sequence_and_a_pooled_vector_come_of_each_caption(encoded):
    sequences, pooled = encoded
    assert sequences.shape == (2, CLIP_TOKENS + T5_TOKENS, WIDTH) and pooled.shape == (2, 16)
    assert not torch.equal(sequences[0], sequences[1]) and not torch.equal(pooled[0], pooled[1])


def test_the_clips_stand_side_by_side_before_zeros(folder, encoded):
    sequence = encoded[0][0]
    for part, first in (("text_encoder", 0), ("text_encoder_2", 8)):
        clip = penultimate(folder, part, CAPTIONS[0])
        assert_close(sequence[:CLIP_TOKENS, first : first + 8], clip, atol=1e-6, rtol=1e-5)
    assert not sequence[:CLIP_TOKENS, 16:].any() and not sequence[CLIP_TOKENS:].any()


def test_a_t5_fills_the_second_part(tmp_path):
    sequences, _ = sd3_encoded(saved(tmp_path / "whole"), CAPTIONS[:1])
    assert sequences[:, CLIP_TOKENS:].any(dim=-1).all()
