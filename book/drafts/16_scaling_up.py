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
# # Scaling up
#
# | | |
# |---|---|
# | You will build | the memory of a model by part, a reader of eight-bit weights, a training step on several processes, experts that live on two machines, and the price of an R1 |
# | You need | Chapters 03 to 05 for the model and its training, chapter 09 for the RL loop |
# | Minutes to read | 30 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download. The recipes it speaks of are `gpu` and `cluster` |
# | Paper sections | DeepSeek-V3 (arXiv 2412.19437), sections 3.1 to 3.3 and table 1; DeepSeek-R1 (arXiv 2501.12948v2), the supplement on training cost |
#
# ![Four boxes from left to right. The tiny R1 with 0.7 million weights on one core of a laptop; Qwen2.5-0.5B with half a billion on one GPU; Qwen2.5-7B with 7.6 billion on several GPUs; DeepSeek-V3 and R1 with 671 billion on 2,048 GPUs.](../figures/16_sizes.png)
#
# What you see: the same recipe at four sizes. The numbers on the boxes are the sections
# in which they come up.

# %% [markdown]
# **Run this first.** It imports everything and seeds the one global random
# generator. Nothing below configures anything else.

# %% tags=["setup"]
import copy
import json
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import fmean

import torch
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

from r1lib import artifacts, checks, hub, plots, sampling
from r1lib.hub.fp8 import BLOCK
from r1lib.hub.published import cast
from r1lib.losses import token_logprobs
from r1lib.model import counts
from r1lib.model.moe import MoE, run_experts
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.problem import problems
from r1lib.rl.rollout import collate
from r1lib.tokenizer import EOS
from r1lib.training import optim
from r1lib.training.distributed import WAYS, Task, exchange, norm_of, total
from r1lib.training.pretrain import loss
from r1lib.world import countdown

logging.set_verbosity_error()
logging.disable_progress_bar()
torch.manual_seed(0)
ROOT, DATA = Path("..").resolve(), Path("../results/data")

# %% [markdown] tags=["slide"]
# ## 1. What grows
#
# Our R1 has 0.7 million weights. The real one has 671 billion, a million times more.
# What changes on the way? Not the algorithms: the loss, the advantages and the clip of
# the earlier chapters stay as they are. What changes is where the numbers are kept, and
# what a processor waits for.
#
# We follow four models: the tiny R1, two of the Qwen2.5 family, and DeepSeek-V3, of which
# R1 is a fine-tuned version. Three of them are presets of this book. The fourth differs
# from its smaller sibling only in its sizes:

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
# The last column counts the weights that one token meets. In a model with experts it is
# smaller: a token visits a few experts and never sees the rest. That saves time. It does
# not save memory, because the next token may need any of them.
#
# Training needs much more memory than the weights. Each weight has a **gradient**, the
# direction in which it should move. AdamW keeps two more numbers for each weight, its
# **moments** (chapter 05). The **activations** are what the layers computed on the way
# forward; the way back needs them again. The last layer's **logits**, one number for
# each token of the vocabulary, count among them and are often the largest part.

# %% tags=["slide"]
TOKENS = 8192  # in one forward and backward pass


def memory_by_part(config):
    """Bytes to train with AdamW in mixed precision, by part."""
    held = counts.training_bytes(counts.parameters(config))
    activations = 34 * config.n_layers * config.d_model * TOKENS
    logits = 3 * 4 * config.vocab_size * TOKENS
    return held | {"activations": activations, "logits": logits}


# %% [markdown]
# The first line is exact. A weight and its gradient take two bytes each, in the format
# **bfloat16**. The optimizer takes twelve: a copy of the weight and both moments, in
# float32. The second is a rule of thumb: about 34 bytes for each number of
# a layer's width, for each token (Korthikanti and others, arXiv 2205.05198). The third
# counts three float32 copies of the logits.

# %%
totals = {name: sum(memory_by_part(c).values()) / 1e6 for name, c in models.items()}
plots.log_bars(totals, "megabytes to train, in all", "V3")

