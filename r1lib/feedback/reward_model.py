"""Reward models: a Transformer that ends in one number, learned from judgements.

Helpfulness is learned from pairs (Bradley and Terry 1952) and sees only the summary,
the text after the thinking; harmlessness is learned from single answers, called safe
or not, and sees them whole (arXiv 2501.12948v2, the part on reward models). Chapter 13
builds this file.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib import hub
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import Transformer, evaluating
from r1lib.tokenizer import Tokenizer
from r1lib.training import limits, optim
from r1lib.training.batches import micro_batches, pad, scheduled


@dataclass(frozen=True)
class RewardConfig:
    """How to train a reward model; a step is `batch_size` pairs or answers."""

    epochs: int = 1  # as R1
    batch_size: int = 32  # R1: 256
    lr: float = 1e-3  # R1: 6e-6
    warmup: float = 0.03
    lowest: float = 0.1
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "epochs", "batch_size")
        limits.positive(self, "lr")
        limits.share(self, "warmup", "lowest")
        limits.seed(self)


class RewardModel(Transformer):
    """A Transformer whose last state, at a text's last token, becomes its score.

    The score starts at 0 for every text: a new model has no preferences.
    """

    def __init__(self, config: ModelConfig):
        super().__init__(config)
        self.score = nn.Linear(config.d_model, 1, bias=False)
        nn.init.zeros_(self.score.weight)

    @classmethod
    def of(cls, model: Transformer) -> "RewardModel":
        """Copy a language model and give it the head for scores."""
        new = cls(model.config).to(model.embed.weight.device, model.embed.weight.dtype)
        new.load_state_dict(model.state_dict(), strict=False)
        return new

    def scores(
        self, ids: Int[Tensor, "B T"], lengths: Int[Tensor, " B"]
    ) -> Float[Tensor, " B"]:
        """Score texts of the given lengths, padded on the right."""
        last = lengths.to(ids.device).view(-1, 1, 1) - 1
        hidden = self.hidden(ids)
        return self.score(hidden.take_along_dim(last, 1)).view(-1)


def load(folder, device: str = "cpu") -> tuple[RewardModel, Tokenizer]:
    """Read a reward model that `hub.save` wrote; its head is `score.weight`.

    A language model, or whatever else does not fit, is a ValueError.
    """
    config, weights, tokenizer = hub.read(folder, {"score.weight": _empty_score})
    model = RewardModel(config)
    model.load_state_dict(weights, strict=False)  # strictly compared by hub.read
    return model.to(device), tokenizer


def _empty_score(config: ModelConfig) -> Tensor:
    return torch.empty(1, config.d_model, device="meta")


def bradley_terry_loss(
    chosen: Float[Tensor, " B"], rejected: Float[Tensor, " B"]
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """-log sigmoid(chosen - rejected): minus the log-chance that the chosen one wins.

    Only the difference counts, so scores have no zero of their own.

    >>> loss, metrics = bradley_terry_loss(torch.zeros(2), torch.zeros(2))
    >>> round(loss.item(), 4), metrics["accuracy"]
    (0.6931, 0.0)
    """
    if not len(chosen):
        raise ValueError("a preference loss needs at least one pair, got none")
    margin = chosen - rejected
    loss = -F.logsigmoid(margin).mean()
    return loss, {
        "loss": loss.item(),
        "margin": margin.mean().item(),
        "accuracy": (margin > 0).float().mean().item(),
    }


def pointwise_loss(
    scores: Float[Tensor, " B"], safe: Bool[Tensor, " B"]
) -> tuple[Float[Tensor, ""], dict[str, float]]:
    """Logistic loss of single answers: sigmoid(score) is the chance of being safe."""
    if not len(scores):
        raise ValueError("a safety loss needs at least one answer, got none")
    loss = F.binary_cross_entropy_with_logits(scores, safe.to(scores.dtype))
    right = ((scores > 0) == safe).float().mean().item()
    return loss, {"loss": loss.item(), "accuracy": right}


def pair_loss(model: RewardModel, pairs: list[tuple[list[int], list[int]]]):
    """Bradley-Terry loss of (chosen ids, rejected ids)."""
    rows = [row for pair in pairs for row in pair]
    chosen, rejected = score_rows(model, rows).view(-1, 2).unbind(1)
    return bradley_terry_loss(chosen, rejected)


def safety_loss(model: RewardModel, examples: list[tuple[list[int], bool]]):
    """Logistic loss of (ids, whether they are safe)."""
    scores = score_rows(model, [row for row, _ in examples])
    safe = torch.tensor([safe for _, safe in examples], device=scores.device)
    return pointwise_loss(scores, safe)


def score_rows(model: RewardModel, rows: list[list[int]]) -> Float[Tensor, " B"]:
    """Score rows of ids in one forward pass."""
    lengths = torch.tensor([len(row) for row in rows])
    return model.scores(pad(rows).to(model.embed.weight.device), lengths)


def train(
    model: RewardModel,
    examples: list,
    config: RewardConfig,
    optimizers,
    loss: Callable = pair_loss,
    start: int = 0,
):
    """Train on pairs, or by `safety_loss` on answers; yields metrics after each step.

    Step s depends on (seed, s) alone, so a resumed run repeats the whole one.
    """
    if not examples:
        raise ValueError("a reward model needs at least one example, got none")
    parts = (part for example in examples for part in example)
    check_rows([part for part in parts if isinstance(part, list)], model.config)
    model.train()
    for step, batch in scheduled(examples, config, optimizers, start):
        total, metrics = loss(model, batch)
        total.backward()
        metrics["grad_norm"] = optim.guarded_step(model, optimizers)
        yield {"step": step + 1, **metrics}


def check_rows(rows: list[list[int]], config: ModelConfig) -> None:
    """Refuse rows that are empty, or longer than the model can read."""
    lengths = [len(row) for row in rows]
    if min(lengths) < 1 or max(lengths) > config.max_positions:
        raise ValueError(
            f"wanted rows of 1 to {config.max_positions} ids, got "
            f"{min(lengths)} to {max(lengths)}"
        )


@torch.no_grad()
def score_all(
    model: RewardModel, rows: list[list[int]], micro_tokens: int = 12_000
) -> Float[Tensor, " B"]:
    """Score any number of rows without training; the order is that of the rows."""
    ordered = torch.zeros(len(rows))
    lengths = torch.tensor([len(row) for row in rows])
    with evaluating(model):  # or the load would count tokens that nobody trains on
        for part in micro_batches(lengths, torch.arange(len(rows)), micro_tokens):
            scores = score_rows(model, [rows[i] for i in part.tolist()])
            ordered[part] = scores.float().cpu()
    return ordered


def pair_accuracy(model: RewardModel, pairs: list) -> float:
    """Share of pairs whose chosen answer scores higher; equal scores are wrong."""
    if not pairs:
        raise ValueError("accuracy needs at least one pair, got none")
    rows = [row for pair in pairs for row in pair]
    chosen, rejected = score_all(model, rows).view(-1, 2).unbind(1)
    return (chosen > rejected).float().mean().item()
