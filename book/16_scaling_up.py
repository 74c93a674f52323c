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
# | You need | chapters 03 to 05 for the model and its training, for section 6 also 08 and 09 on RL. Sections 1 to 5 do not need them |
# | Minutes to read | 50 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download. The recipes are `gpu` and `cluster` |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 3.1 to 3.3 and table 1; DeepSeek-R1 (arXiv 2501.12948v2), the supplement on training cost |
#
# ![Four boxes. The tiny R1 with 0.7 million weights on a laptop; Qwen2.5-0.5B with half a billion on one GPU; Qwen2.5-7B with 7.6 billion on several; DeepSeek-V3 with 671 billion on 2,048. Between them: read a published checkpoint; slice every tensor; spread layers and experts, too.](../figures/16_sizes.png)
#
# What you see: the same recipe at four sizes, and the sections that say what has to change.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random generator.

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
# Cells that show a function of the library need a few more names:

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
# many. The loss, the advantages and the clip of the earlier chapters stay as they are. What
# changes is where the numbers are kept, and what a processor waits for.
#
# We follow four models. DeepSeek-V3, from which R1 was trained, and Qwen2.5-0.5B are presets of
# this book, and the tiny R1 is a file. Qwen2.5-7B is a preset with other sizes and a separate
# head:

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
# The last column counts the weights that take part in computing one token. With experts it is
# smaller, because a token visits a few and skips the rest. That saves time, but no memory: the
# next token may need any of them. (A separate embedding does not count either: a token reads one
# row. Nor does tiny R1's module for multi-token prediction, which chapter 04 leaves out.)
#
# Training needs much more memory than the weights. Each weight has a **gradient** and, in
# AdamW, two **moments** (chapter 05). The **activations** are what the layers computed on the
# way forward; the way back needs them again. The **logits**, one number for each token of the
# vocabulary, belong to the activations, but are often the largest part and get their own row.
#
# In mixed precision a weight and its gradient take two bytes each, in the format
# **bfloat16**, a float of 16 bits. The optimizer takes twelve: a copy of the weight and both
# moments, in float32. The rest is estimated. A layer keeps about 34 bytes for
# each token and each number of its width, without the attention matrix (Korthikanti and
# others, arXiv 2205.05198). The logits exist three times in float32: themselves, their
# softmax, and their gradient.

# %% tags=["slide"]
GPUS = {"H100": 80_000, "H200": 141_000}  # megabytes


def memory_by_part(config, tokens=8192):
    """Bytes to train with AdamW in mixed precision, by part; `tokens` in one pass."""
    held = counts.training_bytes(counts.parameters(config))
    activations = 34 * config.n_layers * config.d_model * tokens
    logits = 3 * 4 * config.vocab_size * tokens
    return held | {"activations": activations, "logits": logits}


totals = {name: sum(memory_by_part(c).values()) / 1e6 for name, c in models.items()}
plots.log_bars(totals, "megabytes to train, in all", "V3", lines=GPUS)

# %% [markdown]
# What you see: from the memory of a laptop to that of a data centre, and what an H100 (80,000 MB)
# and an H200 (141,000 MB) hold. With 8,192 tokens in a pass a 7B model fits into neither,
# although an H100 holds its weights alone five times over. With 2,048 it needs 133,000 MB and just
# fits the H200. The H100 is too small for any number of tokens, since 122,000 MB are weights,
# gradients and optimizer. (V3's bar takes the usual 16 bytes for each weight. V3's own 13 make
# 8.7 TB, chapter 05.) Where does the memory go?

# %%
shares = {}
for name, config in models.items():
    parts = memory_by_part(config)
    shares[name] = {part: size / sum(parts.values()) for part, size in parts.items()}
plots.stacked_shares(shares)

# %% [markdown]
# What you see: activations and logits fill the small models, the optimizer the large ones. So
# there are two cures. A small model reads fewer tokens in one pass and adds the gradients up, as
# `micro_tokens` does in our loops. A large model is cut into pieces (section 4).