# %% [markdown]
# What you see: from a laptop's memory to more than a hundred of the largest GPUs, which have
# 80 to 141 GB each. A 7B model does not fit into one of them, although its weights alone
# would, five times over. Where does the memory go?

# %%
shares = {}
for name, config in models.items():
    parts = memory_by_part(config)
    shares[name] = {part: size / sum(parts.values()) for part, size in parts.items()}
plots.stacked_shares(shares)

# %% [markdown]
# What you see: the small models are all activations and logits; the large ones are all
# optimizer. So there are two cures. A small model reads fewer tokens in one pass and
# adds the gradients up, as `micro_tokens` does in our loops. A large model must be cut
# into pieces, which is section 4.

# %% [markdown] tags=["slide"]
# ### Time, by part
#
# RL alternates two kinds of work. **Learning** reads whole texts at once. A matrix is
# loaded once and multiplied with thousands of tokens, so the processor's speed counts, in
# FLOPs: additions and multiplications a second. **Sampling** writes one token at a time
# for each text. All weights are loaded to make one token for each of some hundred texts,
# so the memory's speed counts, in bytes a second.
#
# An H100, a GPU of 2022, does 989 trillion FLOPs a second and reads 3.35 trillion
# bytes. Suppose that training uses 35% of the first and sampling 40% of the second. Then a
# rollout of 256 texts with 512 new tokens costs:

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

# %% [markdown]
# Sampling takes longer than learning at every size, and far longer for DeepSeek-V3: its
# experts must be read for few tokens each. That is why large runs sample with a program of
# its own, an **inference engine** such as vLLM, and why section 6 exists.
#
# These are calculations, not measurements. This book has measured no GPU.

# %% [markdown] tags=["slide"]
# ## 2. Real checkpoints
#
# A published model is a folder. `config.json` has its sizes, `*.safetensors` its tensors by
# name, `tokenizer.json` its tokenizer. Large models come in **shards**: several files, and
# an index that says which tensor is where. Here is a small one with random weights, as
# the library `transformers` writes it:

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
# `hub.load` reads it: the sizes become our `ModelConfig`, the names become ours, and
# everything that does not fit is an error with the name of the tensor. Five families are
# known: Qwen2, Qwen3, Llama, DeepSeek-V2 and DeepSeek-V3. Same weights, same logits?

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
# The obvious way to load is to read all files, then fill the model. It needs the memory
# of two models. `hub.load` first compares names and shapes, which stand at the start of each
# file. It then makes an empty model and copies one tensor after another. A script wrote
# a checkpoint of one gigabyte and measured the peak of memory in a process of its own:

# %%
loading = json.loads((DATA / "benchmark-loading.json").read_text())["loading"]
for way, row in loading["ways"].items():
    print(f"{way:14}{row['times the checkpoint']:6.2f} times the checkpoint")
assert loading["ways"]["hub.load"]["times the checkpoint"] < 1.2

# %% [markdown] tags=["slide"]
# ### Eight bits
#
# DeepSeek-V3 is published in **fp8**: eight bits for a weight, one for the sign, four
# for the exponent, three for the digits. Such a number ends at 448 and has few steps, so
# a block of $128 \times 128$ weights shares one float32 **scale**. A second tensor, named
# `..._scale_inv`, holds the scales. Reading multiplies each block by its own:

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
# A few hundredths of its length: that is the price of half the memory. DeepSeek-V3 even trained
# with such numbers, and kept the sensitive parts in more bits: embedding, head, routers,
# norms (section 3.3 of its report).

# %% [markdown] tags=["slide"]
# ### The other way: our R1 in other people's programs
#
# `hub.export_hf` writes one of our models as a folder of `transformers`. Multi-head latent
# attention with experts becomes a `deepseek_v3`, since it is one. Let us see whether
# our tiny R1 answers there as it does here, token by token:

# %%
model, tokenizer = artifacts.load("r1-tiny")
with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    hub.export_hf(model, folder / "r1", tokenizer)
exported = AutoModelForCausalLM.from_pretrained(folder / "r1", dtype=torch.float32)
their_tokenizer = AutoTokenizer.from_pretrained(folder / "r1")
question = "numbers=3,7,8 target=35"
talk = [{"role": "user", "content": question}]
prompt = their_tokenizer.apply_chat_template(
    talk, add_generation_prompt=True, return_tensors="pt", return_dict=True
)
with torch.no_grad():
    written = exported.generate(**prompt, max_new_tokens=120, do_sample=False)
