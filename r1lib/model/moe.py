"""DeepSeekMoE: shared experts for everyone, routed experts for some tokens.

Routing as in DeepSeek-V3 (arXiv 2412.19437, eq. 12-16): sigmoid scores; a bias that
helps to choose experts but never weighs them; the chosen scores, normalised, are the
weights. After each step the bias of an overloaded expert goes down and that of an
underloaded one goes up, which balances the load without an auxiliary loss.
`route_softmax` is the older gate of DeepSeek-V2 (arXiv 2405.04434, section 2.2), and
`balance_loss` the auxiliary loss that the bias replaces. Chapter 04 builds this file.
"""

from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from torch.nn import functional as F

from r1lib.model.config import ModelConfig
from r1lib.model.layers import SwiGLU, swiglu


def close_groups(
    chosen_by: Float[Tensor, "N E"], n_groups: int, n_limited: int, best: int
) -> Float[Tensor, "N E"]:
    """Set all but the `n_limited` best groups of neighbouring experts to -inf.

    A group is as good as the sum of its `best` best experts: 2 in V3, 1 in V2. The
    experts of a group sit on one machine, so a token travels to few machines.
    """
    if n_groups == 1:
        return chosen_by
    grouped = chosen_by.view(len(chosen_by), n_groups, -1)
    group_score = grouped.topk(best, dim=-1).values.sum(-1)
    keep = group_score.topk(n_limited, dim=-1).indices
    closed = torch.ones_like(group_score, dtype=torch.bool).scatter_(1, keep, False)
    return grouped.masked_fill(closed.unsqueeze(-1), float("-inf")).flatten(1)


def route(
    scores: Float[Tensor, "N E"],
    bias: Float[Tensor, " E"],
    n_activated: int,
    n_groups: int = 1,
    n_limited: int = 1,
    normalize: bool = True,
    scale: float = 1.0,
) -> tuple[Int[Tensor, "N A"], Float[Tensor, "N A"]]:
    """Choose experts by score + bias, weigh them by score alone.

    With groups, only the `n_limited` groups with the largest sum of their two best
    experts take part (node-limited routing, section 2.1.2).

    >>> ids, w = route(torch.tensor([[0.9, 0.1, 0.6]]), torch.tensor([0., 1., 0.]), 2)
    >>> ids.sort().values.tolist(), round(w.sum().item(), 6)
    ([[0, 1]], 1.0)
    """
    chosen_by = close_groups(scores + bias, n_groups, n_limited, best=2)
    ids = chosen_by.topk(n_activated, dim=-1).indices
    weights = scores.gather(1, ids)
    if normalize:
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
    return ids, weights * scale


def route_softmax(
    scores: Float[Tensor, "N E"],
    n_activated: int,
    n_groups: int = 1,
    n_limited: int = 1,
    normalize: bool = False,
    scale: float = 1.0,
) -> tuple[Int[Tensor, "N A"], Float[Tensor, "N A"]]:
    """Choose and weigh experts by softmax scores: the gate of DeepSeek-V2.

    Without groups this is V2-Lite's "greedy". With groups, "group_limited_greedy": a
    group is as good as its best expert. V2 scales by 16 and V2-Lite by 1; neither
    normalises.

    >>> ids, w = route_softmax(torch.tensor([[0.5, 0.2, 0.3]]), 2, scale=16.0)
    >>> ids.tolist(), w.tolist()
    ([[0, 2]], [[8.0, 4.800000190734863]])
    """
    chosen_by = close_groups(scores, n_groups, n_limited, best=1)
    ids = chosen_by.topk(n_activated, dim=-1).indices
    weights = scores.gather(1, ids)
    if normalize:
        weights = weights / (weights.sum(-1, keepdim=True) + 1e-20)
    return ids, weights * scale


