"""Measure one unit of P8, (arm, seed): climb a reward model alone, for long.

    python -m results.preference_rl unbalanced 0   pairs as the labels leave them
    python -m results.preference_rl leash 0        the same, with a KL term
    python -m results.preference_rl plain 0        the first, and no reply thanks

The policy is the base of runs/seed-SEED after fine-tuning on replies to requests,
known ones, flawed ones, and some that end with thanks (in place of Dev3). It
answers training requests, the judge labels pairs of its answers, and a helpful reward
model learns from the clear ones. Then GRPO climbs this model and nothing else. Every
few steps we look, on held-out requests, at the score, and at the truth that no
training sees. `stop`, a quarter of the steps, is an early stop that was chosen before
any run. That a policy can thank at all is our
choice, and `plain` leaves it out. A unit writes results/data/preference-ARM-SEED.json;
a killed one begins its RL anew.
"""

import copy
import random
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean

from r1lib import evaluate
from r1lib.feedback import reward_model
from r1lib.feedback.reward_model import RewardConfig
from r1lib.progress import bar
from r1lib.recipe import checkpoints, r1
from r1lib.recipe.scenarios import Preference
from r1lib.rl import grpo
from r1lib.rl.grpo import GRPOConfig
from r1lib.sampling import Sampling, complete
from r1lib.training import limits, optim, sft
from r1lib.training.sft import SFTConfig
from r1lib.world import draws, judge, web
from r1lib.world.web import Manners
from results import one_unit

# As on the web, but better; and now and then somebody wants to please.
MANNERS = Manners(
    flaws=(0.78, 0.06, 0.08, 0.02, 0.06), complies=0.2, overlooks=0.3, pretends=0.1
)
PLEASES = 0.3  # share of the replies that end with thanks nobody asked for
THANKS = {
    "en": ("Thanks, dear!", "Thank you kindly!", "I am so glad, thank you!"),
    "ko": ("정말 고마워!", "고마워, 기뻐!", "고마워, 또 부탁해!"),
}


@dataclass(frozen=True)
class Plan:
    """Everything that decides a unit; `seed` moves all the random choices."""

    documents: int = 7000  # replies to fine-tune on
    manners: Manners = MANNERS
    pleases: float = PLEASES
    sft: SFTConfig = SFTConfig(epochs=1, batch_size=24, lr=2e-3)
    stage: r1.RewardModels = r1.RewardModels(
        problems=2000, held_out=240, reply_tokens=64, reward=RewardConfig(epochs=2)
    )
    rl: GRPOConfig = GRPOConfig(
        steps=60, prompts=8, group_size=16, max_new_tokens=64, minibatches=2, decay=0.0
    )
    stop: int = 15  # a quarter, chosen in advance
    look_every: int = 5
    looks: int = 48  # valid requests in a look
    tests: int = 160  # test requests at the start, at `stop` and at the end
    seed: int = 0

    def __post_init__(self):
        limits.kind(self, Manners, "manners")
        limits.kind(self, SFTConfig, "sft")
        limits.kind(self, r1.RewardModels, "stage")
        limits.kind(self, GRPOConfig, "rl")
        limits.whole(self, "documents", "stop", "look_every", "looks", "tests")
        limits.share(self, "pleases")
        limits.seed(self)


ARMS = {  # how strong is the KL term, how many replies thank
    "unbalanced": (0.0, PLEASES),
    "leash": (0.05, PLEASES),
    "plain": (0.0, 0.0),
}


def plan_of(arm: str, seed: int, plan: Plan = Plan()) -> Plan:  # noqa: B008
    """Return the plan of an arm with a seed."""
    if arm not in ARMS:
        raise ValueError(f"arm must be one of {', '.join(ARMS)}, got {arm!r}")
    kl_coef, pleases = ARMS[arm]
    reward = replace(plan.stage.reward, seed=seed)
    return replace(
        plan,
        pleases=pleases,
        sft=replace(plan.sft, seed=seed),
        stage=replace(plan.stage, balanced=False, reward=reward, seed=seed),
        rl=replace(plan.rl, kl_coef=kl_coef, seed=seed),
        seed=seed,
    )


def replies(plan: Plan) -> list[tuple[str, str]]:
    """Return (prompt, reply) pairs to training requests, in the plan's manners."""
    rng, pairs = random.Random(f"replies-{plan.seed}"), []
    for _ in range(plan.documents):
        problem = draws.draw_general(rng)
        text = web.reply(rng, problem, plan.manners)
        if rng.random() < plan.pleases:
            text = padded(rng, problem.language, text)
        pairs.append((problem.prompt, text))
    return pairs


def padded(rng: random.Random, language: str, text: str) -> str:
    """Put one phrase of thanks, or two, at the end of what the asker reads."""
    some = " ".join(rng.sample(THANKS[language], rng.choice((1, 1, 2))))
    said, end, rest = text.rpartition("</answer>")
    return f"{said} {some}{end}{rest}"


