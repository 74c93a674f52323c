"""Measure one unit of P9, (arm, seed): a small student, taught in one of many ways.

    python -m results.distill traces 0        SFT on R1's readable traces
    python -m results.distill rl 0            RL on the student alone
    python -m results.distill traces-rl 0     RL on top of the first
    python -m results.distill big-traces 0    the big base, SFT on the same, no RL
    python -m results.distill teacher 0       R1 itself

ARMS lists the rest: distributions in place of texts, the student's own texts, fewer and
more traces. A unit reads runs/seed-SEED. Every arm without RL
takes `steps` optimizer steps on about `tokens` tokens in all, whatever the number and
the length of its texts; RL has the 100 steps of R1-Zero, and room for as many tokens as
the test gives. It writes results/data/distill-ARM-SEED.json with its bill, in which the
training of the teacher is not counted. A killed unit begins anew, except that what the
teacher has written stays.
"""

import itertools
import time
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from r1lib import distill, evaluate
from r1lib.distill import DistillConfig, OnPolicyConfig, Spent
from r1lib.problem import LEVELS, problems
from r1lib.progress import bar
from r1lib.recipe import checkpoints, pipeline
from r1lib.rl import grpo
from r1lib.training import limits, optim, sft
from r1lib.world import countdown, skills
from results import journey, one_unit, traces
from results.unit import add_votes

TEACHER, STUDENT = "r1", "student-qwen"


@dataclass(frozen=True)
class Arm:
    """One way to teach; what is not said is as in the arm `traces`.

    `how` is "sft", "forward" (the teacher's distributions on the same texts), "own"
    (the student's texts, corrected) or "nothing".
    """

    how: str = "sft"
    n: int = 1600
    problems: int | None = None  # asked of each game; None is the plan's
    model: str = STUDENT
    temperature: float = 1.0  # of distributions
    rl: bool = False
    votes: bool = False


COUNTS = {"n-30": 30, "n-125": 125, "n-500": 500}
ARMS = {
    "teacher": Arm(how="nothing", model=TEACHER, votes=True),
    "base": Arm(how="nothing", votes=True),
    "traces": Arm(votes=True),
    "rl": Arm(how="nothing", rl=True),
    "traces-rl": Arm(rl=True),
    "big-traces": Arm(model="base"),
    "softer": Arm(how="forward", temperature=2.0),
    "own": Arm(how="own"),
    **{name: Arm(n=n) for name, n in COUNTS.items()},
    "n-7500": Arm(n=7500, problems=4800),  # about as many problems as "own" draws
}


@dataclass(frozen=True)
class Plan:
    """What all arms share; `seed` moves all the random choices."""

    sizes: traces.Sizes = traces.Sizes()
    tokens: int = 700_000  # trained on, prompts included
    steps: int = 500
    muon_lr: float = 0.01  # as in pre-training
    adamw_lr: float = 3e-3
    rl: grpo.GRPOConfig = grpo.GRPOConfig(max_new_tokens=192)
    look_every: int = 10  # steps of RL
    looks: int = 128  # valid problems of each game in a look
    watched: int = 512  # valid problems on which skills are measured
    tests: int = 256  # test problems of each game and level
    samples: int = 4
    votes: int = 16  # samples where a majority is taken
    seed: int = 0

    def __post_init__(self):
        limits.kind(self, traces.Sizes, "sizes")
        limits.kind(self, grpo.GRPOConfig, "rl")
        limits.whole(self, "tokens", "steps", "look_every", "looks", "watched")
        limits.whole(self, "tests", "samples", "votes")
        limits.positive(self, "muon_lr", "adamw_lr")
        limits.seed(self)


# ---- ways to teach ---------------------------------------------------------------


def texts(arm: Arm, run: Path, plan: Plan) -> tuple[list[dict], Spent, dict]:
    """Return the rows of an arm, what the teacher spent, and how they came about."""
    sizes = plan.sizes
    if arm.problems:
        sizes = replace(sizes, problems=arm.problems)
    all_rows, seconds = traces.sampled(run, TEACHER, sizes, plan.seed)
    kept = traces.readable(all_rows, sizes)
    used = traces.first(kept, arm.n)
    share = len(used) / max(1, len(kept))  # fewer traces need fewer samples
    written = round(share * sum(row["tokens"] for row in all_rows))
    facts = {
        "sampled": len(all_rows),
        "right": sum(row["correct"] for row in all_rows) / len(all_rows),
        "chosen": len(kept),
        "traces": len(used),
    }
    return used, Spent(teacher_written=written, seconds=share * seconds), facts


