"""Distillation: a small student learns from what a large teacher writes, or expects.

R1 gave its students plain fine-tuning on the accepted samples (arXiv 2501.12948v1,
section 2.4): `examples`, then `sft.train`. The older way compares distributions
token by token (Hinton et al., arXiv 1503.02531): on the teacher's texts, `train`, or on
texts of the student's own, `on_policy` (Agarwal et al., arXiv 2306.13649; their loss
without a mixture of the two). Both yield metrics and `Spent`, what a step costs.
Chapter 14 builds this file.
"""

import math
import random
import time
from collections.abc import Iterable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from r1lib import rewards
from r1lib.files import shown
from r1lib.model import counts
from r1lib.model.config import ModelConfig
from r1lib.model.transformer import evaluating
from r1lib.rl.rollout import rollout
from r1lib.training import batches, limits, optim, sft
from r1lib.training.sft import Example, SFTConfig

KINDS = ("forward", "reverse")


@dataclass(frozen=True)
class DistillConfig(SFTConfig):
    """Fine-tuning towards a teacher's distributions; `kind` is one of KINDS."""

    kind: str = "forward"
    temperature: float = 1.0  # of both softmaxes

    def __post_init__(self):
        super().__post_init__()
        limits.one_of(self, KINDS, "kind")
        limits.positive(self, "temperature")
        if self.packed:
            raise ValueError(
                f"distributions are compared in unpacked rows, got packed={self.packed}"
            )


@dataclass(frozen=True)
class OnPolicyConfig:
    """The student writes `prompts` completions a step, corrected in each token."""

    steps: int = 100
    prompts: int = 64
    max_new_tokens: int = 192
    lr: float = 1e-3
    warmup: float = 0.03
    lowest: float = 0.1
    kind: str = "reverse"
    micro_tokens: int = 12_000
    seed: int = 0

    def __post_init__(self):
        limits.whole(self, "steps", "prompts", "max_new_tokens", "micro_tokens")
        limits.positive(self, "lr")
        limits.share(self, "warmup", "lowest")
        limits.seed(self)
        limits.one_of(self, KINDS, "kind")


@dataclass
class Spent:
    """What teaching has used: tokens by what was done with them, and seconds.

    Trained tokens pass the student forward and backward, read ones pass the teacher
    forward, written ones are sampled one after the other.
    """

    student_trained: int = 0
    student_written: int = 0
    teacher_written: int = 0
    teacher_read: int = 0
    seconds: float = 0.0

    def __add__(self, other: "Spent") -> "Spent":
        """Add two bills, field by field.

        >>> Spent(student_trained=5) + Spent(2, seconds=1.5)
        Spent(student_trained=7, student_written=0, teacher_written=0, teacher_read=0, \
seconds=1.5)
        """
        names = [field.name for field in fields(self)]
        return Spent(**{n: getattr(self, n) + getattr(other, n) for n in names})

    def flops(self, student: ModelConfig, teacher: ModelConfig, length: int) -> float:
        """FLOPs of all of it, every text taken to be `length` tokens long.

        A written token comes halfway through its text; the prompt is not counted.
        """
        halfway = length // 2
        return (
            counts.training_flops(student, self.student_trained, length)
            + counts.decode_flops(student, halfway) * self.student_written
            + counts.decode_flops(teacher, halfway) * self.teacher_written
            + counts.read_flops(teacher, length) / length * self.teacher_read
        )


# ---- texts -----------------------------------------------------------------------


def verified(rows: Iterable[dict], unverified: bool = False) -> list[dict]:
    """The rows as a list; none, or one that was not found correct, is a ValueError."""
    rows = list(rows)
    if not rows:
        raise ValueError("a student needs at least one trace, got an empty table")
    wrong = sum(not row["correct"] for row in rows)
    if wrong and not unverified:
        raise ValueError(
            f"{wrong} of {len(rows)} traces were not found correct: filter them, or "
            "ask for them with unverified=True"
        )
    return rows


def examples(
    rows: Iterable[dict], tokenizer, positions: int, *, unverified: bool = False
) -> tuple[list[Example], int]:
    """Turn rows of a table into examples for a student with its own tokenizer.

    Texts go over, not ids, so the teacher may have used another tokenizer. Returns the
    examples and how many traces were left out because they are longer than `positions`
    tokens with their prompt: never cut, since a cut trace has no answer. No rows, rows
    that were not found correct (unless `unverified`), and rows that are all too long
    are ValueErrors.
    """
    rows = verified(rows, unverified)
    made = sft.encode(tokenizer, ((r["prompt"], r["completion"]) for r in rows))
    fit = [example for example in made if len(example.ids) <= positions]
    if not fit:
        shortest = min(len(example.ids) for example in made)
        raise ValueError(
            f"the student reads {positions} tokens, the shortest trace has {shortest}"
        )
    return fit, len(made) - len(fit)


# ---- distributions ---------------------------------------------------------------


def check_same_tokenizer(student, teacher) -> None:
    """Refuse two tokenizers that differ: their distributions are over other things."""
    mine, other = ((t.pretokenizer, t.merges) for t in (student, teacher))
    if mine != other:
        raise ValueError(
            f"the tokenizers of student ({student.vocab_size} ids) and teacher "
            f"({teacher.vocab_size} ids) differ, so their distributions cannot be "
            "compared: fine-tune on the teacher's texts instead (distill.examples)"
        )


