"""Does each precision compute in what it names, and is it left when it ends?"""

import pytest
import torch

from scaling.models.precision import check_precision, computing, matmul_precision


@pytest.mark.parametrize(
    "name, of_products, of_sums",
    [
        ("fp32", torch.float32, "highest"),
        ("tf32", torch.float32, "high"),
        ("bf16", torch.bfloat16, "highest"),
    ],
)
def test_a_precision_is_that_of_its_block_alone(name, of_products, of_sums):
    linear, x = torch.nn.Linear(4, 4), torch.ones(2, 4)
    with computing(name, "cpu"):
        assert linear(x).dtype == of_products and linear.weight.dtype == torch.float32
        assert torch.get_float32_matmul_precision() == of_sums
    assert linear(x).dtype == torch.float32


def test_what_was_set_before_comes_back_after_an_error():
    before = torch.get_float32_matmul_precision()
    with pytest.raises(ZeroDivisionError), matmul_precision("tf32"):
        assert torch.get_float32_matmul_precision() == "high"
        raise ZeroDivisionError
    assert torch.get_float32_matmul_precision() == before


def test_a_precision_of_gpus_is_refused_on_a_cpu():
    check_precision("fp32", "cpu")
    with pytest.raises(ValueError, match=r"tf32 .* runs on a CPU; set train.precision=fp32"):
        check_precision("tf32", "cpu")
