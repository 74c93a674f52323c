"""Multi-token prediction: a second head that looks two tokens ahead.

DeepSeek-V3 (arXiv 2412.19437, section 2.2): the hidden state of token t and the
embedding of token t+1, each normalised and joined, pass one more transformer block;
the shared head then predicts token t+2. It densifies the training signal and can
draft tokens for speculative decoding; the main model works without it.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor, nn

from r1lib.model.config import ModelConfig
from r1lib.model.layers import RMSNorm


class MTPModule(nn.Module):
    """Depth-1 MTP. Order of the joined halves: embedding first, as in the weights."""

    def __init__(self, c: ModelConfig, block: nn.Module):
        super().__init__()
        self.embed_norm = RMSNorm(c.d_model, c.norm_eps)
        self.hidden_norm = RMSNorm(c.d_model, c.norm_eps)
        self.join = nn.Linear(2 * c.d_model, c.d_model, bias=False)
        self.block = block
        self.norm = RMSNorm(c.d_model, c.norm_eps)

    def forward(
        self,
        hidden: Float[Tensor, "B T D"],
        next_embedding: Float[Tensor, "B T D"],
        rope: Float[Tensor, "2 #B T R"],
        mask: Bool[Tensor, "B 1 T T"] | None = None,
        real: Bool[Tensor, "B T"] | None = None,
    ) -> Float[Tensor, "B T D"]:
        """Return states whose head output at t predicts token t+2.

        `mask` says which places each may look at, `real` which of them the experts
        count as load.
        """
        pair = (self.embed_norm(next_embedding), self.hidden_norm(hidden))
        joined = self.join(torch.cat(pair, dim=-1))
        return self.norm(self.block(joined, rope, mask, real=real))