# %% [markdown] tags=["slide"]
# ### Time, by part
#
# RL alternates two kinds of work. **Learning** reads whole texts at once. A matrix is loaded
# once and multiplied with thousands of tokens, so the speed of arithmetic counts, in FLOPs
# (additions and multiplications) a second.
#
# **Sampling** writes one token at a time. All weights are loaded to make a single token for
# each of some hundred texts, so the speed of the memory counts, in bytes a second.
#
# An H100, a GPU of 2022, does up to 989 trillion FLOPs a second and reads 3.35 trillion
# bytes. Suppose that learning reaches 35% of the first number and sampling 40% of the second.
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
# Here the two Qwen models, which are **dense** (without experts), write faster than they learn:
# all 256 texts share one reading of the weights. (Tiny R1 is the exception among the small ones:
# its cache is large beside its few weights.) DeepSeek-V3 needs six times as long to write
# as to learn. Each token uses 5% of its weights, but together the 256 tokens need nearly all
# experts.
#
# The calculation makes sampling look cheaper than it is. In a real rollout some texts are much
# longer than the rest, and at the end few rows share a reading. So large runs sample with a
# program made for it, an **inference engine** such as vLLM (section 6).
#
# These are calculations: no GPU was measured for this book. On a CPU we did measure. How far is
# our code from what others offer, and from the machine? The **floor** is the time that matrix
# products and moving memory alone would take (`docs/speed.md`):


# %%
def benched(name):
    """One measured file of `python r1.py bench`."""
    return json.loads((RESULTS / f"bench-{name}.json").read_text(encoding="utf-8"))


print(f"{'two cores of a CPU':50}{'theirs / ours':>14}{'ours / floor':>14}")
for name in ("sampling-v3-512", "sampling-v3-1", "training-v3", "grpo-natural"):
    row = benched(name)
    cells = f"{row['ratio']['median']:14.1f}{row['times_floor']['ours']:14.1f}"
    print(f"{row['what']:50}{cells}")
print("\nslope of seconds over size, log against log, for a step of training:")
for line in benched("growth")["growth"]:
    if line["step"] == "training":
        print(f"{line['axis']:10}{line['slope of seconds']:5.2f}")

# %% [markdown]
# What you see: beside transformers and TRL, and beside the floor. One text at a time is far from
# it: a token then costs a hundred small operations, and hardly any arithmetic. Below, how cost
# grows: eight times the width costs eleven times as much, 16 times the experts only 1.5 times.
# So experts add weights almost for free in time, though not in memory.

# %% [markdown] tags=["slide"]
# ## 2. Real checkpoints
#
# A published model is a folder. `config.json` holds its sizes, `*.safetensors` its tensors
# by name, and `tokenizer.json` its tokenizer. Large models come in **shards**: several
# files, and an index of them. Here is a small one with random weights, as the library
# `transformers` writes it:

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
# known: Qwen2, Qwen3, Llama, DeepSeek-V2 and DeepSeek-V3. A test: the same weights must
# give the same logits.

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
# The obvious way to load is to read all files, then fill the model. For a moment that takes the
# memory of two models. `hub.load` first reads names and shapes only, which are at the start of
# each file. Then it makes an empty model and copies one tensor after another.
#
# `python -m benchmarks.loading` loaded a sharded checkpoint of one gigabyte in processes of
# their own and measured the peak of their memory. The obvious way takes two copies, ours one
# and a little more, as does `transformers`:

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
# A few hundredths of its length is the price of halving the memory. DeepSeek-V3 was
# trained with such numbers in most of its matrix products. Embedding, head, routers, norms, and
# the scores and weighted sums of attention kept more bits (section 3.3.1 of its report).

