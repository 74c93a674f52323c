"""Claims about many ranks: the losses and weights of one process, also after a kill.

A fixture runs the recipe on two gloo processes; the tests compare what it has left
with the library's own loops in this process.
"""

import json
import os
import subprocess
import sys

import pytest
import small
import torch
import torch.distributed as dist
from torch import multiprocessing

from r1lib import hub
from r1lib.hub.names import weights
from r1lib.model.moe import MoE, run_experts
from r1lib.training import distributed
from recipes.distributed import my_part
from results import sharded

NEAR = 1e-5


def launched(ranks, arguments, kill=""):
    """Run the recipe as a reader would; returns the finished process."""
    command = [sys.executable, "-m", "recipes.launch", str(ranks)]
    given = os.environ | {"OMP_NUM_THREADS": "1", "R1_KILL": kill}
    return subprocess.run(
        [*command, "recipes.distributed", *arguments],
        env=given,
        capture_output=True,
        text=True,
        timeout=1500,
    )


@pytest.mark.slow
@pytest.mark.parametrize("kind, way", [("pretrain", "fsdp"), ("sft", "ddp")])
def test_two_ranks_learn_what_one_process_learns(kind, way, tmp_path, one_thread):
    done = launched(2, [kind, "--way", way, "--out", str(tmp_path)])
    assert done.returncode == 0, done.stderr
    found = sharded.differences(sharded.plain(kind), sharded.read(tmp_path))
    assert found["loss"] < NEAR and found["weights"] < NEAR
    moved = sharded.differences(sharded.start(kind), sharded.read(tmp_path))
    assert moved["weights"] > 1e-3  # it did learn


@pytest.mark.slow
def test_a_killed_rank_is_one_line_and_the_run_goes_on_with_more(tmp_path):
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert launched(1, ["grpo", "--out", str(whole)]).returncode == 0
    first = launched(2, ["grpo", "--out", str(killed)], kill="1 after 3")
    assert first.returncode == 1
    assert first.stderr.count("\n") == 1
    assert "rank 1 of 2 was killed by signal 9" in first.stderr
    assert not (killed / "model").exists()
    assert sorted(p.name for p in killed.glob("step-*")) == ["step-000002"]
    second = launched(4, ["grpo", "--out", str(killed)])
    assert second.returncode == 0, second.stderr
    assert "step 2" not in second.stdout  # it began at step 3
    found = sharded.differences(sharded.read(whole), sharded.read(killed))
    assert found["loss"] < NEAR and found["weights"] < NEAR


@pytest.mark.slow
def test_a_number_of_ranks_that_does_not_fit_is_one_line(tmp_path):
    done = launched(3, ["sft", "--out", str(tmp_path)])
    assert done.returncode == 1 and "ended with code 1" in done.stderr
    assert "(wanted a number of ranks that divides 8" in done.stderr  # last words
    logs = "".join(p.read_text() for p in tmp_path.rglob("stderr.log"))
    assert "wanted a number of ranks that divides 8" in logs
    assert "Traceback" not in logs


def test_the_measured_differences_are_small():
    """The committed table: every way, every number of ranks, and a killed run."""
    path = sharded.provenance.DATA / "sharded.json"
    rows = json.loads(path.read_text())["rows"]
    ranks = [row for row in rows if row["way"] != "start"]
    assert len(rows) == 3 + 2 + 3 * 5
    assert all(row["loss"] < NEAR and row["weights"] < NEAR for row in ranks)
    assert all(row["code"] == 1 for row in rows if row["way"] == "killed")
    starts = [row["weights"] for row in rows if row["way"] == "start"]
    assert min(starts) > 1e-3


# ---- one rank, in this process -------------------------------------------------


