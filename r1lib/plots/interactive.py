"""Parts of the book to play with: change a text or a slider, and see what follows.

Each function returns a `Panel`, which a cell shows as its last value. Its controls need
a running kernel. Everywhere else, in a viewer of files, on the site or on paper, the
same output is HTML: the panel as it begins. Chapters 02, 03, 04 and 08 have one each.
"""

import copy
import math
from functools import lru_cache

import torch
from ipywidgets import HTML, Checkbox, FloatSlider, IntSlider, Layout, Text, VBox
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup
from matplotlib.colors import LinearSegmentedColormap, to_hex

from r1lib import artifacts, sampling
from r1lib.files import printable
from r1lib.losses import token_logprobs
from r1lib.model.moe import watch_routers
from r1lib.plots.style import INK, ORANGE, PAPER, SKY
from r1lib.rl.grpo import grpo_loss
from r1lib.tokenizer import EOS, FIRST_BYTE, SPECIAL
from r1lib.training import optim

VIEW = "application/vnd.jupyter.widget-view+json"
PALE = ("#cce3f0", "#f7dfcc", "#ccece3", "#f5e4ed")
SHADES = LinearSegmentedColormap.from_list("signed", (ORANGE, PAPER, SKY))
PAGES = Environment(autoescape=True, undefined=StrictUndefined)
TEXT = PAGES.from_string(
    """<p role="status">{{ said }}</p><p style="line-height:2.2">
{%- for piece, below, colour in pieces %}
<code style="background:{{ colour }};color:{{ ink }};border:1px solid;padding:2px">
{{- piece }}</code> <sub>{{ below }}</sub>{% endfor %}</p>""",
    globals={"ink": INK},
)
TABLE = PAGES.from_string("""<div style="overflow-x:auto">
<table cellpadding="4" style="white-space:pre-wrap;line-height:1.4">
<caption style="caption-side:top;text-align:left">{{ said }}</caption>
<tr>{% for name in head %}<th scope="col">{{ name }}</th> {% endfor %}</tr>
{%- for row in rows %}
<tr><th scope="row" style="text-align:left;font-weight:normal">{{ row[0] }}</th>
{%- for text, style in row[1:] %}
<td style="{{ style }}">{{ text }}</td>{% endfor %}</tr>{% endfor %}</table></div>""")
HINT = "<p><i>Run this cell in Jupyter, and controls appear here.</i></p>"
shipped = lru_cache(maxsize=2)(artifacts.load)  # name -> (model, tokenizer)


class Panel:
    """Controls, and below them the page of HTML that `draw` makes of their values.

    A ValueError of `draw` takes the place of the page, as a sentence.
    """

    def __init__(self, draw, **controls):
        self.draw, self.controls, self.page = draw, controls, HTML()
        for name, control in controls.items():
            control.description = name.replace("_", " ")
            control.style.description_width = "7em"
            control.observe(self.update, "value")
        self.box = VBox([*controls.values(), self.page])
        self.update()

    def update(self, _change=None) -> None:
        """Draw the page again."""
        values = {name: control.value for name, control in self.controls.items()}
        try:
            self.page.value = self.draw(**values)
        except ValueError as problem:
            self.page.value = TEXT.render(said=f"Not possible: {problem}", pieces=())

    def _repr_mimebundle_(self, include=None, exclude=None) -> dict:
        """The live panel; for viewers without a kernel, the page as it is now."""
        view = {"version_major": 2, "version_minor": 0, "model_id": self.box.model_id}
        plain = Markup(self.page.value).striptags()
        return {VIEW: view, "text/html": self.page.value + HINT, "text/plain": plain}


def tokens(tokenizer, text: str) -> Panel:
    """A text as its tokens: coloured pieces with their ids, and how many they are."""

    def draw(text, allow_special):
        ids = tokenizer.encode(checked(text, 300), allow_special)
        said = f"{len(text)} characters, {len(text.encode())} bytes, {len(ids)} tokens"
        pieces = [(spelled(tokenizer, i), i, PALE[n % 4]) for n, i in enumerate(ids)]
        return TEXT.render(said=said, pieces=pieces)

    return Panel(draw, text=line(text), allow_special=Checkbox(value=False))


def next_token(name: str, prompt: str, answer: str = "") -> Panel:
    """The likeliest next tokens of a shipped model, and what it goes on to write.

    `answer` is how the answer begins; special tokens are allowed in it.
    """

    @torch.no_grad()
    def draw(prompt, answer, temperature, top_p, seed):
        model, tokenizer = shipped(name)
        opening = tokenizer.encode(answer, allow_special=True)
        ids = tokenizer.prompt(checked(prompt, 200)) + opening
        (written,) = sampling.generate(
            model,
            [ids],
            max_new_tokens=48,
            temperature=temperature,
            top_p=top_p,
            stop_ids=(EOS,),
            generator=torch.Generator().manual_seed(seed),
        )
        logits = model(torch.tensor([ids]))[:, -1]
        logp = (logits / max(temperature, 1e-6)).log_softmax(-1)
        chances = sampling.keep_top_p(logp, top_p).softmax(-1)[0].tolist()
        best = [(i, chances[i]) for i in logits[0].topk(8).indices.tolist()]
        rows = [(spelled(tokenizer, i), (f"{p:.1%}", bar(p))) for i, p in best]
        said = f"{name} writes: {answer}{sampling.to_text(tokenizer, written)}"
        return TABLE.render(said=said, head=("next token", "probability"), rows=rows)

    return Panel(
        draw,
        prompt=line(prompt),
        answer=line(answer),
        temperature=slider(1.0, 0.0, 3.0, 0.1),
        top_p=slider(1.0, 0.05, 1.0, 0.05),
        seed=slider(0, 0, 20),
    )