# %% [markdown] tags=["slide"]
# ### The other way: our R1 in other people's programs
#
# `hub.export_hf` writes one of our models as a folder for `transformers`. Latent attention
# with experts becomes a `deepseek_v3`, because that is what it is. Does our tiny R1 answer
# there as it does here, token by token? We decode three test problems greedily. (A greedy R1
# may repeat itself until the limit of 200 tokens, as chapter 09 explains.)

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
for game, asked, here in zip(games, prompts, written, strict=True):
    talk = [{"role": "user", "content": game.prompt}]
    prompt = their_tokenizer.apply_chat_template(
        talk, add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    assert asked == prompt["input_ids"][0].tolist()
    with torch.no_grad():
        there = exported.generate(**prompt, max_new_tokens=200, do_sample=False)
    there = there[0, len(asked) :].tolist()
    print(f"{game.prompt}: the same {len(here.ids)} tokens: {here.ids == there}")
    if here.finish == "stop":
        print(their_tokenizer.decode(there), "\n")

# %% [markdown]
# The same folder can be uploaded or fine-tuned with TRL. vLLM's version for processors loads
# it but cannot run it (`recipes/README.md`); on a GPU we have not tried. Tokenizers can be
# read, too: `r1lib.hub.tokenizers.load` takes the `tokenizer.json` of DeepSeek, Qwen and
# Llama 3, which are byte-level BPE as in chapter 02.

# %% [markdown] tags=["slide"]
# ## 3. One GPU
#
# A large base on a GPU needs three changes.
#
# **Precision.** Matrices are multiplied in bfloat16. It has float32's range, but only 7 bits
# for the digits. The weights that AdamW updates stay in float32. Why? Make a thousand small
# steps in both formats:

# %% tags=["nbval-check-output"]
for dtype in (torch.float32, torch.bfloat16):
    one = torch.tensor(0.5, dtype=dtype)
    for _ in range(1000):
        one += 1e-6
    print(f"{str(dtype):16} 0.5 after a thousand steps of 1e-6: {one.item():.6f}")

# %% [markdown]
# In bfloat16 the weight never moves: each step is rounded away. (In float32 each becomes 1.013e-6.)
# A step of one millionth is usual in RL on large models.
#
# **Learning rate.** Our tiny models learn at 6e-4, TinyZero's at 1e-6.
#
# **Prompts.** A published base does not know our format. The prompt must ask for it.
#
# The folder `recipes/` has five scripts for one GPU. Each prints its plan before it starts. Here
# is TinyZero, the best-known small reproduction of R1-Zero, with the loop of chapter 09:

# %% tags=["nbval-check-output"]
command = [sys.executable, "-m", "recipes.tinyzero_qwen", "--dry-run"]
plan = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
print(plan.stdout)

# %% [markdown]
# Here weights and gradients are float32 and there is no copy: 4 + 4 + 8, again 16 bytes a
# weight. Sampling has a fifth of the FLOPs and most of the hours: it waits for memory. We have
# not run this recipe on a GPU.
#
# TinyZero's authors report that a base of 0.5B fails to learn reasoning on countdown. A base of 3B
# learns it for less than 30 dollars (the README of github.com/Jiayi-Pan/TinyZero). Why is that
# more than our 1.43? Their script trains twice as many weights, by PPO with a value model. Our
# plan is for 200 steps of GRPO, without evaluation or a failed attempt.

# %% [markdown] tags=["slide"]
# ## 4. Many GPUs
#
# When a model and its optimizer do not fit into one GPU, or training would take too long, the
# work is cut. Each process that takes part is a **rank**. Large runs combine four ways to cut:
#
# ![Four ways to cut. Data: two ranks with whole models and half of the rows each add up gradients once a step. Tensor: each has half of attention and half of the feed-forward part in both layers, and after each of the four an arrow adds up the outputs. Pipeline: each has one layer, micro-batches follow one another, and both are idle once. Expert: each has four tokens and two of four experts; an arrow with two heads joins each token with its expert, and half of the arrows cross to the other rank.](../figures/16_parallel.png)
#
# What you see: what each of two ranks holds, and what they must send each other.
#
# ### Data
#
# In **data parallelism** every rank has the whole model and reads a part of the batch. Before
# the optimizer's step, the ranks add up their gradients. Is that the gradient of the whole
# batch? Only if each part counts in proportion to its tokens:

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
# change depends on the number of GPUs. So our steps add up *shares of the whole batch's mean*.
#
# A rank reads its rows in **micro-batches**, one after another. Every rank must take part in
# every exchange, so one with fewer micro-batches repeats its last one with weight 0 (`counts`).
# DDP and FSDP2 (below) take the mean of the ranks; we want the sum, so we multiply by `ranks`.
# `task` is `Task(model)`: called with a function, it returns `function(model)`, since the wrappers
# below act only inside a call.

# %% tags=["slide"]
# r1lib.training.distributed.step

# %% [markdown]
# `Task(model)` gets one of two wrappers. **DDP** (distributed data parallel) keeps the
# whole model on each rank and averages gradients during the backward pass. **FSDP2** (fully
# sharded data parallel) keeps only a slice of each weight, gradient and moment on a rank.
# Before a layer runs, its slices are gathered; afterwards they are dropped again. So of the 7B
# model's 122 GB each of eight ranks holds 15. The model's own code does not change:

# %% tags=["slide"]
# r1lib.training.distributed.wrap

# %% [markdown]
# How many ranks does the 7B model need? Slices divide weights, gradients and optimizer by the
# number of ranks. Each rank still keeps the activations and logits of its own pass:

# %% tags=["nbval-check-output"]
print("smallest GPU that is enough, and the GB of a rank")
print("tokens in a pass" + "".join(f"{f'ranks: {n}':>13}" for n in (1, 2, 4, 8)))
for tokens in (1024, 2048, 4096, 8192):
    print(f"{tokens:16,}", end="")
    for n in (1, 2, 4, 8):
        parts = memory_by_part(SEVEN, tokens)
        passing = parts.pop("activations") + parts.pop("logits")
        size = (sum(parts.values()) / n + passing) / 1e6
        enough = next((gpu for gpu, room in GPUS.items() if size < room), "none")
        print(f"{enough:>7} {size / 1e3:5.0f}", end="")
    print()

# %% [markdown]
# One H200 is enough for short passes. Two H100s are enough for up to 2,048 tokens each, and four
# for every row of the table.

# %% [markdown] tags=["slide"]
# ### Two ranks on your laptop
#
# The library **gloo** connects ordinary processes, without a GPU. The next cell starts two,
# which pre-train a small model for two steps with FSDP2:

# %%
run = ["recipes.distributed", "pretrain", "--way", "fsdp", "--steps", "2"]
command = [sys.executable, "-m", "recipes.launch", "2", *run, "--out", folder / "run"]
ranks = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
print(ranks.stdout, ranks.stderr)
assert ranks.returncode == 0, ranks.stderr

# %% [markdown]
# Do several ranks learn what one process learns? `python -m results.sharded` trained for six
# steps on 1, 2 and 4 ranks, with both wrappers. In a last run it killed one of two ranks after
# step 3. It went on with four, from a checkpoint that the two had written in slices. The table
# has the largest difference from one rank, over 2 and 4 ranks:

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
# In RL, ranks that write texts of different lengths cannot stay in lockstep, and gathering
# slices for every token would be slow. So each rank samples with a whole copy of the weights,
# refreshed before each rollout. In large runs that copy belongs to an inference engine.

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
# A layer needs two such exchanges, one after attention and one after the feed-forward part. So
# tensor parallelism needs GPUs with fast wires between them, usually those of one machine.
#
# **Pipeline parallelism** cuts between layers instead. Only the states at the border travel.
# Its price is idle time: the last rank has nothing to do until the first micro-batch
# arrives. Exercise 16.2 counts how much.
#
# ### Experts
#
# A model with 256 experts in a layer offers a fourth cut: experts on different ranks. Each
# token is sent to the ranks of its experts, and their outputs are sent back. Both trips are an
# **all-to-all**, in which every rank sends something to every other.
#
# Here is the bookkeeping in one process: two ranks with two experts and four tokens each. Rank 0
# has the pairs of token and expert (0,0) (0,1) (1,0) (1,2) (2,1) (2,3) (3,2) (3,3). Experts 0 and 1
# are at home, so four rows stay and four travel. We count the rows that each rank sends to each
# rank. Then each runs its experts on what it received:

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
# `experts_across` does the same where each rank is a process of its own, as the tests run it:

# %% tags=["slide"]
# r1lib.training.distributed.experts_across

# %% [markdown]
# DeepSeek-V3 combined three of the four cuts on its 2,048 GPUs. It had 16 pipeline stages,
# experts spread over 64 GPUs in 8 machines, and data parallelism with a sliced optimizer, but
# no tensor parallelism (section 3.2 of its report).
#
# Hence the routing limits of chapter 04: a token may visit at most four of eight machines,
# because each visit is traffic. And balance saves time, since all ranks wait for the one with
# the busiest expert.

# %% [markdown] tags=["slide"]
# ## 5. What an R1 costs
#
# Four bills have been published:
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
# The bills count final runs only: no failed attempts, no salaries, no machines (chapter 05).

# %% [markdown] tags=["slide"]
# ## 6. When the sampler is another program
#
# This section uses five words of chapter 08:
#
# | word | meaning | built in |
# |---|---|---|
# | **sampler** | the policy that writes the texts | 08, section 7 (near its end) |
# | **trainer** | the policy that learns from them | the same |
# | **ratio** $r$ | a token's probability under one policy over that under another | 08, section 3 |
# | **clip** | a token gains nothing from a ratio that moves too far from 1 | 08, section 3 |
# | **pass@1** | the share of right answers | 08, section 9 |
#
# The folder `recipes/` connects existing engines with the problems and rewards of this book:
#
# | engine | what it does | recipe |
# |---|---|---|
# | vLLM | samples | `engines.VLLM(folder).generate`, called like ours |
# | TRL | trains with GRPO | `trl_grpo.py`, started by `accelerate` |
# | verl | trains with GRPO on many GPUs | `verl_reward.py`, our rewards in its form |
#
# If one program samples and another learns, they compute different numbers even with the same
# weights: one has another precision or another order of additions. Often the sampler's weights
# are also a few steps old. The policy gradient assumes that one policy writes and learns, and
# here they are two.
#
# With experts the difference grows. A router picks the best two of eight. If two scores are
# close, the last digit decides, and another expert is not a small difference. We read the
# same text with two models and note the experts. Two helpers first, which need no reading:
# `choosing` replaces each router's choice while a `with` block runs.

# %% tags=["setup"]
# results.mismatch.layers_of
# results.mismatch.choosing

# %% [markdown]
# `read` lets every router choose as always, and notes the choice. `disagreement` compares the
# notes of two models:

# %%
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
# printed above. Chapter 08 (section 7, "When sampler and trainer differ") has two repairs, and
# models with experts have a third:
#
# ![Two boxes. The sampler on the left has bfloat16 or eight bits and weights of some steps ago; the trainer on the right has float32 and the newest weights, which go back to the sampler. Three arrows go to the trainer: texts; the probability of each token, for TIS and masking; the experts of each token, for routing replay.](../figures/16_mismatch.png)
#
# What you see: what the sampler sends, and which repair uses it.
#
# | repair | the trainer |
# |---|---|
# | **TIS** (truncated importance sampling) | multiplies a token's loss by $r$, the trainer's probability over the sampler's, cut off at a cap |
# | **masking** | the same, but 0 where $r$ is large |
# | **routing replay** (arXiv 2510.11370) | runs the sampler's experts |
#
# TIS nearly corrects the expected gradient, whatever caused the mismatch. (Not fully: the cap cuts
# off the largest factors, and each token is corrected alone.) Replay removes the jumps and leaves
# the small differences. Both as functions (our runs have the cap 2), and a
# measure of what is left, the **KL divergence** between sampler and trainer, as a mean over the
# sampled tokens:

# %%
# r1lib.losses.truncated_importance
# results.mismatch.replayed
# results.mismatch.exact_kl

# %% [markdown]
# How much of the mismatch is due to the experts? We measure the KL once with the trainer's
# own experts and once with the sampler's. What is left then is rounding that changes no expert:

# %%
with torch.no_grad(), replayed(model, chosen, torch.arange(len(ids)), ids.shape[1]):
    forced = model(ids)
free, replay = (exact_kl(logits, other, mask) for other in (own, forced))
print(f"own experts:           {free:.1e} nats a token")
print(f"the sampler's experts: {replay:.1e} nats a token")
print(f"due to other experts:  {1 - replay / free:.0%}")

# %% [markdown] tags=["slide"]
# ### Measured on a laptop
#
# `python -m results.mismatch look 0` makes the same comparison on more text, and adds a
# sampler whose weights have eight bits. "Base" is the base model of each seed. Zero and the
# dense student are the shipped ones.

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
    print(f"{name:20} largest factor between a token's two probabilities: {largest}")
KLS = ("KL, nats a token", "KL, experts replayed")
panels = {"other experts, %": experts, KLS[0]: before, KLS[1]: after}
plots.seed_dots(panels, log=KLS)

# %% [markdown]
# What you see: bfloat16 changes the experts of 2 to 3% of the tokens, eight bits those of 9 to
# 13%. Replay lowers the KL, in some rows by very little. Look at Zero in bfloat16: without
# replay its three samples differ by a factor of seven, with replay they agree. Among what replay
# removes are rare, large jumps: in seed 2 one token's probability changed by a factor of 593.
#
# The rest is ordinary rounding. The dense student, our control, has no experts to change, and
# with eight bits it has the largest KL of all.
#
# In a model of 30 billion weights and many layers, 94% of the tokens met another expert in at
# least one layer (arXiv 2510.11370).
#
# ![A time line of training steps from left to right with three policies on it. The sampler is the policy of step t minus 8, the old policy that at the start of step t, the new policy that inside step t. A bracket from sampler to old is named TIS sees this, old over sampler; a bracket from old to new is named the clip sees this, new over old.](../figures/16_policies.png)
#
# What you see: the three policies of a run whose sampler is eight steps old, and which gap each
# repair sees.
#
# Does it matter for RL? `python -m results.mismatch ARM SEED` ran R1-Zero on countdown and
# arithmetic from the base of each seed; pass@1 averages both. In "same", the sampler is the
# trainer. In "fp8" its weights have eight bits, and in "stale" it is the policy of eight steps
# ago. The grey line is the mean of "same".

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
# What you see: rounding does no harm here, but old weights do. With eight bits, pass@1 lies
# between 0.55 and 0.61, with or without a repair, on both sides of "same". The stale sampler
# ends at 0.31, 0.38 and 0.07, where "same" has 0.59, 0.56 and 0.58. The bases had 0.19, 0.18 and
# 0.16, so seed 2 ended *below* its base. (On the left is the reward
# of the *sampler*'s texts, so in the stale rows that of an earlier policy.)
#
# Why does the clip not help? GRPO's ratio is new over old: the second gap of the time line. It
# starts at 1 for every token, so the clip sees nothing of the eight steps before. TIS multiplies
# the loss by old over sampler, the first gap. It brings pass@1 to 0.57, 0.49 and 0.52.
#
# In the stale rows 17 to 28% of the tokens also meet other experts. Replay helps in two seeds
# of three (0.53, 0.21, 0.27): it corrects the experts, but not the probabilities. The KL says
# how far sampler and trainer are apart. TIS corrects *for* this distance and need not lower
# it: with eight bits the KL is even larger, in all three seeds.
#
# Mind the scale. Our learning rate is several hundred times that of a large model, so eight of
# our steps are a long way. In a large run, check both the age of the sampler's weights and its
# precision.

# %% [markdown]
# ### What came after R1
#
# Models with two modes, sparse attention, on-policy distillation and routing replay: a page of
# further reading is at the end of [docs/papers.md](../docs/papers.md).

# %% [markdown] tags=["slide"]
# ## Summary
#
# - Training takes 16 bytes for each weight, and room for the activations. These fill the small
#   models, the optimizer the large ones.
# - Sampling waits for memory, learning for arithmetic.
# - Published checkpoints are read one tensor at a time, eight-bit weights with the scales of
#   their blocks. Our R1 writes the same tokens in `transformers`.
# - Many ranks learn what one process learns, if each token counts the same. FSDP2 slices
#   everything, and another number of ranks can read its checkpoints.
# - DeepSeek-V3 cost $5.576 million and R1 $295 thousand on top of it (the paper adds
#   rounded parts: $294,000).
# - A sampler in another program is another policy. In our runs rounding did not matter, old
#   weights did, and importance weights repaired most of it.
#
# ## Questions
#
# 1. Why does a 7B model not fit into a GPU of 80 GB for training, although its weights take
#    15 GB? Name two ways out.
#
#    <details><summary>Answer</summary>Weights, gradients and optimizer take 16 bytes for each
#    of 7.6 billion weights, 122 GB, before the first activation. Slices are one way out: on
#    two GPUs with short passes, or on four or more. Training fewer numbers is another. Adapters such as LoRA freeze the weights
#    and train small matrices beside them, the only ones with gradients and moments.</details>
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
# **Exercise 16.1** (easy, 5 min) Means that add up. Each rank reports the sum of its
# tokens' losses and how many tokens it had, as a pair. Return the mean over all tokens. A
# rank may have none; if all have none, the mean is 0.
#
# <details><summary>Hint 1</summary>The mean of two means is another number: look at the cell
# with "mean of the ranks" in section 4.</details>
# <details><summary>Hint 2</summary>Add up sums and counts first, divide once.</details>


# %% tags=["exercise"]
def mean_of_ranks(parts):
    """Mean over tokens: [(6.0, 2), (3.0, 6)], a (sum, count) of each rank, is 1.125."""
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
# <details><summary>Hint 1</summary>Draw the picture of section 4 for three stages and five
# micro-batches. When does the last stage start, and when does it end?</details>
# <details><summary>Hint 2</summary>A rank works in `parts` slots. The last stage starts
# `stages - 1` slots after the first.</details>


# %% tags=["exercise"]
def idle(stages, parts):
    """Share of the time in which a rank is idle: 1/5 for 2 stages and 4 parts."""
    # BEGIN SOLUTION
    return (stages - 1) / (parts + stages - 1)
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_2(idle)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.3** (medium, 10 min) Three stages of slicing. A weight takes 2 bytes, its
# gradient 2, its optimizer state 12. Stage 0 (DDP) slices nothing. Stage 1 slices the
# optimizer state over the ranks, stage 2 the gradients too, stage 3 (FSDP) also the
# weights. Return the bytes of one rank. (These are the stages of ZeRO, arXiv 1910.02054.)
#
# <details><summary>Hint 1</summary>Go through the three sizes in the order in which they are
# sliced.</details>
# <details><summary>Hint 2</summary>Stage `s` divides the first `s` of them by the ranks and
# keeps the rest.</details>


# %% tags=["exercise"]
def bytes_of_a_rank(parameters, ranks, stage):
    """Bytes of weights, gradients and optimizer: 7,000 for 1,000, 4 ranks, stage 1."""
    # BEGIN SOLUTION
    sizes = (12, 2, 2)  # in the order in which they are sliced
    kept = (b / ranks if i < stage else b for i, b in enumerate(sizes))
    return parameters * sum(kept)
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_3(bytes_of_a_rank)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.4** (medium, 20 min) Eight bits, without the loop of `rounded` in section 2.
# Return weights (R, C) as eight-bit numbers of the same shape, and the scale of each block. The
# largest absolute value of a block becomes 448. The last blocks of a row or column may be smaller,
# and a block of zeros has the scale 1.
#
# <details><summary>Hint 1</summary>`nn.functional.max_pool2d(x[None], block, ceil_mode=True)[0]`
# is the largest number of each block of x. Which x gives the largest absolute value?</details>
# <details><summary>Hint 2</summary>`widened` shows how a scale is repeated and cut to (R, C).
# Divide by it, then convert with `.to(torch.float8_e4m3fn)`.</details>


# %% tags=["exercise"]
def narrow(weight, block):
    """(eight-bit weights, scales).

    [[224, 896]] in a block of two gives [[112, 448]] and the scale [[2]].
    """
    # BEGIN SOLUTION
    rows, columns = weight.shape
    largest = nn.functional.max_pool2d(weight.abs()[None], block, ceil_mode=True)[0]
    scale = torch.where(largest > 0, largest / 448, 1.0)
    each = scale.repeat_interleave(block, 0)[:rows]
    each = each.repeat_interleave(block, 1)[:, :columns]
    return (weight / each).to(torch.float8_e4m3fn), scale
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_4(narrow)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.5** (medium, 20 min) Rows between ranks. `ids` (N, A) names the A experts of
# each of N tokens. Tokens and experts are spread evenly over the ranks, in order. Return a
# matrix as a list of rows: entry (r, s) says how many rows rank r sends to rank s. A token
# with two experts on one rank is sent twice, as in `experts_across`.
#
# <details><summary>Hint 1</summary>Expert e lives on rank e // (experts // ranks).</details>
# <details><summary>Hint 2</summary>`ids.chunk(ranks)` cuts the tokens, and `torch.bincount`
# with `minlength=ranks` counts.</details>


# %% tags=["exercise"]
def sent(ids, experts, ranks):
    """Rows that each rank sends: [[0], [3]], 4 experts, 2 ranks: [[1, 0], [0, 1]]."""
    # BEGIN SOLUTION
    each = experts // ranks
    return [
        torch.bincount(mine.flatten() // each, minlength=ranks).tolist()
        for mine in ids.chunk(ranks)
    ]
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_5(sent)

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.6** (hard, 30 min) Predict, then run: an open experiment. An engine returns the
# probabilities of the tokens that it wrote and no others, so `exact_kl` cannot be computed. Let
# $r$ be the trainer's over the sampler's probability. The mean of $r - 1 - \ln r$ over the sampled
# tokens estimates the KL (chapter 08). Return it, and the share of the tokens with $r$ above
# `cap`. Outside the mask there may be anything, even NaN. **Predict** before you run the
# experiment: at which noise is one token in a hundred above the cap? How good is the estimate?
#
# <details><summary>The experiment</summary>
#
# ```python
# for noise in (0, 0.02, 0.05, 0.1, 0.2):
#     torch.manual_seed(0)
#     other = deepcopy(model)  # a trainer whose weights have moved
#     with torch.no_grad():
#         for weight in other.parameters():
#             weight.mul_(1 + noise * torch.randn_like(weight))
#     moved, _ = read(other, ids)
#     theirs = token_logprobs(moved, ids, mask=mask)
#     kl, cut = mismatch(theirs, sampled, mask, cap=2.0)
#     exact = exact_kl(logits, moved, mask)
#     print(f"noise {noise:4}: KL {exact:.4f}, estimate {kl:.4f}, above the cap {cut:.1%}")
# ```
#
# </details>
# <details><summary>Hint 1</summary>Take `[mask]` of both tensors before anything else.</details>
# <details><summary>Hint 2</summary>ln r is the difference of the log-probabilities; r is its
# `exp`.</details>
# <details><summary>What came out</summary>On the texts of this notebook the KL was 0.0002, 0.002,
# 0.011, 0.05 and 0.6, and the estimate 0.0001, 0.004, 0.017, 0.10 and 0.6. A few tokens with a
# large r decide the mean, so it finds the size of the KL and may be off by a factor of two or
# three. Only 0, 0.2, 0.4, 0.6 and 1.2% of the tokens were above the cap: r cannot exceed one over the sampler's
# probability, so a likely token never gets there. At the last noise 26% of the tokens had r below
# one half, and a cap does not touch these.</details>


# %% tags=["exercise"]
def mismatch(trainer, sampler, mask, cap):
    """(estimate of the KL, share above the cap), from log-probabilities (B, T).

    Probabilities 0.6 and 0.2 of the trainer, 0.2 and 0.2 of the sampler, a cap of 2:
    one of two is above it, so (0.45, 0.5).
    """
    # BEGIN SOLUTION
    log_ratio = (trainer - sampler)[mask]
    ratio = log_ratio.exp()
    return (ratio - 1 - log_ratio).mean().item(), (ratio > cap).float().mean().item()
    # END SOLUTION


# %% tags=["check"]
checks.ex_16_6(mismatch)