@pytest.fixture
def alone(tmp_path):
    """A group of one process."""
    store = f"file://{tmp_path / 'store'}"
    dist.init_process_group("gloo", init_method=store, rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def test_one_rank_takes_the_step_of_the_plain_loop(alone):
    one, other = small.model(small.EXPERTS), small.model(small.EXPERTS)
    task = distributed.wrap(other, "fsdp")
    ids = torch.randint(1, 64, (4, 12))
    optimizers = [torch.optim.AdamW(m.parameters(), lr=1e-3) for m in (one, other)]

    def loss(model, rows):
        return model(rows).logsumexp(-1).mean() * len(rows) / len(ids)

    loss(one, ids).backward()
    torch.nn.utils.clip_grad_norm_(one.parameters(), 1.0)
    optimizers[0].step()
    parts = [lambda m: loss(m, ids[:1]), lambda m: loss(m, ids[1:])]
    found = distributed.step(task, other, optimizers[1:], parts)
    whole = small.model(small.EXPERTS, seed=9)
    distributed.gather(other, whole)
    for name, tensor in weights(one).items():
        torch.testing.assert_close(weights(whole)[name], tensor, atol=NEAR, rtol=0)
    assert found["grad_norm"] > 0


def test_a_checkpoint_comes_back_and_an_absent_one_is_named(alone, tmp_path):
    model = small.model(small.EXPERTS)
    model.mtp.requires_grad_(False)
    task = distributed.wrap(model, "fsdp")
    optimizers = [torch.optim.AdamW(model.parameters(), lr=1e-3)]
    ids = torch.randint(1, 64, (2, 9))
    losses = [lambda m: m(ids).logsumexp(-1).mean()]
    distributed.step(task, model, optimizers, losses)
    distributed.save(model, optimizers, tmp_path / "step-1", {"step": 1})
    distributed.step(task, model, optimizers, losses)
    wanted = {n: t.full_tensor().clone() for n, t in model.named_parameters()}
    assert distributed.load(model, optimizers, tmp_path / "step-1") == {"step": 1}
    distributed.step(task, model, optimizers, losses)
    assert all(
        torch.equal(t.full_tensor(), wanted[n]) for n, t in model.named_parameters()
    )
    assert not list(tmp_path.glob(".*"))  # nothing half-written is left
    with pytest.raises(ValueError, match="no file .*state.json"):
        distributed.load(model, optimizers, tmp_path / "step-9")


def test_what_cannot_be_spread_is_refused(alone):
    model = small.model(small.DENSE)
    with pytest.raises(ValueError, match="way must be one of ddp, fsdp, got 'zero'"):
        distributed.wrap(model, "zero")
    with pytest.raises(ValueError, match="wanted at least a row for each of 1 ranks"):
        my_part([])


def test_who_is_not_started_by_torchrun_is_told():
    with pytest.raises(ValueError, match="wanted to be started by torchrun"):
        with distributed.joined():
            pass


# ---- expert parallelism --------------------------------------------------------


def experts_on(rank, ranks, folder):
    """One rank's tokens through experts that are spread over all of them."""
    torch.set_num_threads(1)
    store = f"file://{folder}/store"
    dist.init_process_group("gloo", init_method=store, rank=rank, world_size=ranks)
    layer, x, ids, scales = case()
    each = len(layer.experts) // ranks
    mine = layer.experts[rank * each : (rank + 1) * each]
    rows = slice(rank * len(x) // ranks, (rank + 1) * len(x) // ranks)
    part = x[rows].clone().requires_grad_()
    y = distributed.experts_across(part, ids[rows], scales[rows], mine)
    y.square().sum().backward()
    grads = [p.grad for p in mine.parameters()]
    torch.save((y.detach(), part.grad, grads), f"{folder}/{rank}.pt")
    dist.destroy_process_group()


def case():
    layer = small.model(small.EXPERTS).layers[1].ffn
    assert isinstance(layer, MoE)
    generator = torch.Generator().manual_seed(3)
    x = torch.randn(10, 16, generator=generator)
    ids = torch.stack([torch.randperm(4, generator=generator)[:2] for _ in range(10)])
    ids[:5] = torch.tensor([0, 1])  # all of rank 0's tokens stay at home
    return layer, x, ids, torch.rand(10, 2, generator=generator)


@pytest.mark.slow
def test_experts_on_two_ranks_do_what_experts_on_one_do(tmp_path):
    multiprocessing.spawn(experts_on, (2, str(tmp_path)), nprocs=2)
    layer, x, ids, scales = case()
    x = x.requires_grad_()
    y = run_experts(x, ids, scales, layer.experts)
    y.square().sum().backward()
    found = [torch.load(tmp_path / f"{rank}.pt") for rank in range(2)]
    torch.testing.assert_close(torch.cat([f[0] for f in found]), y.detach())
    torch.testing.assert_close(torch.cat([f[1] for f in found]), x.grad)
    grads = [g for f in found for g in f[2]]
    wanted = [p.grad for p in layer.experts.parameters()]
    for grad, other in zip(grads, wanted, strict=True):
        torch.testing.assert_close(grad, other)


def test_a_spread_model_is_exported_whole(alone, tmp_path):
    model, whole = small.model(small.DENSE), small.model(small.DENSE, seed=5)
    distributed.wrap(model, "fsdp")
    distributed.gather(model, whole)
    hub.export_hf(whole, tmp_path / "m")
    again = hub.load(tmp_path / "m")
    assert torch.equal(again.norm.weight, model.norm.weight.full_tensor())
