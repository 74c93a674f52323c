"""The recipe of R1 as data: its stages in order, what each needs, how each is run.

    base ---- zero          traces of zero, never its weights, go on
      |         |
      |       cold          a table of readable traces
      |         |
      +------ dev1 -- dev2
      |                 |
      |              samples      a table, three parts reasoning to one of the rest
      |                 |
      +------------- dev3 -- helpful, harmless -- r1

    student -- distill      a small model, fine-tuned on the table `samples`

`tools.train` runs the stages, `figures/pipeline.py` draws them, chapter 15 measures
what each leaves behind. arXiv 2501.12948v2, figure 2.
"""

from dataclasses import dataclass, replace

from r1lib.files import one_of
from r1lib.model.presets import PRESETS
from r1lib.recipe import EDITION, FIRST, cold_start, r1, rejection
from r1lib.recipe.r1 import LastStage, RewardModels
from r1lib.recipe.rejection import Sizes
from r1lib.recipe.scenarios import LANGUAGE
from r1lib.rl.grpo import GRPOConfig
from r1lib.training import limits
from r1lib.training.pretrain import PretrainConfig
from r1lib.training.sft import SFTConfig


@dataclass(frozen=True)
class Stage:
    """One stage: from whose weights it starts, whose output it reads, what it leaves.

    `leaves` is "model", "table" or "scores", which is a reward model; `shown` are the
    metrics of its progress bar, where `called` says how each is written; `config` names
    the field of `Settings` that decides it, by default that of its own name; `paper` is
    what the paper calls what it leaves.
    """

    name: str
    does: str
    paper: str
    start: str | None = None
    reads: tuple[str, ...] = ()
    leaves: str = "model"
    config: str = ""
    shown: tuple[str, ...] = ("loss",)

    def __post_init__(self):
        object.__setattr__(self, "config", self.config or self.name)

    @property
    def needs(self) -> tuple[str, ...]:
        """Names of the stages that must be finished before this one."""
        return (*filter(None, [self.start]), *self.reads)

    @property
    def called(self) -> dict[str, str]:
        """The metrics of its progress bar, and what a reader calls each of them."""
        return {name: CALLED.get(name, name) for name in self.shown}


CALLED = {
    "accuracy": "right",
    "correct": "right",
    "valid": "held out",
    "length": "tokens",
    "language": "in one language",
}
RL = ("accuracy", "valid", "length")
SCORES = ("loss", "accuracy")
FINE_TUNING, LEARNING = "supervised fine-tuning", "reinforcement learning"
RECIPE = (
    Stage("base", "pre-training", "DeepSeek-V3-Base", config="pretrain"),
    Stage("zero", LEARNING, "R1-Zero", start="base", shown=RL),
    Stage(
        "cold",
        "traces made readable",
        "thousands of cold-start traces",
        reads=("base", "zero"),
        leaves="table",
        shown=("correct",),
    ),
    Stage("dev1", FINE_TUNING, "R1 Dev1", start="base", reads=("cold",)),
    Stage(
        "dev2",
        f"{LEARNING}, one language",
        "R1 Dev2",
        start="dev1",
        shown=(*RL, "language"),
    ),
    Stage(
        "samples",
        "rejection sampling",
        "800k samples",
        reads=("dev2",),
        leaves="table",
        shown=("correct",),
    ),
    Stage("dev3", FINE_TUNING, "R1 Dev3", start="base", reads=("samples",)),
    Stage(
        "helpful",
        "reward model of the summary",
        "66k pairs",
        start="dev3",
        leaves="scores",
        config="reward_models",
        shown=SCORES,
    ),
    Stage(
        "harmless",
        "reward model of the whole answer",
        "106k answers",
        start="dev3",
        leaves="scores",
        config="reward_models",
        shown=SCORES,
    ),
    Stage(
        "r1",
        f"{LEARNING}, all scenarios",
        "DeepSeek-R1",
        start="dev3",
        reads=("helpful", "harmless"),
        config="last",
        shown=("accuracy", "liked", "safe", "length"),
    ),
    Stage("student", "pre-training, small", "Qwen2.5"),
    Stage(
        "distill",
        FINE_TUNING,
        "DeepSeek-R1-Distill",
        start="student",
        reads=("samples",),
    ),
)
STAGES = tuple(stage.name for stage in RECIPE)
BY_NAME = {stage.name: stage for stage in RECIPE}
TO_R1 = RECIPE[: STAGES.index("r1") + 1]  # without the student


def made_from(stage: str) -> tuple[str, ...]:
    """All stages that a stage is made from, in order, and itself.

    >>> made_from("dev3")
    ('base', 'zero', 'cold', 'dev1', 'dev2', 'samples', 'dev3')
    """
    names = {stage}
    for other in reversed(RECIPE):
        if other.name in names:
            names.update(other.needs)
    return tuple(name for name in STAGES if name in names)


def made_of(stage: str) -> tuple[str, ...]:
    """A stage and all that is made from what it leaves, in order.

    >>> made_of("dev3")
    ('dev3', 'helpful', 'harmless', 'r1')
    """
    names = [stage]
    for other in RECIPE:
        if set(other.needs) & set(names):
            names.append(other.name)
    return tuple(names)


@dataclass(frozen=True)
class RefreshedGRPO(GRPOConfig):
    """GRPO with a leash: a KL term to a reference that follows every `refresh` steps.

    R1 replaced its reference by the newest policy every 400 steps (arXiv 2501.12948v2,
    the part on training details).
    """

    refresh: int = 20
    language: float = LANGUAGE  # weight of language consistency in the reward

    def __post_init__(self):
        super().__post_init__()
        limits.whole(self, "refresh")
        limits.not_negative(self, "language")