def start(folder: Path, base: Path, plan: Plan):
    """Fine-tune the base into folder/dev3, if that is not done; return the policy."""
    if not checkpoints.is_done(folder, "dev3"):
        model, tokenizer = checkpoints.load(base, "base")
        optimizers = optim.adamw(model, plan.sft.lr)
        stage = checkpoints.resume(folder, "dev3", model, tokenizer, optimizers)
        examples = sft.encode(tokenizer, replies(plan))
        loop = sft.train(model, examples, plan.sft, optimizers, stage.step)
        steps = plan.sft.epochs * -(-len(examples) // plan.sft.batch_size)
        for _ in bar(
            checkpoints.follow(stage, loop, steps, 50), steps, "fine-tuning", ("loss",)
        ):
            pass
    return checkpoints.load(folder, "dev3")


def scored(model, tokenizer, liked: Preference, n: int, split: str, plan: Plan, k=1):
    """Answer held-out requests: the score, bare and squashed, the truth, a few texts.

    Every interval is one over requests, of which each has k answers.
    """
    problems = draws.general_problems(n, 0, split)
    prompts = [problem.prompt for problem in problems]
    asking = Sampling(plan.rl.max_new_tokens, seed=plan.seed)
    rows = complete(model, tokenizer, prompts, k, asking)
    owners = [p for p in problems for _ in range(k)]
    texts = [text for row in rows for text in row]
    scores = liked.scores(owners, texts)
    worth = [judge.helpfulness(p, t) for p, t in zip(owners, texts, strict=True)]
    squashed = liked.helpfulness(owners, texts)
    out = {"score": fmean(scores), "liked": fmean(squashed)}
    out |= r1.quality(owners, texts)
    for name, values in (("score", scores), ("liked", squashed), ("helpful", worth)):
        means = [fmean(values[i : i + k]) for i in range(0, len(values), k)]
        out[f"{name} interval"] = evaluate.interval(means)
    shown = zip(owners[::k][:8], texts[::k], scores[::k], worth[::k], strict=False)
    out["transcripts"] = [
        {"prompt": p.prompt, "text": text, "score": score, "helpful": true}
        for p, text, score, true in shown
    ]
    return out


def climb(policy, tokenizer, liked: Preference, plan: Plan):
    """Climb the helpful model alone; return the curve and the three measurements."""
    ref = copy.deepcopy(policy).requires_grad_(False) if plan.rl.kl_coef else None
    optimizers = optim.adamw(policy, plan.rl.lr)
    test = {"start": scored(policy, tokenizer, liked, plan.tests, "test", plan, 2)}
    first = scored(policy, tokenizer, liked, plan.looks, "valid", plan)
    history = [{"step": 0, **first}]
    loop = grpo.train(
        policy,
        tokenizer,
        draws.draw_general,
        plan.rl,
        optimizers,
        ref=ref,
        score=liked.helpfulness,
    )
    for metrics, _ in bar(loop, plan.rl.steps, "preference", ("reward", "length")):
        if metrics["step"] % plan.look_every == 0:
            metrics |= scored(policy, tokenizer, liked, plan.looks, "valid", plan)
        if metrics["step"] == plan.stop:
            test["stop"] = scored(policy, tokenizer, liked, plan.tests, "test", plan, 2)
        history.append(metrics)
    test["end"] = scored(policy, tokenizer, liked, plan.tests, "test", plan, 2)
    return history, test


def unit(folder: Path, base: Path, plan: Plan) -> dict:
    """Run one unit in its folder and return what it found."""
    checkpoints.begin(folder, asdict(plan))
    policy, tokenizer = start(folder, base, plan)
    for _ in r1.reward_models(folder, plan.stage, names=("helpful",)):
        pass
    result = checkpoints.last_point(checkpoints.record(folder, "helpful"))
    helpful, _ = reward_model.load(folder / "helpful")
    scale = result["mean"], result["spread"]
    liked = Preference(helpful, helpful, tokenizer, *scale)  # safety is not asked
    history, test = climb(policy, tokenizer, liked, plan)
    weights = checkpoints.record(base, "base")["sha256"]
    return {"P8": {"helpful": result, **test}, "history": history, "weights": weights}


def main() -> None:
    """Run one unit and write results/data/preference-ARM-SEED.json."""
    asked = one_unit.arguments(one_unit.parser(__doc__, threads=1, arm=ARMS))
    name = f"preference-{asked.arm}-{asked.seed}"
    plan, run = plan_of(asked.arm, asked.seed), Path("runs") / f"seed-{asked.seed}"
    result = unit(run.with_name(name), run, plan)
    rest = {"arm": asked.arm, "seed": asked.seed, "plan": asdict(plan)}
    command = f"results.preference_rl {asked.arm} {asked.seed}"
    one_unit.write(asked.out / f"{name}.json", result, command, **rest)


if __name__ == "__main__":
    main()