def balance_loss(
    scores: Float[Tensor, "B T E"],
    n_activated: int,
    mask: Bool[Tensor, "B T"] | None = None,
) -> Float[Tensor, ""]:
    """Sum over experts of (share of the load) x (share of the score), per sequence.

    The mean over sequences of DeepSeek-V3's eq. 17-20 without its factor alpha: 1
    when every expert is as busy and as well liked as every other, E / A when A
    experts do everything. The load f counts tokens and has no gradient; the score
    share P has one and is pushed away from busy experts. As printed in the paper, the
    load is that of the top A by score, without the bias. `mask` leaves tokens out,
    even where a score is inf or NaN; a sequence without tokens adds 0.
    """
    E = scores.shape[-1]
    if mask is None:
        mask = torch.ones_like(scores[..., 0], dtype=torch.bool)
    scores = torch.where(mask.unsqueeze(-1), scores, 1)
    real = mask.unsqueeze(-1).to(scores.dtype)
    tokens = real.sum(1).clamp(min=1)  # (B, 1)
    chosen = torch.zeros_like(scores).scatter(
        -1, scores.topk(n_activated, dim=-1).indices, 1.0
    )
    load = (chosen * real).sum(1) / tokens * (E / n_activated)  # f, (B, E)
    share = scores / scores.sum(-1, keepdim=True)
    liked = (share * real).sum(1) / tokens  # P, (B, E)
    return (load * liked).sum(-1).mean()


def update_bias(
    bias: Float[Tensor, " E"], load: Float[Tensor, " E"], speed: float
) -> Float[Tensor, " E"]:
    """Nudge the bias against the load: speed * sign(mean load - load)."""
    return bias + speed * torch.sign(load.mean() - load)


class MoE(nn.Module):
    """A feed-forward layer of one shared expert and many routed ones."""

    def __init__(self, c: ModelConfig):
        super().__init__()
        self.router = nn.Linear(c.d_model, c.n_routed_experts, bias=False)
        self.softmax = c.gate == "softmax"  # V2's gate has no bias
        bias = None if self.softmax else torch.zeros(c.n_routed_experts)
        self.register_buffer("router_bias", bias)
        self.register_buffer("load", torch.zeros(c.n_routed_experts), persistent=False)
        self.experts = nn.ModuleList(
            SwiGLU(c.d_model, c.moe_ffn_dim) for _ in range(c.n_routed_experts)
        )
        self.shared = (
            SwiGLU(c.d_model, c.n_shared_experts * c.moe_ffn_dim)
            if c.n_shared_experts
            else None
        )
        groups = (c.n_expert_groups, c.n_limited_groups)
        self.routing = (c.n_activated_experts, *groups, c.norm_topk_prob, c.route_scale)

    def scores(self, logits):
        """Return how much each token likes each expert, in float32."""
        logits = logits.float()
        return logits.softmax(-1) if self.softmax else logits.sigmoid()

    def choose(self, scores):
        """Return the experts of each token, and their weights."""
        if self.softmax:
            return route_softmax(scores, *self.routing)
        return route(scores, self.router_bias, *self.routing)

    def forward(self, x, real=None):
        """Work on all tokens; count the load of those that are `real`, (B, T).

        Without `real` all tokens are. The load is counted in training mode only.
        """
        flat = x.reshape(-1, x.shape[-1])  # (B, T, D) -> (N, D)
        ids, weights = self.choose(self.scores(self.router(flat)))
        if self.training:
            counted = ids if real is None else ids[real.flatten()]
            self.load += torch.bincount(counted.flatten(), minlength=len(self.experts))
        y = run_experts(flat, ids, weights.to(x.dtype), self.experts)
        if self.shared is not None:
            y = y + self.shared(flat)
        return y.view_as(x)


@contextmanager
def watch_routers(model: nn.Module):
    """Collect the routers' scores, (N, E), while the model runs.

    Yields a dict: name of a MoE layer -> one entry for each time that it ran, N being
    all tokens of that batch in a row. Gradients flow through the scores.

        with watch_routers(model) as seen:
            model.hidden(ids)
        scores = seen["layers.1.ffn"][0].view(*ids.shape, -1)
    """
    seen, handles = {}, []

    def keep(name, layer):
        def hook(router, given, logits):
            seen[name].append(layer.scores(logits))

        return hook

    for name, module in model.named_modules():
        if isinstance(module, MoE):
            seen[name] = []
            handles.append(module.router.register_forward_hook(keep(name, module)))
    try:
        yield seen
    finally:
        for handle in handles:
            handle.remove()


