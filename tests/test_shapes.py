"""The shapes in r1lib's signatures are checked while the tests run."""

import beartype
import jaxtyping
import pytest
import torch

from r1lib.problem import split_of
from r1lib.rl.grpo import group_advantages


def test_wrong_shape_is_refused_at_the_call():
    assert group_advantages(torch.tensor([[1.0, 0.0]])).shape == (1, 2)
    with pytest.raises(jaxtyping.TypeCheckError):
        group_advantages(torch.tensor([1.0, 0.0]))


def test_a_wrong_type_is_refused_in_a_module_without_shapes():
    with pytest.raises(beartype.roar.BeartypeCallHintViolation):
        split_of("countdown")
