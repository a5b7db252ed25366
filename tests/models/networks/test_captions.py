"""Is each caption embedded once, by any encoder, and is what cannot be refused in one line?"""

import pytest
import torch

from scaling.cli import main
from scaling.models import build_model
from scaling.models.networks import captions
from scaling.study import cost
from scaling.study.settings import with_settings
from scaling.training import Trainer
from tests.study.families.tiny import TINY

WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
DIGIT_CAPTIONS = tuple(f"a handwritten {word}" for word in WORDS)
TOLD = {
    "conditioning": "text",
    "captions": DIGIT_CAPTIONS,
    "encoder": "minilm",
    "text_tokens": 8,
    "text_width": 384,
}
TEXT = {
    "sd3": TINY["sd3"].replaced(**TOLD, pooled_width=384),
    "pixart": TINY["pixart"].replaced(**TOLD),
}
each = pytest.mark.parametrize("m", TEXT.values(), ids=TEXT)


@pytest.fixture
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("DIT_SCALING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache" / "captions"


@pytest.fixture
def small_encoder(tmp_path):
    """A folder with a BERT of 12 numbers a token and the packaged encoder's words."""
    from transformers import AutoTokenizer, BertConfig, BertModel

    tokenizer = AutoTokenizer.from_pretrained(captions.ENCODERS["minilm"]())
    shape = {"hidden_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = BertModel(BertConfig(vocab_size=len(tokenizer), intermediate_size=16, **shape))
    for part in (tokenizer, model):
        part.save_pretrained(tmp_path / "bert")
    return tmp_path / "bert"


def test_captions_that_mean_the_same_are_near_and_padding_is_no_text(own_cache):
    told = captions.embedded(TEXT["pixart"])
    assert told.sequence.shape == (11, 8, 384) and told.mask.shape == (11, 8)
    assert told.mask[0].tolist() == [1, 1, 1, 1, 1, 1, 0, 0]  # [CLS] a hand ##written zero [SEP]
    assert told.mask[-1].sum() == 2 and not told.sequence[0, 6:].any()
    same = torch.nn.functional.cosine_similarity
    assert same(told.pooled[6], told.pooled[7], dim=0) > same(
        told.pooled[6], told.pooled[-1], dim=0
    )


def test_captions_are_embedded_once(own_cache, monkeypatch, small_encoder):
    m = TEXT["pixart"].replaced(encoder=str(small_encoder), text_width=12)
    first = captions.embedded(m)
    assert len(list(own_cache.iterdir())) == 1
    monkeypatch.setattr(captions, "_encoded", lambda *told: pytest.fail("embedded again"))
    assert torch.equal(captions.embedded(m.replaced(depth=2)).sequence, first.sequence)
    monkeypatch.undo()


def test_another_encoder_in_the_same_folder_is_noticed(own_cache, small_encoder):
    m = TEXT["pixart"].replaced(encoder=str(small_encoder), text_width=12)
    captions.embedded(m)
    (small_encoder / "note").write_text("changed")
    captions.embedded(m)
    assert len(list(own_cache.iterdir())) == 2


@each
def test_a_network_reads_captions_and_trains_nothing_of_them(tiny, m):
    spec = with_settings(tiny, {"model": m})
    trainer, lines = Trainer(spec, []), []
    trainer.train_to(3, lines.append)
    assert lines[-1]["loss"] > 0
    model = trainer.model
    assert not [name for name in model.state_dict() if name.startswith("condition")]
    assert sum(p.numel() for p in trainer.params) == cost.params(m)
    x, t = torch.randn(1, 1, 8, 8), torch.tensor([3])
    with torch.no_grad():
        seven, none = (model(x, t, torch.tensor([y])) for y in (7, 10))
    assert (seven - none).abs().max() > 1e-8


def test_text_beyond_the_mask_changes_nothing(own_cache):
    """PixArt attends to the tokens of a caption alone."""
    torch.manual_seed(0)
    model = build_model(TEXT["pixart"]).eval()
    transformer = model.transformer
    for block in transformer.transformer_blocks:
        torch.nn.init.normal_(block.attn2.to_out[0].weight)
    torch.nn.init.normal_(transformer.proj_out.weight)
    x, t, y = torch.randn(1, 1, 8, 8), torch.tensor([3]), torch.tensor([7])
    with torch.no_grad():
        before = model(x, t, y)
        model.condition.sequence[7, 6:] += 1
        assert torch.allclose(model(x, t, y), before, atol=1e-5)
        model.condition.sequence[7, :6] += 1
        assert (model(x, t, y) - before).abs().max() > 1e-2


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"conditioning": "classes"}, "captions and an encoder are of conditioning 'text'"),
        ({"captions": ("a seven",)}, "1 captions for 10 labels; give one for each"),
    ],
)
@each
def test_a_condition_that_does_not_fit_is_refused(m, fields, message):
    with pytest.raises(ValueError, match=message):
        m.replaced(**fields)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"captions": ()}, "is conditioned on text, but its study gives no captions; set"),
        ({"encoder": None}, "gives no encoder; set model.captions and model.encoder"),
        ({"text_width": 24}, "minilm gives 384 numbers a token, but model.text_width is 24"),
        ({"encoder": "/none/such"}, "no text encoder at /none/such: there is no such folder"),
    ],
)
@each
def test_a_condition_that_is_not_there_is_refused_before_training(m, fields, message):
    changed = m.replaced(**fields)
    cost.forward_macs(changed)  # which is known nevertheless
    with pytest.raises(ValueError, match=message):
        changed.check_condition()


def test_a_hub_id_without_a_net_is_one_line(monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)  # as without a net, but at once
    with pytest.raises(ValueError, match="no text encoder 'nobody/nothing-here'") as refused:
        TEXT["pixart"].replaced(encoder="nobody/nothing-here").check_condition()
    assert "\n" not in str(refused.value) and "model.encoder=minilm" in str(refused.value)


STUDY = """
from experiments.smoke import BASE
from scaling.study import Study
from scaling.study.families import PixArt
MODEL = PixArt(**{fields})
STUDY = Study(name="told", question="?", expectation="!",
              trials=(BASE.model_copy(update={{"model": MODEL}}),))
"""


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"captions": []}, "gives no captions; set model.captions"),
        ({"conditioning": "film"}, "'film'"),
        ({"encoder": "/none/such"}, "no text encoder at /none/such"),
    ],
)
def test_a_sweep_refuses_it_in_one_line_with_code_2(tmp_path, capsys, fields, message):
    (tmp_path / "told.py").write_text(
        STUDY.format(fields={**TEXT["pixart"].model_dump(mode="json"), **fields})
    )
    with pytest.raises(SystemExit) as left:
        main(["sweep", str(tmp_path / "told.py"), "--results", str(tmp_path / "results")])
    err = capsys.readouterr().err
    assert left.value.code == 2 and message in err and err.count("\n") == 1
