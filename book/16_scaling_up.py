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
# | You will build | the memory and time of a model by part, recomputed activations, a toy of sharded training, the price of an R1, and a test of a sampler that is not its trainer. You will load FP8 weights, run a training step on two processes, and read how experts are spread over machines |
# | You need | chapters 03 to 05 for the model and its training. Section 6 also needs 08 and 09 on RL |
# | Minutes to read | 95 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download. The recipes are `gpu` and `cluster` |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 3.1 to 3.3 and table 1; DeepSeek-R1 (arXiv 2501.12948v2), the supplement on training cost |
#
# ![Four boxes. The tiny R1 with 0.7 million weights on a laptop; Qwen2.5-0.5B with half a billion on one GPU; Qwen2.5-7B with 7.6 billion on several; DeepSeek-V3 with 671 billion on 2,048. Between them: read a published checkpoint; slice every tensor; spread layers and experts, too. Circles number the sections.](../figures/16_sizes.png)
#
# What you see: the same recipe at four sizes. The circles are sections. Those on the arrows say what
# has to change; 5 is about the price.

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
from functools import partial
from pathlib import Path
from statistics import fmean

import torch
from torch.utils.checkpoint import checkpoint

from r1lib import artifacts, checks, hub, plots, rewards, sampling
from r1lib.hub.published import cast
from r1lib.losses import token_logprobs
from r1lib.model import counts
from r1lib.model.moe import MoE, run_experts
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.problem import draw, problems
from r1lib.rl import grpo
from r1lib.rl.rollout import collate, rollout
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
# next token may need any of them. (A separate embedding does not count: a token reads one row. Nor
# does the module for multi-token prediction.)
#
# Training needs much more memory than the weights. Each weight has a **gradient**. In AdamW it
# also has two **moments**, the running means of chapter 05: of its gradient, and of the squared
# gradient. The **activations** are what the layers computed in the
# forward pass; the backward pass needs them again. The **logits**, one number for each token of the
# vocabulary, belong to the activations. In a small model with a large vocabulary they are the
# largest part, so they get their own row.
#
# In mixed precision a weight and its gradient take two bytes each, in the format
# **bfloat16**, a float of 16 bits. The optimizer takes twelve: a copy of the weight and both
# moments, in float32.
#
# <details><summary>The rest is estimated</summary>A layer keeps about 34 bytes for
# each token and each number of its width, without the attention matrix (Korthikanti and
# others, arXiv 2205.05198). The logits exist three times in float32: themselves, their
# softmax, and their gradient.</details>

# %% tags=["slide"]
GPUS = {"H100": 80, "H200": 141}  # gigabytes


def memory_by_part(config, tokens=8192):
    """Bytes to train with AdamW in mixed precision, by part; `tokens` in one pass."""
    held = counts.training_bytes(counts.parameters(config))
    activations = 34 * config.n_layers * config.d_model * tokens
    logits = 3 * 4 * config.vocab_size * tokens
    return held | {"activations": activations, "logits": logits}


totals = {name: sum(memory_by_part(c).values()) / 1e9 for name, c in models.items()}
plots.log_dots(totals, "gigabytes to train, in all", lines=GPUS)

# %% [markdown]
# What you see: from the memory of a laptop to that of a data centre, on a logarithmic axis. The
# lines are what an H100 (80 GB) and an H200 (141 GB) hold.
#
# At 8,192 tokens per pass a 7B model fits on neither, although an H100 holds its weights alone
# five times over. It is too small for any number of tokens: 122 GB are weights, gradients and
# optimizer.
#
# Where does the memory go?

# %%
shares = {}
for name, config in models.items():
    parts = memory_by_part(config)
    shares[name] = {part: size / sum(parts.values()) for part, size in parts.items()}
plots.stacked_shares(shares)

# %% [markdown]
# Activations and logits fill the small models, the optimizer the large ones. There are three
# cures:
#
# - **Fewer tokens.** A batch is read in **micro-batches**, a few texts at a time. Their gradients
#   add up to that of the batch. (In our loops the setting `micro_tokens` limits their tokens.)
# - **Slices.** Several GPUs share one model (section 4).
# - **Recomputation**, also called activation checkpointing. A layer keeps its input and nothing
#   else. When the backward pass reaches the layer, its forward pass is run a second time.

# %% [markdown] tags=["slide"]
# ### Keep less, compute twice
#
# Take eight small blocks. torch's `checkpoint` runs a block without keeping what happens inside.
# We count the numbers that torch saves for the backward pass, apart from the weights:


# %% tags=["nbval-check-output"]
def block():
    """A feed-forward layer."""
    return nn.Sequential(nn.Linear(64, 256), nn.SiLU(), nn.Linear(256, 64))


blocks = nn.ModuleList(block() for _ in range(8))
weights = {weight.data_ptr() for weight in blocks.parameters()}
start, gradients = torch.randn(100, 64), []
for recompute in (False, True):
    kept = {}

    def note(tensor, kept=kept):
        """Called by torch for each tensor that it saves."""
        if tensor.data_ptr() not in weights:
            kept[tensor.data_ptr()] = tensor.numel()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        x = start
        for f in blocks:
            x = x + (checkpoint(f, x, use_reentrant=False) if recompute else f(x))
        result = x.square().mean()
    blocks.zero_grad()
    result.backward()
    gradients.append(blocks[0][0].weight.grad.clone())
    print(f"recompute {recompute!s:6} numbers kept: {sum(kept.values()):9,}")
assert torch.equal(*gradients)

