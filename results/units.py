"""The units of the book as data: which command makes each file, and what that reads.

A unit is one row of `UNITS`. With a seed it leaves one thing: a result in results/data,
a stage of a run in runs/seed-N, or a shipped stage in artifacts/. `r1.py measure` runs
them, and a test holds every committed result against this table. Two kinds of results
are not in it: bench-* have a command of their own, `r1.py bench`, and again-* are
another run of seeds 1 and 2, kept as it was measured.
"""

import re
from dataclasses import dataclass

from r1lib.recipe.stages import BY_NAME, STAGES, TO_R1
from results import (
    coverage,
    distill,
    experts,
    inference,
    journey,
    language,
    mismatch,
    preference_rl,
    rejection,
    spurious,
    stage_table,
    thinking_less,
    unit,
    variants,
    widgets,
)

SEEDS = (0, 1, 2)
RUN, SHIPPED, RESULT = "runs/seed-{seed}/", "artifacts/", "results/data/"
SIZES = ("32x2", "48x3", "64x4", "96x4")  # of the scaling study, as the book has it
OTHERS = ("bench-", "again-")  # how results begin that are no unit's


@dataclass(frozen=True)
class Unit:
    """A measurement: its command, what it is for, what it reads and what it leaves.

    In `arguments`, `reads` and `leaves` {seed} is the seed, and {-seed} is that behind
    a hyphen, or nothing for seed 0, as artifacts are named. `leaves` is a path; by
    default a result of the unit's name.
    """

    name: str
    module: str
    arguments: str = ""
    claims: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    seeds: tuple[int, ...] = SEEDS
    leaves: str = ""

    def __post_init__(self):
        end = "-{seed}.json" if "{seed}" in self.arguments else ".json"
        object.__setattr__(self, "leaves", self.leaves or RESULT + self.name + end)

    @property
    def measures(self) -> bool:
        """Whether it leaves a result, and not a stage that others read."""
        return self.leaves.startswith(RESULT)

    def command(self, seed: int) -> list[str]:
        """The module and its arguments, as they follow `python -m`."""
        return [self.module, *at(self.arguments, seed).split()]

    def made(self, seed: int) -> str:
        """The path of what it leaves."""
        return at(self.leaves, seed)

    def needed(self, seed: int) -> list[str]:
        """The paths of what it reads."""
        return [at(path, seed) for path in self.reads]


def at(text: str, seed: int) -> str:
    """Put a seed into the text of a unit.

    >>> at("artifacts/base-tiny{-seed}", 0), at("runs/seed-{seed}/base", 2)
    ('artifacts/base-tiny', 'runs/seed-2/base')
    """
    return text.replace("{-seed}", f"-{seed}" if seed else "").format(seed=seed)


# ---- what is read ----------------------------------------------------------------


def run(*stages: str) -> tuple[str, ...]:
    """Paths of stages in the run of the same seed."""
    return tuple(RUN + stage for stage in stages)


def shipped(*stages: str) -> tuple[str, ...]:
    """Paths of stages as they are shipped, of the same seed."""
    return tuple(f"{SHIPPED}{stage}-tiny{{-seed}}" for stage in stages)


def read_by_student(arm: distill.Arm) -> tuple[str, ...]:
    """The stages that an arm of P9 reads: the teacher and its student."""
    mine = "student" if arm.model == distill.STUDENT else arm.model
    return run(*dict.fromkeys((distill.TEACHER, mine)))


# ---- the table -------------------------------------------------------------------


def arms(prefix: str, module: str, names, claims=(), reads=()) -> list[Unit]:
    """A unit for each arm of a script; `reads` is the same for all, or a function."""
    return [
        Unit(
            f"{prefix}{name}",
            f"results.{module}",
            f"{name} {{seed}}",
            claims,
            reads(name) if callable(reads) else reads,
        )
        for name in names
    ]


def one(name: str, *claims: str, stages=()) -> Unit:
    """A unit whose script measures a whole run, by its seed alone."""
    module = f"results.{name.replace('-', '_')}"
    return Unit(name, module, "{seed}", claims, run(*stages))


def alone(name: str, module: str, arguments: str = "", **more) -> Unit:
    """A unit that is measured once, for seed 0."""
    return Unit(name, module, arguments, seeds=(0,), **more)


def of_the_run() -> list[Unit]:
    """Stages: those that are trained without a result, and those that are shipped."""
    command = "--preset tiny --seed {seed} --out runs/seed-{seed} --stage "
    trained = [
        Unit(
            f"train-{stage}",
            "tools.train",
            command + stage,
            reads=run(*BY_NAME[stage].needs),
            leaves=run(stage)[0],
        )
        for stage in STAGES
        if stage not in RUNS
    ]
    ships = [
        Unit(
            f"ship-{stage}",
            "tools.ship",
            f"runs/seed-{{seed}} {stage}",
            reads=run(stage),
            leaves=shipped(stage)[0],
        )
        for stage in STAGES
    ]
    whole = alone("train", "tools.train", "--preset tiny", leaves="runs/tiny/distill")
    return [whole, *trained, *ships]


