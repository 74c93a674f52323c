"""Many processes, one model: DDP and FSDP2, applied from outside.

Each process, called a rank, runs the same code on its own part of a batch. With DDP
every rank keeps the whole model; with FSDP2 it keeps a slice of each tensor, and a
layer is put together just before it runs. Both add up the gradients of all ranks, so a
step learns what one process would have learned from the whole batch. The model knows
nothing of it: a `Task` around it is what torch wraps. `torchrun` starts the ranks.
"""

import json
import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import torch
import torch.distributed as dist
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.nn.functional import all_to_all_single
from torch.distributed.tensor import DTensor
from torch.nn.parallel import DistributedDataParallel

from r1lib import files
from r1lib.hub.names import weights
from r1lib.model.moe import run_experts
from r1lib.training import optim

WAYS = ("ddp", "fsdp")
NAMES = ("model", "optimizers")  # of the parts of a checkpoint


@contextmanager
def joined():
    """Join the other ranks that torchrun has started; yields this rank's device.

    NCCL connects GPUs, one for each rank; gloo connects processors. No rank leaves
    before all have done their work, so none hangs up on one that still listens.
    """
    if "RANK" not in os.environ:
        raise ValueError("wanted to be started by torchrun, got no RANK")
    gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"])) if gpu else "cpu"
    if gpu:
        torch.cuda.set_device(device)
    dist.init_process_group("cpu:gloo,cuda:nccl" if gpu else "gloo")
    try:
        yield torch.device(device)
        dist.barrier()
    finally:
        dist.destroy_process_group()


def total(number: float) -> float:
    """Add up a number over all ranks."""
    summed = torch.tensor(float(number), dtype=torch.float64)
    dist.all_reduce(summed)
    return summed.item()