# A word in the other language costs its share of the words only, one in fifty say: the
# weight of the last stage is too gentle for that (docs/experiments.md).
DEV2 = RefreshedGRPO(
    steps=40, max_new_tokens=192, lr=4e-4, kl_coef=0.001, language=5 * LANGUAGE
)


@dataclass(frozen=True)
class Settings:
    """Everything that decides a run; `seed` moves all the random choices."""

    model: str = "tiny"
    pretrain: PretrainConfig = PretrainConfig()
    zero: GRPOConfig = GRPOConfig()
    cold: cold_start.Size = cold_start.Size()
    dev1: SFTConfig = SFTConfig(batch_size=24)
    dev2: RefreshedGRPO = DEV2
    samples: Sizes = Sizes()
    dev3: SFTConfig = SFTConfig(batch_size=24)
    reward_models: RewardModels = RewardModels()
    last: LastStage = LastStage()
    small: str = "student-qwen"  # the model that is distilled into
    student: PretrainConfig = PretrainConfig(steps=4_500)
    spoken: float = 0.0  # share of the web's thoughts on games in whole words
    distill: SFTConfig = SFTConfig(batch_size=24)
    point_every: int = 100  # base steps between points of the curve: mean loss, skills
    save_every: int = 500  # base steps between checkpoints
    sft_save_every: int = 20  # the same for fine-tuning
    rl_save_every: int = 5  # and for reinforcement learning
    look_every: int = 20  # steps of it between evaluations, with transcripts
    looks: int = 128  # valid problems of each family in such an evaluation
    tests: int = 256  # test problems of each game in the final table
    cards: int = 64  # and of every family on the scorecard
    seed: int = 0
    device: str = "cpu"

    def __post_init__(self):
        limits.one_of(self, PRESETS, "model", "small")
        limits.kind(self, PretrainConfig, "pretrain", "student")
        limits.kind(self, GRPOConfig, "zero")
        limits.kind(self, cold_start.Size, "cold")
        limits.kind(self, RefreshedGRPO, "dev2")
        limits.kind(self, SFTConfig, "dev1", "dev3", "distill")
        limits.kind(self, Sizes, "samples")
        limits.kind(self, RewardModels, "reward_models")
        limits.kind(self, LastStage, "last")
        limits.kind(self, str, "device")
        limits.whole(self, "point_every", "save_every", "sft_save_every")
        limits.whole(self, "rl_save_every", "look_every", "looks", "tests", "cards")
        limits.share(self, "spoken")
        limits.seed(self)
        if self.save_every % self.point_every:
            raise ValueError(
                f"save_every ({self.save_every}) must be a multiple of point_every "
                f"({self.point_every})"
            )


ROOM = 240  # tokens of a completion that thinks in whole words
SECOND = Settings(  # the recipe of the second edition
    spoken=0.35,
    cold=cold_start.Size(zero_hard=300, words=True),
    dev2=replace(DEV2, max_new_tokens=ROOM),
    samples=Sizes(max_new_tokens=ROOM, most_tokens=ROOM - 32),
    last=LastStage(rl=replace(LastStage().rl, max_new_tokens=ROOM)),
    student=PretrainConfig(steps=12_000),  # 4,500 were too few to add
)
_TINY_RL = {"steps": 6, "prompts": 4, "group_size": 8, "max_new_tokens": 48}
SETTINGS = {
    "tiny": Settings() if EDITION == FIRST else SECOND,
    "smoke": Settings(
        model="smoke",
        pretrain=PretrainConfig(steps=60, batch_size=8),
        zero=GRPOConfig(**_TINY_RL),
        cold=cold_start.SIZES["smoke"],
        dev1=SFTConfig(epochs=2, batch_size=8),
        dev2=RefreshedGRPO(**_TINY_RL, kl_coef=0.001, refresh=3),
        samples=rejection.SIZES["smoke"],
        dev3=SFTConfig(epochs=2, batch_size=8),
        reward_models=r1.SMOKE_MODELS,
        last=r1.SMOKE,
        small="student-qwen-small",
        student=PretrainConfig(steps=60, batch_size=8),
        distill=SFTConfig(epochs=2, batch_size=8),
        point_every=10,
        save_every=20,
        sft_save_every=2,
        rl_save_every=2,
        look_every=3,
        looks=2,
        tests=4,
        cards=2,
    ),
}


def settings(name: str, seed: int = 0, device: str = "cpu") -> Settings:
    """Return named settings with a seed, here and in every stage, and a device."""
    one_of("preset", name, SETTINGS)
    chosen, seeded = replace(SETTINGS[name], seed=seed), {}
    for config in {stage.config for stage in RECIPE} - {"cold", "samples"}:
        seeded[config] = replace(getattr(chosen, config), seed=seed)
    for config, inner in (("reward_models", "reward"), ("last", "rl")):
        both = {inner: replace(getattr(seeded[config], inner), seed=seed)}
        seeded[config] = replace(seeded[config], **both)
    return replace(chosen, device=device, **seeded)


def command(run: Settings, folder, stage: str = "") -> str:
    """The command that makes a run, or one stage of it, in a folder.

    >>> command(settings("smoke", 3), "runs/mine", "dev1")
    'python r1.py train --preset smoke --seed 3 --out runs/mine --stage dev1'
    """
    known = (name for name in SETTINGS if settings(name, run.seed, run.device) == run)
    parts = [f"--preset {next(known, run.model)}", f"--seed {run.seed}"]
    parts += [f"--device {run.device}"] if run.device != "cpu" else []
    parts += [f"--out {folder}"] + ([f"--stage {stage}"] if stage else [])
    return " ".join(["python r1.py train", *parts])
