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

# %% [markdown] tags=["slide"]
# # Scaling up: from one laptop to two thousand GPUs
#
# | | |
# |---|---|
# | You will build | the memory of a model by part, a reader of eight-bit weights, a training step on several processes, experts that live on two machines, the price of an R1, and a test of a sampler that is not its trainer |
# | You need | chapters 03 to 05 for the model and its training, chapter 09 for the RL loop |
# | Minutes to read | 35 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download. The recipes it speaks of are `gpu` and `cluster` |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 3.1 to 3.3 and table 1; DeepSeek-R1 (arXiv 2501.12948v2), the supplement on training cost |
#
# ![Four boxes from left to right. The tiny R1 with 0.7 million weights on one core of a laptop; Qwen2.5-0.5B with half a billion on one GPU; Qwen2.5-7B with 7.6 billion on several GPUs; DeepSeek-V3 with 671 billion on 2,048 GPUs. Between them: read a published checkpoint; slice every tensor over the GPUs; spread layers and experts, too.](../figures/16_sizes.png)
#
# What you see: the same recipe at four sizes, and what has to change on the way. The
# numbers are the sections that explain it.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import json
import subprocess
import sys
import tempfile
import warnings
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch

from r1lib import artifacts, checks, hub, plots, sampling
from r1lib.hub.published import cast
from r1lib.losses import token_logprobs
from r1lib.model import counts
from r1lib.model.moe import MoE, run_experts
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.problem import problems
from r1lib.rl.rollout import collate
from r1lib.tokenizer import EOS
from r1lib.training.pretrain import loss
from r1lib.world import countdown

warnings.filterwarnings("ignore", "IProgress not found")  # of tqdm: it draws in text
torch.manual_seed(0)
ROOT, RESULTS = Path("..").resolve(), Path("../results/data")

# %% [markdown]
# Some cells below show a function of the library as it is. These need a few more names, and
# section 2 needs the library `transformers`:

# %% tags=["setup"]
from collections.abc import Callable
from contextlib import contextmanager

import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Qwen2Config,
    Qwen2ForCausalLM,
)
from transformers.utils import logging

from r1lib.hub.fp8 import BLOCK
from r1lib.training import optim
from r1lib.training.distributed import WAYS, Task, exchange, norm_of, total

logging.set_verbosity_error()
logging.disable_progress_bar()

# %% [markdown] tags=["slide"]
# ## 1. What grows
#
# Our R1 has 0.7 million weights. The real one has 671 billion, almost a million times as
# many. What changes on the way? Not the algorithms: the loss, the advantages and the clip
# of the earlier chapters stay as they are. What changes is where the numbers are kept, and
# what a processor spends its time waiting for.
#
# We follow four models: the tiny R1, two of the Qwen2.5 family, and DeepSeek-V3, from
# which R1 was trained. Three of them are presets of this book. The fourth, Qwen2.5-7B,
# differs from a smaller sibling in its sizes and has a separate head:

# %% tags=["nbval-check-output"]
SEVEN = replace(
    PRESETS["qwen2.5-1.5b"],
    vocab_size=152_064,
    d_model=3584,
    n_heads=28,
    n_kv_heads=4,
    ffn_dim=18_944,
    tie_embeddings=False,
)
tiny = artifacts.load("r1-tiny")[0].config
models = {
    "tiny R1": tiny,
    "Qwen2.5-0.5B": PRESETS["qwen2.5-0.5b"],
    "Qwen2.5-7B": SEVEN,
    "DeepSeek-V3": PRESETS["deepseek-v3"],
}
for name, config in models.items():
    active = counts.active_parameters(config)
    print(f"{name:14}{counts.parameters(config):18,} weights {active:16,} active")

# %% [markdown]
# The last column counts the weights that take part in computing one token. In a model with
# experts it is smaller, because a token visits a few experts and skips the rest. That
# saves time. It does not save memory, because the next token may need any of them. (Of a
# separate embedding, as in Qwen2.5-7B, a token reads one row, so it does not count either.)
#
# Training needs much more memory than the weights. Each weight has a **gradient**, the direction in which the loss grows. AdamW keeps two more numbers for each weight, its
# **moments** (chapter 05). The **activations** are what the layers computed on the way
# forward; the way back needs them again. The **logits**, one number for each token of the
# vocabulary, belong to the activations, but are often the largest part and get their own row.
#
# In mixed precision a weight and its gradient take two bytes each, in the format
# **bfloat16**, a float of 16 bits. The optimizer takes twelve: a copy of the weight and both
# moments, in float32. For the rest there are estimates. A layer keeps about 34 bytes for
# each token and each number of its width (Korthikanti and others, arXiv 2205.05198). The
# logits exist three times in float32: themselves, their softmax, and their gradient.

# %% tags=["slide"]
TOKENS = 8192  # in one forward and backward pass


def memory_by_part(config):
    """Bytes to train with AdamW in mixed precision, by part."""
    held = counts.training_bytes(counts.parameters(config))
    activations = 34 * config.n_layers * config.d_model * TOKENS
    logits = 3 * 4 * config.vocab_size * TOKENS
    return held | {"activations": activations, "logits": logits}


totals = {name: sum(memory_by_part(c).values()) / 1e6 for name, c in models.items()}
plots.log_bars(totals, "megabytes to train, in all", "V3")