def slow_experts(
    x: Float[Tensor, "N D"],
    ids: Int[Tensor, "N A"],
    weights: Float[Tensor, "N A"],
    experts: nn.ModuleList,
) -> Float[Tensor, "N D"]:
    """The definition: sum over a token's experts of weight * expert(token).

    The naive twin of `run_experts`: a loop over tokens, and over the experts of each.
    """
    rows = []
    for token, chosen, weight in zip(x, ids.tolist(), weights, strict=True):
        rows.append(
            sum(w * experts[e](token) for e, w in zip(chosen, weight, strict=True))
        )
    return torch.stack(rows)


def run_experts(
    x: Float[Tensor, "N D"],
    ids: Int[Tensor, "N A"],
    weights: Float[Tensor, "N A"],
    experts: nn.ModuleList,
) -> Float[Tensor, "N D"]:
    """Run every expert once, on all the tokens that chose it; no token is dropped.

    `slow_experts` is the naive twin.
    """
    w_in = [torch.cat((e.w_gate.weight, e.w_up.weight)) for e in experts]
    return run_weights(x, ids, weights, w_in, [e.w_down.weight for e in experts])


def run_weights(x, ids, weights, w_in, w_down) -> Float[Tensor, "N D"]:
    """`run_experts` by their weights: slices on a CPU, a table elsewhere.

    `w_in` are E matrices (2F, D), gate above up, `w_down` are E matrices (D, F): lists,
    or stacked to one tensor.
    """
    if x.device.type == "cpu":
        return run_slices(x, ids, weights, w_in, w_down)
    w_in, w_down = (
        w if isinstance(w, Tensor) else torch.stack(w) for w in (w_in, w_down)
    )
    return run_table(x, ids, weights, w_in, w_down)


def run_slices(
    x: Float[Tensor, "N D"], ids: Int[Tensor, "N A"], weights, w_in, w_down
) -> Float[Tensor, "N D"]:
    """Sort the pairs (token, expert) by expert; each expert then has a slice of rows.

    Nothing is computed in vain, but the experts wait for one another: for a CPU.
    """
    order = ids.flatten().argsort(stable=True)  # pairs (token, choice), by expert
    token = order // ids.shape[1]
    load = torch.bincount(ids.flatten(), minlength=len(w_in)).tolist()
    rows = x.index_select(0, token).split(load)
    hidden = torch.cat([F.linear(r, w) for r, w in zip(rows, w_in, strict=True)])
    hidden = swiglu(*hidden.chunk(2, dim=-1)) * weights.flatten()[order].unsqueeze(1)
    parts = zip(hidden.split(load), w_down, strict=True)
    y = torch.cat([F.linear(h, w) for h, w in parts])
    return torch.zeros_like(x).index_add(0, token, y)


def run_table(
    x: Float[Tensor, "N D"],
    ids: Int[Tensor, "N A"],
    weights: Float[Tensor, "N A"],
    w_in: Float[Tensor, "E F2 D"],
    w_down: Float[Tensor, "E D F"],
) -> Float[Tensor, "N D"]:
    """Lay the sorted rows into a table: a row of places for each expert.

    As many places as the busiest one needs: two batched products then serve all experts
    at once, which a GPU likes, and compute the empty places as well.
    """
    E, A = len(w_in), ids.shape[1]
    order = ids.flatten().argsort(stable=True)  # pairs (token, choice), by expert
    expert = ids.flatten()[order]
    load = torch.bincount(expert, minlength=E)
    busiest = int(load.max())
    place = torch.arange(len(order), device=x.device) - (load.cumsum(0) - load)[expert]
    slot = expert * busiest + place
    table = x.new_zeros(E * busiest, x.shape[1])
    table = table.index_copy(0, slot, x.index_select(0, order // A)).view(
        E, busiest, -1
    )
    gate, up = torch.bmm(table, w_in.transpose(1, 2)).chunk(2, dim=-1)
    y = torch.bmm(swiglu(gate, up), w_down.transpose(1, 2))
    y = y.flatten(0, 1).index_select(0, slot) * weights.flatten()[order].unsqueeze(1)
    return torch.zeros_like(x).index_add(0, order // A, y)