start = prompt["input_ids"].shape[1]
print(type(exported).__name__)
print(their_tokenizer.decode(written[0, start:], skip_special_tokens=True))

# %% tags=["nbval-check-output"]
asked = tokenizer.prompt(question)
here = sampling.generate(
    model, [asked], max_new_tokens=120, temperature=0, stop_ids=(EOS,)
)[0].ids
there = written[0, start:].tolist()
print("the same prompt:", asked == prompt["input_ids"][0].tolist())
print("the same tokens:", here == there[: len(here)])

# %% [markdown]
# The same folder can be served by vLLM, uploaded, or fine-tuned with TRL. And the tokenizer
# of a published model comes the other way: `r1lib.hub.tokenizers.load` reads the
# `tokenizer.json` of DeepSeek, Qwen and Llama 3, which are byte-level BPE as in chapter 02.

# %% [markdown] tags=["slide"]
# ## 3. One GPU
#
# On a GPU the same loop runs. Three settings change.
#
# **Precision.** Matrices are multiplied in bfloat16, which has float32's range and only
# 8 bits for the digits. But the weights that AdamW updates stay in float32. Why? Add one small
# step to a weight in both formats:

# %% tags=["nbval-check-output"]
for dtype in (torch.float32, torch.bfloat16):
    one = torch.tensor(0.5, dtype=dtype)
    for _ in range(1000):
        one += 1e-6
    print(f"{str(dtype):16} 0.5 after a thousand steps of 1e-6: {one.item():.6f}")

# %% [markdown]
# In bfloat16 the weight never moves: each step is rounded away. RL uses learning rates of
# about one millionth, so this is no corner case.
#
# **Learning rate.** Ours is some hundred times larger than that of a 1.5B model. Larger
# models want smaller steps.
#
# **Prompts.** A published base has read the web, so we can ask in plain words. The
# format must be asked for, too.
#
# The folder `recipes/` has five scripts for one GPU. Each prints its plan before it starts:
# parameters, memory by part, FLOPs, hours, dollars. This is TinyZero, the best-known small
# reproduction of R1-Zero, with the loop of our chapter 09:

# %% tags=["nbval-check-output"]
command = [sys.executable, "-m", "recipes.tinyzero_qwen", "--dry-run"]
plan = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
print(plan.stdout)

# %% [markdown]
# The recipe has not been run on a GPU for this book: everything above is computed. TinyZero
# itself reports that a 0.5B base fails to learn to reason on countdown, and that a 3B
# base does so for less than 30 dollars (github.com/Jiayi-Pan/TinyZero).

# %% [markdown] tags=["slide"]
# ## 4. Many GPUs
#
# When a model, its optimizer or its patience does not fit into one GPU, the work is cut.
# Each process that takes part is called a **rank**. There are four ways to cut, and large
# runs use several at once.
#
# ![Four ways to cut. Data: two ranks with whole models, each with half of the rows; they add up their gradients once a step. Tensor: each rank has half of every matrix; outputs are added up twice a layer. Pipeline: each rank has one layer, micro-batches follow one another, and both ranks are idle once. Expert: each rank has two of four experts, and tokens travel to their experts and back.](../figures/16_parallel.png)
#
# What you see: what each of two ranks holds, in blue and orange, and what they must send
# each other.
#
# ### Data
#
# The simplest cut is **data parallelism**. Every rank has the model and reads a part of
# the batch; before the step they add up their gradients. Is that the gradient of the whole
# batch? Only if each part counts as much as it has tokens:

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
shares = [float((half[:, 1:] != 0).sum() / targets) for half in halves]
fair = sum(gradient(half, w) for half, w in zip(halves, shares, strict=True))
for name, found in (("mean of the ranks", equal), ("by their tokens", fair)):
    print(f"{name:18} off by {(found - whole).norm() / whole.norm():.1e}")
