"""Other engines behind our signatures: vLLM samples, `verifiers` holds the tasks.

vLLM and verl pin their own versions of torch, so each gets an environment of its own
(recipes/README.md), never this project's constraints. Their imports happen inside, and
a missing one is a line that says what to install.
"""

from importlib import import_module

from r1lib import rewards
from r1lib.sampling import Completion


def need(module: str, command: str):
    """Import an optional engine; ValueError with the command that installs it."""
    try:
        return import_module(module)
    except ModuleNotFoundError:
        raise ValueError(
            f"{module} is not installed: {command}, in an environment of its own"
        ) from None


class VLLM:
    """A folder of `hub.export_hf` under vLLM; `generate` as `sampling.generate`.

    Log-probabilities are those that were sampled from: at the temperature, which vLLM
    returns only in its mode "processed_logprobs". Its arithmetic is not the trainer's;
    chapter 16 measures what that does.
    """

    def __init__(self, folder, **settings):
        self.vllm = need("vllm", "pip install vllm")
        settings = {"logprobs_mode": "processed_logprobs", **settings}
        self.engine = self.vllm.LLM(str(folder), **settings)

    def generate(
        self,
        prompts: list[list[int]],
        *,
        max_new_tokens: int,
        temperature: float = 1.0,
        top_p: float = 1.0,
        stop_ids=(),
        seed: int | None = None,
        repeat: int = 1,
    ) -> list[Completion]:
        """Continue each prompt, `repeat` times each, group-major."""
        asked = self.vllm.SamplingParams(
            n=repeat,
            max_tokens=max_new_tokens,
            temperature=temperature,
            top_p=top_p,
            stop_token_ids=list(stop_ids),
            seed=seed,
            logprobs=0,  # of the sampled token alone
            detokenize=False,
        )
        inputs = [{"prompt_token_ids": list(ids)} for ids in prompts]
        found = self.engine.generate(inputs, asked, use_tqdm=False)
        return [completion(one) for row in found for one in row.outputs]


def completion(output) -> Completion:
    """Turn what vLLM returns into a Completion."""
    ids = list(output.token_ids)
    rows = zip(ids, output.logprobs, strict=True)
    logprobs = [row[token].logprob for token, row in rows]
    return Completion(ids, logprobs, output.finish_reason)


def table(problems: list) -> list[dict]:
    """Rows for TRL and `verifiers`: a conversation, and the number of the problem."""
    return [
        {"prompt": [{"role": "user", "content": p.prompt}], "answer": str(number)}
        for number, p in enumerate(problems)
    ]


def text_of(completion) -> str:
    """The text of a completion: itself, or the content of its last message."""
    return completion if isinstance(completion, str) else completion[-1]["content"]


def trl_reward(problems: list, reward=rewards.total):
    """A reward function for TRL's trainers: one number for each completion."""

    def scores(completions, answer, **_) -> list[float]:
        rows = zip(completions, answer, strict=True)
        return [reward(problems[int(number)], text_of(c)) for c, number in rows]

    return scores


def verifiers_environment(problems: list, reward=rewards.total):
    """An environment of Prime Intellect's `verifiers`: one question, one answer."""
    verifiers = need("verifiers", "pip install verifiers")
    datasets = import_module("datasets")

    def score(completion, answer, **_) -> float:
        return reward(problems[int(answer)], text_of(completion))

    rubric = verifiers.Rubric(funcs=[score])
    rows = datasets.Dataset.from_list(table(problems))
    return verifiers.SingleTurnEnv(dataset=rows, rubric=rubric)