def experts(name: str, text: str) -> Panel:
    """Which experts of a layer each token of a text goes to, and with what weight."""

    @torch.no_grad()
    def draw(text, layer):
        model, tokenizer = shipped(name)
        ids = tokenizer.prompt(checked(text, 60))
        with watch_routers(model) as seen:
            model.hidden(torch.tensor([ids]))
        if (place := f"layers.{layer}.ffn") not in seen:
            raise ValueError(f"layer {layer} of {name} has no experts")
        chosen, weights = model.layers[layer].ffn.choose(seen[place][0])
        shares = weights / weights.sum(1, keepdim=True)
        table = torch.zeros_like(seen[place][0]).scatter(1, chosen, shares)[2:-1]
        rows = [
            (e, *((f"{w:.2f}" if w else "", tint(w)) for w in row))
            for e, row in enumerate(table.T.tolist())
        ]
        names = [spelled(tokenizer, i) for i in ids[2:-1]]  # without the frame
        said = f"Layer {layer} of {name}: the experts of each token, and their weights"
        return TABLE.render(said=said, head=("expert", *names), rows=rows)

    return Panel(draw, text=line(text), layer=slider(1, 0, 3))


def grpo_steps(model, tokenizer, batch, advantages, group=0, steps=0) -> Panel:
    """How likely the completions of a group are, after some steps of GRPO on it.

    `batch` is a rollout of groups of eight; each group begins from `model` again. The
    sliders begin at `group` and `steps`.
    """
    runs = {}

    def draw(group, steps):
        rows = slice(8 * group, 8 * group + 8)
        ids, mask, gain = batch.ids[rows], batch.mask[rows], advantages[rows]
        if group not in runs:
            runs[group] = learn(model, ids, mask, batch.old_logprobs[rows], gain), []
        loop, seen = runs[group]
        while len(seen) <= steps:
            seen.append(next(loop))
        texts, paid = batch.texts[rows], batch.rewards[rows].tolist()
        found = zip(texts, paid, gain.tolist(), seen[0], seen[steps], strict=True)
        table = [
            (text, (f"{r:.1f}", ""), (f"{a:+.2f}", tint(a)), odds(p), odds(q, q - p))
            for text, r, a, p, q in found
        ]
        asked = tokenizer.decode(ids[0][: mask[0].int().argmax()])
        said = f"Probability before any step, and after {steps}: {asked}"
        head = ("completion", "reward", "advantage", "before", "after")
        return TABLE.render(said=said, head=head, rows=table)

    last = len(batch.rewards.view(-1, 8)) - 1
    return Panel(draw, group=slider(group, 0, last), steps=slider(steps, 0, 8))


def learn(model, ids, mask, old_logprobs, advantages):
    """Yield log p of each completion, before and after each step of GRPO on them."""
    policy = copy.deepcopy(model)
    optimizers = optim.adamw(policy, lr=6e-4)
    while True:
        logprobs = token_logprobs(policy(ids), ids, mask=mask)
        yield logprobs.detach().sum(1).tolist()
        loss, _ = grpo_loss(logprobs, old_logprobs, advantages, mask)
        loss.backward()
        optim.guarded_step(policy, optimizers)


def checked(text: str, most: int) -> str:
    """A text as it is; one that is empty or too long is a ValueError."""
    if not text.strip() or len(text) > most:
        raise ValueError(f"wanted a text of 1 to {most} characters, got {len(text)}")
    return text


def spelled(tokenizer, i: int) -> str:
    """A token as one can see it: a space as a box, bytes that are no text in hex."""
    text = SPECIAL[i].encode() if i < FIRST_BYTE else tokenizer.bytes_of[i]
    return printable(text.decode("utf-8", "backslashreplace")).replace(" ", "␣")


def tint(value: float) -> str:
    """A background for a number: blue above 0, orange below, darkest at 1 and -1."""
    if value == 0:
        return ""
    place = 0.5 + 0.35 * max(-1.0, min(1.0, value))
    return f"background:{to_hex(SHADES(place))};color:{INK}"


def odds(logp: float, change: float = 0.0) -> tuple[str, str]:
    """A cell with a probability, tinted by the change of its logarithm."""
    chance = f"1 in {math.exp(-logp):,.0f}" if logp > -14 else "1 in over a million"
    return chance, tint(change)


def bar(share: float) -> str:
    """A background as a bar of that length."""
    edge = f"linear-gradient(90deg,{SKY} {share:.0%},{PAPER} 0)"
    return f"background:{edge};color:{INK};min-width:14em;text-align:left"


def line(text: str) -> Text:
    """A line to type in; the panel changes at Enter."""
    return Text(value=text, continuous_update=False, layout=Layout(width="90%"))


def slider(value: float, low: float, high: float, step: float = 1):
    """A slider, of whole numbers if `step` is one; the panel changes at its release."""
    kind = IntSlider if isinstance(step, int) else FloatSlider
    return kind(value=value, min=low, max=high, step=step, continuous_update=False)
