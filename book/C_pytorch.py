# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Appendix C. PyTorch in one hour
#
# | | |
# |---|---|
# | You will build | a next-token model with its loss, gradient, optimizer and sampler, in about 40 lines |
# | You need | Python; lists, functions, classes |
# | Minutes to read | 35 |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | none; the documentation is at pytorch.org/docs |
#
# ![Left: a tensor of shape (2, 3) plus a tensor of shape (3) gives a tensor of shape (2, 3); the second one is used for both rows. Right: gather picks from each row of a (2, 4) tensor the entry that an index names: 1 from the first row and 3 from the second.](../figures/C_shapes.png)
#
# What you see: the two operations that cause most trouble to newcomers. Section 3 explains
# the left one, section 4 the right one.

# %% [markdown]
# **Run this first.**

# %% tags=["setup"]
import torch
import torch.nn.functional as F
from torch import nn

torch.manual_seed(0)
torch.set_printoptions(precision=2, sci_mode=False)

# %% [markdown]
# ## 1. Tensors
#
# A **tensor** is a grid of numbers of one kind. Its **shape** says how long it is in each
# direction, and its **dtype** of which kind the numbers are. A tensor without directions is
# a single number, a **scalar**; `item()` turns it into a Python number.

# %% tags=["nbval-check-output"]
ids = torch.tensor([[5, 2, 7], [1, 1, 4]])
weights = torch.zeros(4, 2)
print(ids.shape, ids.dtype)
print(weights.shape, weights.dtype)
print(ids[0, 2], ids[0, 2].item(), ids.sum().item())

# %% [markdown]
# Token ids are whole numbers (`int64`), weights and probabilities are floating-point numbers
# (`float32`, about seven digits), and masks are `bool`. Operations on tensors of two
# kinds cause many errors; `.float()`, `.long()` and `.bool()` convert.
#
# Indexing works as for lists, for every direction at once. `:` means all. A minus counts from
# the end, and `None` puts in a new direction of length 1:

# %% tags=["nbval-check-output"]
print(ids[:, 0])  # the first token of each sequence
print(ids[1])  # the second sequence
print(ids[:, :-1].shape, ids[:, 1:].shape)  # all but the last, all but the first
print(ids[:, None].shape, ids[..., None].shape)

# %% [markdown]
# ## 2. Shapes have names
#
# This book names directions by letters, the same in every chapter. There are B sequences (the
# *batch*), T tokens in each, D numbers for each token (the *width* of the model), and V
# entries of the vocabulary. `docs/notation.md` has the list. A shape is written (B, T, D).
#
# Three operations change a shape without changing a number. `view` cuts the numbers anew in
# the same order. `transpose` swaps two directions. `unsqueeze` and `squeeze` add and remove a
# direction of length 1.

# %% tags=["nbval-check-output"]
B, T, H, K = 2, 3, 4, 5
x = torch.arange(B * T * H * K).view(B, T, H * K)  # heads side by side
heads = x.view(B, T, H, K).transpose(1, 2)  # (B, H, T, K)
print(x.shape, "->", heads.shape)
print(x[0, 0, 5:10], heads[0, 1, 0])  # the second head of the first token

# %% [markdown]
# After `transpose` the numbers lie in memory in another order than the shape says, so `view`
# may refuse. `reshape` does the same and copies where it must.
#
# Groups in reinforcement learning are a `view` as well. The rewards of 2 prompts with 3
# completions each arrive in one row, and `view(2, 3)` gives a row for each prompt:

# %% tags=["nbval-check-output"]
rewards = torch.tensor([1.0, 0.0, 0.0, 1.0, 1.0, 0.0])
groups = rewards.view(2, 3)
print(groups)
print("mean of each group", groups.mean(dim=1))

# %% [markdown]
# `dim` names the direction that *disappears*. `mean(dim=1)` of a (2, 3) tensor leaves 2
# numbers. With `keepdim=True` it stays, with length 1, which the next section needs.

