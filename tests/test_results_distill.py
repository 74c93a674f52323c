"""Claims about the units of P9: which traces, at what price, what each arm trains."""

import random
from dataclasses import asdict, replace
from functools import partial
from statistics import fmean

import pytest
import small
import torch
from kill_and_resume import digits

from r1lib import artifacts, hub
from r1lib.distill import Spent
from r1lib.problem import split_of
from r1lib.recipe import checkpoints, pipeline, rejection, stages
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.tokenizer import Tokenizer
from r1lib.traces import tables
from r1lib.training import optim, sft
from r1lib.world import rewrite
from results import distill, distill_table, journey, one_unit, traces
from results.distill import ARMS, Plan
from tools.environment import try_lock

SIZES = traces.Sizes(problems=4, k=2, max_new_tokens=12, at_once=3)
PLAN = Plan(
    sizes=SIZES,
    tokens=800,
    steps=3,
    rl=GRPOConfig(steps=2, prompts=2, group_size=2, max_new_tokens=6, minibatches=1),
    look_every=1,
    looks=1,
    watched=2,
    tests=1,
    samples=2,
    votes=3,
)


def row(problem, text, seed, tokens=9, **rest):
    kept = {"finished": True, "correct": problem.check(text), **rest}
    return tables.row(problem, text, source="r1", seed=seed, tokens=tokens, **kept)


def solution(problem):
    """A right and readable trace of a problem."""
    lines = journey.journey(random.Random(0), problem, 1)
    text = "\n".join(journey.shortcut(problem, lines))
    text = f"<think>{text}\n</think><answer>{problem.answer}</answer>"
    return rewrite.readable(problem, text)


def rows():
    """Four samples of each of two problems: wrong, wordy, and twice a readable one."""
    out = []
    for problem in traces.asked(traces.Sizes(problems=2), 0)[:2]:
        right = solution(problem)
        line = right.partition("<think>")[2].partition("\n")[0]
        again = right.replace(line, f"{line}\n{line}")
        out += [
            row(problem, "<think>no\n</think><answer>1</answer>", 0),
            row(problem, again, 1, tokens=4),
            row(problem, right, 2, tokens=20),
            row(problem, right, 3, tokens=7),
        ]
    return out


@pytest.mark.slow
def test_the_first_readable_trace_of_a_problem_is_taken():
    found = traces.readable(rows(), traces.Sizes())
    assert [r["seed"] for r in found] == [2, 2]
    assert len({r["prompt"] for r in found}) == 2


@pytest.mark.parametrize("length", [40.0, 75.0, 110.0, 190.0])
def test_a_step_holds_as_many_texts_as_make_up_its_share(length):
    plan = Plan()
    batch = distill.in_a_step(plan, length)
    assert abs(batch * length * plan.steps / plan.tokens - 1) < 0.1


def test_passes_are_whole_and_each_in_its_own_order():
    found = distill.rounds(list(range(5)), 13, 0)
    assert sorted(found[:5]) == sorted(found[5:10]) == list(range(5))
    assert found[:5] != found[5:10] and len(found) == 13
    assert distill.rounds(list(range(5)), 13, 0) == found


def test_an_arm_takes_the_first_problems_of_each_game():
    known = [row(p, "", 0) for p in traces.asked(traces.Sizes(problems=6), 0)]
    strict = [r for i, r in enumerate(known) if i != 1]
    two, other = (traces.first(rows, 4) for rows in (known, strict))
    assert [known.index(r) for r in two] == [0, 1, 6, 7]
    assert [known.index(r) for r in other] == [0, 2, 6, 7]


def test_nothing_is_asked_that_was_sampled_for_the_table():
    """Or the stages that learned from the table would have an advantage."""
    sizes, sampled = traces.Sizes(problems=300), set()
    for family, level, n in rejection.parts(stages.settings("tiny", 0).samples)[0]:
        if family in ("countdown", "arithmetic"):
            drawn = rejection.training(family, level, n, 0)
            sampled |= {p.prompt for p in drawn}
    given = traces.asked(sizes, 0)
    assert len(given) == 600 and {split_of(p) for p in given} == {"train"}
    assert not {p.prompt for p in given} & sampled
    assert len(sampled) > 3_000


