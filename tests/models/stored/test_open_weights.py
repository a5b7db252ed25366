"""Do the checkpoints that people have open as what they are, or ask for what they do not tell?"""

import re

import torch
from safetensors.torch import save_file

from scaling.models.formats.diffusers import WEIGHTS
from scaling.models.stored.open_weights import open_weights
from scaling.study.specs.weights import WeightsSpec
from tests.models import golden
from tests.models.foreign import SiT
from tests.models.formats.test_export import states_equal
from tests.models.stored.saved import hub_folder, opened
from tests.models.test_weights import refusal


def test_null_rows_are_asked_for_where_they_cannot_be_told(tmp_path):
    state = golden.weights()  # 10 classes and the null row
    table = "y_embedder.embedding_table.weight"
    torch.save({**state, table: state[table][:10]}, tmp_path / "c.pt")
    assert "has 10 rows" in refusal(opened, tmp_path / "c.pt", null=None)
    none = opened(tmp_path / "c.pt", null="none")
    assert none.spec.num_classes == 10 and none.label_dropout == 0
    assert torch.equal(none.state[table][9], state[table][9])
    assert none.state[table].shape[0] == 11 and not none.state[table][10].any()
    last = opened(tmp_path / "c.pt", null="last")
    assert last.spec.num_classes == 9 and last.label_dropout is None
    torch.save(state, tmp_path / "d.pt")
    found = opened(tmp_path / "d.pt", null=None)
    assert found.spec.num_classes == 10 and any("--null none" in line for line in found.said)


def test_repas_flows_are_known_by_their_projectors(tmp_path):
    projectors = {"projectors.0.0.bias": torch.zeros(2)}
    state = {**SiT(outputs=1).state_dict(), **projectors}
    torch.save(state, tmp_path / "c.pt")
    found = open_weights(tmp_path / "c.pt", WeightsSpec(heads=4))
    assert found.diffusion.objective == "flow"
    last = "final_layer.linear.bias"
    assert torch.equal(found.state[last], state[last])
    torch.save({**SiT(outputs=2).state_dict(), **projectors}, tmp_path / "d.pt")
    message = refusal(open_weights, tmp_path / "d.pt", WeightsSpec(heads=4))
    assert "say --objective sit" in message


def test_positions_may_be_missing_if_the_size_is_told(tmp_path):
    state = golden.weights()
    del state["pos_embed"]
    torch.save(state, tmp_path / "c.pt")
    assert "--input-size" in refusal(opened, tmp_path / "c.pt")
    found = opened(tmp_path / "c.pt", input_size=8)
    assert found.spec == golden.SPEC
    assert torch.equal(found.state["pos_embed"], golden.weights()["pos_embed"])
    torch.save(golden.weights(), tmp_path / "d.pt")
    assert "--input-size 16: the network of" in refusal(opened, tmp_path / "d.pt", input_size=16)


def test_the_hubs_older_class_is_a_dit_if_its_norm_is(exported, tmp_path):
    older = {"_class_name": "Transformer2DModel", "norm_num_groups": 32}
    hub_folder(exported, tmp_path / "a" / "transformer", {WEIGHTS: [""]}, older)
    assert states_equal(open_weights(tmp_path / "a").state, golden.weights())
    pixart = {**older, "norm_type": "ada_norm_single"}
    hub_folder(exported, tmp_path / "b", {WEIGHTS: [""]}, pixart)
    assert "ada_norm_single" in refusal(open_weights, tmp_path / "b")


def test_a_folder_of_files_that_are_not_looked_for_names_one_of_them(tmp_path):
    for name in ("0050000.pt", "0100000.pt"):
        torch.save(golden.weights(), tmp_path / name)
    message = refusal(open_weights, tmp_path)
    assert "name the file itself, such as" in message and message.endswith("0100000.pt")


def test_a_config_that_is_no_text_does_not_make_a_file_diffusers(tmp_path):
    torch.save(golden.weights(), tmp_path / "c.pt")
    (tmp_path / "config.json").write_bytes(b"\xff\xfe{")
    assert states_equal(opened(tmp_path / "c.pt").state, golden.weights())


def test_a_config_of_no_class_of_diffusers_leaves_the_weights_what_they_are(tmp_path):
    save_file(golden.weights(), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text('{"input_size": 8}')
    assert states_equal(opened(tmp_path).state, golden.weights())


def test_entries_of_another_network_are_not_to_be_left_out(tmp_path):
    for name, says in (
        ("blocks.0.attn.q_norm.weight", "it is another network: .*--network FILE.py"),
        ("mask.token", "if they are no part of the network, say --leave-out mask.$"),
    ):
        torch.save({**golden.weights(), name: torch.zeros(2)}, tmp_path / "c.pt")
        assert re.search(says, refusal(opened, tmp_path / "c.pt"))