class Task(nn.Module):
    """A model to be wrapped, whose forward pass runs any function of it: a loss."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, function: Callable[[nn.Module], Tensor]) -> Tensor:
        """Return `function(model)`; gradients are added up when it goes backward."""
        return function(self.model)


def wrap(model: nn.Module, way: str) -> nn.Module:
    """Spread a model over the ranks, in place; optimizers are made afterwards.

    "ddp" copies rank 0's weights to all. "fsdp" cuts each tensor into a slice for each
    rank: the layers and the MTP module one by one, the rest together.
    """
    if way not in WAYS:
        raise ValueError(f"way must be one of {', '.join(WAYS)}, got {way!r}")
    task = Task(model)
    if way == "ddp":
        return DistributedDataParallel(
            task, forward_sync_buffers=False, find_unused_parameters=True
        )
    device = "cuda" if next(model.parameters()).is_cuda else "cpu"
    mesh = init_device_mesh(device, (dist.get_world_size(),))
    for layer in [*model.layers, *filter(None, [model.mtp])]:
        fully_shard(layer, mesh=mesh)
    return fully_shard(task, mesh=mesh)


def step(
    task: nn.Module, model: nn.Module, optimizers: list, losses: list[Callable]
) -> dict[str, float]:
    """Take one step on the losses of all ranks, added up; returns loss and norm.

    Each of `losses` is a function of the model and returns its share of the mean over
    the whole batch. Ranks work in lockstep, so one with fewer losses than another runs
    its last one again, times zero.
    """
    ranks = dist.get_world_size()
    most = torch.tensor(len(losses))
    dist.all_reduce(most, dist.ReduceOp.MAX)
    found = 0.0
    for i in range(int(most)):  # as often as the busiest rank: all must exchange
        fresh = float(i < len(losses))  # 0 where the last loss only runs again
        loss = task(losses[min(i, len(losses) - 1)])
        (loss * (ranks * fresh)).backward()  # times ranks: both ways take the mean
        found += loss.item() * fresh
    norm = optim.guarded_step(model, optimizers, number=norm_of)
    return {"loss": total(found), "grad_norm": norm}


def norm_of(norm: Tensor) -> float:
    """The norm of a gradient as a number, also where each rank has a part of it."""
    return float(norm.full_tensor() if isinstance(norm, DTensor) else norm)


@torch.no_grad()
def gather(model: nn.Module, whole: nn.Module) -> None:
    """Copy the weights of a spread model into a whole one, tensor by tensor.

    All ranks take part. Such a copy samples: ranks that write texts of different
    lengths could not stay in lockstep.
    """
    own = weights(whole)
    for name, tensor in weights(model).items():
        sliced = isinstance(tensor, DTensor)
        own[name].copy_(tensor.full_tensor() if sliced else tensor)


def save(model: nn.Module, optimizers: list, folder, state: dict) -> None:
    """Write a checkpoint, each rank its slices; the folder is complete or absent.

    `state` is what else the run needs to go on, as JSON. A parameter that is never
    trained must say so: its `requires_grad` is False.
    """
    import torch.distributed.checkpoint as dcp  # here, as it loads much of torchrun
    from torch.distributed.checkpoint.state_dict import get_state_dict

    folder = Path(folder)
    temporary = folder.with_name(f".{folder.name}{files.END[0]}")
    if dist.get_rank() == 0:
        files.remove(temporary)
    dist.barrier()
    tensors = dict(zip(NAMES, get_state_dict(model, optimizers), strict=True))
    dcp.save(tensors, checkpoint_id=temporary)
    if dist.get_rank() == 0:
        files.write_text(temporary / "state.json", json.dumps(state))
        os.replace(temporary, folder)
    dist.barrier()


def load(model: nn.Module, optimizers: list, folder) -> dict:
    """Restore what `save` wrote, whatever the number of ranks then; return `state`."""
    import torch.distributed.checkpoint as dcp  # as in `save`
    from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict

    folder = Path(folder)
    state = files.read_json(folder / "state.json")
    tensors = dict(zip(NAMES, get_state_dict(model, optimizers), strict=True))
    try:
        dcp.load(tensors, checkpoint_id=folder)
    except dcp.api.CheckpointException as error:
        causes = [cause for cause, _ in error.failures.values()]
        raise ValueError(f"{folder}: {files.shown(causes[0])}") from error
    set_state_dict(
        model,
        optimizers,
        model_state_dict=tensors["model"],
        optim_state_dict=tensors["optimizers"],
    )
    return state


def experts_across(
    x: Float[Tensor, "N D"],
    ids: Int[Tensor, "N A"],
    scales: Float[Tensor, "N A"],
    mine: nn.ModuleList,
) -> Float[Tensor, "N D"]:
    """Run experts that live on different ranks: expert parallelism.

    Rank r holds experts r E/W to (r + 1) E/W - 1, as `mine`. Each token is sent to the
    ranks of its experts and comes back when they have run: `run_experts` is the twin
    for one process. Two all-to-all exchanges a layer are the price.
    """
    each, choices = len(mine), ids.shape[1]
    # 1. Sort the N A pairs (token, choice) by expert: pair i is of token i // A.
    order = ids.flatten().argsort(stable=True)
    expert = ids.flatten()[order]
    # 2. Tell each rank how many rows it will get: W numbers go out, W come in.
    sent = torch.bincount(expert // each, minlength=dist.get_world_size())
    received = torch.empty_like(sent)
    dist.all_to_all_single(received, sent)
    # 3. Send the rows (N A, D); M rows come in, each with its expert's number here.
    there, back = received.tolist(), sent.tolist()
    rows = exchange(x[order // choices], back, there)
    local = expert.new_empty(len(rows))
    dist.all_to_all_single(local, expert % each, there, back)
    # 4. Run them, send the outputs back (N A, D), and add up those of each token.
    one = torch.ones_like(rows[:, :1])
    done = run_experts(rows, local.unsqueeze(1), one, mine) if len(rows) else rows
    done = exchange(done, there, back) * scales.flatten()[order].unsqueeze(1)
    return torch.zeros_like(x).index_add(0, order // choices, done)


def exchange(rows: Tensor, sent: list[int], received: list[int]) -> Tensor:
    """Send so many rows to each rank, and return those that all ranks have sent."""
    room = rows.new_empty(sum(received), rows.shape[1])
    return all_to_all_single(room, rows.contiguous(), received, sent)