# %% [markdown]
# An eighth is left: the input of each block, and the output of the last. The gradient is the same
# to the last bit. The price is arithmetic. A backward pass costs about two forward passes, so a
# step takes four passes in place of three: a third more.
#
# What does it save for 7B? A layer then keeps 2 bytes for each number of its input, in bfloat16.
# The 34 bytes are needed for one layer at a time:

# %% tags=["nbval-check-output"]
number = SEVEN.d_model * 8192  # of a layer's input
print(f"kept:       {34 * SEVEN.n_layers * number / 1e9:5.1f} GB of activations")
print(f"recomputed: {(2 * SEVEN.n_layers + 34) * number / 1e9:5.1f} GB")

# %% [markdown] tags=["slide"]
# ### Time, by part
#
# RL alternates two kinds of work. **Learning** reads whole responses at once. A matrix is loaded
# once and multiplied with thousands of tokens, so the speed of arithmetic counts, in FLOPs
# (additions and multiplications) a second.
#
# **Sampling** writes one token at a time. All weights are loaded to make a single token for
# each text. With few texts the speed of the memory counts, in bytes a second. With many, the
# arithmetic takes longer than the loading. Both run at once, so we count the longer of the two.
#
# An H100, a GPU of 2022, does up to 989 trillion FLOPs a second and reads 3.35 trillion
# bytes. Suppose that arithmetic reaches 35% of the first number and reading 40% of the second.
# What does a rollout cost, with 512 new tokens in each text? It depends on how many texts
# share a reading of the weights:

# %%
PEAK, BANDWIDTH, NEW = 989e12, 3.35e12, 512


def seconds_by_part(config, rows):
    """GPU seconds to write a rollout token by token, and to learn from it."""
    read = 2 * counts.parameters(config)  # all experts: some row needs each of them
    read += rows * NEW / 2 * counts.cache_bytes(config)
    reading = NEW * read / (0.4 * BANDWIDTH)
    learning = counts.training_flops(config, rows * NEW, NEW) / (0.35 * PEAK)
    arithmetic = learning / 3  # of sampling: a forward pass without a backward pass
    return {"sampling": max(reading, arithmetic), "learning": learning}


panels = {}
for name in ("Qwen2.5-7B", "DeepSeek-V3"):
    lines = {"sampling": [], "learning": []}
    for rows in (64 * 2**k for k in range(8)):
        for part, seconds in seconds_by_part(models[name], rows).items():
            lines[part].append((rows, seconds))
    panels[name] = lines
    found = [seconds_by_part(models[name], rows) for rows in range(1, 8192)]
    times = [cost["learning"] / cost["sampling"] for cost in found]
    dearer = next(n for n, x in enumerate(times, 1) if x > 1)
    bound = next(n for n, x in enumerate(times, 1) if x > 3 - 1e-9)
    print(f"{name}: learning takes longer from {dearer:,} texts on,")
    print(f"{'':13}sampling waits for arithmetic from {bound:,} texts on")
plots.curves(panels, "texts that share a reading", "GPU seconds (H100)", log="xy")

# %% [markdown]
# What you see: learning grows with the number of texts. Sampling hardly grows at first, because one
# reading of the weights serves all of them.
#
# Then sampling bends upwards: its arithmetic has become longer than the reading. From there on the
# lines run in parallel. Learning costs three times as much, since it adds a backward pass. More
# texts at once save nothing any more.
#
# The lines of the 7B model cross early. It is **dense**: it has no experts. Those of DeepSeek-V3
# cross much later. Learning uses 5% of its weights for a token, but sampling reads them all,
# since together the texts need nearly all experts.
#
# A rollout of R1 has 8,192 texts, the right end of the axis. But only the texts of *one copy* of the
# model share a reading. On sixteen copies of DeepSeek-V3 each has 512, and sampling takes longer
# again.
#
# Real sampling takes longer: at the end a few long texts share a reading, and a simple loop in Python
# adds time of its own (section 3). So large runs sample with a program made for it, an
# **inference engine** such as vLLM.
#
# <details><summary>Experts save time in learning: measured on a CPU</summary>16 times the experts
# took only 1.5 times the seconds of a training step. ([docs/speed.md](../docs/speed.md) has more such lines, and our code beside transformers and
# TRL. No GPU was measured for this book.)</details>

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
# into ours. Anything that does not match raises an error naming the tensor. Five families are
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
# The obvious way is to read all files, then fill the model: for a moment, the memory of two
# models. `hub.load` first reads names and shapes only, which are at the start of
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
# ### FP8: eight bits for a weight
#
# DeepSeek-V3 is published in **FP8**, with eight bits for a weight: one for the sign, four
# for the exponent, three for the digits. Such a number cannot exceed 448, and there are
# only a few between one power of two and the next. So each block of $128 \times 128$
# weights shares one float32 number, its **scale**, kept in a second tensor named
# `..._scale_inv`:
#
# ![A matrix of 256 x 384 weights in six blocks, each with a scale. Four weights of block 3 are divided by its scale, so that the largest becomes 448, rounded to numbers of eight bits, and multiplied by the scale again. A line shows the numbers of eight bits from 64 to 448: eight from one power of two to the next.](../figures/16_fp8.png)
#
# What you see: four weights on their way to eight bits and back. The largest weight of the block sets its scale.
# The others land on the nearest mark of the line.
#
# To read the weights, multiply each block by its scale:

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
print(f"relative error of the matrix (Frobenius norm): {error:.1%}")
assert 0.01 < error < 0.05