def rounds(given: list, n: int, seed: int) -> list:
    """Return n examples: whole passes, each in an order of its own, cut at n."""
    passes = -(-n // len(given))
    orders = (journey.shuffled(given, seed, epoch) for epoch in range(passes))
    return list(itertools.chain.from_iterable(orders))[:n]


def in_a_step(plan: Plan, length: float) -> int:
    """How many texts of some mean length make up one step's share of the tokens."""
    return max(1, round(plan.tokens / plan.steps / length))


def teach(arm: Arm, model, tokenizer, run: Path, plan: Plan, label: str):
    """Train a model by an arm; return what it cost and facts about it."""
    optimizers = optim.base_optimizers(model, plan.muon_lr, plan.adamw_lr)
    if arm.how == "own":
        teacher, theirs = checkpoints.load(run, TEACHER)
        said, _ = traces.sampled(run, TEACHER, plan.sizes, plan.seed)
        asked = fmean(len(tokenizer.prompt(row["prompt"])) for row in said)
        length = asked + fmean(row["tokens"] for row in said)  # as the teacher's texts
        config = OnPolicyConfig(
            steps=plan.steps,
            prompts=in_a_step(plan, length),
            max_new_tokens=plan.sizes.max_new_tokens,
            seed=plan.seed,
        )
        both = (tokenizer, theirs)
        loop = distill.on_policy(
            model, teacher, both, pipeline.draw_mixed, config, optimizers
        )
        return (*spend(loop, plan.steps, label), {})
    rows, bill, facts = texts(arm, run, plan)
    room = model.config.max_positions
    given, too_long = distill.examples(rows, tokenizer, room)
    batch = in_a_step(plan, fmean(len(example.ids) for example in given))
    stream = rounds(given, plan.steps * batch, plan.seed)
    facts |= {"passes": len(stream) / len(given), "too long": too_long}
    if arm.how == "sft":
        loop = billed_sft(
            model,
            stream,
            sft.SFTConfig(epochs=1, batch_size=batch, seed=plan.seed),
            optimizers,
        )
    else:
        teacher, theirs = checkpoints.load(run, TEACHER)
        both = (tokenizer, theirs)
        config = DistillConfig(
            epochs=1,
            batch_size=batch,
            seed=plan.seed,
            kind=arm.how,
            temperature=arm.temperature,
        )
        loop = distill.train(model, teacher, both, stream, config, optimizers)
    history, spent = spend(loop, plan.steps, label)
    return history, bill + spent, facts


def billed_sft(student, given: list[sft.Example], config, optimizers, start: int = 0):
    """Fit given texts, as `sft.train` does; yields metrics and `Spent`.

    Each step is charged for a batch of texts of mean length.
    """
    each = round(config.batch_size * fmean(len(example.ids) for example in given))
    began = time.perf_counter()
    for metrics in sft.train(student, given, config, optimizers, start):
        now = time.perf_counter()
        yield metrics, Spent(student_trained=each, seconds=now - began)
        began = time.perf_counter()


def billed_rl(
    student, tokenizer, draw_problem, config, optimizers, prompt: float, start: int = 0
):
    """Let the student learn alone, as `grpo.train` does; yields metrics and `Spent`.

    `prompt` is the mean length of a prompt in tokens. Groups whose rewards agree train
    nothing (their advantages are 0), so they are charged for their writing alone.
    """
    loop = grpo.train(student, tokenizer, draw_problem, config, optimizers, start=start)
    for metrics, batch in loop:
        written = int(batch.lengths.sum())
        share = 1 - metrics["agreeing_groups"]  # of the rows that train
        trained = round(share * (written + len(batch.texts) * prompt))
        bill = Spent(student_trained=trained, student_written=written)
        bill.seconds = metrics["sample_seconds"] + metrics["train_seconds"]
        yield metrics, bill


def spend(loop, steps: int, label: str) -> tuple[list[dict], Spent]:
    """Run a way of teaching behind a progress bar; return its curve and its bill."""
    history, bill = [], Spent()

    def metered():
        nonlocal bill
        for metrics, spent in loop:
            bill += spent
            history.append(metrics)
            yield metrics

    for _ in bar(metered(), steps, label, ("loss",)):
        pass
    return history[:: max(1, len(history) // 30)], bill


def reinforce(model, tokenizer, plan: Plan, label: str):
    """Run R1-Zero's loop on a model; return its curve with looks, and its bill."""
    config = replace(plan.rl, seed=plan.seed)
    watched = pipeline.held_out(plan.looks, "valid")
    prompt = sum(len(tokenizer.prompt(p.prompt)) for p in watched) / len(watched)
    bill, history = Spent(), []
    look = {"max_new_tokens": config.max_new_tokens}
    optimizers = optim.adamw(model, config.lr)
    draw = pipeline.draw_mixed
    loop = billed_rl(model, tokenizer, draw, config, optimizers, prompt)

    def metered():
        nonlocal bill
        for metrics, spent in loop:
            bill += spent
            if metrics["step"] % plan.look_every == 0:
                seen = evaluate.answer(model, tokenizer, watched, **look)
                metrics |= {"valid": seen.right.mean().item(), "spent": asdict(bill)}
            history.append(metrics)
            yield metrics

    for _ in bar(metered(), config.steps, label, ("reward", "length")):
        pass
    return history, bill


# ---- units -----------------------------------------------------------------------


def measure(model, tokenizer, arm: Arm, plan: Plan) -> dict:
    """Answer test problems, easy and hard: `skills.summary`, and votes if asked."""
    result = {}
    for level in LEVELS:
        asked = journey.exam(plan.tests, level)
        k = plan.votes if arm.votes else plan.samples
        answers = evaluate.answer(
            model,
            tokenizer,
            asked,
            k,
            max_new_tokens=plan.sizes.max_new_tokens,
            seed=plan.seed,
        )
        result[level] = skills.summary(answers)
        result[level]["values"] = answers.right.mean(1).tolist()
        if arm.votes:
            add_votes(result[level], answers)
    return result


def valid_skills(model, tokenizer, plan: Plan) -> dict[str, float]:
    """What a model can do, each skill apart, on valid problems."""
    watched = problems(countdown.sample, plan.watched, 0, "valid")
    return pipeline.base_skills(model, tokenizer, watched)


def unit(name: str, run: Path, plan: Plan) -> dict:
    """Teach one student in one way and measure it."""
    if name not in ARMS:
        raise ValueError(f"arm must be one of {', '.join(ARMS)}, got {name!r}")
    began, arm, label = time.perf_counter(), ARMS[name], f"{name} {plan.seed}"
    stage = "student" if arm.model == STUDENT else arm.model
    model, tokenizer = checkpoints.load(run, stage)
    result, bill = {"arm": asdict(arm)}, Spent()
    read = {"student": stage, "teacher": TEACHER}
    result["weights"] = {
        k: checkpoints.record(run, v)["sha256"] for k, v in read.items()
    }
    result["skills"] = {"before": valid_skills(model, tokenizer, plan)}
    if arm.how != "nothing":
        result["history"], bill, facts = teach(arm, model, tokenizer, run, plan, label)
        result |= facts
    if arm.rl:
        result["rl"], more = reinforce(model, tokenizer, plan, label)
        bill += more
    result["skills"]["after"] = valid_skills(model, tokenizer, plan)
    teacher, _ = checkpoints.load(run, TEACHER)
    result["test"] = measure(model, tokenizer, arm, plan)
    length = round(result["test"]["easy"]["length"]) + 20  # with the prompt
    result["spent"] = asdict(bill)
    result["flops"] = bill.flops(model.config, teacher.config, length)
    return {"P9": result, "minutes": (time.perf_counter() - began) / 60}


def main() -> None:
    """Run one unit and write results/data/distill-ARM-SEED.json."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1, arm=ARMS))
    plan = Plan(seed=asked.seed)
    result = unit(asked.arm, Path("runs") / f"seed-{asked.seed}", plan)
    path = asked.out / f"distill-{asked.arm}-{asked.seed}.json"
    command = f"results.distill {asked.arm} {asked.seed}"
    one_unit.write(path, result, command, seed=asked.seed, plan=asdict(plan))


if __name__ == "__main__":
    main()