def test_one_unit_at_a_time_makes_what_they_share(tmp_path):
    path = tmp_path / "shared.jsonl"
    with one_unit.alone(path), open(tmp_path / ".shared.jsonl.lock", "a+") as lock:
        assert not try_lock(lock)
    with open(tmp_path / ".shared.jsonl.lock", "a+") as lock:
        assert try_lock(lock)


def test_fewer_problems_are_the_first_of_more():
    few, many = (traces.asked(traces.Sizes(problems=n), 0) for n in (3, 6))
    assert {p.prompt for p in few} < {p.prompt for p in many}


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run whose stages are models of no skill."""
    folder = tmp_path_factory.mktemp("runs") / "seed-0"
    tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
    checkpoints.begin(folder, {})
    config = replace(small.DENSE, vocab_size=tokenizer.vocab_size, max_positions=256)
    for seed, stage in enumerate(("base", "r1")):
        hub.save(small.model(config, seed), folder / stage, tokenizer)
        checkpoints.finish(folder, stage, 0, 0.0, [], None)
    return folder


@pytest.fixture
def anything_is_readable(monkeypatch):
    """The stages of `run` solve nothing: call the first sample of a problem right."""

    def first_of_each(rows, sizes):
        firsts = {row["prompt"]: row for row in reversed(rows)}
        return [{**row, "correct": True} for row in reversed(firsts.values())]

    monkeypatch.setattr(traces, "readable", first_of_each)


def with_model(monkeypatch, name, **changes):
    """An arm on a model that is there: the base of the run."""
    monkeypatch.setitem(ARMS, name, replace(ARMS[name], model="base", **changes))
    return name


@pytest.mark.parametrize("how", ["sft", "forward", "own", "nothing"])
@pytest.mark.usefixtures("anything_is_readable")
def test_a_unit_teaches_measures_and_pays(run, monkeypatch, how):
    name = with_model(monkeypatch, "traces", how=how, votes=False)
    found = distill.unit(name, run, PLAN)["P9"]
    assert set(found["test"]) == {"easy", "hard"}
    assert found["test"]["easy"]["samples"] == PLAN.samples
    before, after = found["skills"]["before"], found["skills"]["after"]
    assert before.keys() == after.keys() and "arithmetic" in after
    bill = Spent(**found["spent"])
    assert (bill.student_trained > 0) == (how != "nothing")
    assert (bill.teacher_read > 0) == (how in ("forward", "own"))
    assert (bill.student_written > 0) == (how == "own")
    assert (bill.teacher_written > 0) == (how in ("sft", "forward"))
    assert (found["flops"] > 0) == (how != "nothing")
    if how in ("sft", "forward"):
        assert 650 < bill.student_trained < 950  # plan.tokens, in whole texts
        assert found["history"][-1]["step"] == PLAN.steps


def test_an_arm_with_rl_pays_for_it_and_is_looked_at(run, monkeypatch):
    name = with_model(monkeypatch, "rl")
    found = distill.unit(name, run, PLAN)["P9"]
    assert [p["step"] for p in found["rl"] if "valid" in p] == [1, 2]
    paid = [p["spent"]["student_written"] for p in found["rl"]]
    assert 0 < paid[0] < paid[1] == found["spent"]["student_written"]


@pytest.mark.parametrize("reward", [digits, lambda problem, text: 0.0])
def test_rl_trains_on_groups_that_differ_and_pays_for_no_others(
    run, monkeypatch, reward
):
    train = distill.grpo.train
    monkeypatch.setattr(distill.grpo, "train", partial(train, reward=reward))
    found = distill.unit(with_model(monkeypatch, "rl"), run, PLAN)["P9"]["rl"]
    agree = fmean(p["agreeing_groups"] for p in found)
    assert (agree < 1) == (reward is digits)
    assert (found[-1]["spent"]["student_trained"] > 0) == (agree < 1)


def test_votes_are_taken_where_they_are_asked_for(run, monkeypatch):
    name = with_model(monkeypatch, "teacher")
    found = distill.unit(name, run, PLAN)["P9"]["test"]
    assert "majority@3" in found["hard"] and found["hard"]["samples"] == 3


def test_what_a_teacher_wrote_is_written_once(run):
    first, seconds = traces.sampled(run, "r1", SIZES, 0)
    assert seconds > 0 and len(first) == 2 * len(traces.asked(SIZES, 0))
    assert traces.sampled(run, "r1", SIZES, 0) == (first, seconds)


@pytest.mark.usefixtures("anything_is_readable")
def test_fewer_traces_are_charged_less(run):
    arm = ARMS["traces"]
    few, some, facts = distill.texts(replace(arm, n=2), run, PLAN)
    all_rows, whole, _ = distill.texts(arm, run, PLAN)
    assert len(few) == facts["traces"] == 2 and len(all_rows) == 8
    assert few == [all_rows[0], all_rows[4]]  # the first of each game
    share = 2 / len(all_rows)
    assert some.teacher_written == round(share * whole.teacher_written)


def test_arms_differ_from_the_paper_s_way_in_what_their_name_says():
    plain = asdict(ARMS["traces"])
    for name, arm in ARMS.items():
        changed = {k for k, v in asdict(arm).items() if v != plain[k]}
        changed -= {"votes", "problems"}
        assert changed or name == "traces", name
        if name.startswith("n-"):
            assert changed == {"n"} and ARMS[name].n == int(name[2:]), name


def test_an_arm_that_nobody_knows_is_named(run):
    with pytest.raises(ValueError, match="got 'magic'"):
        distill.unit("magic", run, PLAN)


ROOM = replace(small.DENSE, max_positions=160)
BYTES = Tokenizer([])


def six_sums():
    """Six short examples of arithmetic."""
    texts = [f"<think>{i}+1\n</think><answer>{i + 1}</answer>" for i in range(6)]
    return sft.encode(BYTES, [(f"{i}+1", text) for i, text in enumerate(texts)])


def test_texts_are_fitted_as_by_fine_tuning_and_every_token_is_billed():
    config = sft.SFTConfig(epochs=2, batch_size=3)
    students = small.model(ROOM, 0), small.model(ROOM, 0)
    ours, theirs = (optim.adamw(student, 1e-3) for student in students)
    wanted = [m["loss"] for m in sft.train(students[0], six_sums(), config, ours)]
    loop = list(distill.billed_sft(students[1], six_sums(), config, theirs))
    assert [metrics["loss"] for metrics, _ in loop] == wanted
    bill = sum((spent for _, spent in loop), Spent())
    tokens = 2 * sum(len(example.ids) for example in six_sums())
    assert bill == Spent(student_trained=tokens, seconds=bill.seconds)


def test_rl_is_that_of_grpo_and_pays_for_what_is_written_and_what_trains():
    config = grpo.GRPOConfig(steps=2, prompts=4, group_size=4, max_new_tokens=8)
    students = small.model(ROOM, 0), small.model(ROOM, 0)
    ours, theirs = (optim.adamw(student, config.lr) for student in students)
    rest = (BYTES, pipeline.draw_mixed, config)
    known = list(grpo.train(students[0], *rest, ours))
    found = list(distill.billed_rl(students[1], *rest, theirs, prompt=10))
    assert all(map(torch.equal, *(student.parameters() for student in students)))
    for (metrics, batch), (same, bill) in zip(known, found, strict=True):
        written = int(batch.lengths.sum())
        share = 1 - metrics["agreeing_groups"]
        assert metrics["reward"] == same["reward"]
        assert bill.student_written == written and bill.seconds > 0
        assert bill.student_trained == round(share * (written + 16 * 10))
        assert bill.teacher_written == bill.teacher_read == 0


def test_the_page_is_what_the_files_say():
    assert distill_table.PAGE.read_text(encoding="utf-8") == distill_table.page()


def test_the_page_names_every_arm():
    named = {*distill_table.WAYS, *distill_table.COUNTS}
    assert named == set(ARMS)
    assert {arm for pair in distill_table.PAIRS for arm in pair} <= named
