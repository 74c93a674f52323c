"""The models that `chat` talks to, shipped or trained, and their answers in pieces."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from r1lib import artifacts, hub, sampling
from r1lib.files import SHOWN, line, shown
from r1lib.model.transformer import Transformer
from r1lib.problem import Problem, draw
from r1lib.recipe import checkpoints
from r1lib.tokenizer import EOS, Tokenizer
from r1lib.tokenizer.chat import CLOSE, OPEN
from r1lib.world import arithmetic, countdown

MODELS = ("r1", "dev3", "dev2", "dev1", "zero", "base", "distill", "student")
COMPARED = ("base", "zero", "r1")
GAMES = (countdown.sample, arithmetic.sample)


@dataclass(frozen=True)
class Talker:
    """A model with its tokenizer, and the name that a person knows it by."""

    name: str
    model: Transformer
    tokenizer: Tokenizer

    @property
    def weights(self) -> int:
        return sum(parameter.numel() for parameter in self.model.parameters())


def load(asked: str) -> Talker:
    """Find a model by its stage, the name of an artifact, or a folder.

    The folder of a run gives the last model of the recipe that is finished there.
    """
    known = artifacts.manifest()
    for name in (asked, f"{asked}-tiny"):
        if name in known:
            return Talker(asked, *hub.load_model(artifacts.path(name)))
    folder = Path(asked)
    if not folder.is_dir():
        raise ValueError(
            f"wanted the folder of a model or of a run, or one of {', '.join(MODELS)}; "
            f"got {shown(asked)}"
        )
    if (folder / "settings.json").exists():
        folder /= finished(folder)[0]
    name = line(folder.name, SHOWN) or "model"
    return Talker(name, *hub.load_model(folder))


def finished(run: Path) -> list[str]:
    """The models that a run has finished, the last of the recipe first."""
    found = [stage for stage in MODELS if checkpoints.is_done(run, stage)]
    if not found:
        raise ValueError(f"{run} has no finished model yet: python r1.py train")
    return found


def compared(asked: str | None) -> list[str]:
    """What `--compare` loads: base, zero and r1, shipped or of a run."""
    if asked is None:
        return list(COMPARED)
    run = Path(asked)
    if not (run / "settings.json").exists():
        raise ValueError(f"--compare wants the folder of a run, got {shown(asked)}")
    there = finished(run)
    return [str(run / stage) for stage in COMPARED if stage in there]


class Answer:
    """One answer while it is written: iterate over its pieces, (text, is it thinking).

    ValueError if the question leaves no room for an answer, or is not text.
    """

    def __init__(self, talker: Talker, question: str, number: int, temperature: float):
        self.tokenizer = talker.tokenizer
        prompt = talker.tokenizer.prompt(question)
        self.most = talker.model.config.max_positions
        if len(prompt) >= self.most:
            raise ValueError(
                f"a question of {len(prompt)} tokens is too long: {talker.name} reads "
                f"at most {self.most}, with its answer"
            )
        self.text, self.tokens, self.thinking, self.ended = "", 0, 0, False
        self.ids = sampling.stream(
            talker.model,
            prompt,
            max_new_tokens=self.most - len(prompt),
            temperature=temperature,
            top_p=0.95 if temperature else 1.0,
            stop_ids=(EOS,),
            generator=sampling.chunk_generator(talker.model, 0, number),
        )

    def __iter__(self) -> Iterator[tuple[str, bool]]:
        """A letter that several tokens make up comes whole."""
        opening, closing = (self.tokenizer.special_ids[tag] for tag in (OPEN, CLOSE))
        waiting, inside = [], False
        for token in self.ids:
            self.tokens += 1
            if token == EOS:
                self.ended = True
                break
            inside = inside or token == opening
            self.thinking += inside
            waiting.append(token)
            text = self.tokenizer.decode(waiting)
            if not text.endswith("\ufffd"):
                yield self.said(text), inside
                waiting = []
            inside = inside and token != closing
        if waiting:
            yield self.said(self.tokenizer.decode(waiting)), inside

    def said(self, text: str) -> str:
        self.text += text
        return text

    def note(self, problem: Problem | None) -> str:
        """Say how long the answer is, and whether it solves the problem asked."""
        parts = [f"{self.tokens} tokens"]
        if self.thinking:
            parts.append(f"{self.thinking} of them thinking")
        if not self.ended:
            parts.append(f"cut off: no room after {self.most}")
        if problem is not None:
            parts.append("right" if problem.check(self.text) else "wrong")
        return f"[{', '.join(parts)}]"


def drawn(seed: int) -> Iterator[Problem]:
    """Problems that no model has seen in training, in either language, for ever."""
    rng = random.Random(seed)
    while True:
        yield draw(rng.choice(GAMES), rng, "test")