# %% [markdown]
# A relative error of 2.6% is the price of halving the memory. DeepSeek-V3 was
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
# The same folder can be uploaded or fine-tuned with TRL.
#
# <details><summary>vLLM, and tokenizers</summary>vLLM's version for processors loads
# it but cannot run it (`recipes/README.md`); on a GPU we have not tried. Tokenizers can be
# read, too: `r1lib.hub.tokenizers.load` takes the `tokenizer.json` of DeepSeek, Qwen and
# Llama 3, which are byte-level BPE as in chapter 02.</details>

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
# **Learning rate.** Our tiny models learn at 6e-4, TinyZero's at 1e-6. AdamW moves each weight by
# about the rate. An output of a wide layer adds up many such moves, so wide models need smaller
# rates.
#
# **Prompts.** A published base does not know our format. The prompt must ask for it.
#
# The folder `recipes/` has five scripts for one GPU. With `--dry-run` each prints its plan and stops. Here
# is TinyZero, the best-known small reproduction of R1-Zero, with the loop of chapter 09. We plan for
# Qwen2.5-1.5B, since TinyZero reports that 0.5B does not learn to reason:

# %% tags=["nbval-check-output"]
command = [sys.executable, "-m", "recipes.tinyzero_qwen", "--dry-run"]
plan = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
print(plan.stdout)

# %% [markdown]
# The last lines name everything that the plan assumes. Weights and gradients are float32 here and
# there is no copy: 4 + 4 + 8, again 16 bytes a weight. We have not run this recipe on a GPU.
#
# Sampling has a fifth of the FLOPs and most of the hours. Yet 256 texts share a reading here, and
# section 1 found that a dense model then samples *faster* than it learns. There we assumed an inference
# engine, and left out the **launches**. A GPU works in small programs, called **kernels**: one for a
# product of matrices, one for a norm. Starting one takes time. From an engine to our own loop, one
# assumption at a time:


# %%
ROWS, config = 256, PRESETS["qwen2.5-1.5b"]


def sampling_minutes(steps, width, launch):
    """Minutes of 200 rollouts: decoding steps, bytes a number, seconds a layer."""
    # The cache of all texts, as if none left the batch before the last:
    kept = ROWS * (96 + 320 / 2) * counts.cache_bytes(config, width)
    seconds = {
        "weights": width * counts.parameters(config) / (0.4 * BANDWIDTH),
        "cache": kept / (0.4 * BANDWIDTH),
        "launches": launch * config.n_layers,
    }
    return {part: 200 * steps * value / 60 for part, value in seconds.items()}


flops = counts.training_flops(config, 200 * ROWS * (96 + 320), 96 + 512)
learning = {"learning": flops / (0.35 * PEAK) / 60}
loops = {
    "an engine, in bfloat16": sampling_minutes(320, 2, 0) | learning,
    "... waits for the longest": sampling_minutes(512, 2, 0) | learning,
    "... in float32": sampling_minutes(512, 4, 0) | learning,
    "... starts each kernel: ours": sampling_minutes(512, 4, 2.5e-4) | learning,
}
ours = loops["... starts each kernel: ours"]
assert f"{sum(ours.values()) / 60:.2f}" in plan.stdout  # the hours of the plan
assert f"{ours['launches'] / 60:.2f}" in plan.stdout
plots.stacked_bars(loops, "minutes of one H100, computed")

# %% [markdown]
# What you see: with an engine, and texts of one length, sampling takes 4 minutes and learning 10.
# Three things raise sampling to 25 minutes in our loop:
#
# - **Waiting.** The rollout ends with its longest text, after 512 steps in place of 320. The plan
#   reads the caches of all 256 texts in each step. That is an upper bound: in our sampler finished
#   texts leave the batch.
# - **Precision.** We read float32, an engine reads bfloat16: half the bytes.
# - **Kernel launches.** Python starts the kernels of 28 layers again for each token. That is
#   almost half of our sampling. An engine records the launches once and replays them (CUDA graphs).
#
# The 0.25 ms for the launches of a layer are a guess. Time a few steps before you trust the plan.
#
# <details><summary>TinyZero's 30 dollars</summary>Its authors report that a base of 3B learns reasoning
# on countdown for less than 30 dollars (the README of github.com/Jiayi-Pan/TinyZero). Why is that more
# than our 1.43? Their script trains twice as many weights, by PPO with a value model. Our plan has no
# evaluation and no failed attempt.</details>

# %% [markdown] tags=["slide"]
# ## 4. Many GPUs
#
# When a model and its optimizer do not fit into one GPU, or training would take too long, the
# work is cut. Each process that takes part is a **rank**. Large runs combine four ways to cut:
#
# ![Four ways to cut. Data: two ranks with whole models and half of the rows each add up gradients once a step. Tensor: each has half of attention and half of the feed-forward part in both layers, and after each of the four an arrow adds up the outputs. Pipeline: each has one layer, micro-batches follow one another, and both are idle once. Expert: each has four tokens and two of four experts; two arrows go from each token to its experts, and those to the other rank, half of them, are dashed.](../figures/16_parallel.png)
#
# What you see: what each of two ranks holds, and what they must send each other. *Sharded data*, a
# variant of the first way, has a picture of its own below.
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
# Taking the mean of the ranks is a common mistake: what the run learns then depends on the number of
# GPUs. So each rank divides the sum of its losses by the tokens of
# the *whole* batch. These shares add up to the mean that one process would compute.
#
# Below is our step on many ranks. These names are in it:
#
# - **`task`** is the model in a wrapper, a `Task`. `task(function)` returns `function(model)`, here the
#   loss of a micro-batch.
# - **`ranks`**: the wrappers add up gradients and divide by the number of ranks. We want the sum
#   $s_1 + s_2$ of two shares, so we multiply first: $(2 s_1 + 2 s_2) / 2$.
# - **`fresh`**: all ranks take part in every exchange, once for each micro-batch. A rank with fewer of
#   them repeats its last one, times 0.
# - **`guarded_step`** clips the gradient and runs the optimizer. `norm_of` reads the norm where each rank
#   has a part of the gradient. `total` adds up over all ranks.
#
# The picture has one exchange for a step, ours one for each micro-batch. Large runs first
# add up on each rank; torch calls this `no_sync`.