def of_chapters() -> list[Unit]:
    """What chapters read, in the order of the claims."""
    models, dev3 = stage_table.MODELS, ("dev3", "helpful", "harmless")
    zero = ("P1", "P2", "P3", "P4")
    return [
        *arms("", "unit", ["base"], ("P1",)),
        *arms("", "unit", ["zero"], zero, run("base")),
        *arms("", "unit", [u for u in unit.UNITS if u not in RUNS], ("P12",)),
        *arms("language-", "language", language.ARMS, ("P5",), language_reads),
        one("stages", "P6", stages=[stage.name for stage in TO_R1]),
        one("reach", "P6", stages=models),
        *arms("rejection-", "rejection", rejection.ARMS, ("P7",), run("base", "dev2")),
        *arms("preference-", "preference_rl", preference_rl.ARMS, ("P8",), run("base")),
        one("reward-models", "P8", stages=dev3),
        *arms("distill-", "distill", distill.ARMS, ("P9",), distill_reads),
        *inferences(),
        *arms("variants-", "variants", ("base", *variants.ARMS), ("P11",), BASE),
        *arms("experts-", "experts", experts.ARMS, ("P13",)),
        one("longer", "P14", stages=("r1",)),
        *arms("journey-", "journey", journey.ARMS, ("P15",), run("base")),
        Unit("code", "results.code", "{seed}", ("P16",)),
        Unit("code-race", "results.code", "{seed} --race", ("P16",)),
        *arms("coverage-", "coverage", coverage.MODELS, ("P17",), covered),
    ]


def of_no_claim() -> list[Unit]:
    """What belongs to no claim of the paper."""
    look = f"{SHIPPED}zero-tiny", f"{SHIPPED}distill-tiny"
    return [
        *arms("scaling-", "scaling", SIZES),
        *arms("spurious-", "spurious", spurious.REWARDS, (), BASE),
        *arms("thinking-less-", "thinking_less", thinking_less.ARMS, (), thoughts),
        *arms("mismatch-", "mismatch", mismatch.ARMS, (), BASE),
        *arms("mismatch-", "mismatch", ["look"], (), (*BASE, *look)),
        *(
            alone(f"widgets-{w}", "results.widgets", f"{w} {{seed}}", reads=BASE)
            for w in widgets.UNITS
        ),
        alone("kills", "results.kills", "{seed}"),
        alone("minutes", "results.minutes", "runs/tiny", **MINUTES),
        alone("agreement", "results.agreement"),
        alone("attention", "results.attention", "--threads 1"),
        alone("fuzz", "results.fuzz"),
        alone("run-time", "results.run_time"),
        alone("sharded", "results.sharded", reads=(f"{SHIPPED}base-tiny",)),
        alone("benchmark-loading", "benchmarks.loading", "--save"),
        alone("benchmark-rewards", "benchmarks.rewards", "--save"),
    ]


RUNS = ("base", "zero")  # units that leave a stage of a run beside their result
BASE = shipped("base")
MINUTES = {"reads": ("runs/tiny/distill",), "leaves": f"{RESULT}minutes-0.json"}


def language_reads(arm: str) -> tuple[str, ...]:
    """Dev1, and the recipe's own Dev2 where that is the arm."""
    return run("dev1", *(["dev2"] if arm == "with" else []))


def covered(model: str) -> tuple[str, ...]:
    """The stage that P17 samples."""
    return run(coverage.stage_of(model))


def distill_reads(arm: str) -> tuple[str, ...]:
    """What an arm of P9 reads."""
    return read_by_student(distill.ARMS[arm])


def thoughts(arm: str) -> tuple[str, ...]:
    """What an arm of thinking less reads: its own list, with any seed."""
    names = thinking_less.weights(arm, 0)
    return tuple(f"{SHIPPED}{name}{{-seed}}" for name in names)


def inferences() -> list[Unit]:
    """P10 and P14 on three models, of each seed or of the one that is shipped."""
    read = {
        name: shipped(name) if len(set(names)) > 1 else (SHIPPED + names[0],)
        for name, names in inference.WEIGHTS.items()
    }
    return arms("inference-", "inference", read, ("P10", "P14"), lambda n: read[n])


UNITS: dict[str, Unit] = {
    row.name: row for row in (*of_the_run(), *of_chapters(), *of_no_claim())
}


def maker(path: str) -> tuple[Unit, int] | None:
    """The unit and the seed that leave a path; None for what no unit makes.

    >>> unit, seed = maker("runs/seed-2/base")
    >>> unit.name, seed, maker("artifacts/dev1-tiny-1")[0].name
    ('base', 2, 'ship-dev1')
    """
    if found := re.fullmatch(r"runs/seed-(\d+)/(\w+)", path):
        name = found[2] if found[2] in RUNS else f"train-{found[2]}"
        return UNITS[name], int(found[1])
    if found := re.fullmatch(r"artifacts/(\w+)-tiny(?:-(\d+))?", path):
        return UNITS[f"ship-{found[1]}"], int(found[2] or 0)
    return (UNITS["train"], 0) if path == UNITS["train"].leaves else None