assert torch.allclose(fair, whole, atol=1e-6) and not torch.allclose(equal, whole)

# %% [markdown]
# The mean of the ranks is a common mistake. It changes what the run learns, and changes
# it with the number of GPUs. So our steps take losses that are already *shares of the whole
# batch's mean*, and add them up. This is the step that the recipe for many GPUs takes:

# %% tags=["slide"]
# r1lib.training.distributed.step

# %% [markdown]
# `task` is the model in a wrapper, and two wrappers of PyTorch fit. **DDP** (distributed data
# parallel) keeps the whole model on each rank and adds up gradients during the backward
# pass. **FSDP2** (fully sharded data parallel) keeps only a slice of each tensor on a
# rank: weights, gradients and moments. Before a layer runs, its slices are gathered; after
# it, they are dropped again. The model itself knows nothing of either:

# %% tags=["slide"]
# r1lib.training.distributed.wrap

# %% [markdown]
# Slices save memory in proportion to the ranks. For the 7B model, without activations:

# %%
held = sum(counts.training_bytes(counts.parameters(SEVEN)).values()) / 1e9
for ranks in (1, 2, 4, 8):
    print(f"{ranks} ranks: DDP {held:6.1f} GB on each, FSDP2 {held / ranks:6.1f} GB")

# %% [markdown] tags=["slide"]
# ### Two ranks on your laptop
#
# No GPU is needed to see it run. The library **gloo** connects processes on a processor.
# The next cell starts two of them, which pre-train a small model for two steps with FSDP2:

# %%
run = ["recipes.distributed", "pretrain", "--way", "fsdp", "--steps", "2"]
command = [sys.executable, "-m", "recipes.launch", "2", *run, "--out", folder / "run"]
ranks = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
print(ranks.stdout, ranks.stderr)
assert ranks.returncode == 0

# %% [markdown]
# Is it the same training? A script ran six steps of pre-training, SFT and GRPO on 1, 2 and 4
# ranks, both ways. It also killed rank 1 after step 3 and went on with twice as many
# ranks from the last checkpoint, which each rank had written in slices:

# %%
table = json.loads((DATA / "sharded.json").read_text())["rows"]
print(f"{'':10}{'way':12}ranks   loss differs   weights differ")
for row in table:
    if row["way"] != "start":
        print(
            f"{row['kind']:10}{row['way']:12}{row['ranks']:3}"
            f"{row['loss']:15.1e}{row['weights']:17.1e}"
        )
measured = [row for row in table if row["way"] != "start"]
assert all(max(row["loss"], row["weights"]) < 1e-5 for row in measured)

# %% [markdown]
# All differences are rounding: below one hundred-thousandth, while the training itself moved
# weights by more than a thousandth. A number of ranks is a matter of speed and memory, not
# of what is learned.
#
# One thing is special about RL. Ranks that write texts of different lengths cannot
# stay in lockstep, and gathering slices for every token would be slow. So each rank
# samples with a whole copy of the weights, refreshed before each rollout. In large runs
# that copy belongs to an inference engine.

# %% [markdown] tags=["slide"]
# ### Tensor and pipeline
#
# **Tensor parallelism** cuts every matrix. Two matrices in a row need only one exchange:
# the first is cut into columns, the second into rows, and the two results are added.

# %%
x, first, second = torch.randn(5, 8), torch.randn(8, 12), torch.randn(12, 8)
wanted = torch.relu(x @ first) @ second
columns, rows = first.chunk(2, dim=1), second.chunk(2, dim=0)
parts = [torch.relu(x @ c) @ r for c, r in zip(columns, rows, strict=True)]
print(f"sum of both ranks, off by {(sum(parts) - wanted).abs().max():.0e}")
assert torch.allclose(sum(parts), wanted, atol=1e-5)

