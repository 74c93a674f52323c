"""Optimizers: Muon for the matrices inside the blocks, AdamW for everything else.

Muon (Jordan 2024) replaces a matrix's momentum by the nearest orthogonal matrix, so
that every direction learns at the same speed. torch.optim.Muon computes it in
bfloat16, one matrix after the other; a laptop's processor has no fast bfloat16, and a
model with experts has a hundred small matrices. So this one works in float32 and
takes all matrices of one shape together. A test holds it against torch's.
"""

import math

import torch
from jaxtyping import Float
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)


def orthogonalize(m: Float[Tensor, "M R C"], steps: int = 5) -> Float[Tensor, "M R C"]:
    """Push the singular values of M matrices towards 1 by Newton-Schulz steps.

    Singular vectors stay; singular values end between about 0.7 and 1.2.
    """
    a, b, c = NEWTON_SCHULZ
    tall = m.shape[1] > m.shape[2]
    x = m.transpose(1, 2) if tall else m
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.transpose(1, 2)
        both = torch.baddbmm(gram, gram, gram, beta=b, alpha=c)  # b gram + c gram gram
        x = torch.baddbmm(x, both, x, beta=a)  # a x + both x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, made orthogonal; matrices of one shape are updated together."""

    def __init__(self, params, lr: float, momentum: float = 0.95):
        if not 0 <= lr < math.inf or not 0 <= momentum < 1:
            raise ValueError(
                "wanted a finite lr of at least 0 and a momentum from 0 to below 1, "
                f"got {lr} and {momentum}"
            )
        super().__init__(params, {"lr": lr, "momentum": momentum})
        for group in self.param_groups:
            if any(p.dim() != 2 for p in group["params"]):
                raise ValueError("Muon takes matrices only")

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes = {}
            for p in group["params"]:
                if p.grad is not None:
                    shapes.setdefault(p.shape, []).append(p)
            for params in shapes.values():
                self._step_together(params, group["lr"], group["momentum"])

    def _step_together(self, params, lr: float, momentum: float):
        grads = [p.grad for p in params]
        for p in params:
            if "momentum" not in self.state[p]:
                self.state[p]["momentum"] = torch.zeros_like(p)
        kept = [self.state[p]["momentum"] for p in params]
        torch._foreach_lerp_(kept, grads, 1 - momentum)
        ahead = torch._foreach_lerp(grads, kept, momentum)  # Nesterov
        rows, columns = params[0].shape
        update = orthogonalize(torch.stack(ahead)) * max(1, rows / columns) ** 0.5
        torch._foreach_add_(params, list(update.unbind()), alpha=-lr)


def base_optimizers(
    model: nn.Module, muon_lr: float, adamw_lr: float
) -> list[torch.optim.Optimizer]:
    """Give Muon the matrices inside the blocks, AdamW all other parameters."""
    inside, rest = [], []
    for name, parameter in model.named_parameters():
        matrix = parameter.dim() == 2 and not name.startswith(("embed", "head"))
        (inside if matrix and "router" not in name else rest).append(parameter)
    return [
        torch.optim.AdamW(
            rest, fused=True, lr=adamw_lr, betas=(0.9, 0.95), weight_decay=0.0
        ),
        Muon(inside, lr=muon_lr),
    ]


def adamw(model: nn.Module, lr: float) -> list[torch.optim.Optimizer]:
    """AdamW for all parameters, without weight decay."""
    return [
        torch.optim.AdamW(
            model.parameters(), fused=True, lr=lr, betas=(0.9, 0.95), weight_decay=0.0
        )
    ]


def warmup_stable_decay(
    step: int, steps: int, warmup: float = 0.02, decay: float = 0.3
) -> float:
    """Learning-rate factor: rise, stay at 1, then fall linearly to 0 at `steps`.

    >>> [round(warmup_stable_decay(s, 100), 2) for s in (0, 1, 50, 70, 85, 100)]
    [0.5, 1.0, 1.0, 1.0, 0.5, 0.0]
    """
    rise = (step + 1) / max(1, round(warmup * steps))
    fall = (steps - step) / max(1, round(decay * steps))
    return max(0.0, min(1.0, rise, fall))


def warmup_cosine(
    step: int, steps: int, warmup: float = 0.03, lowest: float = 0.1
) -> float:
    """Learning-rate factor: rise to 1, then half a cosine down to `lowest` at `steps`.

    >>> [round(warmup_cosine(s, 100, 0.02), 2) for s in (0, 1, 2, 51, 100)]
    [0.5, 1.0, 1.0, 0.55, 0.1]
    """
    rising = max(1, round(warmup * steps))
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    return lowest + (1 - lowest) * (1 + math.cos(math.pi * min(1.0, done))) / 2


def set_lr(optimizers, factor: float) -> None:
    """Set every learning rate to `factor` times the one it began with."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group.setdefault("initial_lr", group["lr"]) * factor


def guarded_step(model, optimizers, max_norm: float = 1.0, number=float) -> float:
    """Clip the gradient, step, clear; a gradient that is not finite is an error.

    Returns the gradient's norm before clipping; `number` reads it, where the gradient
    is spread over several processes.
    """
    norm = number(nn.utils.clip_grad_norm_(model.parameters(), max_norm))
    if not math.isfinite(norm):
        model.zero_grad(set_to_none=True)  # nobody should step on it later
        raise FloatingPointError(
            f"the gradient norm is {norm}: lower the learning rate"
        )
    for optimizer in optimizers:
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
    return norm