# %% [markdown]
# ## 3. Broadcasting
#
# Two tensors of different shapes may be added, multiplied or compared. PyTorch compares their
# shapes *from the right*. Where one length is 1, or missing, that tensor is used again and
# again. This is **broadcasting**, the left half of the figure.

# %% tags=["nbval-check-output"]
print(groups - groups.mean(dim=1, keepdim=True))  # (2, 3) - (2, 1)
place = torch.arange(4)
print(place[:, None] >= place)  # (4, 1) and (4) -> (4, 4)

# %% [markdown]
# The first line compares each reward with its group: that is GRPO's advantage. The second is
# the **causal mask**. Row t is True where token t may look: at itself and what came before.
#
# Broadcasting is also the easiest way to be wrong without an error. Here someone forgot
# `keepdim`. There are three groups of three, so the shapes fit by accident:

# %% tags=["nbval-check-output"]
square = torch.tensor([[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0]])
wrong = square - square.mean(dim=1)  # (3, 3) - (3): means are used by column
right = square - square.mean(dim=1, keepdim=True)
print("each group sums to zero:", right.sum(1).abs().max() < 1e-6)
print("with the slip:          ", wrong.sum(1).abs().max() < 1e-6)

# %% [markdown]
# Two habits help. Print shapes while you build. And test with lengths that are all different:
# then a swapped direction gives an error instead of a wrong number.

# %% [markdown]
# ## 4. Gather and scatter
#
# A model gives a score for every token of the vocabulary. We often need just one of them: the
# score of the token that was really written. `gather` picks it, the right half of the figure.
# Read `x.gather(1, index)` as: in row b take the entry number `index[b]`. The index needs as
# many directions as `x`, hence the `unsqueeze`:

# %% tags=["nbval-check-output"]
logp = torch.tensor([[0.1, 0.6, 0.2, 0.1], [0.3, 0.1, 0.1, 0.5]]).log()
written = torch.tensor([1, 3])
chosen = logp.gather(1, written.unsqueeze(1)).squeeze(1)
print(chosen.exp())

# %% [markdown]
# With a third direction it works in the same way. For (B, T, V) scores and (B, T) ids it reads
# `logp.gather(2, ids.unsqueeze(2)).squeeze(2)`, a line that every RL library has.
#
# `scatter` is the way back: it *writes* values to the named places. The router of chapter 04
# chooses two experts for a token with `topk`, and puts their weights into a row of zeros:

# %% tags=["nbval-check-output"]
scores = torch.tensor([[0.1, 0.7, 0.3, 0.9]])
best = scores.topk(2, dim=1)
print("experts", best.indices, "with", best.values)
print(torch.zeros(1, 4).scatter(1, best.indices, best.values))

# %% [markdown]
# ## 5. Masks
#
# Completions have different lengths, and a tensor is a full grid. So shorter ones are filled
# up (**padded**), and a **mask** says what counts. Never multiply by the mask: `0 * inf` is not
# a number (NaN). `torch.where` chooses instead of multiplying.

# %% tags=["nbval-check-output"]
losses = torch.tensor([[1.0, 2.0, 3.0], [4.0, torch.inf, torch.inf]])
mask = torch.tensor([[True, True, True], [True, False, False]])
print("multiplied", (losses * mask).sum() / mask.sum())
print("chosen    ", torch.where(mask, losses, 0).sum() / mask.sum())

# %% [markdown]
# To forbid a choice, give it a score of minus infinity before the softmax. Its probability is
# then exactly 0:

# %% tags=["nbval-check-output"]
raw = torch.tensor([2.0, 1.0, 3.0])
allowed = torch.tensor([True, True, False])
print(raw.masked_fill(~allowed, -torch.inf).softmax(0))

