"""Claims about files: whole or not there, and read back bit for bit."""

import errno
import json
import os
import struct
from dataclasses import replace

import pytest
import small
import torch

from r1lib import files, hub
from r1lib.tokenizer import SMALLEST, Tokenizer
from r1lib.training import optim, pretrain

TOKENIZER = Tokenizer.train(["abcabc abd"], SMALLEST + 2)
CONFIG = replace(small.EXPERTS, vocab_size=SMALLEST + 2)


def model(seed=0, config=CONFIG):
    net = small.model(config, seed)
    for name, x in net.named_buffers():
        if name.endswith("router_bias"):
            x.normal_()
    return net


@pytest.fixture
def folder(tmp_path):
    hub.save(model(), tmp_path / "m", TOKENIZER)
    return tmp_path / "m"


@pytest.fixture
def full_disk(monkeypatch):
    def fsync(_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", fsync)


def names(folder):
    return sorted(p.name for p in folder.iterdir())


# --- files


def test_a_file_is_written_with_its_folders(tmp_path):
    files.write_text(tmp_path / "a" / "b.txt", "숫자\n")
    assert (tmp_path / "a" / "b.txt").read_bytes() == "숫자\n".encode()
    assert names(tmp_path / "a") == ["b.txt"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, full_disk):
    (tmp_path / "x").write_text("old")
    with pytest.raises(OSError, match="No space"):
        files.write_text(tmp_path / "x", "new")
    assert (tmp_path / "x").read_text() == "old"
    assert names(tmp_path) == ["x"]


def test_a_folder_appears_only_when_it_is_complete(tmp_path):
    with pytest.raises(KeyError), files.new_folder(tmp_path / "m") as new:
        (new / "a").write_text("half")
        assert not (tmp_path / "m").exists()
        raise KeyError
    assert names(tmp_path) == []
    with files.new_folder(tmp_path / "m") as new:
        (new / "a").write_text("1")
        (new / "b").write_text("1")
    with files.new_folder(tmp_path / "m") as new:
        (new / "a").write_text("2")
    assert names(tmp_path) == ["m"] and names(tmp_path / "m") == ["a"]


def test_an_older_folder_stays_when_the_new_one_fails(tmp_path):
    with files.new_folder(tmp_path / "m") as new:
        (new / "a").write_text("1")
    with pytest.raises(KeyError), files.new_folder(tmp_path / "m"):
        raise KeyError
    assert names(tmp_path) == ["m"] and names(tmp_path / "m") == ["a"]


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    (tmp_path / ".m.old").mkdir()  # what such a kill leaves
    (tmp_path / ".m.old" / "a").write_text("1")
    (tmp_path / ".m.tmp").mkdir()
    files.recover(tmp_path)
    assert names(tmp_path) == ["m"] and names(tmp_path / "m") == ["a"]


# --- checkpoints


def test_a_model_comes_back_bit_for_bit(folder):
    net, (again, tokenizer) = model(), hub.load_model(folder)
    assert names(folder) == ["config.json", "model.safetensors", "tokenizer.json"]
    assert again.config == net.config and tokenizer.merges == TOKENIZER.merges
    wanted, found = net.state_dict(), again.state_dict()
    assert list(wanted) == list(found)
    assert all(torch.equal(wanted[n], found[n]) for n in wanted)
    ids = torch.randint(9, 50, (2, 7))
    assert torch.equal(net.eval()(ids), hub.load(folder).eval()(ids))


def test_a_bfloat16_checkpoint_is_half_as_large_and_rounded(folder, tmp_path):
    hub.save(model(), tmp_path / "half", TOKENIZER, dtype=torch.bfloat16)
    full, half = (
        (x / "model.safetensors").stat().st_size for x in (folder, tmp_path / "half")
    )
    assert half < 0.6 * full
    again = hub.load(tmp_path / "half")
    for name, x in model().state_dict().items():
        assert torch.equal(again.state_dict()[name], x.bfloat16().float())


def test_a_full_disk_leaves_the_old_checkpoint(folder, full_disk):
    with pytest.raises(OSError, match="No space"):
        hub.save(model(seed=1), folder, TOKENIZER)
    again = hub.load(folder)
    assert torch.equal(again.head.weight, model().head.weight)
    assert names(folder.parent) == ["m"]


@pytest.mark.parametrize("kept", [0, 5, 100, -1], ids=lambda n: f"{n} bytes")
def test_a_cut_weight_file_is_called_damaged(folder, kept):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(ValueError, match="model.safetensors is damaged"):
        hub.load(folder)


@pytest.mark.parametrize("size", [1 << 62, 1 << 30, 3])
def test_a_lying_header_is_called_damaged(folder, size):
    path = folder / "model.safetensors"
    path.write_bytes(struct.pack("<Q", size) + path.read_bytes()[8:])
    with pytest.raises(ValueError, match="damaged"):
        hub.load(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_a_file_that_belongs_to_other_weights_is_refused(folder, name):
    path = folder / name
    content = json.loads(path.read_text())
    if name == "config.json":
        content["rope_theta"] = 500.0  # fits every shape, and would be wrong
    else:
        content["merges"].reverse()
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=f"{name} is not the one"):
        hub.load(folder)


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(folder, name):
    (folder / name).unlink()
    with pytest.raises(ValueError, match=f"no .*{name}|no checkpoint"):
        hub.load(folder)


def test_a_tokenizer_of_another_size_is_refused(tmp_path):
    with pytest.raises(ValueError, match=f"{SMALLEST} ids, the model {SMALLEST + 2}"):
        hub.save(model(), tmp_path / "m", Tokenizer([]))
    assert names(tmp_path) == []


def rewrite(folder, change):
    """Save other tensors under the notes of the old ones."""
    tensors, note = hub.load_tensors(folder / "model.safetensors")
    change(tensors)
    hub.save_tensors(tensors, folder / "model.safetensors", note)


@pytest.mark.parametrize(
    "change, words",
    [
        (lambda t: t.pop("norm.weight"), "missing norm.weight"),
        (lambda t: t.update(extra=torch.zeros(2)), "unexpected extra"),
        (
            lambda t: t.update({"norm.weight": torch.ones(3)}),
            r"norm.weight: wanted shape \(16,\), got \(3,\)",
        ),
        (
            lambda t: t.update({"norm.weight": torch.ones(1, 16)}),
            r"norm.weight: wanted shape \(16,\), got \(1, 16\)",
        ),
    ],
)
def test_a_tensor_that_does_not_fit_is_named(folder, change, words):
    rewrite(folder, change)
    with pytest.raises(ValueError, match=words):
        hub.load(folder)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(folder, value):
    rewrite(folder, lambda t: t["norm.weight"].fill_(value))
    with pytest.raises(ValueError, match="m: .*norm.weight: 16 of 16 .* not finite"):
        hub.load(folder)


KINDS = (torch.int64, torch.int8, torch.bool, torch.float64, torch.float8_e5m2)


@pytest.mark.parametrize("dtype", [*KINDS, torch.complex64])
def test_other_numbers_are_refused_by_name(folder, dtype):
    rewrite(folder, lambda t: t.update({"norm.weight": torch.ones(16).to(dtype)}))
    with pytest.raises(ValueError, match="norm.weight: numbers must be F32, BF16, F16"):
        hub.load(folder)


OTHER = ["[]", "null", "3", '"x"', "true", "[[]]"]


@pytest.mark.parametrize("text", OTHER)
@pytest.mark.parametrize("name", ["config.json", "tokenizer.json"])
def test_json_of_another_kind_is_one_short_line(folder, name, text):
    (folder / name).write_text(text)
    tensors, note = hub.load_tensors(folder / "model.safetensors")
    note[name.removesuffix(".json")] = files.digest(text)
    hub.save_tensors(tensors, folder / "model.safetensors", note)
    with pytest.raises(ValueError, match=f"{name} is damaged: wanted an object") as bad:
        hub.load(folder)
    assert len(str(bad.value)) < 400


@pytest.mark.parametrize("text", [*OTHER, "{}", '{"sha256": [], "state": {}}'])
def test_a_training_state_of_another_kind_is_refused(tmp_path, text):
    net, optimizers = begin()
    hub.save_training(net, optimizers, tmp_path / "t", {"step": 1})
    (tmp_path / "t" / "state.json").write_text(text)
    with pytest.raises(ValueError, match="state.json is damaged: wanted an object"):
        hub.load_training(net, optimizers, tmp_path / "t")


def test_moments_of_another_optimizer_are_refused(tmp_path):
    net, optimizers = begin()
    go_on(net, optimizers, 0, 1)
    hub.save_training(net, optimizers, tmp_path / "t", {"step": 1})
    few = [torch.optim.AdamW([net.norm.weight]) for _ in optimizers]
    with pytest.raises(ValueError, match="unexpected optimizer.0."):
        hub.load_training(net, few, tmp_path / "t")


# --- error texts


@pytest.mark.parametrize(
    "value",
    [
        "x" * 9000,
        "\x1b[2J\n\r\u202e",
        list(range(9999)),
        {"a" * 999: "b" * 999},
        10**999,
    ],
)
def test_a_shown_value_is_short_and_writes_nothing_else(value):
    text = files.shown(value)
    assert 0 < len(text) <= 200 and text.isprintable()
    assert files.shown(ValueError(value)).isprintable()


def test_a_short_value_is_shown_as_it_is():
    assert (
        files.shown("결과") == "'결과'"
        and files.shown([1, 2.5, None]) == "[1, 2.5, None]"
    )


def test_strays_have_no_sha256_and_what_is_listed_has(tmp_path):
    for name in ("a", ".DS_Store", "Thumbs.db", "desktop.ini", "a~", ".a.swp"):
        (tmp_path / name).write_text("1")
    (tmp_path / ".ipynb_checkpoints").mkdir()
    assert list(files.sha256(tmp_path)) == ["a"]
    assert list(files.sha256(tmp_path, ["a", "b", "a~"])) == ["a", "a~"]


def test_loading_twice_gives_models_that_share_nothing(folder):
    first, second = hub.load(folder), hub.load(folder)
    with torch.no_grad():
        first.head.weight.zero_()
    assert torch.equal(second.head.weight, model().head.weight)
    assert torch.equal(hub.load(folder).head.weight, model().head.weight)


# --- training


def documents():
    generator = torch.Generator().manual_seed(0)
    return [
        torch.randint(9, 60, (n % 7 + 4,), generator=generator).tolist()
        for n in range(40)
    ]


PLAN = pretrain.PretrainConfig(steps=9, batch_size=4)


def begin(seed=0):
    net = model(seed)
    return net, optim.base_optimizers(net, 0.02, 3e-3)


def go_on(net, optimizers, start, stop):
    found = []
    for metrics in pretrain.train(net, documents(), PLAN, optimizers, start):
        found.append(metrics["loss"])
        if metrics["step"] == stop:
            break
    return found


def test_a_restored_run_takes_bit_identical_steps(tmp_path):
    net, optimizers = begin()
    whole = go_on(net, optimizers, 0, 9)
    stopped, held = begin()
    first = go_on(stopped, held, 0, 4)
    hub.save_training(stopped, held, tmp_path / "t", {"step": 4})
    fresh, optimizers = begin(seed=8)  # everything has to come from the folder
    assert hub.load_training(fresh, optimizers, tmp_path / "t") == {"step": 4}
    assert first + go_on(fresh, optimizers, 4, 9) == whole
    for name, x in net.state_dict().items():
        assert torch.equal(fresh.state_dict()[name], x), name


def test_without_the_optimizers_moments_the_steps_would_differ(tmp_path):
    net, optimizers = begin()
    whole = go_on(net, optimizers, 0, 9)
    stopped, held = begin()
    first = go_on(stopped, held, 0, 4)
    _, empty = stopped, optim.base_optimizers(stopped, 0.02, 3e-3)
    assert first + go_on(stopped, empty, 4, 9) != whole


def test_a_damaged_training_state_is_refused(tmp_path):
    net, optimizers = begin()
    go_on(net, optimizers, 0, 1)
    hub.save_training(net, optimizers, tmp_path / "t", {"step": 1})
    path = tmp_path / "t" / "training.safetensors"
    content = bytearray(path.read_bytes())
    content[-5] ^= 1  # one bit of one weight
    path.write_bytes(content)
    with pytest.raises(ValueError, match="damaged"):
        hub.load_training(net, optimizers, tmp_path / "t")
    path.write_bytes(content[:100])
    with pytest.raises(ValueError, match="damaged"):
        hub.load_training(net, optimizers, tmp_path / "t")


def test_a_training_state_of_another_model_is_refused(tmp_path):
    net, optimizers = begin()
    hub.save_training(net, optimizers, tmp_path / "t", {})
    other = model(config=replace(CONFIG, n_layers=3))
    with pytest.raises(ValueError, match="missing layers.2"):
        hub.load_training(other, optim.adamw(other, 0.1), tmp_path / "t")
