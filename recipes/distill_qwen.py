"""Distillation as in R1: fine-tune a Qwen2.5 base on a teacher's traces.

    python -m recipes.distill_qwen --dry-run
    python -m recipes.distill_qwen --traces owner/name --prompt problem --completion r1
    python -m recipes.distill_qwen --smoke

Tier: gpu. The traces are a table of `datasets`, from the Hub or a folder: by default
the table of chapter 12 that the book ships, whose answers were checked. Other tables
are taken as they are. Licences are those of the model and of the table.
"""

from r1lib import artifacts
from r1lib.files import line
from r1lib.traces import tables
from r1lib.training import optim, sft
from recipes import common, plan

SETTINGS = sft.SFTConfig(epochs=2, batch_size=64, lr=1e-5, micro_tokens=8192)
SMOKE = sft.SFTConfig(epochs=1, batch_size=4, lr=1e-3)
TRACES, LENGTH = 17_000, 4000  # of Sky-T1, for the plan: traces, tokens in each
LONGEST = 8192


def pairs(asked) -> list[tuple[str, str]]:
    """(prompt, completion) of each trace."""
    if asked.traces is None:
        rows = tables.load(artifacts.path("samples-tiny"))
        rows = rows[:8] if asked.smoke else rows
        return [(row["prompt"], row["completion"]) for row in rows]
    import datasets

    try:
        found = datasets.load_dataset(asked.traces, split=asked.split)
        return list(zip(found[asked.prompt], found[asked.completion], strict=True))
    except Exception as error:  # no network, no table, no such column
        raise ValueError(f"{asked.traces} was not read: {line(error, 200)}") from error


def examples(tokenizer, given, longest: int) -> list[sft.Example]:
    """Ids of prompt and completion; only the completion and its end are learned.

    Traces of more than `longest` tokens are left out: a cut one has no answer.
    """
    found = []
    for prompt, completion in given:
        ids = tokenizer.prompt(prompt)
        wrote = [*tokenizer.encode(completion, allow_special=True), tokenizer.eos]
        mask = [False] * len(ids) + [True] * len(wrote)
        found.append(sft.Example(ids + wrote, mask))
    fit = [example for example in found if len(example.ids) <= longest]
    if not fit:
        raise ValueError(f"no trace of {len(found)} has at most {longest} tokens")
    print(f"{len(fit):,} traces, {len(found) - len(fit):,} left out as too long")
    return fit


def main() -> None:
    """Plan, or fine-tune."""
    made = common.parser(__doc__, "Qwen/Qwen2.5-1.5B", "distill-qwen")
    made.add_argument("--traces", help="owner/name or a folder of a datasets table")
    made.add_argument("--split", default="train")
    made.add_argument("--prompt", default="prompt", help="column of the question")
    made.add_argument("--completion", default="completion", help="column of the trace")
    asked = made.parse_args()
    if asked.dry_run:
        tokens, c = TRACES * LENGTH * SETTINGS.epochs, common.preset_of(asked.model)
        title = f"SFT of {asked.model} on {TRACES:,} traces of {LENGTH:,} tokens"
        at_once = SETTINGS.micro_tokens
        print(plan.training(title, c, tokens, LENGTH, at_once, asked.gpu).text())
        return
    config = SMOKE if asked.smoke else SETTINGS
    student, tokenizer, folder = common.start(asked, common.CHAT)
    longest = min(LONGEST, student.config.max_positions)
    given = examples(tokenizer, pairs(asked), longest)
    loop = sft.train(student, given, config, optim.adamw(student, config.lr))
    steps = -(-len(given) // config.batch_size) * config.epochs
    history = common.follow(loop, steps, "sft", ("loss",), student)
    common.finish(asked, student, tokenizer, folder, history)


if __name__ == "__main__":
    common.run(main)