# %% [markdown]
# ## 6. Multiplying
#
# `@` multiplies matrices. The last length of the left one must be the first (from the end: the
# last but one) of the right one, and it disappears. All directions further left are a batch.
#
# `einsum` names the directions instead of counting them. A letter that is missing behind the
# arrow is summed over. Attention scores compare each query with each key of the same head:

# %% tags=["nbval-check-output"]
q, k = torch.randn(2, 3, 4, 5), torch.randn(2, 6, 4, 5)  # (B, T, H, K), (B, S, H, K)
one = torch.einsum("bthk,bshk->bhts", q, k)
two = q.transpose(1, 2) @ k.transpose(1, 2).transpose(2, 3)
print(one.shape, torch.allclose(one, two, atol=1e-5))

# %% [markdown]
# ## 7. Autograd
#
# Training needs the derivative of one number, the **loss**, by every weight. PyTorch works it
# out. It records all operations on tensors that have `requires_grad`. `backward()` then walks
# this record from the loss back to the weights, by the chain rule, and *adds* the result to
# their `.grad`.

# %% tags=["nbval-check-output"]
w = torch.tensor(3.0, requires_grad=True)
loss = (2 * w - 4) ** 2  # the derivative is 2 * (2w - 4) * 2 = 8w - 16
loss.backward()
print(loss.item(), w.grad)

# %% [markdown]
# *Adds* is useful and dangerous. Useful: a large batch may be computed in parts. Dangerous:
# if you forget to clear `.grad`, old gradients stay in.
#
# Two ways to keep something out of the record: `with torch.no_grad():` for a whole block, such
# as sampling, and `.detach()` for one tensor that should count as a constant. The second changes
# what is learned. Below, both products are 9, and their gradients differ:

# %% tags=["nbval-check-output"]
for name, factor in (("alive", w), ("detached", w.detach())):
    w.grad = None
    (factor * w).backward()
    print(
        f"{name:9} value {factor.item() * w.item():.0f}, gradient {w.grad.item():.0f}"
    )

# %% [markdown]
# The derivative of $w \cdot w$ is $2w = 6$, and that of a constant times $w$ is the constant, 3.
# GRPO's ratio $p / p_\text{old}$ is such a case. Its value is 1 in the first step, and still its
# gradient is not 0: the lower part is a constant, only the upper part can move.

# %% [markdown]
# ## 8. Modules
#
# A **module** is an object with weights and a `forward`. Weights are `nn.Parameter`s, and a
# module finds those of the modules inside it by itself. You call the module, not `forward`.
#
# `nn.Embedding(V, D)` is a table with a row for each token id. `nn.Linear(D, V)` multiplies by a
# matrix. Together they are the smallest language model there is: it guesses the next token
# from the last one alone.


# %%
class Bigram(nn.Module):
    """Logits of the next token, from the token before it."""

    def __init__(self, V, D):
        super().__init__()
        self.embed = nn.Embedding(V, D)
        self.head = nn.Linear(D, V, bias=False)

    def forward(self, ids):  # (B, T) -> (B, T, V)
        return self.head(self.embed(ids))


# %% tags=["nbval-check-output"]
model = Bigram(V=27, D=16)
for name, parameter in model.named_parameters():
    print(f"{name:14} {tuple(parameter.shape)}")
print(sum(p.numel() for p in model.parameters()), "weights")
print(model(torch.tensor([[3, 1, 4, 1, 5]])).shape)

# %% [markdown]
# `model.train()` and `model.eval()` set a switch that only some layers read. `state_dict()` maps
# names to tensors: that is what a checkpoint holds.

# %% [markdown]
# ## 9. The loss of a language model
#
# The **logits** are scores without bounds. `softmax` makes probabilities of them,
# `log_softmax` their logarithms (never `softmax(...).log()`, which loses digits). The loss is the
# mean of $-\log p$ of the tokens that really came, the **cross-entropy**.
#
# Position t predicts token t+1. So logits lose their last place and ids their first:

