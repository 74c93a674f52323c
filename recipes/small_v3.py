"""Pre-train a model of DeepSeek-V3's shape with about 100 million parameters.

    python -m recipes.small_v3 --dry-run
    python -m recipes.small_v3 --texts owner/name --column text
    python -m recipes.small_v3 --smoke

Tier: gpu. Latent attention, 16 routed experts of which 2 run, an MTP module, the bias
that balances: chapters 03 to 05 at a width of 512. Texts come from a `datasets` table;
without one, from the book's tiny web. The loop is that of chapter 05.
"""

from dataclasses import replace

import torch

from r1lib import artifacts
from r1lib.files import line
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import new_model
from r1lib.tokenizer import BOS, EOS
from r1lib.training import optim, pretrain
from r1lib.world import web
from recipes import common, plan

SMALL = ModelConfig(
    vocab_size=1024,  # the book's tokenizer; a larger one only grows the embedding
    d_model=512,
    n_layers=12,
    n_heads=8,
    max_positions=1024,
    kv_lora_rank=128,
    qk_nope_head_dim=64,
    qk_rope_head_dim=32,
    v_head_dim=64,
    ffn_dim=1536,
    n_routed_experts=16,
    n_activated_experts=2,
    moe_ffn_dim=384,
    route_scale=1.0,
)
TOKENS, LENGTH = 2e9, 512  # 20 tokens for each of 100M parameters (arXiv 2203.15556)
BATCH = 64  # small matrices keep a GPU waiting: a tenth of its peak, assumed


def documents(asked, tokenizer, n: int, longest: int) -> list[list[int]]:
    """Ids of n texts, cut to what the model can read."""
    if asked.texts is None:
        found = pretrain.encode_documents(tokenizer, web.documents(n, asked.seed))
        return [ids[:longest] for ids in found]
    import datasets

    try:
        rows = datasets.load_dataset(asked.texts, split="train", streaming=True)
        texts = [row[asked.column] for row in rows.take(n)]
    except Exception as error:  # no network, no table, no such column
        raise ValueError(f"{asked.texts} was not read: {line(error, 200)}") from error
    return [[BOS, *tokenizer.encode(text), EOS][:longest] for text in texts]


def main() -> None:
    """Plan, or pre-train."""
    made = common.parser(__doc__, "small-v3", "small-v3")
    made.add_argument("--texts", help="owner/name or a folder of a datasets table")
    made.add_argument("--column", default="text")
    made.add_argument("--tokens", type=float, default=TOKENS)
    asked = made.parse_args()
    tokenizer = artifacts.load("base-tiny")[1]
    config = replace(SMALL, vocab_size=tokenizer.vocab_size)
    if asked.dry_run:
        at_once = BATCH * LENGTH
        title = f"pre-training of a V3 shape on {asked.tokens:.3g} tokens"
        given = (config, asked.tokens, LENGTH, at_once, asked.gpu)
        print(plan.training(title, *given, trains=0.1).text())
        return
    settings = pretrain.PretrainConfig(int(asked.tokens / BATCH / LENGTH), BATCH)
    if asked.smoke:
        config = replace(config, d_model=32, n_layers=2, ffn_dim=48, moe_ffn_dim=12)
        settings = pretrain.PretrainConfig(2, 4)
    texts = documents(
        asked, tokenizer, settings.steps * settings.batch_size, config.max_positions
    )
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = new_model(config, asked.seed).to(device)
    optimizers = optim.base_optimizers(model, settings.muon_lr, settings.adamw_lr)
    loop = pretrain.train(model, texts, settings, optimizers)
    history = common.follow(loop, settings.steps, "small-v3", ("loss",), model)
    common.finish(asked, model, tokenizer, None, history)


if __name__ == "__main__":
    common.run(main)
