"""Small models for tests, one of each kind, how to make them, and a small run.

A test that needs another size changes the one field that matters to it, with `replace`.
"""

import shutil

import torch
from torch import nn

from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer
from r1lib.recipe import checkpoints, stages
from r1lib.tokenizer import EOS, SMALLEST

DENSE = ModelConfig(  # reads and writes the bytes of `Tokenizer([])`
    vocab_size=SMALLEST,
    d_model=16,
    n_layers=2,
    n_heads=2,
    max_positions=48,
    attention="gqa",
    n_kv_heads=1,
    head_dim=8,
    ffn_dim=24,
    n_routed_experts=0,
    n_mtp=0,
    init_std=0.2,
)
EXPERTS = ModelConfig(  # latent attention, experts, an MTP module
    vocab_size=64,
    d_model=16,
    n_layers=2,
    n_heads=2,
    max_positions=40,
    kv_lora_rank=10,
    qk_nope_head_dim=6,
    qk_rope_head_dim=4,
    v_head_dim=5,
    ffn_dim=24,
    n_routed_experts=4,
    moe_ffn_dim=7,
)


def model(config: ModelConfig, seed: int = 0) -> Transformer:
    """A model whose parameters are drawn with this seed."""
    torch.manual_seed(seed)
    return Transformer(config)


class Endless(nn.Module):
    """A head that closes the stop token: its policy never stops by itself."""

    def __init__(self, head: nn.Module):
        super().__init__()
        self.head = head

    def forward(self, states):
        logits = self.head(states)
        stop = torch.arange(logits.shape[-1]) == EOS
        return logits.masked_fill(stop, -1e9)


def run(finished, folder, stage: str):
    """Copy a finished smoke run as it was before a stage; return the folder."""
    shutil.copytree(finished, folder)
    earlier = stages.made_from(stage)[:-1]
    checkpoints.forget(folder, [name for name in stages.STAGES if name not in earlier])
    return folder