# %% tags=["slide"]
# r1lib.training.distributed.step

# %% [markdown]
# ### Sharded data
#
# There are two wrappers. **DDP** (distributed data parallel) keeps the whole model on each rank
# and averages gradients during the backward pass. **FSDP2** (fully sharded data parallel) keeps
# only a slice of each weight, gradient and moment on a rank. It needs two exchanges:
#
# - A **gather** puts the slices of a layer together on every rank.
# - A **reduce-scatter** adds up the gradients of all ranks. Each rank keeps the sum for its own
#   slice and drops the rest.
#
# ![Two ranks and three layers at four moments, weights above gradients. Between steps each rank holds its half of the weights of every layer, and no gradients. To run layer 2, both gather its other half, use it and drop it. In the backward pass they gather it again, and each has a gradient of the whole layer from its own rows; of layer 3 it has already the sum for its half. A reduce-scatter then adds up the gradients of layer 2, and each rank keeps the sum for its half.](../figures/16_sharded.png)
#
# What you see: the life of layer 2 in one step. Dashed is what a rank does not hold at that
# moment. The backward pass comes from layer 3, so that layer has its sums already.
#
# Here is the idea in one process. Four ranks hold slices of six layers, and each has two rows of
# the batch. `gathered` is the exchange:


# %%
RANKS, DEPTH, WIDTH = 4, 6, 8
whole = [torch.randn(WIDTH, WIDTH) / WIDTH**0.5 for _ in range(DEPTH)]
slices = [[weight.chunk(RANKS)[rank] for weight in whole] for rank in range(RANKS)]
rows = torch.randn(8, WIDTH)


def gathered(layer):
    """Put a layer together from the slices of all ranks."""
    return torch.cat([slices[rank][layer] for rank in range(RANKS)])


states = [[part] for part in rows.chunk(RANKS)]  # of each rank, kept for the way back
for layer in range(DEPTH):
    for mine in states:
        mine.append(torch.tanh(mine[-1] @ gathered(layer)))  # gather, use, drop

back = [mine[-1] for mine in states]  # the loss is half the sum of squares
sums = [[None] * DEPTH for _ in range(RANKS)]  # gradients: each rank has its slices
for layer in reversed(range(DEPTH)):
    parts = []
    for rank, mine in enumerate(states):
        inside = back[rank] * (1 - mine[layer + 1] ** 2)  # through the tanh
        parts.append(mine[layer].T @ inside)  # of the whole layer, from own rows
        back[rank] = inside @ gathered(layer).T  # gather once more
    for rank in range(RANKS):  # reduce-scatter
        sums[rank][layer] = sum(part.chunk(RANKS)[rank] for part in parts)

# %% [markdown]
# Does one process with the whole model find the same gradients?

# %% tags=["nbval-check-output"]
leaves = [weight.clone().requires_grad_() for weight in whole]
x = rows
for weight in leaves:
    x = torch.tanh(x @ weight)
(x.square().sum() / 2).backward()
for layer, leaf in enumerate(leaves):
    found = torch.cat([sums[rank][layer] for rank in range(RANKS)])
    assert torch.allclose(found, leaf.grad, atol=1e-5)
held = sum(weight.numel() for weight in slices[0])
print(f"same gradients; the model has {sum(w.numel() for w in whole)} weights,")
print(f"a rank holds {held} of them, and {whole[0].numel()} more during a layer")

# %% [markdown]
# Moments and the optimizer's step need nothing new: each rank updates its own slices. In torch,
# `fully_shard` adds these exchanges to a layer, and the model's own code does not change. Of the
# 7B model's 122 GB each of eight ranks holds 15:

# %% tags=["slide"]
# r1lib.training.distributed.wrap

# %% [markdown]
# How many ranks does the 7B model need? A rank holds three kinds of things:
#
# - its slices: weights, gradients and optimizer, divided by the number of ranks;
# - what is whole for a moment: a layer, and embedding and head, with their gradients;
# - activations and logits of its own pass, which slices do not divide.
#
# RL needs one thing more. Ranks that write texts of different lengths cannot stay in lockstep, and
# gathering slices for every token would be slow. So each rank samples with a whole copy of the
# weights, refreshed before each rollout. (In large runs that copy belongs to an inference engine.)

# %% tags=["nbval-check-output"]
LAYER = counts.layer_parameters(SEVEN, False)
WHOLE = 2 * SEVEN.vocab_size * SEVEN.d_model + LAYER  # embedding, head and a layer


def gigabytes(tokens, n, recompute=False, copy=False):
    """What each of n ranks holds while it learns: no cache, that is for sampling."""
    parts = memory_by_part(SEVEN, tokens)
    if recompute:
        parts["activations"] = (2 * SEVEN.n_layers + 34) * SEVEN.d_model * tokens
    own = parts.pop("activations") + parts.pop("logits")
    own += 4 * WHOLE * (1 - 1 / n)  # 2 bytes each; a slice of them is counted below
    own += 2 * counts.parameters(SEVEN) * (copy and n > 1)
    return (sum(parts.values()) / n + own) / 1e9


