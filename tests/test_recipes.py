"""Claims about the recipes: plans, smoke runs on tiny random weights, adapters."""

import json
import os
import subprocess
import sys
import types

import pytest
import torch

from r1lib import hub
from r1lib.model import counts
from r1lib.model.presets import PRESETS
from r1lib.world import countdown
from recipes import common, engines, plan, tasks, tinyzero_qwen, verl_reward

RECIPES = ("tinyzero_qwen", "gsm8k_grpo", "distill_qwen", "small_v3", "trl_grpo")
RIGHT = "<think>3+5=8</think><answer>(3+5)*2</answer>"


def run(name, *arguments, offline=True):
    """Run a recipe as a reader would; returns the finished process."""
    given = os.environ | {"OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": str(int(offline))}
    command = [sys.executable, "-m", f"recipes.{name}", *arguments]
    return subprocess.run(
        command, env=given, capture_output=True, text=True, timeout=1500
    )


# ---- plans ---------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_dry_run_prints_its_plan_and_changes_nothing(name, tmp_path):
    done = run(name, "--dry-run", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    for word in (
        "parameters",
        "memory, GB",
        "weights",
        "FLOPs",
        "GPU hours",
        "dollars",
    ):
        assert word in done.stdout
    assert "computed, not measured" in done.stdout
    assert not (tmp_path / "out").exists()


def test_a_plan_adds_up_by_hand():
    c = PRESETS["qwen2.5-0.5b"]
    found = plan.training("x", c, 1e9, 1000, 2000, "h100")
    size = counts.parameters(c)
    assert found.parameters == size == 494_032_768
    assert found.memory["weights"] == found.memory["gradients"] == 4 * size
    assert found.memory["optimizer"] == 8 * size
    assert found.memory["logits"] == 12 * 151_936 * 2000
    flops = counts.training_flops(c, 1e9, 1000)
    assert found.hours["training"] == pytest.approx(flops / (0.35 * 989e12) / 3600)
    assert found.dollars() == pytest.approx(2.5 * found.hours["training"])
    assert "fits into one h100" in found.text()
    v3 = plan.training("x", PRESETS["deepseek-v3"], 1e9, 1000, 2000, "h100")
    assert "exceeds one h100" in v3.text()


def test_a_plan_of_rl_grows_with_what_is_written():
    given = ("x", PRESETS["qwen2.5-1.5b"], tinyzero_qwen.SETTINGS, 96)
    short, long = (plan.reinforcement(*given, n, "h200") for n in (100, 400))
    assert short.memory == long.memory
    assert (
        short.flops["learning"] < long.flops["learning"] < 4 * short.flops["learning"]
    )
    assert short.hours["sampling: cache"] < long.hours["sampling: cache"]
    assert short.hours["sampling: launches"] == long.hours["sampling: launches"]


def test_a_plan_prints_each_assumption_that_its_hours_need():
    c, config = PRESETS["qwen2.5-1.5b"], tinyzero_qwen.SETTINGS
    found = plan.reinforcement("x", c, config, 96, 320, "h100")
    steps = config.steps * config.max_new_tokens
    launches = steps * 0.25e-3 * c.n_layers / 3600
    assert found.hours["sampling: launches"] == pytest.approx(launches)
    weights = steps * 4 * counts.parameters(c) / (0.4 * 3.35e12) / 3600
    assert found.hours["sampling: weights"] == pytest.approx(weights)
    text = found.text()
    for assumed in (
        "training reaches 35% of 989 TFLOPs a second",
        "sampling reads 40% of 3.35 TB a second",
        "float32 weights and cache",
        "0.25 ms in each such step",
        "512 steps a rollout",
        "96 tokens a prompt, 320 a completion",
        "34 bytes a token",
        "$2.50 an hour",
    ):
        assert assumed in text
    assert max(map(len, text.splitlines())) <= 80


def test_a_plan_needs_sizes():
    assert common.preset_of("Qwen/Qwen2.5-0.5B-Instruct") == PRESETS["qwen2.5-0.5b"]
    with pytest.raises(ValueError, match="a plan needs the sizes of a model: one of"):
        common.preset_of("nobody/nothing")


# ---- smoke runs ----------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("name", RECIPES)
def test_a_smoke_run_trains_and_leaves_a_model(name, tmp_path):
    done = run(name, "--smoke", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    model = hub.load(tmp_path / "out" / "model")
    assert all(p.isfinite().all() for p in model.parameters())
    if name != "trl_grpo":
        found = json.loads((tmp_path / "out" / "history.json").read_text())
        assert [point["step"] for point in found["history"]] == [1, 2]


@pytest.mark.slow
def test_without_a_network_a_recipe_says_so_in_one_line(tmp_path):
    done = run("tinyzero_qwen", "--out", str(tmp_path))
    assert done.returncode == 1 and done.stderr.count("\n") == 1
    assert "Qwen/Qwen2.5-1.5B: not reached" in done.stderr


def test_a_full_memory_says_what_to_lower():
    def main():
        raise torch.OutOfMemoryError("Tried to allocate 9 GiB.")

    with pytest.raises(SystemExit, match="out of memory: Tried .* Lower micro_tokens"):
        common.run(main)


# ---- tables --------------------------------------------------------------------

ROWS = {
    "countdown": [{"nums": [3, 5, 2], "target": 16}, {"nums": [4, 4], "target": 8}],
    "gsm8k": [{"question": "How many?", "answer": "2*502=1004 #### 1,004"}],
    "math-500": [
        {"problem": "Halve.", "answer": r"\frac{1}{2}", "level": 1, "subject": "x"}
    ],
}


def folder_of(name, tmp_path, split="train"):
    """A table of the same columns as the published one, as JSON lines."""
    lines = "\n".join(map(json.dumps, ROWS[name]))
    (tmp_path / f"{split}.jsonl").write_text(lines)
    return tmp_path


@pytest.mark.parametrize("name", ROWS)
def test_a_table_of_the_published_columns_is_read(name, tmp_path):
    found = tasks.problems(name, "train", folder_of(name, tmp_path))
    assert len(found) == len(ROWS[name]) and found[0].family == name
    assert "<answer>" in found[0].prompt


def test_each_table_checks_answers_in_its_way():
    game, sums, half = (tasks.problem(name, ROWS[name][0]) for name in ROWS)
    assert game.check(RIGHT) and not game.check("<answer>16</answer>")
    assert sums.check("<answer>1004</answer>") and not sums.check("1005")
    assert half.check(r"so \boxed{0.5}") and half.check("<answer>1/2</answer>")
    assert not half.check("<answer>2</answer>")


def test_test_problems_are_never_trained_on(tmp_path):
    rng = __import__("random").Random(0)
    made = [[rng.randint(1, 3) for _ in range(2)] for _ in range(60)]
    ROWS["many"] = [{"nums": n, "target": sum(n)} for n in made]
    folder = folder_of("many", tmp_path)
    del ROWS["many"]
    train, test = tasks.train_and_test("countdown", folder, n_test=3)
    assert len(test) == 3 and train
    assert not {p.key for p in train} & {p.key for p in test}


def test_a_table_that_cannot_be_read_is_one_line(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="copy the table here") as caught:
        tasks.rows("gsm8k", "train", tmp_path / "none")
    assert "\n" not in str(caught.value)
    folder = folder_of("gsm8k", tmp_path)
    with pytest.raises(ValueError, match="no column nums"):
        tasks.rows("countdown", "train", folder)
    with pytest.raises(ValueError, match="table must be one of countdown, gsm8k"):
        tasks.rows("aime", "train")


# ---- adapters ------------------------------------------------------------------


def test_verl_gets_our_reward():
    made = verl_reward.row("countdown", ROWS["countdown"][0], 7, "train")
    truth = made["reward_model"]["ground_truth"]
    assert made["data_source"] == "countdown" and made["extra_info"]["index"] == 7
    right = verl_reward.compute_score("countdown", RIGHT, truth, made["extra_info"])
    assert right == {"score": 1.1, "right": 1.0, "form": 1.0}
    wrong = verl_reward.compute_score("countdown", "<answer>16</answer>", truth)
    assert wrong == {"score": 0.0, "right": 0.0, "form": 0.0}


def test_verl_reads_the_reward_from_its_file_alone(tmp_path):
    path = verl_reward.__file__
    code = f"import runpy; print(runpy.run_path({path!r})['compute_score'].__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == "compute_score", done.stderr


def test_trl_and_verifiers_get_our_problems_and_reward():
    problems = [countdown.make((3, 5, 2), 16, "en"), countdown.make((4, 4), 8, "en")]
    rows = engines.table(problems)
    assert [row["answer"] for row in rows] == ["0", "1"]
    reward = engines.trl_reward(problems)
    talk = [{"role": "assistant", "content": RIGHT}]
    assert reward(completions=[talk, RIGHT], answer=["0", "1"], prompts=[]) == [
        1.1,
        0.1,
    ]


@pytest.mark.parametrize("module", ["vllm", "verifiers"])
def test_a_missing_engine_says_what_to_install(module, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=f"{module} is not installed: pip install"):
        engines.VLLM("x") if module == "vllm" else engines.verifiers_environment([])


def test_vllm_is_asked_as_generate_asks(monkeypatch):
    """A stand-in with vLLM's names; the engine itself is not installed here."""
    asked = {}

    class LLM:
        def __init__(self, folder, **settings):
            asked.update(folder=folder, **settings)

        def generate(self, inputs, params, use_tqdm):
            asked.update(inputs=inputs, params=params)
            row = [{7: types.SimpleNamespace(logprob=-0.5)}, {2: logprob(-0.25)}]
            one = types.SimpleNamespace(
                token_ids=(7, 2), logprobs=row, finish_reason="stop"
            )
            return [types.SimpleNamespace(outputs=[one, one]) for _ in inputs]

    def logprob(value):
        return types.SimpleNamespace(logprob=value)

    fake = types.SimpleNamespace(LLM=LLM, SamplingParams=types.SimpleNamespace)
    monkeypatch.setitem(sys.modules, "vllm", fake)
    made = engines.VLLM("folder").generate(
        [[1, 5], [1, 6]], max_new_tokens=9, stop_ids=(2,), repeat=2
    )
    assert len(made) == 4 and (made[0].ids, made[0].finish) == ([7, 2], "stop")
    assert made[0].logprobs == [-0.5, -0.25]
    assert asked["logprobs_mode"] == "processed_logprobs"
    assert asked["params"].n == 2 and asked["params"].max_tokens == 9
    assert asked["inputs"][1] == {"prompt_token_ids": [1, 6]}