def check_logits(student, teacher, kind: str, temperature: float) -> None:
    """Refuse logits of two shapes, an unknown kind, and a temperature of 0 or less."""
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {KINDS}, got {shown(kind)}")
    if student.shape != teacher.shape:
        raise ValueError(
            f"student and teacher logits must have one shape, got "
            f"{tuple(student.shape)} and {tuple(teacher.shape)}"
        )
    if not 0 < temperature < math.inf:
        raise ValueError(f"temperature must be finite and above 0, got {temperature}")


def kl_loss(
    student: Float[Tensor, "B T V"],
    teacher: Float[Tensor, "B T W"],
    mask: Bool[Tensor, "B T"],
    kind: str = "forward",
    temperature: float = 1.0,
) -> Float[Tensor, ""]:
    """Mean KL divergence of next-token distributions over the tokens under the mask.

    Column t of the mask is token t; the logits that predicted it are in column t - 1.
    "forward" is KL(teacher || student), mode-covering: the student must give some
    probability to everything that the teacher might write. "reverse" is KL(student ||
    teacher), mode-seeking: it must not write what the teacher would not. Both are
    multiplied by temperature squared, so that gradients keep their size (arXiv
    1503.02531, section 2.1).

    Logits that predict a token outside the mask are not read, not even an inf or a
    NaN; a mask without any True token gives 0. A token that is closed (-inf) for the
    one whose mean is taken adds nothing: 0 ln 0 is 0.

    >>> same = torch.zeros(1, 3, 4)
    >>> kl_loss(same, same, torch.tensor([[False, True, True]]))
    tensor(0.)
    """
    check_logits(student, teacher, kind, temperature)
    learned = mask[:, 1:]
    s, t = (
        (logits[:, :-1][learned] / temperature).log_softmax(-1)
        for logits in (student, teacher)
    )
    if kind == "reverse":
        s, t = t, s
    gap = torch.where(t == -math.inf, 0, t - s)
    total = (t.exp() * gap).sum()
    return temperature**2 * total / learned.sum().clamp(min=1)


def add_gradients(student, teacher, ids, mask, kind, temperature, most: int) -> float:
    """Add gradients of `kl_loss` over a batch, in parts of at most `most` tokens."""
    ends = ids.shape[1] - mask.flip(1).int().argmax(1)
    total = mask.sum().clamp(min=1)

    def parts():
        for rows in batches.micro_batches(ends.cpu(), torch.arange(len(ids)), most):
            width = int(ends[rows].max())
            part, learned = ids[rows, :width], mask[rows, :width]
            with torch.no_grad(), evaluating(teacher):
                wanted = teacher(part)
            loss = kl_loss(student(part), wanted, learned, kind, temperature)
            yield loss, learned.sum() / total, {"loss": loss.item()}

    return batches.accumulate(parts()).get("loss", 0.0)


def train(
    student,
    teacher,
    tokenizers,
    given: list[Example],
    config,
    optimizers,
    start: int = 0,
):
    """Fit the teacher's distributions on given texts; yields metrics and `Spent`.

    `tokenizers` are those of student and teacher; two that differ are a ValueError
    (`check_same_tokenizer`). The order of the examples and the learning rate are those
    of `sft.train`.
    """
    check_same_tokenizer(*tokenizers)
    positions = min(m.config.max_positions for m in (student, teacher))
    sft.check(given, positions)
    student.train()
    for step, batch in batches.scheduled(given, config, optimizers, start):
        began = time.perf_counter()
        ids, mask = (x.to(student.embed.weight.device) for x in sft.collate(batch))
        kind = (config.kind, config.temperature, config.micro_tokens)
        loss = add_gradients(student, teacher, ids, mask, *kind)
        norm = optim.guarded_step(student, optimizers)
        tokens = sum(len(example.ids) for example in batch)
        bill = Spent(student_trained=tokens, teacher_read=tokens)
        bill.seconds = time.perf_counter() - began
        yield {"step": step + 1, "loss": loss, "grad_norm": norm}, bill


def on_policy(
    student, teacher, tokenizers, draw_problem, config, optimizers, start: int = 0
):
    """Let the student write and the teacher correct; yields metrics and `Spent`.

    At each token that the student wrote, its whole distribution is pulled towards that
    of the teacher in the same position, so the `tokenizers` of the two must be one, as
    in `train`. No reward is asked for; "accuracy" is only reported. Step s draws from
    (seed, s) alone.
    """
    check_same_tokenizer(*tokenizers)
    tokenizer, _ = tokenizers
    student.train()
    device = student.embed.weight.device
    for step in range(start, config.steps):
        rng = random.Random(f"{config.seed}-{step}")
        generator = torch.Generator(device).manual_seed(rng.getrandbits(62))
        problems = [draw_problem(rng) for _ in range(config.prompts)]
        began = time.perf_counter()
        batch = rollout(
            student,
            tokenizer,
            problems,
            1,
            rewards.total,
            max_new_tokens=config.max_new_tokens,
            generator=generator,
        )
        factor = optim.warmup_cosine(step, config.steps, config.warmup, config.lowest)
        optim.set_lr(optimizers, factor)
        kind = (config.kind, 1.0, config.micro_tokens)
        loss = add_gradients(student, teacher, batch.ids, batch.mask, *kind)
        norm = optim.guarded_step(student, optimizers)
        written = int(batch.lengths.sum())
        read = written + sum(len(tokenizer.prompt(p.prompt)) for p in problems)
        bill = Spent(student_trained=read, student_written=written, teacher_read=read)
        bill.seconds = time.perf_counter() - began
        metrics = {"step": step + 1, "loss": loss, "grad_norm": norm}
        metrics["accuracy"] = (batch.rewards >= 1).float().mean().item()
        metrics["length"] = batch.lengths.float().mean().item()
        yield metrics, bill