table = {f"{tokens:,} tokens": (tokens,) for tokens in (1024, 2048, 4096, 8192)}
table["8,192, recomputed"] = 8192, True
table["8,192, in RL"] = 8192, False, True
table["8,192, both"] = 8192, True, True
print("smallest GPU with a tenth to spare, and the GB of a rank")
print(f"{'in a pass':18}" + "".join(f"{f'ranks: {n}':>12}" for n in (1, 2, 4, 8)))
for name, (tokens, *options) in table.items():
    print(f"{name:18}", end="")
    for n in (1, 2, 4, 8):
        size = gigabytes(tokens, n, *options)
        enough = next((gpu for gpu, room in GPUS.items() if size < 0.9 * room), "none")
        print(f"{enough:>7} {size:4.0f}", end="")
    print()

# %% [markdown]
# Four ranks and 8,192 tokens, by hand: a quarter of 122 GB is 30; activations and logits are
# 28 + 15 = 43; what is whole for a moment adds 4. In all: 77. An H100 has 80, but a program needs
# room beside these sums. So we keep a tenth free, and the entry says H200.
#
# Read a row from left to right: how many ranks until an H100 is enough? Longer passes need more
# ranks. In RL on two or more, the copy adds 15 GB to each, and recomputation makes up for it. The
# cache is not in the table: sampling needs it at a time when no activations are kept.

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
# steps on 1, 2 and 4 ranks, with both wrappers. In the last run one of two ranks was killed after
# step 3, and four went on from the slices of their checkpoint. The table
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
# All differences are rounding; the training itself moved some weights by several thousandths. So
# the number of ranks decides speed and memory, and not what is learned.

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
# A layer needs two such exchanges, one after attention and one after the feed-forward part. The
# backward pass needs two more.
#
# **Pipeline parallelism** cuts between layers instead. Only the states at the border travel.
# Its price is idle time: the last rank has nothing to do until the first micro-batch
# arrives. Exercise 16.2 counts how much.
#
# ### Which cut for which wire?
#
# <details><summary>What an exchange sends</summary>To add up a tensor over $N$ ranks, each rank sends
# $2 (N-1)/N$ of its size. Half of this collects the sum of each slice, half passes the sums on. A
# gather or a reduce-scatter is one half.</details>
#
# We can compute what travels. We take the 7B model, eight ranks, a million tokens for one step, and
# 8,192 tokens in a pass. In DeepSeek's cluster a link carries 50 GB a second between
# machines and 160 within one (section 3.2.2 of the V3 report). We give each rank one such link.
# "Data" has one exchange for a step, as in the picture:

# %% tags=["nbval-check-output"]
N, TOKENS, PASS = 8, 2**20, 8192
twice = 2 * (N - 1) / N
gradients = 2 * counts.parameters(SEVEN)  # bytes, in bfloat16
state = 2 * SEVEN.d_model * TOKENS  # the states between two layers, of all tokens
passes = TOKENS // N // PASS  # of a rank that reads its own rows
sent = {
    "data": twice * gradients,
    "sharded data": 1.5 * twice * gradients * passes,
    "tensor": 4 * SEVEN.n_layers * twice * state,
    "pipeline": 2 * state,
}
print(f"{'bytes of one rank':20}{'GB':>6}{'s at 50 GB/s':>14}{'at 160':>8}")
for name, size in sent.items():
    seconds = size / 50e9, size / 160e9
    print(f"{name:20}{size / 1e9:6.0f}{seconds[0]:14.1f}{seconds[1]:8.1f}")
flops = counts.training_flops(SEVEN, TOKENS, 4096) / N
print(f"\nthe arithmetic of a rank: {flops / (0.35 * PEAK):.0f} s at 35% of the peak")

# %% [markdown]
# Data parallelism and a pipeline send little. (Our `step` would send the gradients after each of its
# 16 passes, 16 times as much.) Tensor parallelism would send for longer than
# it computes on the slow wire, so its ranks belong in one machine. Sharded data is
# between them. It gathers once for each pass, forward and backward, so longer passes help.
#
# ### Experts
#
# A model with 256 experts in a layer offers a fourth cut: experts on different ranks. Each
# token is sent to the ranks of its experts, and their outputs are sent back. Both trips are an
# **all-to-all**, in which every rank sends something to every other.
#
# Here is the bookkeeping in one process: two ranks with two experts and four tokens each. We count
# the rows that each rank sends to each rank. Then each runs its experts on what it received:

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
# `experts_across`, in the folded cell, does the same where each rank is a process of its own. We only
# read it here; the tests run it.
#
# <details><summary>Rank 0 of our example, in four steps</summary>
#
# 1. It sorts its pairs of token and expert by expert: (0,0) (1,0), (0,1) (2,1), (1,2) (3,2), (2,3) (3,3).
# 2. It announces four rows to rank 1, and learns that four will come from there.
# 3. It sends tokens 1, 3, 2 and 3 to rank 1, with the numbers of their experts.
# 4. It runs experts 0 and 1 on eight rows. Outputs travel back, and each token adds up its two.
#
# </details>

# %% tags=["hide-input"]
# r1lib.training.distributed.experts_across

# %% [markdown]
# DeepSeek-V3 combined three of the four cuts on its 2,048 GPUs. It had 16 pipeline stages,
# experts spread over 64 GPUs in 8 machines, and data parallelism with a sliced optimizer, but
# no tensor parallelism (section 3.2 of its report).
#
# Hence the routing limits of chapter 04: a token may visit at most four of eight machines. And
# balance saves time, since all ranks wait for the one with the busiest expert.

