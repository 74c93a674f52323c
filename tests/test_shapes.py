"""The shapes in r1lib's signatures are checked while the tests run."""

import jaxtyping
import pytest
import torch

from r1lib.rl.grpo import group_advantages


def test_wrong_shape_is_refused_at_the_call():
    assert group_advantages(torch.tensor([[1.0, 0.0]])).shape == (1, 2)
    with pytest.raises(jaxtyping.TypeCheckError):
        group_advantages(torch.tensor([1.0, 0.0]))