# %% [markdown]
# The exchange happens twice in every layer, so tensor parallelism needs GPUs that sit in
# one machine. **Pipeline parallelism** cuts between layers instead. Only the states at the
# border travel. Its price is waiting: the last rank has nothing to do until the first
# micro-batch arrives. With $p$ stages and $m$ micro-batches a rank is idle for $p-1$ of
# $m+p-1$ time slots (exercise 16.2).
#
# ### Experts
#
# A model of 256 experts in each layer offers a fourth cut: put the experts on different ranks.
# DeepSeek-V3 spread them over 64 GPUs, in 8 machines. Each token is sent to its experts'
# ranks, and what they made of it is sent back. Both trips are an **all-to-all**: every rank
# sends something to every other.

# %% tags=["slide"]
# r1lib.training.distributed.experts_across

# %% [markdown]
# The function needs a group of processes, and the tests run it on two. Here is its bookkeeping in
# one process: two ranks with two experts and four tokens each. First, who sends how many
# rows to whom?

# %% tags=["nbval-check-output"]
layer = new_model(replace(PRESETS["smoke"], n_routed_experts=4), seed=0).layers[1].ffn
tokens = torch.randn(8, 32)
choice = torch.tensor([[0, 1], [0, 2], [1, 3], [2, 3], [0, 3], [1, 2], [0, 1], [2, 3]])
weights = torch.rand(8, 2)
home = torch.arange(8) // 4  # tokens 0-3 live on rank 0
for rank in range(2):
    to = [(choice[home == rank] // 2 == other).sum().item() for other in range(2)]
    print(f"rank {rank} keeps or sends {to} rows to ranks 0 and 1")

# %%
combined = torch.zeros_like(tokens)
with torch.no_grad():
    for rank in range(2):  # what each rank computes for everyone
        mine = layer.experts[2 * rank : 2 * rank + 2]
        row, place = (choice // 2 == rank).nonzero(as_tuple=True)
        local = choice[row, place].unsqueeze(1) % 2
        done = run_experts(tokens[row], local, torch.ones(len(row), 1), mine)
        combined.index_add_(0, row, done * weights[row, place].unsqueeze(1))
    alone = run_experts(tokens, choice, weights, layer.experts)
assert torch.allclose(combined, alone, atol=1e-6)
print("two ranks with two experts each do what one with four does")

# %% [markdown]
# Now the routing limits of chapter 04 make sense. A token of DeepSeek-V3 may visit at most
# four of eight machines, because each visit is traffic. And balanced experts matter twice: the
# rank with the busiest expert is the one that all others wait for.

# %% [markdown] tags=["slide"]
# ## 5. What an R1 costs
#
# Four bills have been published, and each can be checked with a multiplication. R1's
# authors state 512 H800 GPUs for 198 hours (R1-Zero), the same for about 80 hours (R1), and
# 5,000 GPU hours for data, at two dollars an hour. Sky-T1 states 8 H100 GPUs for 19 hours and
# about 450 dollars.

# %% tags=["nbval-check-output"]
R1_HOURS = {"R1-Zero": 512 * 198, "data for SFT": 5_000, "R1": 512 * 80}
bills = {
    "DeepSeek-V3, the base": (sum(counts.V3_HOURS.values()), 2.0),
    "R1 on top of it": (sum(R1_HOURS.values()), 2.0),
    "Sky-T1 32B": (8 * 19, 450 / (8 * 19)),
}
for name, (hours, price) in bills.items():
    cost = counts.dollars(hours, price)
    print(f"{name:24}{hours:12,} GPU hours x ${price:.2f} = ${cost:12,.0f}")

# %% [markdown]
# The base costs nineteen times as much as everything that R1 adds. Reasoning is cheap
# *where a strong base exists*. The bills count only the final runs: no failed attempts, no
# salaries, no machines (chapter 05). TinyZero's bill is an upper bound without hours, "less
# than 30 dollars". How many GPU hours is that, and how much of R1's?

# %%
hours = 30 / 2.5
share = hours / sum(R1_HOURS.values())
print(f"$30 buy {hours:.0f} hours of an H100 at $2.50: one {1 / share:,.0f}th of R1's")
ratio = sum(counts.V3_HOURS.values()) / sum(R1_HOURS.values())
print(f"the base took {ratio:.0f} times the hours of R1's own training")
assert 18 < ratio < 20

# %% [markdown] tags=["slide"]
# ## 6. When the sampler is another program
#
# A large run samples with one program and learns with another. Both have the same weights,
# and still they compute different numbers: another precision, another order of additions,
# sometimes the weights of a few steps ago. So the text was written by a policy that is
# not quite the one that learns from it. The policy gradient assumes that it is.
#
# With experts it gets worse. A router picks the best two of eight. If two scores are close, the
# last digit decides, and another expert is not a small difference. Let us look:
# our R1 samples in bfloat16, then reads its own texts in float32.

# %%
fast = cast(copy.deepcopy(model), torch.bfloat16).eval()
games = problems(countdown.sample, 24, 0, "test")
prompts = [tokenizer.prompt(game.prompt) for game in games]
completions = sampling.generate(fast, prompts, max_new_tokens=96, stop_ids=(EOS,))
ids, mask, sampled = collate(prompts, completions)


def chosen_by(policy):
    """Logits of all texts, and the experts of each layer for each token."""
    seen, handles = [], []
    for block in policy.layers:
        if isinstance(block.ffn, MoE):

            def note(router, given, logits, ffn=block.ffn):
                seen.append(ffn.choose(ffn.scores(logits))[0].sort(-1).values)

            handles.append(block.ffn.router.register_forward_hook(note))
    with torch.no_grad():
        logits = policy(ids).float()
    for handle in handles:
        handle.remove()
    return logits, seen


model.eval()
(_, low), (logits, high) = chosen_by(fast), chosen_by(model)
pairs = zip(low, high, strict=True)
differs = torch.stack([(a != b).any(-1)[mask.flatten()] for a, b in pairs])
own = token_logprobs(logits, ids, mask=mask)
ratio = (own - sampled)[mask].exp()
print(f"tokens with other experts in some layer: {differs.any(0).float().mean():.1%}")
print(f"ratio of a token's probability: {ratio.min():.2f} to {ratio.max():.2f}")

# %% [markdown]
# A small share of the tokens takes another road, and for a few of them the probability
# changes by a noticeable factor. In a large model with many more layers, most tokens meet
# another expert *somewhere*. Three repairs are in use:
#
# - **Truncated importance sampling** (TIS) multiplies the loss of a token by the ratio of
#   the two probabilities, cut off at a cap. It makes the expected gradient nearly right,
#   whatever the reason for the mismatch.
# - **Masking** leaves out tokens, or whole completions, whose ratio is too far from 1.
# - **Routing replay** (arXiv 2510.11370) writes down which experts the sampler chose, and lets
#   the trainer run the same ones. It removes the jumps and leaves the small differences.

# %%
# r1lib.losses.truncated_importance

# %% [markdown] tags=["slide"]
# ### Measured on a laptop
#
# `results/mismatch.py` compares samplers with their trainer: the same program, bfloat16, and
# weights in eight bits. KL is the mean distance of the two distributions for a token, in
# nats. "Replayed" is what is left if the trainer takes the sampler's experts.

# %%
looks = [json.loads((DATA / f"mismatch-look-{s}.json").read_text()) for s in range(3)]
print(f"{'model':7}{'sampler':9}{'other experts':>14}{'KL':>11}{'replayed':>11}")
for i, row in enumerate(looks[0]["rows"]):
    rows = [found["rows"][i] for found in looks]
    experts = fmean(r["experts"]["any"] for r in rows)
    kls = [fmean(r.get(k, float("nan")) for r in rows) for k in ("kl", "kl replayed")]
    line = f"{row['model']:7}{row['sampler']:9}{experts:14.2%}"
    print(line + "".join(f"{kl:11.1e}" for kl in kls))

# %% [markdown]
# The dense model has no router, and is the control. Now RL, from the base of each seed: 60
# steps with a sampler in eight bits, or with one that is eight steps old. The repairs are
# TIS and replay. "Same" is the ordinary loop. Each arm has three seeds:

# %%
ARMS = ("same", "bf16", "fp8", "fp8-tis", "fp8-replay")
ARMS += ("stale", "stale-tis", "stale-replay")
runs = {
    arm: [json.loads((DATA / f"mismatch-{arm}-{s}.json").read_text()) for s in range(3)]
    for arm in ARMS
}


def accuracy(found):
    """Mean accuracy of a run on both games, on test problems."""
    return fmean(found["after"].values())


print(f"{'sampler':14}{'accuracy of three seeds':>26}{'KL at the end':>16}")
for arm, seeds in runs.items():
    scores = "  ".join(f"{accuracy(found):.2f}" for found in seeds)
    kl = fmean(found["history"][-1]["kl"] for found in seeds)
    print(f"{arm:14}{scores:>26}{kl:16.1e}")

# %% [markdown]
# Read the spread between seeds before you compare two rows. Where the ranges overlap, the table
# shows no difference between the arms. A tiny model with four layers is a mild case. What it
# does show is the mechanism, with every number in reach.

# %% [markdown] tags=["slide"]
# ## 7. What came after R1
#
# **One model, two modes.** R1 always thinks. Qwen3 (May 2025, arXiv 2505.09388) and
# DeepSeek-V3.1 (August 2025, api-docs.deepseek.com/news/news250821) are trained on both
# kinds of answers, and the prompt says which kind is wanted. A budget of thinking tokens can be
# set as well. Our chapter 15 measured why: thinking is wasted on facts.
#
# **Sparse attention.** In DeepSeek-V3.2 (arXiv 2512.02556) a token attends to at most
# 2,048 earlier ones. A small **indexer** scores all of them cheaply and keeps the best; the
# attention itself is the latent one of chapter 03. It was added to a finished model by
# continued training. Long texts become cheaper to read and to write.
#
# **On-policy distillation.** The student writes, and the teacher grades every token of
# it: the loss is the reverse KL on the student's own texts (Thinking Machines, October 2025,
# thinkingmachines.ai/blog/on-policy-distillation). The report names 1,800 GPU hours where RL
# had taken 17,920. The function is in our chapter 14.
#
# **Keeping the sampler honest.** The repairs of section 6 are from 2025. Routing replay
# (arXiv 2510.11370) was proposed because RL on models with experts collapsed without it. All
# larger RL libraries have one of the repairs today.
#
# **The recipe as a public good.** The second version of the R1 paper (arXiv 2501.12948v2)
# added what the first left out: settings, data, cost, and what did not work. Much of this
# book rests on it.

# %% [markdown] tags=["slide"]
# ## Summary
#
# - Training takes 16 bytes for each weight, and activations. Small models are all
#   activations, large ones all optimizer.
# - Sampling waits for memory, learning for arithmetic.
# - Published checkpoints are read one tensor at a time; eight-bit weights need the scales of
#   their blocks. Our R1 gives the same tokens in `transformers`.
# - Many ranks learn what one process learns, if each token counts the same. FSDP2 slices
#   everything, and checkpoints may come back on another number of ranks.
# - DeepSeek-V3 cost $5.576 million and R1 $294 thousand on top of it.
# - A sampler in another program is another policy. Importance weights and routing replay repair
#   what that breaks.
#
# **Questions.** 1. Why does a 7B model not fit into a GPU of 80 GB for training, although its
# weights take 15? 2. Why is sampling with a large batch cheaper for each token, and why is
# that less true for a model with experts? 3. Which of the four cuts sends the most data,
# and where would you use it?
#
# ## Exercises

# %% [markdown] tags=["exercise-text"]
# **Exercise 16.1** (easy, 10 min) Means that add up. Each rank reports the sum of its
# tokens' losses and how many tokens it had, as pairs. Return the mean over all tokens. A
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
    """Share of the time in which a rank waits."""
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
# **Exercise 16.4** (medium, 15 min) Eight bits, any block. Given eight-bit weights (R, C), the
# scales of their blocks and the size of a block, return the weights in float32. The
# last blocks of a row or column may be smaller.
#
# <details><summary>Hint</summary>Widen first. `repeat_interleave(block, 0)` repeats each
# row.</details>


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
# **Exercise 16.5** (medium, 20 min) Who sends what to whom? `ids` (N, A) names the A experts of
# each of N tokens. Tokens and experts are spread evenly over the ranks, in order. Return a
# matrix as a list of rows: entry (r, s) says how many rows rank r sends to rank s. A
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