# %% [markdown]
# What you see: from the memory of a laptop to that of a data centre. An H100
# holds 80 GB, an H200 141, that is 80,000 and 141,000 on this axis. Not even a 7B model fits
# into one of them to be trained, although an H100 holds its weights alone five times over.
# Where does the memory go?

# %%
shares = {}
for name, config in models.items():
    parts = memory_by_part(config)
    shares[name] = {part: size / sum(parts.values()) for part, size in parts.items()}
plots.stacked_shares(shares)

# %% [markdown]
# What you see: activations and logits fill the small models, the optimizer fills the large
# ones. So there are two cures. A small model reads fewer tokens in one pass and adds the
# gradients up, as `micro_tokens` does in our loops. A large model must be cut into pieces,
# which is section 4.

# %% [markdown] tags=["slide"]
# ### Time, by part
#
# RL alternates two kinds of work, and each waits for something else. **Learning** reads
# whole texts at once. A matrix is loaded once and multiplied with thousands of tokens, so
# what counts is the speed of arithmetic, in FLOPs, additions and multiplications.
#
# **Sampling** writes one token at a time. All weights are loaded to make a single token for
# each of some hundred texts. So what counts is the speed of the memory, in bytes a second.
#
# An H100, a GPU of 2022, does up to 989 trillion FLOPs a second and reads 3.35 trillion
# bytes. Suppose that learning uses 35% of the first number and sampling 40% of the second.
# What does a rollout of 256 texts with 512 new tokens cost?

# %%
PEAK, BANDWIDTH, ROWS, NEW = 989e12, 3.35e12, 256, 512


def seconds_by_part(config):
    """GPU seconds to write a rollout token by token, and to learn from it."""
    read = 2 * counts.parameters(config)  # all experts: some row needs each of them
    read += ROWS * NEW / 2 * counts.cache_bytes(config)
    learning = counts.training_flops(config, ROWS * NEW, NEW)
    return {
        "sampling": NEW * read / (0.4 * BANDWIDTH),
        "learning": learning / (0.35 * PEAK),
    }


times = {name: seconds_by_part(config) for name, config in models.items()}
for name, parts in times.items():
    print(f"{name:14}" + "".join(f"{k:>12} {v:9.3f} s" for k, v in parts.items()))
v3, seven = times["DeepSeek-V3"], times["Qwen2.5-7B"]
assert v3["sampling"] > v3["learning"] and seven["sampling"] < seven["learning"]

# %% [markdown]
# Here the two dense Qwen models write faster than they learn, because all 256 texts share one reading of
# the weights. DeepSeek-V3 needs six times as long to write as to learn. Each token uses 5% of
# its weights, but together the 256 tokens need nearly all experts.
#
# The calculation is kind to sampling. In a real rollout some texts are much longer than the
# rest, and at the end few rows share a reading. So large runs sample with a program made for
# it, an **inference engine** such as vLLM. Section 6 looks at what this changes.
#
# These are calculations, not measurements. No GPU was measured for this book.

# %% [markdown] tags=["slide"]
# ## 2. Real checkpoints
#
# A published model is a folder. `config.json` holds its sizes, `*.safetensors` its tensors
# by name, and `tokenizer.json` its tokenizer. Large models come in **shards**: several
# files, and an index that says which tensor is in which. Here is a small one with random
# weights, as the library `transformers` writes it:

# %%
folder = Path(tempfile.mkdtemp())
sizes = Qwen2Config(
    vocab_size=512,
    hidden_size=64,
    intermediate_size=96,
    num_hidden_layers=3,
    num_attention_heads=4,
    num_key_value_heads=2,
)
theirs = Qwen2ForCausalLM(sizes).eval()
theirs.save_pretrained(folder / "qwen", max_shard_size="150KB")
print(*sorted(path.name for path in (folder / "qwen").iterdir()), sep="\n")

# %% [markdown]
# `hub.load` reads such a folder. It turns the sizes into our `ModelConfig` and the names
# into ours; whatever does not fit is an error that names the tensor. Five families are
# known: Qwen2, Qwen3, Llama, DeepSeek-V2 and DeepSeek-V3. The test of a reader is simple:
# the same weights must give the same logits.

# %%
ours = hub.load(folder / "qwen").eval()
ids = torch.randint(512, (2, 40))
with torch.no_grad():
    apart = (ours(ids) - theirs(ids).logits).abs().max()
print(f"largest difference of a logit: {apart:.1e}")
assert apart < 1e-4

# %% [markdown]
# ### One tensor at a time
#
# The obvious way to load is to read all files, then fill the model. For a moment that
# takes the memory of two models. `hub.load` first reads names and shapes only, which are at
# the start of each file. Then it makes an empty model and copies one tensor after another.
#
# How much does that save? `python -m benchmarks.loading` wrote a sharded checkpoint of one
# gigabyte, loaded it in processes of their own, and measured the peak of their memory. The
# obvious way takes two copies, ours one and a little more, as does `transformers`:

# %%
text = (RESULTS / "benchmark-loading.json").read_text(encoding="utf-8")
loading = json.loads(text)["loading"]
for way, row in loading["ways"].items():
    print(f"{way:14}{row['times the checkpoint']:6.2f} times the checkpoint")
assert loading["ways"]["hub.load"]["times the checkpoint"] < 1.2