# %% [markdown] tags=["slide"]
# ## 5. What an R1 costs
#
# Four costs have been published:
#
# - **DeepSeek-V3** lists 2.788 million hours of H800 GPUs at two dollars (table 1).
# - **R1** lists 512 H800 GPUs for 198 hours (R1-Zero) and for about 80 hours (R1), and 5,000
#   GPU hours for data (v2, supplement on training cost).
# - **Sky-T1** lists 8 H100 GPUs for 19 hours, and about 450 dollars (its README).
# - **TinyZero** says "less than 30 dollars", without hours.

# %% tags=["nbval-check-output"]
R1_HOURS = {"R1-Zero": 512 * 198, "data for SFT": 5_000, "R1": 512 * 80}
published = {
    "DeepSeek-V3, in all": (sum(counts.V3_HOURS.values()), 2.0),
    "R1 on top of it": (sum(R1_HOURS.values()), 2.0),
    "Sky-T1 32B": (8 * 19, 450 / (8 * 19)),
}
for name, (hours, price) in published.items():
    cost = counts.dollars(hours, price)
    print(f"{name:24}{hours:12,} GPU hours x ${price:.2f} = ${cost:12,.0f}")
ratio = sum(counts.V3_HOURS.values()) / sum(R1_HOURS.values())
print(f"\nthe base took {ratio:.0f} times the hours of R1's own training")
print(f"$30 buy {30 / 2.5:.0f} hours of an H100 at an assumed $2.50")

# %%
costs = {name: hours * price for name, (hours, price) in published.items()}
costs |= {"TinyZero, at most": 30}
plots.log_dots(costs, "US dollars, as published, on a logarithmic axis")

# %% [markdown]
# Each cost is a small part of the one above. The base costs nineteen times as much as everything
# that R1 adds, so reasoning is cheap *once a strong base exists*. Sky-T1 distils an existing
# reasoning model into an existing instruct model. TinyZero trains on a single game.
#
# None of the four is the price of a project. The V3 report says that its sum leaves out earlier
# research and experiments (section 1). R1's includes 5,000 hours for data. For
# TinyZero we do not know what the 30 dollars include. And GPU hours count no salaries (chapter 05).

# %% [markdown] tags=["slide"]
# ## 6. When the sampler is another program
#
# Large runs sample with an inference engine and learn with another program. Then two policies
# are at work: the **sampler** writes the texts, and the **trainer** learns from them. They differ for two
# reasons. Each rounds in its own way, and the sampler's weights are often a few steps old.
# But the policy gradient assumes that one policy writes and learns. Does that matter?
#
# ![A time line of training steps from left to right with three policies on it. The sampler is the policy of step t minus 8, the old policy that at the start of step t, the new policy that inside step t. A bracket from sampler to old is named TIS sees this, old over sampler; a bracket from old to new is named the clip sees this, new over old.](../figures/16_policies.png)
#
# What you see: the three policies of a run whose sampler is eight steps old. *Old* is here the trainer
# at the start of a step, *new* the trainer inside it. (In chapter 08 the old policy was the one that
# sampled. There the two were the same.)
#
# <details><summary>Engines that you can connect</summary>The folder <code>recipes/</code> connects
# three with the problems and rewards of this book. vLLM samples
# (<code>engines.VLLM(folder).generate</code>, called like ours). TRL trains with GRPO
# (<code>trl_grpo.py</code>, started by <code>accelerate</code>). verl trains with GRPO on many GPUs
# (<code>verl_reward.py</code> has our rewards in its form).</details>
#
# ### What we found
#
# `python -m results.mismatch ARM SEED` ran R1-Zero on countdown and arithmetic from the base of each
# seed. In "same", the sampler is the trainer. In "stale" it is the policy of eight steps ago.
# "Stale-tis" is the same with a repair, which the next part explains.

# %%
ARMS = ("same", "stale", "stale-tis")


def measured_of(arm):
    """What was measured of an arm, one content for each seed that is there."""
    paths = [RESULTS / f"mismatch-{arm}-{seed}.json" for seed in (0, 1, 2)]
    return [json.loads(p.read_text(encoding="utf-8")) for p in paths if p.exists()]


arms = {arm: measured_of(arm) for arm in ARMS}
setting = arms["same"][0]["settings"]
steps, prompts, group = (setting[k] for k in ("steps", "prompts", "group_size"))
print(f"{steps} steps of {prompts} prompts x {group} texts; pass@1 of seeds 0, 1, 2:\n")
scores = {"base": [fmean(found["before"].values()) for found in arms["same"]]}
for arm, seeds in arms.items():
    scores[arm] = [fmean(found["after"].values()) for found in seeds]
for arm, values in scores.items():
    print(f"{arm:14}" + "".join(f"{value:6.2f}" for value in values))
plots.seed_dots({"pass@1 on test problems, mean of both games": scores}, beside="same")

# %% [markdown]
# What you see: the trainers after the last step. The grey line is the mean of "same". Compare each
# "stale" dot with it, and with the base: old weights do harm. Then see how much of the way back
# "stale-tis" comes.
#
# Follow three numbers over time:


# %% tags=["hide-input"]
def over_steps(name, scale=1):
    """A metric of each arm: means of five steps, one of each seed."""
    lines = {}
    for arm, seeds in arms.items():
        histories = [found["history"] for found in seeds]
        lines[arm] = [
            [
                (i + 5, scale * fmean(point[name] for point in history[i : i + 5]))
                for history in histories
            ]
            for i in range(0, steps, 5)
        ]
    return lines


logged = {
    "right texts": over_steps("accuracy"),
    "KL, nats a token": over_steps("kl"),
    "outside the clip, %": over_steps("clip_fraction", 100),
}
plots.seed_curves(logged, "step", "mean of five steps")