# %%
words = "the cat sat on the mat and the rat sat on the hat with the cat".split()
text = " ".join(words)
letters = " abcdefghijklmnopqrstuvwxyz"
ids = torch.tensor([[letters.index(letter) for letter in text]])


def next_token_loss(model, ids):
    """Mean of -log p(next token), in nats."""
    logp = model(ids)[:, :-1].log_softmax(-1)  # (B, T-1, V)
    targets = ids[:, 1:]  # (B, T-1)
    return -logp.gather(2, targets.unsqueeze(2)).mean()


# %%
loss = next_token_loss(model, ids)
flat = F.cross_entropy(model(ids)[:, :-1].flatten(0, 1), ids[:, 1:].flatten())
print(f"ours {loss.item():.3f}, PyTorch's {flat.item():.3f}")
print(f"a blind guess {torch.tensor(27.0).log().item():.3f}")
assert torch.allclose(loss, flat, atol=1e-5)

# %% [markdown]
# ## 10. Optimizers, and the loop
#
# An **optimizer** holds the weights and moves them against the gradient. AdamW, the usual one,
# gives each weight a step of about the **learning rate** `lr`, whatever the size of its gradient.
# The loop has four lines, and each training loop of this book contains them:

# %%
optimizer = torch.optim.AdamW(model.parameters(), lr=0.05)
for step in range(200):
    loss = next_token_loss(model, ids)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    if step % 50 == 0:
        print(f"step {step:3}  loss {loss.item():.2f}")
print(f"at the end     {loss.item():.2f}")
assert loss.item() < 1.2

# %% [markdown]
# The loss cannot reach 0. After a space the next letter may be t, c, s and others, and this
# model sees nothing but the space. A transformer looks further back (chapter 03).

# %% [markdown]
# ## 11. Sampling
#
# To write, a model draws a token from its probabilities, appends it, and goes on. A
# **generator** holds the state of the random numbers, so that the same seed gives the same
# text.

# %%
generator = torch.Generator().manual_seed(1)
line = [letters.index("t")]
with torch.no_grad():
    for _ in range(40):
        logits = model(torch.tensor([line]))[0, -1]
        drawn = torch.multinomial(logits.softmax(0), 1, generator=generator)
        line.append(drawn.item())
print("".join(letters[i] for i in line))

# %% [markdown]
# It has learned pairs of letters, and some words come out by luck. That is a language model from
# beginning to end. What the chapters add: a better module (03, 04), more text and a better
# optimizer (05), and another loss, whose gradient comes from rewards (08, 09).
#
# ## Summary
#
# - A tensor has a shape and a dtype. `dim` names the direction that disappears.
# - Broadcasting compares shapes from the right. `keepdim=True` prevents most slips.
# - `gather` picks one entry of each row, `scatter` writes it back.
# - Mask with `where` and `masked_fill`, not by multiplication.
# - `backward()` adds to `.grad`; `detach()` makes a constant; `no_grad()` records nothing.
# - Loss, `zero_grad`, `backward`, `step`: the loop of every chapter.
#
# ## Questions
#
# 1. `x` has the shape (8, 1, 5) and `y` has (3, 1). What is the shape of `x + y`?
#
#    <details><summary>Answer</summary>(8, 3, 5): from the right, 5 and 1 give 5, then 1 and 3
#    give 3, and 8 has no partner.</details>
#
# 2. `logits` is (B, T, V) and `ids` is (B, T). Write the log-probability of each token of `ids`
#    but the first.
#
#    <details><summary>Answer</summary>`logits[:, :-1].log_softmax(-1).gather(2,
#    ids[:, 1:].unsqueeze(2)).squeeze(2)`</details>
#
# 3. A loop works without `optimizer.zero_grad()`, but the loss jumps about. Why?
#
#    <details><summary>Answer</summary>Each `backward()` adds to the gradients of all steps
#    before, so the model moves in old directions again and again.</details>
