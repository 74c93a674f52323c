"""Measure one unit of P16: pre-train on list programs, then RL with the code reward.

    python -m results.code 0            results/data/code-0.json; a killed one goes on
    python -m results.code 0 --race     code-race-0.json: that base, RL with the
                                        speed part of the reward and without it

A small dense model reads list programs, with the slips of `programs.trace`, and some of
it written by people who `waste` time: they sort a list once for every element of it.
Then GRPO rewards what the sandbox measures: does it parse, read well, run, pass its
tests, run fast? Test problems, and the problem whose four samples are kept
("sorted, with 42 at the start"), are in no training text and in no step of the RL.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from statistics import fmean

import torch

from r1lib import artifacts, evaluate, sandbox
from r1lib.model.presets import PRESETS
from r1lib.model.transformer import new_model
from r1lib.problem import STYLES, Problem, draw, problems, split_of
from r1lib.progress import bar
from r1lib.recipe import checkpoints
from r1lib.rewards import code as code_reward
from r1lib.rewards.code import Parts
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.sampling import Sampling, completions
from r1lib.sandbox import Sandbox
from r1lib.tokenizer import Tokenizer
from r1lib.training import limits, optim, pretrain
from r1lib.training.pretrain import PretrainConfig
from r1lib.world import programs
from results import one_unit, unit_tests

SHOWN = programs.make((("sort", None), ("start", 42)), "en")  # kept from all training
PART_NAMES = tuple(code_reward.WEIGHTS)
WASTE = {  # the same result as on the left, for much more work
    "sorted(xs)": "[sorted(xs)[i] for i in range(len(xs))]",
    "list(dict.fromkeys(xs))": "[x for i,x in enumerate(xs) if x not in xs[:i]]",
}
SLOWED = ("sort", "distinct")
LARGE = 800  # numbers in the list on which run time is measured


RACE = {"steps": 20, "max_new_tokens": 128}  # RL of the race; else as in the plan
RACE_SAMPLES = 8


@dataclass(frozen=True)
class Plan:
    """Everything that decides a unit; `seed` moves all the random choices."""

    model: str = "tiny-dense"
    styles: tuple = (0.7, 0.3, 0.0)  # guess, short, long: fixed before any RL
    pool: int = 5000  # training problems that the texts are about
    hard: float = 0.15  # of the pool
    wasteable: float = 0.2  # of the pool and of RL: problems that `WASTE` can slow down
    waste: float = 0.5  # of the texts about these
    readings: int = 5  # texts about each problem of the pool, on average
    pretrain: PretrainConfig = PretrainConfig(steps=1500, batch_size=16)
    rl: GRPOConfig = GRPOConfig(
        steps=30, prompts=12, group_size=16, max_new_tokens=72, minibatches=3
    )
    save_every: int = 250  # base steps between checkpoints
    rl_save_every: int = 10
    tests: int = 128  # easy test problems
    hard_tests: int = 48
    samples: int = 4  # of each
    slow_tests: int = 23  # test problems that `WASTE` can slow down: all there are
    seed: int = 0

    def __post_init__(self):
        limits.one_of(self, PRESETS, "model")
        limits.kind(self, tuple, "styles")
        limits.kind(self, PretrainConfig, "pretrain")
        limits.kind(self, GRPOConfig, "rl")
        limits.whole(self, "pool", "readings", "save_every", "rl_save_every")
        limits.whole(self, "tests", "hard_tests", "samples", "slow_tests")
        limits.share(self, "hard", "wasteable", "waste")
        limits.seed(self)


# ---- problems and texts ----------------------------------------------------------


@cache
def wasteable(split: str) -> tuple[Problem, ...]:
    """All problems of a split that begin by sorting or by dropping duplicates."""
    rows = []
    for first in SLOWED:
        for kind, values in programs.VALUES.items():
            for k in values:
                ops = ((first, None), (kind, k))
                if kind != first and programs.draw_cases(ops):
                    rows.append(programs.make(ops, "en"))
    kept = {p.key: p for p in rows if split_of(p) == split and p.key != SHOWN.key}
    return tuple(kept.values())


def can_waste(problem: Problem) -> bool:
    """Whether the first operation is one of those that `WASTE` slows down."""
    return programs.read(problem.prompt, problem.language)[0][0] in SLOWED


def training(rng: random.Random, plan: Plan, hard: float = 0.0) -> Problem:
    """Draw a training problem in English; never the one that is shown."""
    if rng.random() < plan.wasteable:
        return rng.choice(wasteable("train"))
    level = "hard" if rng.random() < hard else "easy"
    while True:
        problem = draw(programs.sample, rng, "train", level, "en")
        if problem.key != SHOWN.key:
            return problem


def text(rng: random.Random, problem: Problem, plan: Plan) -> str:
    """Write a completion; now and then by somebody who wastes time."""
    tape = programs.trace(rng, problem, rng.choices(STYLES, plan.styles)[0])
    if can_waste(problem) and rng.random() < plan.waste:
        for quick, slow in WASTE.items():
            tape = tape.replace(quick, slow)
    return tape


def documents(plan: Plan) -> Iterator[tuple[str, str]]:
    """Yield (prompt, completion) pairs about a pool of training problems."""
    rng = random.Random(f"code-{plan.seed}")
    pool = [training(rng, plan, plan.hard) for _ in range(plan.pool)]
    for _ in range(plan.pool * plan.readings):
        problem = rng.choice(pool)
        yield problem.prompt, text(rng, problem, plan)


# ---- the reward ------------------------------------------------------------------


class CodeReward:
    """The code reward as `grpo.train` wants it: (problem, text) -> a number.

    One warm sandbox serves all; a program that was judged before is not run again. Run
    time is measured where `can_waste` says that it may differ (elsewhere that part is
    UNMEASURED); the text of the reference is as fast as the reference.
    """

    def __init__(self, box: Sandbox, timed: bool = True):
        self.box, self.timed = box, timed
        self.known, self.hidden, self.seen = {}, {}, []

    def __call__(self, problem: Problem, completion_text: str) -> float:
        """Return the reward, and remember its parts for `means`."""
        parts = self.judge(problem, completion_text)
        self.seen.append(parts)
        return parts.total

    def judge(self, problem: Problem, completion_text: str) -> Parts:
        """Score the program of a completion; its speed against the reference."""
        code = code_reward.extract_program(completion_text)
        if code is None:
            return Parts(error="no single <answer>")
        name = (problem.answer, code)
        if name not in self.known:
            differs = can_waste(problem) and code != problem.answer
            large = large_inputs() if differs and self.timed else []
            self.known[name] = code_reward.score(
                code,
                list(problem.data),
                self.box,
                reference=problem.answer,
                large=large,
            )
        return self.known[name]

    def passes_hidden(self, problem: Problem, completion_text: str) -> bool:
        """Whether a program also passes tests that no reward has ever used."""
        code = code_reward.extract_program(completion_text)
        if code is None:
            return False
        name = (problem.answer, code)
        if name not in self.hidden:
            tests = self.hidden_tests(problem)
            outcome = self.box.run(code, tests)
            self.hidden[name] = outcome.passed == outcome.total
        return self.hidden[name]

    def hidden_tests(self, problem: Problem) -> list[tuple]:
        """Tests generated from the reference, without the given ones."""
        if problem.answer not in self.hidden:
            given = [args for args, _ in problem.data]
            inputs = [
                args
                for args in unit_tests.draw_inputs(problem.key)
                if args not in given
            ]
            tests = unit_tests.generate_tests(problem.answer, inputs, self.box)
            self.hidden[problem.answer] = tests
        return self.hidden[problem.answer]

    def means(self) -> dict[str, float]:
        """Mean parts and pass rate since the last call, and forget them."""
        means, self.seen = averages(self.seen), []
        return means


def averages(parts: list[Parts]) -> dict[str, float]:
    """Mean of each part, of the reward, and the share that passes every test."""
    out = {name: fmean(getattr(p, name) for p in parts) for name in PART_NAMES}
    passed = fmean(p.tests == 1 for p in parts)
    return {"pass": passed, "reward": fmean(p.total for p in parts), **out}


@cache
def large_inputs() -> list[tuple]:
    """The list on which run time is measured."""
    return [(random.Random(0).choices(range(10**6), k=LARGE),)]


# ---- measuring -------------------------------------------------------------------


def answers(model, tokenizer, rows, k, plan, prefix="", temperature=1.0):
    """Sample k completions of each problem; return texts (N, k) and lengths (N, k)."""
    completions_of = completions(
        model,
        tokenizer,
        [problem.prompt for problem in rows],
        k,
        Sampling(
            plan.rl.max_new_tokens,
            temperature,
            at_once=max(1, 512 // k),
            opening=prefix,
        ),
        generator=torch.Generator().manual_seed(plan.seed),
    )
    texts = [[c.text for c in row] for row in completions_of]
    return texts, [[c.tokens for c in row] for row in completions_of]


def measure(model, tokenizer, rows, k, plan, reward: CodeReward, **options) -> dict:
    """Measure k samples of each problem: every number with its 95% interval."""
    texts, lengths = answers(model, tokenizer, rows, k, plan, **options)
    judged = [
        [reward.judge(p, t) for t in row] for p, row in zip(rows, texts, strict=True)
    ]
    values = {name: [] for name in (*PART_NAMES, "reward", "pass", "hidden", "length")}
    values |= {"thinks": [], "wasteful": [], f"pass@{k}": []}
    for problem, row, parts, n in zip(rows, texts, judged, lengths, strict=True):
        right = [p.tests == 1 for p in parts]
        both = [r and reward.passes_hidden(problem, t) for r, t in zip(right, row)]  # noqa: B905
        for name in PART_NAMES:
            values[name].append(fmean(getattr(p, name) for p in parts))
        values["reward"].append(fmean(p.total for p in parts))
        values["pass"].append(fmean(right))
        values["hidden"].append(fmean(both))
        values["length"].append(fmean(n))
        values["thinks"].append(fmean(t.startswith("<think>") for t in row))
        values[f"pass@{k}"].append(float(any(right)))
        if any(right):  # of the right programs only
            slow = [wastes(t) for t, r in zip(row, right, strict=True) if r]
            values["wasteful"].append(fmean(slow))
    out = {"problems": len(rows), "samples": k}
    for name, numbers in values.items():
        if numbers:
            out[name] = {"mean": fmean(numbers), "interval": evaluate.interval(numbers)}
    return out


def wastes(completion: str) -> bool:
    """Whether the program of a completion holds one of the slow expressions."""
    code = code_reward.extract_program(completion) or ""
    return any(slow in code for slow in WASTE.values())


def shown(model, tokenizer, plan, reward: CodeReward) -> list[dict]:
    """The first four samples for the description that is shown, with every part."""
    texts, lengths = answers(model, tokenizer, [SHOWN], 4, plan)
    out = []
    for completion, n in zip(texts[0], lengths[0], strict=True):
        parts = reward.judge(SHOWN, completion)
        row = {"text": completion, "length": n, **asdict(parts)}
        row |= {"reward": parts.total}
        row |= {"hidden": reward.passes_hidden(SHOWN, completion)}
        out.append(row)
    return out


def held_out(plan: Plan) -> dict[str, list[Problem]]:
    """Test problems by the name of the set; no training draws from their split."""
    return {
        "easy": problems(
            programs.sample, plan.tests, seed=0, split="test", language="en"
        ),
        "hard": problems(
            programs.sample,
            plan.hard_tests,
            level="hard",
            seed=0,
            split="test",
            language="en",
        ),
        "wasteable": list(wasteable("test"))[: plan.slow_tests],
    }


def test(model, tokenizer, plan, reward: CodeReward) -> dict:
    """All sets sampled, the easy one greedy too, and the four samples."""
    sets = held_out(plan)
    out = {
        name: measure(model, tokenizer, rows, plan.samples, plan, reward)
        for name, rows in sets.items()
    }
    out["greedy"] = measure(
        model, tokenizer, sets["easy"], 1, plan, reward, temperature=0.0
    )
    out["shown"] = shown(model, tokenizer, plan, reward)
    return out


def controls(model, tokenizer, plan, reward: CodeReward) -> dict:
    """The base made to think: a hand can choose its better style without any RL."""
    rows, out = held_out(plan)["easy"], {}
    for name, k, temperature in (("", plan.samples, 1.0), (", greedy", 1, 0.0)):
        measured = measure(
            model,
            tokenizer,
            rows,
            k,
            plan,
            reward,
            prefix="<think>",
            temperature=temperature,
        )
        out[f"thinking{name}"] = measured
    return out


# ---- training --------------------------------------------------------------------


def base(folder: Path, plan: Plan):
    """Pre-train into folder/base, if that is not done; return (model, tokenizer)."""
    if not checkpoints.is_done(folder, "base"):
        tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
        config = replace(PRESETS[plan.model], vocab_size=tokenizer.vocab_size)
        model, c = new_model(config, plan.seed), plan.pretrain
        optimizers = optim.base_optimizers(model, c.muon_lr, c.adamw_lr)
        stage = checkpoints.resume(folder, "base", model, tokenizer, optimizers)
        read = pretrain.encode_documents(tokenizer, documents(plan))
        loop, recent = pretrain.train(model, read, c, optimizers, stage.step), []

        def point(metrics: dict) -> dict | None:
            recent.append(metrics)
            if metrics["step"] % plan.save_every and metrics["step"] != c.steps:
                return None
            means = checkpoints.mean_of(recent)
            recent.clear()
            return means

        steps = checkpoints.follow(stage, loop, c.steps, plan.save_every, point)
        for _ in bar(steps, c.steps, f"base {plan.seed}", ("loss",)):
            pass
    return checkpoints.load(folder, "base")


def learn(folder: Path, plan: Plan, reward: CodeReward, name: str = "code"):
    """Train folder/base by the code reward into folder/name; return the model."""
    model, tokenizer = base(folder, plan)
    if checkpoints.is_done(folder, name):
        return checkpoints.load(folder, name)[0]
    optimizers = optim.adamw(model, plan.rl.lr)
    stage = checkpoints.resume(folder, name, model, tokenizer, optimizers)
    steps = grpo.train(
        model,
        tokenizer,
        lambda rng: training(rng, plan),
        plan.rl,
        optimizers,
        reward=reward,
        start=stage.step,
    )
    lines = ({**metrics, **reward.means()} for metrics, _ in steps)
    followed = checkpoints.follow(
        stage, lines, plan.rl.steps, plan.rl_save_every, without_accuracy
    )
    for _ in bar(followed, plan.rl.steps, f"RL {plan.seed}", ("reward", "pass")):
        pass
    return model


def without_accuracy(metrics: dict) -> dict:
    """Drop how many earn 1 or more: here nobody need."""
    return {name: value for name, value in metrics.items() if name != "accuracy"}


def unit(folder: Path, plan: Plan) -> dict:
    """Run all of a unit and return what it measured."""
    files_of = folder / f"code-{plan.seed}"
    checkpoints.begin(files_of, asdict(plan))
    model, tokenizer = base(files_of, plan)
    with Sandbox() as box:
        reward = CodeReward(box)
        before = test(model, tokenizer, plan, reward)
        print("base:", before["easy"]["pass"], flush=True)
        forced = controls(model, tokenizer, plan, reward)
        after = test(learn(files_of, plan, reward), tokenizer, plan, reward)
        level = box.level
    return {
        "P16": {"before": before, "after": after, "controls": forced},
        "history": checkpoints.record(files_of, "code")["history"],
        "base": checkpoints.record(files_of, "base")["history"],
        "minutes": {
            name: checkpoints.record(files_of, stage)["seconds"] / 60
            for name, stage in (("base", "base"), ("RL", "code"))
        },
        "shown": {"prompt": SHOWN.prompt, "reference": SHOWN.answer},
        "sandbox": level,
    }


def race(folder: Path, plan: Plan, steps: dict = RACE) -> dict:
    """RL on `wasteable` problems with and without the speed part: who stops to waste?

    Both arms start from the base of the unit and get the same problems, and room enough
    to write a slow program twice, in the plan and in the answer.
    """
    folder = folder / f"code-{plan.seed}"
    checkpoints.begin(folder, asdict(plan))
    model, tokenizer = base(folder, plan)
    roomy = replace(plan.rl, **steps)
    plan = replace(plan, rl=roomy, wasteable=1.0, samples=RACE_SAMPLES)
    rows, out = list(wasteable("test")), {}
    with Sandbox() as box:
        full = CodeReward(box)
        out["base"] = measure(model, tokenizer, rows, plan.samples, plan, full)
        for name in ("timed", "untimed"):
            reward = CodeReward(box, timed=name == "timed")
            model = learn(folder, plan, reward, name)
            measured = measure(model, tokenizer, rows, plan.samples, plan, full)
            record = checkpoints.record(folder, name)
            out[name] = {**measured, "history": record["history"]}
            out[name]["minutes"] = record["seconds"] / 60
    return {"P16": out, "race": asdict(roomy)}


def main() -> None:
    """Run one unit and write results/data/code-SEED.json or code-race-SEED.json."""
    parser = one_unit.parser(__doc__, threads=1)
    parser.add_argument("--race", action="store_true")
    asked = one_unit.arguments(parser)
    if why_not := sandbox.missing():
        raise SystemExit(why_not)
    plan = Plan(seed=asked.seed)
    plan = replace(
        plan,
        pretrain=replace(plan.pretrain, seed=asked.seed),
        rl=replace(plan.rl, seed=asked.seed),
    )
    name = f"code-race-{asked.seed}" if asked.race else f"code-{asked.seed}"
    flag = " --race" if asked.race else ""
    one_unit.write(
        asked.out / f"{name}.json",
        (race if asked.race else unit)(Path("runs"), plan),
        f"results.code {asked.seed}{flag}",
        seed=asked.seed,
        settings=asdict(plan),
    )


if __name__ == "__main__":
    main()
