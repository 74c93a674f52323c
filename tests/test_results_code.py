"""The scripts of P16: nothing leaks, the reward is real, a unit runs through."""

import random
from dataclasses import asdict, replace

import pytest

from benchmarks import rewards as benchmark
from r1lib import sandbox
from r1lib.problem import split_of
from r1lib.rewards import code as code_reward
from r1lib.rewards.code import Parts
from r1lib.rl.grpo import GRPOConfig
from r1lib.sandbox import Sandbox
from r1lib.training.pretrain import PretrainConfig
from r1lib.world import programs
from results import code, run_time

WHY_NOT = sandbox.missing()
needs_walls = pytest.mark.skipif(WHY_NOT is not None, reason=str(WHY_NOT))
SMALL = code.Plan(
    model="smoke",
    pool=30,
    readings=2,
    pretrain=PretrainConfig(steps=4, batch_size=4),
    rl=GRPOConfig(steps=2, prompts=2, group_size=2, max_new_tokens=24, minibatches=1),
    save_every=2,
    rl_save_every=1,
    tests=2,
    hard_tests=1,
    samples=2,
    slow_tests=1,
)


@pytest.fixture(scope="module")
def box():
    if WHY_NOT:
        pytest.skip(WHY_NOT)
    with Sandbox() as box:
        yield box


def test_no_training_text_or_rl_problem_is_held_out():
    tests = {p.key for rows in code.held_out(SMALL).values() for p in rows}
    rng, prompts = random.Random(0), {}
    for _ in range(300):
        problem = code.training(rng, SMALL, hard=0.3)
        assert split_of(problem) == "train" and problem.language == "en"
        assert problem.key != code.SHOWN.key and problem.key not in tests
        prompts[problem.prompt] = problem
    hard = sum(p.level == "hard" for p in prompts.values())
    assert 0 < hard < len(prompts) / 2
    for prompt, _ in code.documents(SMALL):
        key = programs.key_of(programs.read(prompt, "en"))
        assert key != code.SHOWN.key and key not in tests


def test_half_of_the_texts_waste_time_and_are_as_right_as_the_others(box):
    plan, rng = replace(SMALL, styles=(0.0, 1.0, 0.0)), random.Random(0)
    reward, slow = code.CodeReward(box), 0
    problems = rng.sample(code.wasteable("train"), 8)
    for problem in problems:
        text = code.text(rng, problem, plan)
        slow += code.wastes(text)
        assert reward.judge(problem, text).tests == 1
        assert reward.passes_hidden(problem, text)
    assert 0 < slow < 8


def test_the_split_of_what_can_be_slow_is_kept():
    for split in ("train", "test"):
        found = code.wasteable(split)
        assert {split_of(p) for p in found} == {split}
        assert code.SHOWN.key not in {p.key for p in found}
    assert len(code.wasteable("test")) >= code.Plan().slow_tests


def test_the_reward_is_the_judgement_of_the_pipeline(box):
    reward = code.CodeReward(box)
    texts = [
        f"<answer>{code.SHOWN.answer}</answer>",
        "<answer>def solve(xs):\n    return xs</answer>",
        "<answer>def solve(xs)</answer>",
        "nothing",
    ]
    for text in texts * 2:
        wanted = code_reward.judge(code.SHOWN, text, box)
        assert reward.judge(code.SHOWN, text) == wanted
        assert reward(code.SHOWN, text) == wanted.total
    assert len(reward.known) == 3  # each program was run once
    means = reward.means()
    assert means["pass"] == 0.25 and means["syntax"] == 0.5
    assert means["reward"] == pytest.approx(
        sum(
            weight * means[name]  # the whole is the sum of its parts
            for name, weight in code_reward.WEIGHTS.items()
        )
    )
    assert reward.seen == []


def test_a_slow_program_earns_less_than_a_quick_one(box):
    reward = code.CodeReward(box)
    slow = code.SHOWN.answer
    for quick, waste in code.WASTE.items():
        slow = slow.replace(quick, waste)
    assert slow != code.SHOWN.answer
    texts = [f"<answer>{c}</answer>" for c in (code.SHOWN.answer, slow)]
    quick, slow = (reward.judge(code.SHOWN, text) for text in texts)
    assert quick.tests == slow.tests == 1 and quick.speed > slow.speed
    assert quick.speed == code_reward.UNMEASURED and quick.total > slow.total
    blind = code.CodeReward(box, timed=False)  # it does not look at time
    assert blind.judge(code.SHOWN, texts[1]).total == quick.total


def test_a_program_that_knows_only_the_given_tests_is_seen(box):
    reward = code.CodeReward(box)
    table = {str(args[0]): value for args, value in code.SHOWN.data}
    cheat = f"def solve(xs):\n    return {table}[str(xs)]"
    text = f"<answer>{cheat}</answer>"
    assert reward.judge(code.SHOWN, text).tests == 1
    assert not reward.passes_hidden(code.SHOWN, text)
    given = [args for args, _ in code.SHOWN.data]
    hidden = reward.hidden_tests(code.SHOWN)
    assert len(hidden) >= 10 and not any(args in given for args, _ in hidden)


def test_averages_are_means():
    found = code.averages([Parts(1, 1, 1, 1, 0.5), Parts(1, 0.5, 0, 0, 0)])
    assert found["pass"] == 0.5 and found["lint"] == 0.75 and found["speed"] == 0.25
    assert set(code.PART_NAMES) <= set(asdict(Parts()))


@pytest.mark.slow
@needs_walls
def test_a_small_unit_runs_through_and_says_what_the_chapter_reads(tmp_path):
    found = code.unit(tmp_path, SMALL)
    assert len(found["history"]) == 2 and "accuracy" not in found["history"][0]
    assert found["base"][-1]["step"] == 4
    for place in (found["P16"]["before"], found["P16"]["after"]):
        for name in ("easy", "hard", "wasteable", "greedy"):
            row = place[name]
            for part in (*code.PART_NAMES, "pass", "hidden", "reward", "length"):
                low, high = row[part]["interval"]
                assert low - 1e-9 <= row[part]["mean"] <= high + 1e-9
        assert len(place["shown"]) == 4
        for sample in place["shown"]:
            parts = Parts(*(sample[name] for name in code.PART_NAMES))
            assert sample["reward"] == parts.total
    again = code.unit(tmp_path, SMALL)  # finished stages are read, not run again
    assert again["P16"]["after"]["easy"] == found["P16"]["after"]["easy"]
    assert again["history"] == found["history"]
    steps = {"steps": 1, "max_new_tokens": 20}
    arms = code.race(tmp_path, SMALL, steps)["P16"]
    assert arms["base"]["problems"] == len(code.wasteable("test"))
    assert all(len(arms[name]["history"]) == 1 for name in ("timed", "untimed"))


def test_programs_of_the_run_time_study_are_right_and_ordered(box):
    for programs_of in run_time.TASKS.values():
        rows = run_time.judged(programs_of, box, 1, 300)
        assert all(len(row["speed"]) == 1 for row in rows.values())
        found = run_time.pairs(rows)
        assert len(found) == len(rows) * (len(rows) - 1) // 2
        assert all(p["times faster"] >= 1 for p in found)


def test_the_benchmark_counts_and_sums_up():
    found = benchmark.measure(1, 20, 4)
    assert {"countdown", "arithmetic", "logic", "math_equal, algebra"} <= set(found)
    rows = benchmark.summary(found)
    assert all(row["per second"] > 0 for row in rows.values())
    assert rows["countdown"]["n"] == 20
    assert ("programs, warm, 2 workers" in rows) == (WHY_NOT is None)