# %% [markdown]
# What you see: lines are means, small marks the seeds. **Left:** how many of the sampled texts
# are right. With an old sampler they are by the trainer of eight steps ago, so harm shows late.
# **Middle:** the **KL divergence** between sampler and trainer, estimated on the sampled tokens. With an old
# sampler it leaves 0 within the first five steps: log it. **Right:** the clip acts on few tokens.
#
# Mind the scale. Our learning rate is several hundred times that of a large model, so eight of
# our steps are a long way.
#
# ### What the clip sees, and how to repair the gap
#
# Should the clip not hold back what is too far away? It depends on whose probabilities are
# *old* in its ratio, *new over old* (chapter 08, section 3):
#
# - **The sampler's.** Then the ratio spans both gaps of the time line. It weighs each token, and the clip
#   leaves out those that have already moved too far in the direction of their advantage.
# - **The trainer's**, computed anew at the start of the step. Then the ratio is 1 for every token at first,
#   and the clip limits what *this* step changes. It sees nothing of the eight steps before.
#
# How many tokens would the first choice leave out? Let the base write texts, and take as the trainer
# the same base after eight steps of GRPO. Chapter 08's clip has the bounds 0.8 and 1.28. A token is left
# out above the upper one if its advantage is positive, below the lower one if it is negative:

# %%
sampler, words = artifacts.load("base-tiny")
trainer = deepcopy(sampler)
config = grpo.GRPOConfig(steps=8, prompts=4, max_new_tokens=96, decay=0)
draw_one = partial(draw, countdown.sample, split="train")
for _ in grpo.train(trainer, words, draw_one, config, optim.adamw(trainer, config.lr)):
    pass
games = problems(countdown.sample, 8, 1, "train")
dice = torch.Generator().manual_seed(0)
settings = {"max_new_tokens": 96, "generator": dice}
batch = rollout(sampler.eval(), words, games, 16, rewards.total, **settings)
with torch.no_grad():
    now = token_logprobs(trainer.eval()(batch.ids), batch.ids, mask=batch.mask)
far = (now - batch.old_logprobs).exp()
gains = grpo.group_advantages(batch.rewards.view(8, 16)).view(-1, 1)
left_out = ((gains > 0) & (far > 1.28)) | ((gains < 0) & (far < 0.8))
share = left_out[batch.mask].float().mean()
print(f"{batch.mask.sum()} tokens; left out before the first gradient step:")
print(f"old is the sampler's: {share:.0%}; old is the trainer's: 0%")
assert share > 0.02

# %% [markdown]
# With the first choice these tokens teach nothing, before the step has begun. And the clip, which is to
# keep *this* step short, measures it from a policy that is long gone. Whether it would still help, we
# have not measured: no arm of ours has this choice. In our arms the trainer computes *old*. Then the
# clip cannot see the first gap, and something else has to.
#
# **TIS** (truncated importance sampling) looks at the first gap. It multiplies the loss of a token by
# *old over sampler*. A token that the sampler wrote with probability 0.2, and that the trainer gives
# 0.1, counts half. The factor is cut off at a cap, so that no token can decide a step. Our runs had 2; the
# function's default is 3.

# %%
# r1lib.losses.truncated_importance

# %% tags=["nbval-check-output"]
sampler, old = torch.tensor([[0.2, 0.5, 0.1]]), torch.tensor([[0.1, 0.6, 0.9]])
weights = truncated_importance(old.log() - sampler.log(), cap=2.0)
for name, row in (("old over sampler", old / sampler), ("weight of the loss", weights)):
    print(f"{name:20}" + "".join(f"{x:6.1f}" for x in row[0].tolist()))

# %% [markdown]
# <details><summary>Is this a full repair?</summary>No. Below the cap, the weighted mean over the sampler's
# tokens is that over the trainer's own (chapter 08, section 3). But the cap cuts off the largest factors,
# and each token is corrected alone, although the text before it is the sampler's, too.</details>
#
# TIS is one of three repairs:
#
# ![Two boxes. The sampler on the left has bfloat16 or eight bits and weights of some steps ago; the trainer on the right has float32 and the newest weights, which go back to the sampler. Three arrows go to the trainer: texts; the probability of each token, for TIS and masking; the experts of each token, for routing replay.](../figures/16_mismatch.png)
#
# | repair | the trainer |
# |---|---|
# | **TIS** | multiplies a token's loss by $r$ = old over sampler, cut off at a cap |
# | **masking** | the same, but 0 where $r$ is large |
# | **routing replay** (arXiv 2510.11370) | runs the experts that the sampler chose |
#
# ### Rounding, with experts and without
#
# The other reason for a mismatch is rounding. Can it matter? A router picks the best two of eight.
# If two scores are close, the last digit decides, and another expert is not a small difference.
#
# In a model of 30 billion weights, 94% of the tokens met another expert in at least one layer (arXiv
# 2510.11370). And in our R1?
#
# `read`, in a folded cell, returns logits and the experts of each token. `disagreement` compares two
# such readings, and `replayed` makes a model run given experts. Our R1 samples in bfloat16,
# and then reads its own texts in float32:

# %% tags=["hide-input"]
# results.mismatch.layers_of
# results.mismatch.choosing
# results.mismatch.read

# %% tags=["hide-input"]
# results.mismatch.disagreement
# results.mismatch.replayed

# %%
fast = cast(deepcopy(model), torch.bfloat16).eval()
games = problems(countdown.sample, 24, 0, "test")
prompts = [tokenizer.prompt(game.prompt) for game in games]
torch.manual_seed(0)
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
# printed above. How much of the mismatch is due to the experts? We compute the KL twice: with the
# trainer's own experts, and with the sampler's, which is routing replay. Here we have the logits of
# both models, so it can be exact, over the whole vocabulary:

# %%
# results.mismatch.exact_kl

# %%
with torch.no_grad(), replayed(model, chosen, torch.arange(len(ids)), ids.shape[1]):
    forced = model(ids)
free, replay = (exact_kl(logits, other, mask) for other in (own, forced))
print(f"own experts:           {free:.1e} nats a token")
print(f"the sampler's experts: {replay:.1e} nats a token")
print(f"due to other experts:  {1 - replay / free:.0%}, in this sample")

# %% [markdown]
# This is one sample of one model. `python -m results.mismatch look SEED` compares three other models
# in the same way, with samplers in bfloat16 and in eight bits: a base, Zero, and the dense student.
# Zero and the student are the same weights in all three samples of texts. The base is that of another
# seed in each.

# %%
MODELS = {"base": "base", "zero": "Zero", "dense": "dense student"}
experts, before, after, jumps, due = {}, {}, {}, {}, {}
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
            due.setdefault(name, []).append(1 - row["kl replayed"] / row["kl"])
print(f"{'':20}{'due to other experts':24}largest factor of a probability")
for name, samples in jumps.items():
    largest = ", ".join(f"{jump:.3g}" for jump in samples)
    shares = ", ".join(f"{share:.0%}" for share in due.get(name, ()))
    print(f"{name:20}{shares:24}{largest}")
KLS = ("KL, nats a token", "KL, experts replayed")
panels = {"other experts, %": experts, KLS[0]: before, KLS[1]: after}
plots.seed_dots(panels, log=KLS, called="sample")

# %% [markdown]
# What you see: **left**, how many tokens meet other experts; eight bits change several times as many as
# bfloat16. **Middle** and **right**, the KL without and with replay. Where the dots of a row move left,
# experts were a part of the mismatch. (The dense student has no experts. So its rows are at 0 on the
# left and empty on the right.)
#
# How large a part? The first column of the table differs so much that one sample says
# little. Rare, large jumps are one reason: the largest factor belongs to a single token, which can
# decide the KL of its sample.
#
# The rest is ordinary rounding. Look at the dense student, which has no experts to change. With eight
# bits its KL is the largest of all rows, and its probabilities jump more than Zero's. So
# large jumps need no experts. (It was also trained in another way,
# so it is no exact twin of Zero.)
#
# So is rounding harmless? In the first edition of this book, runs with an eight-bit sampler ended at a
# pass@1 of 0.58, 0.55 and 0.57 (seeds 0, 1, 2). "Same" had 0.59, 0.56 and 0.58
# ([docs/experiments.md](../docs/experiments.md)). In larger models rounding may do harm: routing replay was
# proposed because their RL collapsed (arXiv 2510.11370). In a large run, check both the age of the
# sampler's weights and its precision.

# %% [markdown] tags=["slide"]
# ## Summary
#
# - Training takes 16 bytes for each weight, and room for the activations. These fill the small
#   models, the optimizer the large ones. Recomputation trades them for a third more arithmetic.
# - Learning waits for arithmetic. Sampling waits for memory until many texts share a reading of the
#   weights: some hundred for a dense model, thousands for DeepSeek-V3. In a simple loop it also
#   waits for its longest text and for kernels to start.
# - Published checkpoints are read one tensor at a time, eight-bit weights with the scales of
#   their blocks. Our R1 writes the same tokens in `transformers`.
# - Many ranks learn what one process learns, if each token counts the same. FSDP2 slices
#   everything and puts a layer together only while it is used.
# - DeepSeek-V3 cost $5.576 million and R1 $295 thousand on top of it (the paper adds
#   rounded parts: $294,000).
# - A sampler in another program is another policy. In our runs old weights did harm, and
#   importance weights repaired most of it. Rounding sends some tokens to other experts.
#
# What came after R1 is listed at the end of [docs/papers.md](../docs/papers.md).
#
# ## Questions
#
# 1. Why does a 7B model not fit into a GPU of 80 GB for training, although its weights take
#    15 GB? Name two ways out.
#
#    <details><summary>Answer</summary>Weights, gradients and optimizer take 16 bytes for each
#    of 7.6 billion weights, 122 GB, before the first activation. Recomputation cannot help, then.
#    Slices are one way out: on two GPUs with short passes, or on four or more. Training fewer
#    numbers is another. Adapters such as LoRA freeze the weights and train small matrices beside
#    them, the only ones with gradients and moments.</details>
#
# 2. Why does a token cost less if many texts are sampled together? How does this differ for a model
#    with experts, with few texts and with many?
#
#    <details><summary>Answer</summary>All rows share one reading of the weights, and reading is
#    what sampling waits for. With experts, the first few rows save less: each needs experts of its
#    own, so more rows read more weights. Once all experts are read, further rows are almost free,
#    and for longer than in a dense model. A row has little arithmetic, so it takes
#    thousands of rows until arithmetic is the limit (the plot of section 1).</details>
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
# <details><summary>What came out</summary>On the texts of this notebook the KL was 0.0001, 0.002,
# 0.011, 0.06 and 0.6, and the estimate 0.0001, 0.002, 0.011, 0.06 and 0.4. So the estimate finds the
# size of the KL. But rare tokens can decide such a mean. In another sample of texts (seed 1 in place of 0)
# the KL without noise was 0.0006, and the estimate 0.0001.
# Only 0, 0.1, 0.4, 0.8 and 1.1% of the tokens were above the cap: r cannot exceed one over the
# sampler's probability, so a likely token never gets there. At the last noise 24% of the tokens had r below
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