# %% [markdown] tags=["slide"]
# ### Eight bits
#
# DeepSeek-V3 is published in **fp8**, with eight bits for a weight: one for the sign, four
# for the exponent, three for the digits. Such a number cannot exceed 448, and there are
# only a few between one power of two and the next. So each block of $128 \times 128$
# weights shares one float32 number, its **scale**, kept in a second tensor named
# `..._scale_inv`. To read the weights, multiply each block by its scale:

# %%
# r1lib.hub.fp8.widened

# %% [markdown]
# What do eight bits cost? Cut a matrix into blocks, scale each so that its largest number
# becomes 448, round, and read it back:


# %%
def rounded(weight):
    """A matrix after eight bits: what a reader gets back."""
    rows, columns = (-(-size // BLOCK) for size in weight.shape)
    eight, scale = torch.empty_like(weight), torch.empty(rows, columns)
    for r in range(rows):
        for c in range(columns):
            block = (
                slice(BLOCK * r, BLOCK * (r + 1)),
                slice(BLOCK * c, BLOCK * (c + 1)),
            )
            scale[r, c] = weight[block].abs().max() / 448
            eight[block] = weight[block] / scale[r, c]
    return widened(eight.to(torch.float8_e4m3fn), scale)


weight = torch.randn(256, 384)
error = (rounded(weight) - weight).norm() / weight.norm()
print(f"the matrix moved by {error:.1%} of its length")
assert 0.01 < error < 0.05

# %% [markdown]
# A few hundredths of its length is the price of half the memory. DeepSeek-V3 was even
# trained with such numbers in most of its matrix products. Embedding, head, attention,
# routers and norms kept more bits (section 3.3.1 of its report).

# %% [markdown] tags=["slide"]
# ### The other way: our R1 in other people's programs
#
# `hub.export_hf` writes one of our models as a folder for `transformers`. Latent attention
# with experts becomes a `deepseek_v3`, because that is what it is. Does our tiny R1 answer
# there as it does here, token by token? We take three test problems and decode greedily, at
# most 200 tokens. (A greedy R1 may repeat itself until then, as chapter 09 explains.)

# %% tags=["nbval-check-output"]
model, tokenizer = artifacts.load("r1-tiny")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    hub.export_hf(model, folder / "r1", tokenizer)
exported = AutoModelForCausalLM.from_pretrained(folder / "r1", dtype=torch.float32)
their_tokenizer = AutoTokenizer.from_pretrained(folder / "r1")
games = problems(countdown.sample, 12, 0, "test")
games = [game for game in games if game.language == "en"][:3]
prompts = [tokenizer.prompt(game.prompt) for game in games]
settings = {"max_new_tokens": 200, "temperature": 0, "stop_ids": (EOS,)}
written = sampling.generate(model, prompts, **settings)
for game, ours, here in zip(games, prompts, written, strict=True):
    talk = [{"role": "user", "content": game.prompt}]
    prompt = their_tokenizer.apply_chat_template(
        talk, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    assert ours == prompt["input_ids"][0].tolist()
    with torch.no_grad():
        there = exported.generate(**prompt, max_new_tokens=200, do_sample=False)
    there = there[0, len(ours) :].tolist()
    print(f"{game.prompt}: the same {len(here.ids)} tokens: {here.ids == there}")
    if here.finish == "stop":
        print(their_tokenizer.decode(there), "\n")

# %% [markdown]
# The same folder can be uploaded or fine-tuned with TRL. vLLM loads it, but cannot run a model as
# tiny as ours: its kernels need larger heads (`recipes/README.md`). Tokenizers can
# be read, too: `r1lib.hub.tokenizers.load` takes the `tokenizer.json` of DeepSeek, Qwen and
# Llama 3, which are byte-level BPE as in chapter 02.

# %% [markdown] tags=["slide"]
# ## 3. One GPU
#
# With a large base on a GPU the same loop runs, with three changes.
#
# **Precision.** Matrices are multiplied in bfloat16. It has float32's range, but only 7 bits for the digits. The weights that AdamW updates stay in float32. Why? Make a thousand
# small steps in both formats:

# %% tags=["nbval-check-output"]
for dtype in (torch.float32, torch.bfloat16):
    one = torch.tensor(0.5, dtype=dtype)
    for _ in range(1000):
        one += 1e-6
    print(f"{str(dtype):16} 0.5 after a thousand steps of 1e-6: {one.item():.6f}")

# %% [markdown]
# In bfloat16 the weight never moves: each step is rounded away. RL on large models uses
# learning rates of about one millionth, so this is the ordinary case.
#
# **Learning rate.** Larger models want smaller steps. Our tiny models learn at 6e-4, TinyZero's
# at 1e-6.
#
# **Prompts.** A published base has read the web, so we can ask in plain words. It does not
# know our format, so the prompt must ask for it.
#
# The folder `recipes/` has five scripts for one GPU. Each prints its plan before it starts:
# parameters, memory by part, FLOPs, hours, dollars. Here is the plan of TinyZero, the
# best-known small reproduction of R1-Zero, with the loop of our chapter 09:

# %% tags=["nbval-check-output"]
command = [sys.executable, "-m", "recipes.tinyzero_qwen", "--dry-run"]
plan = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
print(plan.stdout)

# %% [markdown]
# We have not run this recipe on a GPU; everything above is computed, for 200 steps without
# a failed attempt. TinyZero's authors report that a base of 0.5B fails to learn reasoning on countdown. A base of 3B learns it for
# less than 30 dollars (the README of github.com/Jiayi-Pan/TinyZero).

# %% [markdown] tags=["slide"]
# ## 4. Many GPUs
#
# When a model and its optimizer do not fit into one GPU, or training would take too long, the
# work is cut. Each process that takes part is called a **rank**. There are four ways to
# cut, and large runs combine them.
#
# ![Four ways to cut. Data: two ranks with whole models, each with half of the rows; they add up their gradients once a step. Tensor: each rank has half of every matrix; outputs are added up twice a layer. Pipeline: each rank has one layer, micro-batches follow one another, and both ranks are idle once. Expert: each rank has two of four experts, and tokens travel to their experts and back.](../figures/16_parallel.png)
#
# What you see: what each of two ranks holds, in blue and orange, and what they must send
# each other.
#
# ### Data
#
# The simplest cut is **data parallelism**. Every rank has the whole model and reads a part
# of the batch; before the optimizer's step, the ranks add up their gradients. Is that the
# gradient of the whole batch? Only if each part counts in proportion to its tokens:

# %%
small = new_model(replace(PRESETS["smoke"], n_mtp=0), seed=0)
batch = torch.randint(9, 1024, (6, 12))
batch[4:, 5:] = 0  # two short rows: 0 is padding
targets = (batch[:, 1:] != 0).sum()


def gradient(rows, weight):
    """Gradient of the loss of some rows, times a weight."""
    small.zero_grad()
    (weight * loss(small, rows, 0.0)[0]).backward()
    return small.layers[0].attn.wo.weight.grad.clone()


whole = gradient(batch, 1.0)
halves = batch[:3], batch[3:]
equal = sum(gradient(half, 1 / 2) for half in halves)
weights = [float((half[:, 1:] != 0).sum() / targets) for half in halves]
fair = sum(gradient(half, w) for half, w in zip(halves, weights, strict=True))
for name, found in (("mean of the ranks", equal), ("by their tokens", fair)):
    print(f"{name:18} off by {(found - whole).norm() / whole.norm():.1e}")
assert torch.allclose(fair, whole, atol=1e-6) and not torch.allclose(equal, whole)

# %% [markdown]
# Taking the mean of the ranks is a common mistake. It changes what the run learns, and the
# change depends on the number of GPUs. So our steps take losses that are already *shares of
# the whole batch's mean*, and add them up. This is the step of the recipe for many GPUs:

# %% tags=["slide"]
# r1lib.training.distributed.step

# %% [markdown]
# `task` is the model inside a wrapper, and PyTorch has two that fit. **DDP** (distributed
# data parallel) keeps the whole model on each rank and averages gradients during the backward
# pass. **FSDP2** (fully sharded data parallel) keeps only a slice of each weight, gradient
# and moment on a rank. Before a layer runs, its slices are gathered; afterwards they are
# dropped again. The model's own code does not change for either:

# %% tags=["slide"]
# r1lib.training.distributed.wrap

# %% [markdown]
# Slicing divides the memory by the number of ranks. For the 7B model, without activations:

# %%
held = sum(counts.training_bytes(counts.parameters(SEVEN)).values()) / 1e9
for ranks in (1, 2, 4, 8):
    print(f"{ranks} ranks: DDP {held:6.1f} GB on each, FSDP2 {held / ranks:6.1f} GB")

# %% [markdown] tags=["slide"]
# ### Two ranks on your laptop
#
# You can watch this without a GPU: the library **gloo** connects ordinary processes. The
# next cell starts two of them, which pre-train a small model for two steps with FSDP2:

# %%
run = ["recipes.distributed", "pretrain", "--way", "fsdp", "--steps", "2"]
command = [sys.executable, "-m", "recipes.launch", "2", *run, "--out", folder / "run"]
ranks = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
print(ranks.stdout, ranks.stderr)
assert ranks.returncode == 0

# %% [markdown]
# Do several ranks learn what one process learns? `python -m results.sharded` trained for six
# steps on 1, 2 and 4 ranks, with both wrappers. In a last run it killed one of two ranks after
# step 3 and went on with four, from the last checkpoint, which the ranks had written in
# slices. The table has the largest difference from one rank over all its settings:

# %%
text = (RESULTS / "sharded.json").read_text(encoding="utf-8")
measured = [row for row in json.loads(text)["rows"] if row["way"] != "start"]
print(f"{'':10}{'':12}{'loss':>10}{'weights':>10}")
for kind in ("pretrain", "sft", "grpo"):
    for way in ("ddp", "fsdp", "killed"):
        rows = [row for row in measured if (row["kind"], row["way"]) == (kind, way)]
        most = [max(row[part] for row in rows) for part in ("loss", "weights")]
        print(f"{kind:10}{way:12}{most[0]:10.0e}{most[1]:10.0e}")
assert all(max(row["loss"], row["weights"]) < 1e-5 for row in measured)

# %% [markdown]
# All differences are rounding, below one hundred-thousandth. The training itself moved some
# weights by several thousandths. So the number of ranks decides speed and memory, and not what
# is learned.
#
# RL needs one more thing. Ranks that write texts of different lengths cannot stay in
# lockstep, and gathering slices for every token would be slow. So each rank samples with a
# whole copy of the weights, refreshed before each rollout. In large runs that copy belongs
# to an inference engine.

# %% [markdown] tags=["slide"]
# ### Tensor and pipeline
#
# **Tensor parallelism** cuts every matrix. Two matrices in a row need only one exchange:
# the first is cut by columns, the second by rows, and the two results are added.

# %%
x, first, second = torch.randn(5, 8), torch.randn(8, 12), torch.randn(12, 8)
wanted = torch.relu(x @ first) @ second
columns, rows = first.chunk(2, dim=1), second.chunk(2, dim=0)
parts = [torch.relu(x @ c) @ r for c, r in zip(columns, rows, strict=True)]
print(f"sum of both ranks, off by {(sum(parts) - wanted).abs().max():.0e}")
assert torch.allclose(sum(parts), wanted, atol=1e-5)

# %% [markdown]
# The exchange happens twice in every layer, so tensor parallelism needs GPUs with fast
# wires between them, usually those of one machine.
#
# **Pipeline parallelism** cuts between layers instead. Only the states at the border travel.
# Its price is idle time: the last rank has nothing to do until the first micro-batch
# arrives. With $p$ stages and $m$ micro-batches a rank is idle for $p-1$ of $m+p-1$ time slots
# (exercise 16.2).
#
# ### Experts
#
# A model with 256 experts in a layer offers a fourth cut: put the experts on different
# ranks. Each token is sent to the ranks of its experts, and their outputs are sent back.
# Both trips are an **all-to-all**, in which every rank sends something to every other.

# %% tags=["slide"]
# r1lib.training.distributed.experts_across

# %% [markdown]
# The function needs a group of processes, and the tests run it on two. Here is its
# bookkeeping in one process: two ranks with two experts and four tokens each. First we
# count who sends how many rows to whom. Then each rank runs its experts on what it received:

# %% tags=["nbval-check-output"]
layer = new_model(replace(PRESETS["smoke"], n_routed_experts=4), seed=0).layers[1].ffn
tokens = torch.randn(8, 32)
choice = torch.tensor([[0, 1], [0, 2], [1, 3], [2, 3], [0, 3], [1, 2], [0, 1], [2, 3]])
scales = torch.rand(8, 2)
home = torch.arange(8) // 4  # tokens 0-3 live on rank 0
for rank in range(2):
    to = [(choice[home == rank] // 2 == other).sum().item() for other in range(2)]
    print(f"rank {rank} keeps or sends {to} rows to ranks 0 and 1")

combined = torch.zeros_like(tokens)
with torch.no_grad():
    for rank in range(2):  # what each rank computes for everyone
        mine = layer.experts[2 * rank : 2 * rank + 2]
        row, place = (choice // 2 == rank).nonzero(as_tuple=True)
        local = choice[row, place].unsqueeze(1) % 2
        done = run_experts(tokens[row], local, torch.ones(len(row), 1), mine)
        combined.index_add_(0, row, done * scales[row, place].unsqueeze(1))
    alone = run_experts(tokens, choice, scales, layer.experts)
assert torch.allclose(combined, alone, atol=1e-6)
print("two ranks with two experts each compute what one with four does")

# %% [markdown]
# DeepSeek-V3 combined three of the four cuts on its 2,048 GPUs: 16 pipeline stages, experts
# spread over 64 GPUs in 8 machines, and data parallelism with a sliced optimizer. It
# did without tensor parallelism (section 3.2 of its report).
#
# The routing limits of chapter 04 make sense now. A token may visit at most four of eight
# machines, because each visit is traffic. And balance saves time: all ranks wait for
# the one with the busiest expert.

# %% [markdown] tags=["slide"]
# ## 5. What an R1 costs
#
# Four bills have been published. Two can be checked with a multiplication, and for the third
# a division gives the price of an hour.
#
# - **DeepSeek-V3** lists 2.788 million hours of H800 GPUs at two dollars (table 1).
# - **R1** lists 512 H800 GPUs for 198 hours (R1-Zero) and for about 80 hours (R1), and 5,000
#   GPU hours for data (v2, supplement on training cost).
# - **Sky-T1** lists 8 H100 GPUs for 19 hours, and about 450 dollars (its README).
# - **TinyZero** says "less than 30 dollars", without hours.

# %% tags=["nbval-check-output"]
R1_HOURS = {"R1-Zero": 512 * 198, "data for SFT": 5_000, "R1": 512 * 80}
bills = {
    "DeepSeek-V3, in all": (sum(counts.V3_HOURS.values()), 2.0),
    "R1 on top of it": (sum(R1_HOURS.values()), 2.0),
    "Sky-T1 32B": (8 * 19, 450 / (8 * 19)),
}
for name, (hours, price) in bills.items():
    cost = counts.dollars(hours, price)
    print(f"{name:24}{hours:12,} GPU hours x ${price:.2f} = ${cost:12,.0f}")
ratio = sum(counts.V3_HOURS.values()) / sum(R1_HOURS.values())
print(f"\nthe base took {ratio:.0f} times the hours of R1's own training")
print(f"$30 buy {30 / 2.5:.0f} hours of an H100 at an assumed $2.50")

# %%
costs = {name: hours * price for name, (hours, price) in bills.items()}
costs |= {"TinyZero, at most": 30}
plots.log_bars(costs, "US dollars, final runs only", "TinyZero")

# %% [markdown]
# What you see: each bill is a small part of the one above. The base costs nineteen times as
# much as everything that R1 adds, so reasoning is cheap *once a strong base exists*. Sky-T1
# distils an existing reasoning model into an existing instruct model. TinyZero teaches one game.
#
# The bills count final runs only: no failed attempts, no salaries, no machines
# (chapter 05).

# %% [markdown] tags=["slide"]
# ## 6. When the sampler is another program
#
# Large runs put existing engines to work, and so can you. The folder `recipes/` connects
# them with the problems and rewards of this book:
#
# | engine | what it does | recipe |
# |---|---|---|
# | vLLM | samples | `engines.VLLM(folder).generate`, called like ours |
# | TRL | trains with GRPO | `trl_grpo.py`, started by `accelerate` |
# | verl | trains with GRPO on many GPUs | `verl_reward.py`, our rewards in its form |
#
# A new problem appears as soon as one program samples and another learns. Even with the
# same weights they compute different numbers: one has another precision or another order
# of additions. Often the sampler's weights are also a few steps old. So the text was written by a
# policy that is not quite the one that learns from it. The policy gradient assumes that it is.
#
# With experts it gets worse. A router picks the best two of eight. If two scores are close,
# the last digit decides, and another expert is not a small difference. To see this, we read
# the same text with two models and note which experts each layer picks:

# %%
# results.mismatch.layers_of
# results.mismatch.choosing
# results.mismatch.read
# results.mismatch.disagreement

# %% [markdown]
# Now our R1 samples in bfloat16, and then reads its own texts in float32:

# %%
fast = cast(deepcopy(model), torch.bfloat16).eval()
games = problems(countdown.sample, 24, 0, "test")
prompts = [tokenizer.prompt(game.prompt) for game in games]
completions = sampling.generate(fast, prompts, max_new_tokens=96, stop_ids=(EOS,))
ids, mask, sampled = collate(prompts, completions)
logits, chosen = read(fast, ids)
own, mine = read(model.eval(), ids)
differs = disagreement(chosen, mine, mask)
ratio = (token_logprobs(own, ids, mask=mask) - sampled)[mask].exp()
print(f"tokens with another expert in some layer: {differs['any']:.1%}")
print(f"probability, float32 over bfloat16: {ratio.min():.2f} to {ratio.max():.2f}")
assert differs["any"] > 0

# %% [markdown]
# A small share of the tokens visits other experts, and probabilities change by the factors
# printed above. Three repairs are in use:
#
# - **Truncated importance sampling** (TIS) multiplies the loss of a token by the trainer's
#   probability over the sampler's, cut off at a cap. It nearly corrects the expected gradient,
#   whatever the reason for the mismatch.
# - **Masking** leaves out tokens, or whole completions, whose ratio is too far from 1.
# - **Routing replay** (arXiv 2510.11370) records which experts the sampler chose and lets the
#   trainer run the same ones. It removes the jumps and leaves the small differences.
#
# The first and the third, as functions, and a measure of what is left: the **KL divergence**
# between sampler and trainer, on average over the sampled tokens.

# %%
# r1lib.losses.truncated_importance
# results.mismatch.replayed
# results.mismatch.exact_kl

# %% [markdown]
# How much of the mismatch is due to the experts? We measure the KL once with the trainer's
# own experts and once with the sampler's:

# %%
with torch.no_grad(), replayed(model, chosen, torch.arange(len(ids)), ids.shape[1]):
    forced = model(ids)
print(f"own experts:           {exact_kl(logits, own, mask):.1e} nats a token")
print(f"the sampler's experts: {exact_kl(logits, forced, mask):.1e} nats a token")

# %% [markdown] tags=["slide"]
# ### Measured on a laptop
#
# `python -m results.mismatch look 0` makes the same comparison on more text, and adds a
# coarser sampler whose weights have eight bits. "Base" is the base model of each seed; Zero
# and the dense student, which has no experts, are the shipped ones.

# %%
MODELS = {"base": "base", "zero": "Zero", "dense": "dense student"}


def measured_of(arm):
    """What was measured of an arm, one content for each seed that is there."""
    paths = [RESULTS / f"mismatch-{arm}-{seed}.json" for seed in (0, 1, 2)]
    return [json.loads(p.read_text(encoding="utf-8")) for p in paths if p.exists()]


experts, before, after, jumps = {}, {}, {}, {}
for found in measured_of("look"):
    for row in found["rows"]:
        if row["sampler"] == "same":
            assert abs(row["kl"]) < 1e-6 and row["experts"]["any"] == 0  # the control
            continue
        name = f"{MODELS[row['model']]}, {row['sampler']}"
        experts.setdefault(name, []).append(100 * row["experts"]["any"])
        before.setdefault(name, []).append(row["kl"])
        jumps.setdefault(name, []).append(row["largest ratio"])
        if "kl replayed" in row:
            after.setdefault(name, []).append(row["kl replayed"])
for name, seeds in jumps.items():
    largest = ", ".join(f"{jump:.3g}" for jump in seeds)
    print(f"{name:20} largest change of a token's probability: {largest}")
KLS = ("KL, nats a token", "KL, experts replayed")
panels = {"other experts, %": experts, KLS[0]: before, KLS[1]: after}
plots.seed_dots(panels, log=KLS)

# %% [markdown]
# What you see: bfloat16 changes the experts of 2 to 3% of the tokens, eight bits those of 9 to
# 13%. Replay lowers the KL, in some rows by very little. Look at Zero in bfloat16: without
# replay its three samples differ by a factor of seven, with replay they agree. Among what replay
# removes are rare, large jumps: in seed 2 one token's probability changed by a factor of 593.
#
# The rest is ordinary rounding. The dense student, our control, shows how large that can be. It
# has no experts to change, and with eight bits it has the largest KL of all.
#
# A deep model offers more places to jump: in one of 30 billion weights, 94% of the tokens
# met another expert in at least one layer (arXiv 2510.11370).
#
# Does it matter for RL? From the base of each seed, `python -m results.mismatch ARM SEED`
# ran R1-Zero on both games, with other samplers. In "same", the sampler is the trainer. In
# "fp8" its weights have eight bits, and in "stale" it is the policy of eight steps ago. TIS
# and replay are the repairs from above. The grey line is the mean of "same".

# %%
ARMS = ("same", "fp8", "fp8-tis", "fp8-replay")
ARMS += ("stale", "stale-tis", "stale-replay")
arms = {arm: measured_of(arm) for arm in ARMS}
plan = arms["same"][0]["settings"]
print(
    f"{plan['steps']} steps of {plan['prompts']} prompts x {plan['group_size']} texts\n"
)


def last(found, name):
    """Mean of a metric over the last ten steps."""
    return fmean(point[name] for point in found["history"][-10:])


print(f"{'sampler':14}{'other experts':>14}{'KL':>10}{'clipped':>9}   pass@1 by seed")
for arm, seeds in arms.items():
    means = [fmean(last(s, k) for s in seeds) for k in ("experts", "kl")]
    clipped = fmean(last(s, "clip_fraction") for s in seeds)
    scores = "  ".join(f"{fmean(s['after'].values()):.2f}" for s in seeds)
    print(f"{arm:14}{means[0]:14.1%}{means[1]:10.0e}{clipped:9.1%}   {scores}")
values = {
    "reward, last 10 steps": lambda found: last(found, "reward"),
    "pass@1, test": lambda found: fmean(found["after"].values()),
}
panels = {
    title: {arm: list(map(value, seeds)) for arm, seeds in arms.items()}
    for title, value in values.items()
}
plots.seed_dots(panels, beside="same")

# %% [markdown]
# What you see: rounding does no harm here, but old weights do. With eight bits, pass@1 lies between 0.55
# and 0.61, with or without a repair, on both sides of "same". The stale sampler ends at 0.31, 0.38
# and 0.07, where "same" has 0.59, 0.56 and 0.58. (On the left is the reward of the *sampler*'s
# texts, so in the stale rows that of an earlier policy.)
#
# The clip does not help, because it compares the trainer with itself: without a repair the
# ratio starts at 1, however far away the sampler is. TIS puts the sampler back into the ratio
# and brings pass@1 to 0.57, 0.49 and 0.52. Replay helps in two seeds of three (0.53, 0.21, 0.27).
# It corrects the experts, but not the probabilities.
#
# Mind the scale. Our learning rate is several hundred times that of a large model, so eight of
# our steps are a long way. In a large run, check both: how old the sampler's
# weights are, and its precision.

# %% [markdown] tags=["slide"]
# ## 7. What came after R1
#
# You can skip this section, or begin your further reading here. Each paragraph has one source or two.
#
# **One model, two modes.** R1 always thinks. Qwen3 (May 2025, arXiv 2505.09388) was
# fine-tuned on answers with and without thinking, and a word in the prompt says which kind is
# wanted. Its users can also limit the number of thinking tokens. Chapter 15 showed why one
# wants both: R1, made to think about facts, spends more tokens and gets fewer of them right.
#
# **DeepSeek-V3.1** (August 2025, api-docs.deepseek.com/news/news250821) brought the two modes
# to DeepSeek. What had been two models, V3 and R1, became one, and the chat template chooses the
# mode.
#
# **Sparse attention.** In DeepSeek-V3.2 (December 2025, arXiv 2512.02556) a token attends
# to at most 2,048 earlier ones. A small **indexer** scores all of them cheaply and keeps the
# best; the attention itself is the latent one of chapter 03. It was added to a trained
# model by continued training, and makes long texts cheaper to read and to write.
#
# **On-policy distillation.** The student writes, and the teacher grades every token: the
# loss is the reverse KL on the student's own texts, as in chapter 14. In a comparison on a
# student of 8B it took 1,800 GPU hours, and RL 17,920 for a lower score (Qwen3 report,
# table 21). A blog of Thinking Machines made the method known
# (thinkingmachines.ai/blog/on-policy-distillation, October 2025).
#
# **Experts of another kind.** For DeepSeek-V4 (April 2026), separate models were trained
# by SFT and GRPO for separate fields. On-policy distillation then joined them into one
# (model card, huggingface.co/deepseek-ai/DeepSeek-V4-Pro).
#
# **Keeping the sampler honest.** Routing replay (October 2025, arXiv 2510.11370) was
# proposed because RL on large models with experts collapsed without it. The report of
# DeepSeek-V3.2 lists it among its methods, as "keep routing".

# %% [markdown] tags=["slide"]
# ## Summary
#
# - Training takes 16 bytes for each weight, and room for the activations. These fill the small
#   models, the optimizer the large ones.
# - Sampling waits for memory, learning for arithmetic.
# - Published checkpoints are read one tensor at a time. Eight-bit weights need the scales of
#   their blocks. Our R1 writes the same tokens in `transformers`.
# - Many ranks learn what one process learns, if each token counts the same. FSDP2 slices
#   everything, and its checkpoints may be read by another number of ranks.
# - DeepSeek-V3 cost $5.576 million and R1 $294 thousand on top of it.
# - A sampler in another program is another policy. In our runs rounding did not matter, old
#   weights did, and importance weights repaired most of it.
#
# ## Questions
#
# 1. Why does a 7B model not fit into a GPU of 80 GB for training, although its weights take
#    15 GB? Name two ways out.
#
#    <details><summary>Answer</summary>Weights, gradients and optimizer take 16 bytes for each
#    of 7.6 billion weights, 122 GB, before the first activation. Slices on two GPUs or more are
#    one way out. Training fewer numbers is another: adapters such as LoRA freeze the weights
#    and need gradients and moments for a small part only.</details>
#
# 2. Why does a token cost less if many texts are sampled together, and why is this saving
#    smaller for a model with experts?
#
#    <details><summary>Answer</summary>All rows share one reading of the weights, and reading is
#    what sampling waits for. With experts, each row needs its own few. A larger batch
#    needs more of the experts, until all of them are read for a few rows each.</details>
#
# 3. Your RL run samples with an engine and learns with another program. The logged ratio of
#    their probabilities is between 0.98 and 1.02 for almost all tokens, and 40 for a few. What
#    do you look at first?
#
#    <details><summary>Answer</summary>At those few tokens. If the model has experts, compare the
#    routing there. Compare also the sampling settings, since top-p or a temperature that the
#    trainer does not know changes probabilities. Then cap or mask the ratio, so that a few
#    tokens cannot decide the step.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/16_scaling_up.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.1** (easy, 10 min) Means that add up. Each rank reports the sum of its
# tokens' losses and how many tokens it had, as a pair. Return the mean over all tokens. A
# rank may have none; if all have none, the mean is 0.
#
# <details><summary>Hint</summary>Add up first, divide once.</details>


# %% tags=["exercise"]
def mean_of_ranks(parts):
    """Mean over tokens, from (sum, count) of each rank."""
    # BEGIN SOLUTION
    count = sum(n for _, n in parts)
    return sum(total for total, _ in parts) / count if count else 0.0
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_1(mean_of_ranks)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.2** (easy, 10 min) The bubble. A pipeline has `stages` ranks, and a batch
# comes in `parts` micro-batches. Each takes one time slot on each rank. Return the share of
# all slots, from the first start to the last end, in which a rank is idle.
#
# <details><summary>Hint</summary>Draw the figure of section 4 for three stages. A rank works
# in `parts` slots. How many slots are there?</details>


# %% tags=["exercise"]
def idle(stages, parts):
    """Share of the time in which a rank is idle."""
    # BEGIN SOLUTION
    return (stages - 1) / (parts + stages - 1)
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_2(idle)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.3** (medium, 15 min) Three stages of slicing. A weight takes 2 bytes, its
# gradient 2, its optimizer state 12. Stage 0 (DDP) slices nothing. Stage 1 slices the
# optimizer state over the ranks, stage 2 the gradients too, stage 3 (FSDP) also the
# weights. Return the bytes of one rank. (These are the stages of ZeRO, arXiv 1910.02054.)
#
# <details><summary>Hint</summary>Go through the three sizes in the order in which they are
# sliced.</details>


# %% tags=["exercise"]
def bytes_of_a_rank(parameters, ranks, stage):
    """Bytes of weights, gradients and optimizer on one rank."""
    # BEGIN SOLUTION
    sizes = (12, 2, 2)  # in the order in which they are sliced
    kept = (b / ranks if i < stage else b for i, b in enumerate(sizes))
    return parameters * sum(kept)
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_3(bytes_of_a_rank)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.4** (medium, 15 min) Eight bits, any block. Given eight-bit weights (R, C),
# the scales of their blocks and the size of a block, return the weights in float32. The
# last blocks of a row or column may be smaller.
#
# <details><summary>Hint</summary>Convert to float32 first. `repeat_interleave(block, 0)`
# repeats each row.</details>


# %% tags=["exercise"]
def widen(weight, scale, block):
    """Multiply each block of the weights by its scale."""
    # BEGIN SOLUTION
    rows, columns = weight.shape
    each = scale.repeat_interleave(block, 0)[:rows]
    return weight.float() * each.repeat_interleave(block, 1)[:, :columns]
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_4(widen)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.5** (medium, 20 min) Who sends what to whom? `ids` (N, A) names the A experts
# of each of N tokens. Tokens and experts are spread evenly over the ranks, in order. Return
# a matrix as a list of rows: entry (r, s) says how many rows rank r sends to rank s. A
# token with two experts on one rank is sent twice, as in `experts_across`.
#
# <details><summary>Hint</summary>Expert e lives on rank e // (experts // ranks). `chunk`
# cuts the tokens.</details>


# %% tags=["exercise"]
def sent(ids, experts, ranks):
    """Rows that each rank sends to each rank."""
    # BEGIN SOLUTION
    each = experts // ranks
    return [
        torch.bincount(mine.flatten() // each, minlength=ranks).tolist()
        for mine in ids.chunk(ranks)
    ]
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_5(sent)
