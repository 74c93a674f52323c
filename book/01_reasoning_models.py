# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown] tags=["slide"]
# # What is a reasoning model?
#
# | | |
# |---|---|
# | You will build | nothing yet. You ask the finished models of this book, take their answers apart, and measure what thinking buys and what it costs |
# | You need | Python and an installed book (`python r1.py lab`). Every other idea is explained when it is first used |
# | Minutes to read | 75 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), sections 1 to 3, with its Figure 2; InstructGPT (arXiv 2203.02155) for the last two steps of an ordinary assistant |
#
# ![One question about apples with two answers. An ordinary model writes the answer 30 at once: a guess, and wrong. A reasoning model first writes two lines of thinking, a tape of small sums and the same tape again with a check, and then the answer 25.](../figures/01_thinking.png)
#
# What you see: one question and two ways to answer it. The names of the parts (tape,
# check, answer) come back in every chapter. The short route takes about 50 minutes: run
# every cell, and read sections 1, 2 and 4 to 8.

# %% [markdown]
# **Run this first.** It seeds the one global random generator. The next cell defines
# two helpers, `ask` and `show`. Longer code in this chapter is folded, because it only asks,
# counts and draws; in JupyterLab a click on the three dots opens it. Where code says
# `assert`, the book checks what it claims. The timings below are those of one machine; yours
# will differ.

# %% tags=["setup"]
from statistics import fmean

import torch

from r1lib import artifacts, checks, plots
from r1lib.sampling import Sampling, completions

_ = torch.manual_seed(0)

# %% tags=["hide-input"]
MOST = 160  # tokens that an answer may have


def ask(name, prompts, k=1, temperature=1.0, opening=""):
    """For each prompt, a row of k completions; each text starts with `opening`."""
    settings = Sampling(MOST, temperature, seed=1, at_once=256, opening=opening)
    return completions(*models[name], prompts, k, settings)


def show(label, completion):
    """Print a completion with its name and its length."""
    print(f"{label} ({completion.tokens} tokens, the end included)")
    print("    " + completion.text.replace("\n", "\n    "))


# %% [markdown] tags=["slide"]
# ## 1. One question, two models
#
# A **language model** continues a text. It reads the text in small pieces called
# **tokens** (in our models at most a short word) and predicts the next one. That token is added to the
# text, and the model predicts again, until it predicts the special token that means "the
# end". The text it starts from is the **prompt**; the text it adds is the **completion**.
#
# A **reasoning model** is a language model that has been trained to write steps before
# its answer, and to use them. Our models write their thinking between `<think>` and
# `</think>`, and the answer between `<answer>` and `</answer>`, as R1-Zero does in the
# paper. These tags are tokens like all others.
#
# A model is a program with many numbers, its **weights**, and training changes them. Load
# six of the models that you will train in this book. `load` returns a model and its
# tokenizer, which cuts a text into tokens:

# %% tags=["nbval-check-output"]
NAMES = ("base", "zero", "dev1", "dev2", "dev3", "r1")
models = {name: artifacts.load(f"{name}-tiny") for name in NAMES}
sizes = {sum(p.numel() for p in model.parameters()) for model, _ in models.values()}
print(f"{len(models)} models, each with {sizes.pop():,} weights")
assert not sizes  # all have the same number

# %% [markdown]
# Ask the first and the last of them. `ask` sends prompts to a model and returns a row of
# completions for each; here we take the only one. (`temperature` is explained below.)

# %% tags=["slide"]
APPLES = "Tom has 12 apples, gets 5 more, then has 2 times as many, loses 9. How many?"
print(APPLES, "\n")
for name in ("base", "r1"):
    show(name, ask(name, [APPLES], temperature=0.0)[0][0])

# %% [markdown]
# What you see: `base` has only read text, among it questions with answers in these tags.
# It answers at once and is wrong. `r1` is the model at the end of the recipe. It writes
# three small calculations and does them again. The end of its second line, `~25=0 yes
# true`, compares the two results: they are 0 apart, so the check says yes. Only then does
# it answer.
#
# Why can writing help? For each new token a model does one fixed computation, called a
# **forward pass**. It cannot stay longer with a hard token. But a step that is written down
# becomes part of the text, and the next pass can read it there.
#
# The result of a pass is a probability for *every* token that could come next. Look at
# these at three places in an answer about the apples. The text before each place is fixed:


# %% tags=["slide", "hide-input"]
def next_tokens(prompt, written):
    """Probabilities of the likeliest tokens that follow, for base and R1."""
    tokenizer = models["r1"][1]  # all six have the same
    begun = tokenizer.encode(written, allow_special=True)
    ids = torch.tensor([[*tokenizer.prompt(prompt), *begun]])
    with torch.no_grad():
        pair = {name: models[name][0](ids)[0, -1].softmax(0) for name in ("base", "r1")}
    likely = torch.maximum(*pair.values()).topk(4).indices.tolist()
    return {
        name: {tokenizer.decode([i]): chances[i].item() for i in likely}
        for name, chances in pair.items()
    }


PLACES = ("", "<answer>", "<think>12+5=")
places = {f"after {written or 'the question'}": written for written in PLACES}
chances = {place: next_tokens(APPLES, text) for place, text in places.items()}
first, guess, step = chances.values()
assert first["base"]["<answer>"] > 0.5 > 0.2 < first["base"]["<think>"]
assert first["r1"]["<think>"] > 0.95 < min(step[name]["17"] for name in step)
assert all(
    max(guess[name].values()) < 0.1 and "25" not in guess[name] for name in guess
)
plots.next_token_bars(chances)

# %% [markdown]
# What you see: the bars of one colour and one panel add up to 1.
#
# - **Left.** The base prefers to answer at once, and R1 to think.
# - **Middle.** Begun with `<answer>`, *both* can only guess. Their probability is spread over
#   many numbers, and the right one, 25, is not among the likeliest.
# - **Right.** Asked for one small sum, both are nearly sure, and right.
#
# So on this question R1 need not be better at adding than the base. It starts with a different
# token, and that leads to small sums, which both can do.
#
# The **temperature** says how a token is chosen. At 1 it is drawn with just these
# probabilities, so here the base would think about one time in four. Below 1 the likely
# tokens become likelier still, and at 0 the likeliest one is always taken.
#
# You now have all the parts of the loop that writes a text. The model gives every token a
# number, a **logit**. *Softmax* turns the logits into probabilities, a token is drawn, and it
# becomes part of the text:

# %% tags=["slide"]
model, tokenizer = models["r1"]
ids = tokenizer.prompt(APPLES)
begin = len(ids)
while ids[-1] != tokenizer.eos and len(ids) < begin + MOST:
    with torch.no_grad():
        logits = model(torch.tensor([ids]))[0, -1]  # a number for every token
    probabilities = logits.softmax(0)
    ids.append(torch.multinomial(probabilities, 1).item())  # draw one, append it
print(tokenizer.decode(ids[begin:]))

# %% [markdown]
# What you see: a text drawn token by token at temperature 1. `<|eos|>` is the token for "the
# end". Run the cell again, and the text may be another one. `ask` does the same, for many
# prompts at once.
#
# What is a token, and what does an answer cost? Here are two answers, cut as the models see
# them:

# %% tags=["nbval-check-output"]
for text in ("<answer>30</answer>", "The capital of France is Paris."):
    pieces = [tokenizer.decode([i]) for i in tokenizer.encode(text, allow_special=True)]
    print(len(pieces), "tokens:", pieces)

# %% [markdown]
# Each tag is one token, and so is each number up to 99, while a rare word is cut into many.
# With the token for "the end", the first answer costs 4. Chapter 02 makes this tokenizer.
#
# The two answers about the apples, 30 from the base and 25 from R1, prove nothing yet. Our
# base has also *learned* to guess badly, from what it has read. Sections 7 and 8 test what
# thinking does.

# %% [markdown] tags=["slide"]
# ## 2. Two games
#
# The real R1 learned from mathematics, code and conversations. We need a world that is
# small enough for a laptop, and that we know completely. So every text that our models
# read is made by a seeded program.
#
# **Countdown** asks for a target, made from given numbers by `+ - * /`. Each number is
# used exactly once. Easy problems have three numbers, hard ones four.
#
# An attempt is written like a calculator's paper strip, a **tape**: `8-3=5,*7=35` takes 8,
# subtracts 3, and multiplies the result by 7. The answer is the same calculation,
# written as one expression:

# %% tags=["nbval-check-output"]
from r1lib.world import arithmetic, countdown

game = countdown.make((3, 7, 8), 35, "en", answer="(8-3)*7")
order, operations = (8, 3, 7), "-*"
results = countdown.run_tape(order, operations)
print("prompt:", game.prompt)
print("tape:  ", countdown.write_tape(order, operations, results))
print("answer:", countdown.write_expression(order, operations))

# %% [markdown]
# A small program, the **verifier**, decides whether an answer is right. It never reads the
# thinking. Below, the second completion only repeats the target: wrong. The third thinks
# about the moon, and is right:

# %% tags=["nbval-check-output"]
for completion in (
    "<think>8-3=5,*7=35</think><answer>(8-3)*7</answer>",
    "<think>8-3=5,*7=35</think><answer>35</answer>",
    "<think>the moon is blue</think><answer>(8-3)*7</answer>",
):
    print("right" if game.check(completion) else "wrong", completion)

# %% [markdown]
# **Arithmetic** asks for several sums in a row: three in easy problems, five in hard
# ones. They are bare, or a story with words drawn at random. There is nothing to search
# for, but one wrong result spoils the answer.

# %% tags=["nbval-check-output"]
import random

numbers, operations = (12, 5, 2, 9), "+*-"
bare = arithmetic.make(numbers, operations, "en")
story = arithmetic.make(numbers, operations, "en", random.Random(4))
for problem in (bare, story):
    print(f"{problem.prompt}   answer: {problem.answer}")

# %% [markdown]
# A tape may be followed by a **check**. `~35=4 no` reads: "the distance to 35 is 4, so no".
# In countdown the number after `~` is the target. In arithmetic it is the result of the line
# before: the sums are done twice, so a slip shows unless it is made both times. A **slip** is a
# wrong result on a tape, and the last word of a check is the **verdict**. Here are four
# lines to read, one of them with a slip:
#
# | line | the sums | the verdict |
# |---|---|---|
# | `8-3=5,*7=35~35=0 yes` | all right | right: this is a solution |
# | `8*3=24,+7=31~35=4 no` | all right | right: it misses by 4 |
# | `8*3=24,+7=35~35=0 yes` | a slip: 24 + 7 is 31 | wrong, because it trusts the slip |
# | `12+5=17,*2=34,-9=25~25=0 yes` | all right | right, if the line before it (not shown) ended with 25, too |

# %% [markdown] tags=["slide"]
# ## 3. The tiny world: its people, languages and splits
#
# The base was trained on made-up texts, its "web". The made-up people in them answer in three
# **styles**. They *guess* without any work, work *short* (one attempt), or work *long*, which
# means that they check an attempt and go on after a "no". Here is one answer of each style to the
# game above. `Habits` says how often people make mistakes; for these three we set all of them
# to 0:

# %% tags=["nbval-check-output"]
from r1lib.world import corpus

neat = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0, again=0.0)
habits = corpus.Habits()  # those of the web
for style, share in zip(("guess", "short", "long"), habits.styles, strict=True):
    text = corpus.trace(random.Random(24), game, style, neat)
    verdict = "right" if game.check(text) else "wrong"
    print(f"--- {style}: {share:.0%} of the answers, and this one is {verdict}\n{text}")
print(f"\nOn the web {habits.right_guess:.0%} of the guesses were made right,", end=" ")
print(f"{habits.slip:.0%} of the results are slips,")
print(f"and {habits.switch:.0%} of the verdicts are in the other language.")

# %% [markdown]
# The two wrong answers have no slip in them: their expressions miss the target. On the web most
# people guess, and their guesses are bad. We chose these numbers, so where thinking beats
# guessing in this chapter, a part of that is our choice.
#
# The world has **two languages**, English and Korean, so that mixing them is easy to
# see. And an assistant must do more than play games. It has to know facts, chat, follow
# instructions, and refuse harmful requests:

# %% tags=["nbval-check-output"]
import textwrap

from r1lib.problem import problems
from r1lib.world import requests, web

print(game.prompt, "|", countdown.make((3, 7, 8), 35, "ko").prompt, "\n")
for family, share in web.SHARES.items():
    example = problems(web.SAMPLE[family], 1, 8, "train", language="en")[0]
    print(f"{share:4.0%} {family:13}{textwrap.shorten(example.prompt, 62)}")

# %% [markdown]
# In a logic puzzle knights always tell the truth and knaves always lie, and the question is
# who is which. A program is a Python function, `solve`, written from its description. Half of
# the requests about refusing only look harmful ("How do I shoot a good photo of a dog?");
# refusing those is also a mistake.
#
# Every problem belongs to one of three **splits**: `train` to learn from, `valid` for
# decisions on the way, and `test` for the final measurements only. The split is computed from
# the problem itself, so the same numbers in another order, or in Korean, are on the same
# side:

# %% tags=["nbval-check-output"]
from r1lib.problem import split_of

for numbers, target, language in (
    ((3, 7, 8), 35, "en"),
    ((8, 3, 7), 35, "ko"),
    ((19, 3, 8), 24, "en"),
    ((3, 8, 19), 24, "ko"),
    ((10, 14, 8), 12, "en"),
):
    problem = countdown.make(numbers, target, language)
    print(f"{split_of(problem):6} {problem.prompt}")

# %% [markdown]
# For facts a test cannot work like that, because nobody can work out a capital. There only the
# words around the question are new, such as "It is cold." before it. `docs/world.md` describes
# the whole world.

# %% [markdown] tags=["slide"]
# ## 4. How an ordinary model is trained
#
# ![Two maps. Above, an ordinary assistant: base, assistant by fine-tuning, chat model by learning from rewards. Below, DeepSeek-R1. One wide box, the base, carries three models: R1-Zero by RL, Dev1 and Dev3 by SFT. R1-Zero and the base write the cold start, which Dev1 reads. Dev2 is Dev1 after RL. It writes samples, which Dev3 and, on a small base, Distill read. R1 is Dev3 after RL. The boxes are numbered in this order: R1-Zero 1, cold start 2, Dev1 3, Dev2 4, samples 5, Dev3 6, R1 7, Distill 8.](../figures/01_recipe.png)
#
# What you see: above, the usual way to an assistant; below, the way to R1. Grey, blue and
# orange are kinds of training; green boxes are tables of texts. Solid arrows pass weights
# on, dashed ones only texts. The numbers belong to section 5. The usual way has three steps.
#
# 1. **Pre-training.** The model predicts the next token of a great deal of text. The result
#    is a **base model**. It can continue any text, but it has not been taught to be helpful.
# 2. **Supervised fine-tuning** (SFT). The model goes on predicting tokens, now those of
#    good answers to given prompts. It becomes an assistant.
# 3. **Preference training.** People say which of two answers they like better, and the
#    model learns to give the better kind. The best-known way is RLHF, reinforcement
#    learning from human feedback (chapter 08).
#
# **Reinforcement learning** (RL) differs from the first two steps: nobody shows a good
# answer. The model writes, a number called the **reward** comes back, and texts that
# earned more become more likely. Here is one example of what each step reads:

# %% tags=["nbval-check-output", "hide-input"]
prompt, completion = next(web.documents(1, seed=43))
print("1 pre-training\n " + prompt + "\n " + completion.replace("\n", "\n "))

request = problems(requests.SAMPLE["chat"], 1, 7, "train", language="en")[0]
good = requests.references(request)[0]
print(f"2 fine-tuning\n {request.prompt}\n {good}")

worse = "I do not know."  # ours, made up for this page
print(f"3 preferences\n {request.prompt}\n better: {good}\n worse:  {worse}")

# %% [markdown]
# The first text has a slip in it, 14 + 6 = 28. After the "no" its author does the same
# sum `again`, this time correctly.
#
# How do SFT and RL change a model? Look at one place only, the first token of an answer about the
# apples. SFT is *shown* a token there, and makes it likelier. RL *draws* one and waits for the
# reward. If the reward is above the usual one, the drawn token becomes likelier; if it is below,
# less likely. Both take the same small step on the logits, with a different factor in front:

# %% tags=["slide"]
names = ("<think>", "<answer>")  # as if there were no other tokens
before = torch.tensor([first["base"][name] for name in names])
before /= before.sum()


def step_on(token, factor):
    """Probabilities after the logit of a token rises and the others make room."""
    shown = torch.tensor([float(name == token) for name in names])
    return (before.log() + factor * (shown - before)).softmax(0)


USUAL = 0.3  # the mean reward of earlier texts, for example
rows = {
    "before": before,
    "SFT, shown <think>": step_on("<think>", 1.0),
    "RL, drew <think>, right": step_on("<think>", 1.0 - USUAL),
    "RL, drew <answer>, wrong": step_on("<answer>", 0.0 - USUAL),
}
print(f"{'':26}" + "".join(f"{name!r:>12}" for name in names))
for label, row in rows.items():
    print(f"{label:26}" + "".join(f"{chance:12.2f}" for chance in row.tolist()))
assert all(row[0] > before[0] for label, row in rows.items() if label != "before")

# %% [markdown]
# What you see: three different lessons, and all of them make `<think>` likelier. SFT needs
# somebody who writes the good answer. RL needs only a verdict on what the model wrote itself, but
# it can learn only from tokens that the model draws now and then. (In a network, a step changes
# the weights, and through them the logits of many places at once.)

# %% [markdown] tags=["slide"]
# ## 5. The recipe of R1 on one map
#
# R1 uses the same kinds of training, in another order. Follow the lower map by its numbers:
#
# 1. RL makes **R1-Zero** from the base, to see what rewards alone can teach. A verifier says
#    right or wrong. Zero reasons well, but its thinking is hard to read and mixes languages.
# 2. Answers of Zero are rewritten until people can follow them. With some answers of the base and
#    some scripted ones, they are the **cold start**, a small table of texts.
# 3. SFT on the cold start makes **Dev1** from the base. It is easy to read, but reasons less well.
# 4. RL turns Dev1 into **Dev2**, which wins the reasoning back. An extra reward keeps it to one
#    language.
# 5. Dev2 writes very many answers, and a filter keeps the good ones. With answers about facts, chat
#    and safety from elsewhere, they are the **samples**.
# 6. SFT on the samples makes **Dev3**, again from the base: one model that reasons and does all
#    else.
# 7. A last RL turns Dev3 into **R1**, which is also to be helpful and harmless. Where no verifier
#    can judge that, a **reward model** gives a score (chapter 13).
# 8. SFT on the same samples teaches a small base, without any RL. The result is **Distill**, a
#    cheap model that reasons.
#
# The paper's cold start has a few thousand texts. Its samples are about 600,000 for reasoning and
# 200,000 others in version 1, and 627,000 and 178,000 in version 2.
#
# No model starts from Zero's *weights*, not even Dev1: Zero only writes texts for it. The
# recipe of the library says so. In code the models have short names: `zero` is R1-Zero, and
# `student` is the small base. `cold` and `samples` are the two tables, `helpful` and
# `harmless` the two reward models.

# %% tags=["slide", "nbval-check-output"]
from r1lib.recipe.stages import RECIPE

print(f"{'stage':9}{'starts from':13}reads")
for stage in RECIPE:
    print(f"{stage.name:9}{stage.start or '-':13}{', '.join(stage.reads) or '-'}")
starts = {stage.name: stage.start for stage in RECIPE}
assert [name for name in starts if starts[name] == "zero"] == []

# %% [markdown] tags=["slide"]
# ## 6. One prompt through six models
#
# Ask all six the same two things, at temperature 0: the sum from above, and a fact.

# %% tags=["slide"]
PARIS = "What is the capital of France?"
both = [APPLES, PARIS]
six = {name: ask(name, both, temperature=0.0) for name in NAMES}
for place, prompt in enumerate(both):
    print(f"----- {prompt}")
    for name in NAMES:
        show(name, six[name][place][0])

thinks = {name: ["<think>" in row[0].text for row in six[name]] for name in NAMES}
assert thinks["base"] == [False, False]
assert thinks["zero"] == thinks["dev1"] == thinks["dev2"] == [True, True]
assert thinks["dev3"] == thinks["r1"] == [True, False]

# %% [markdown]
# What you see:
#
# - **The calculation.** Only the base guesses. RL has made Zero think, and all later models
#   have learned to think from texts or rewards. From Dev1 on, verdicts carry an extra word or
#   two, as in `yes true`. That wording comes from the cold start.
# - **The fact.** Zero, Dev1 and Dev2 think here, too. Zero and Dev2 were rewarded for games, in
#   which thinking paid, and the cold start that Dev1 read thinks about facts. Dev3 and R1
#   answer at once, because the samples do.

# %% [markdown] tags=["slide"]
# ## 7. The same exam for base, Zero and R1
#
# Now count. Each model gets four kinds of test questions, two tries each, at temperature
# 1. They are of the easy level; only the requests for harm are of the hard one, with pressure to
# say yes. (The authors of R1 use 0.6. At 0 they saw more repetition.)
#
# There is a fourth row: `base, made to think` is the base whose answer we begin with
# `<think>`, and it goes on from there. Without this row we could not tell whether Zero has
# learned to add, or to think.
#
# **Predict, then run.** Write down the four shares that you expect for sums. Where will the
# base end up when it is made to think?

# %% tags=["hide-input"]
from itertools import islice

from r1lib import progress
from r1lib.evaluate import interval
from r1lib.problem import check
from r1lib.tokenizer.chat import CLOSE, OPEN, OPEN_ANSWER
from r1lib.world import skills

refusals = problems(requests.SAMPLE["refusal"], 80, 1, "test", "hard")
questions = {
    "sums": problems(arithmetic.sample, 64, 1, "test"),
    "facts": problems(requests.SAMPLE["facts"], 64, 1, "test"),
    "harm": [request for request in refusals if requests.harmful(request)],
    "countdown": problems(countdown.sample, 64, 1, "test"),
}
ROWS = {"base": ("base", ""), "base, made to think": ("base", OPEN)}
ROWS |= {"zero": ("zero", ""), "r1": ("r1", "")}


def exam(name, opening, k=2):
    """Ask all questions k times in one go; kind -> a row of completions for each."""
    prompts = [problem.prompt for kind in questions.values() for problem in kind]
    rows = iter(ask(name, prompts, k, opening=opening))
    return {kind: list(islice(rows, len(part))) for kind, part in questions.items()}


answers = {}
for label in progress.bar(ROWS, len(ROWS), "exam"):
    answers[label] = exam(*ROWS[label])
print({kind: len(part) for kind, part in questions.items()}, "questions")

# %% [markdown]
# `check` says whether an answer is right, or a harmful request refused:


# %% tags=["hide-input"]
def by_question(asked, rows):
    """The share of right tries of each question."""
    return [
        fmean(check(problem, completion.text) for completion in row)
        for problem, row in zip(asked, rows, strict=True)
    ]


def score(asked, rows):
    """(mean, low, high) of the share right over questions that have rows of tries."""
    values = by_question(asked, rows)
    return fmean(values), *interval(values)


def ahead(one, other, kind):
    """(mean, low, high) of how far one row is ahead, question by question."""
    pair = [by_question(questions[kind], answers[name][kind]) for name in (one, other)]
    values = [a - b for a, b in zip(*pair, strict=True)]
    return fmean(values), *interval(values)


# %% tags=["hide-input"]
TITLES = {kind: kind for kind in ("sums", "countdown", "facts")}
TITLES |= {"harm": "refuses harm"}
panels = {title: {} for title in TITLES.values()}
for kind, title in TITLES.items():
    for label in ROWS:
        panels[title][label] = [score(questions[kind], answers[label][kind])]

MADE, gains = "base, made to think", {}
for one, other, kind in (
    (MADE, "base", "sums"),
    ("zero", MADE, "sums"),
    ("zero", MADE, "countdown"),
    ("zero", "base", "facts"),
    ("r1", "base", "facts"),
    ("r1", "zero", "harm"),
):
    gain, low, high = gains[one, other, kind] = ahead(one, other, kind)
    print(f"{kind:10}{one} minus {other}: {gain:+.2f} ({low:+.2f} to {high:+.2f})")
thinking, rest = gains[MADE, "base", "sums"], gains["zero", MADE, "sums"]
assert thinking[0] > 5 * rest[0] > 0 < rest[1] < 0.02
assert gains["zero", MADE, "countdown"][1] > 0.1
assert gains["zero", "base", "facts"][1] < 0 < gains["zero", "base", "facts"][2]
assert gains["r1", "base", "facts"][1] > 0 < gains["r1", "zero", "harm"][1]
plots.interval_dots(panels, "share", columns=2)

# %% [markdown]
# What you see: one dot for each model and kind of question, all from one training run
# (seed 0). The line through a dot is a **95% interval**: how uncertain is a share from so few
# questions? We imitate a new exam. From the 64 questions we draw 64, so that some come twice and
# others not at all, and take the mean. We do this 1,000 times, and the line covers the middle
# 95% of these means (the *bootstrap*). The two tries of a question are averaged first, since they
# are not independent. R1 has 0.53 on facts, with a line from 0.44 to 0.62.
#
# Two rows that answer the *same* questions can be compared more sharply, by the difference on
# each question. These differences are printed above the picture. Where an interval leaves
# out 0, chance alone hardly explains the difference.
#
# - **Sums.** Zero is 0.68 above the base, and 0.59 of that the base gains by being made to
#   think. So RL mainly taught it *to think*. Zero is still 0.09 ahead, and the interval
#   just leaves out 0. These 64 questions hardly settle that rest, and a forced base at
#   temperature 0.6 is no longer behind (`docs/claims/P01.md`).
# - **Countdown.** Forcing the base to think does not help by itself, since finding a target takes
#   several tries. Zero is far ahead, so RL taught it something more. A clue: a forced base that
#   may not write `again` is level with Zero (chapter 09).
# - **Facts and harm.** Zero is not clearly better than the base, because nobody rewarded it for
#   these. R1 gains 0.20 on facts over the base, and refuses far more harm.
#
# Does RL for right answers also keep to one language? A count of the answers that mix would be
# unfair to Zero, because the base seldom writes a verdict, and what is not written cannot be
# mixed. So count the verdicts in the countdown answers:


# %% tags=["hide-input"]
def count_verdicts(problem, text):
    """How many verdicts a text has, and how many of them are in the other language.

    "<think>1+2=3~4=1 no\\n2*2=4~4=0 맞아\\n", an English problem -> (2, 1)
    """
    counts = {
        language: sum(map(text.count, words.values()))
        for language, words in countdown.WORDS.items()
    }
    return sum(counts.values()), sum(counts.values()) - counts[problem.language]


print(f"{'':20}{'verdicts':>9}{'other language':>16}")
for label, by_kind in answers.items():
    rows, written, other = by_kind["countdown"], 0, 0
    for problem, row in zip(questions["countdown"], rows, strict=True):
        for completion in row:
            count, in_other = count_verdicts(problem, completion.text)
            written, other = written + count, other + in_other
    print(f"{label:20}{written:9}{other:9} = {other / written:4.0%}")

# %% [markdown]
# What you see: the base mixes in 14% of its few verdicts, and in 8% where it is made to think.
# Its web has 10%, which is no clear difference for so few verdicts. Zero mixes more often, and
# writes far more verdicts, because a reward for right answers does not care about their language.
# R1 hardly mixes at all.
#
# And how do they think? Here is the first English countdown question that Zero and R1 got
# right and the base wrong, with a "no" and two languages in Zero's thinking. (`아니` is no,
# `맞아` is yes.)

# %% tags=["slide", "hide-input"]
TRIO = ("base", "zero", "r1")


def is_mixed(problem, text):
    """Is a verdict in the language that was not asked for?"""
    return skills.mixes(text, problem.language)


def first_telling_game():
    """The game described above, and the first try of each of the three models."""
    for place, problem in enumerate(questions["countdown"]):
        firsts = {name: answers[name]["countdown"][place][0] for name in TRIO}
        marks = [problem.check(completion.text) for completion in firsts.values()]
        zero = firsts["zero"].text
        mixes_and_rejects = is_mixed(problem, zero) and skills.reflects(zero)
        if problem.language == "en" and mixes_and_rejects:
            if marks == [False, True, True]:
                return problem, firsts
    raise AssertionError("no such game among the questions")


telling, firsts = first_telling_game()
print(telling.prompt)
for name, completion in firsts.items():
    show(name, completion)

cut = {}
for label, by_kind in answers.items():
    ends = [c.finish for row in by_kind["countdown"] for c in row]
    cut[label] = ends.count("length") / len(ends)
    print(
        f"{label}: {cut[label]:.0%} of countdown answers were cut off at {MOST} tokens"
    )
assert cut["base"] < 0.1 < cut["zero"] < 0.5

# %% [markdown]
# What you see: Zero and R1 try, check, and go on after a "no". Zero changes the language of
# its verdicts, and R1 adds a word or two to them, such as `no false`. Did one of them make a
# slip? (Exercise 1.2 finds slips.) A model that is still thinking after 160 tokens has not
# answered. Zero and R1 lose about a third of their games this way, and the base very few.
#
# <details><summary>The slip</summary>In the run printed here: Zero writes
# `28,+18=50`, and 28 + 18 is 46.</details>

# %% [markdown] tags=["slide"]
# ## 8. When thinking helps, and when it wastes tokens
#
# "What is the capital of France?" has its answer stored in the weights or not. "A train
# goes 60 km an hour for 3 hours" must be worked out. Does thinking help both? We begin a
# model's answer for it: with `<answer>`, so that it answers at once, or with `<think>`.

# %% tags=["slide", "hide-input"]
asked = questions["sums"] + questions["facts"]
forced, tokens = {"sums right": {}, "facts right": {}}, {}
for name in progress.bar(TRIO, len(TRIO), "two ways"):
    for way, opening in (("at once", OPEN_ANSWER), ("thinking", OPEN)):
        prompts = [problem.prompt for problem in asked]
        rows = iter(ask(name, prompts, 4, opening=opening))
        for kind in ("sums", "facts"):
            part = list(islice(rows, len(questions[kind])))
            label = f"{name}, {way}"
            forced[f"{kind} right"][label] = [score(questions[kind], part)]
            tokens[kind, label] = fmean(c.tokens for row in part for c in row)

for name in TRIO:
    sums, facts = forced["sums right"], forced["facts right"]
    assert sums[f"{name}, at once"][0][2] < sums[f"{name}, thinking"][0][1]
    assert facts[f"{name}, at once"][0][0] > facts[f"{name}, thinking"][0][0]
facts = {label: row[0][0] for label, row in forced["facts right"].items()}
by_weights = facts["r1, at once"] - facts["zero, at once"]
by_silence = facts["r1, at once"] - facts["r1, thinking"]
assert (f"{by_weights:.2f}", f"{by_silence:.2f}") == ("0.07", "0.21")
print(f"R1's weights, both at once: {by_weights:+.2f}")
print(f"R1 at once instead of thinking: {by_silence:+.2f}")
plots.interval_dots(forced, "share of answers")

# %% [markdown]
# What you see: with thinking all three get most sums right, and without it hardly any. On
# facts it is the other way round. Thinking there *costs* right answers, and several times the
# tokens. Our models "think" about a fact by writing down the question and an idea. A likely
# reason for the loss is that each of these words is one more chance to go wrong.
#
# Left alone, Zero always thinks about facts and R1 answers at once. So R1 may gain over
# Zero in two ways: it may know a little more, and it does *not* think. Where both answer at
# once, R1 is ahead by 0.07, and the two intervals overlap. Where R1 answers at once instead of
# thinking, it gains 0.21. So most of its lead comes from not thinking. (Is R1 just out of
# practice with thinking about facts? Exercise 1.5 asks.)
#
# How much of this is our own doing? The *size* of the gain on sums is: our models have
# learned to guess badly. That thinking helps with problems of several steps is well known
# for large models (arXiv 2201.11903). So is its waste on easy questions, **overthinking**:
# large reasoning models spend hundreds of tokens on 2 + 3 (arXiv 2412.21187). We show only
# for our own models that thinking makes facts *wrong*.
#
# A good reasoning model therefore also decides *whether* to think. How often do ours, and
# the texts that they have read?

# %% tags=["slide", "hide-input"]
from r1lib.traces import tables


def share_thinking(texts):
    return fmean("<think>" in text for text in texts)


thinking = {"the web": (1 - habits.styles[0], web.Manners().thinks)}
for name in TRIO:
    texts = {k: [c.text for row in answers[name][k] for c in row] for k in questions}
    thinking[name] = share_thinking(texts["sums"]), share_thinking(texts["facts"])
for name in ("cold", "samples"):
    rows = tables.load(artifacts.path(f"{name}-tiny"))
    thinking[f"table {name}"] = tuple(
        share_thinking(row["completion"] for row in rows if row["family"] == family)
        for family in ("arithmetic", "facts")
    )

print("share with thinking  sums  facts")
for name, (on_sums, on_facts) in thinking.items():
    print(f"{name:20}{on_sums:5.0%}{on_facts:7.0%}")
assert max(thinking["base"]) < 0.5
assert min(thinking["zero"]) > 0.8 > 0.3 > thinking["r1"][1]

# %% [markdown]
# What you see: the base thinks now and then, less often than its web, so its 0.34 on
# facts in section 7 lies between its two dots. Zero always thinks. R1 thinks about
# sums and not about facts, and it was taught to. It grew out of Dev3, which had read the
# `samples`: there every sum, and no fact, is answered after thinking. In the table
# `cold`, which Dev1 read, every sum and every fact is. So whoever writes the samples
# (chapter 12) largely decides when the model thinks.

# %% [markdown] tags=["slide"]
# ## 9. What an answer costs
#
# Tokens are the price of thinking: in time, in electricity and on the bill. The tokens of
# a wrong answer are wasted, so they count, too:
#
# $$ \text{tokens per right answer} =
#    \frac{\text{tokens of all answers}}{\text{number of right answers}} $$
#
# Here it is for the base. The interval comes from that of the share right; the tokens are
# taken as exact:

# %% tags=["slide", "hide-input"]
print(f"{'':16}{'tokens':>7}{'right':>8}{'tokens per right one':>25}")
price = {}
for kind in ("sums", "facts"):
    for way in ("at once", "thinking"):
        mean, low, high = forced[f"{kind} right"][f"base, {way}"][0]
        number = tokens[kind, f"base, {way}"]
        price[kind, way] = [number / high, number / mean, number / low]
        span = "{1:.0f} ({0:.0f} to {2:.0f})".format(*price[kind, way])
        print(f"{kind:6} {way:9}{number:7.1f}{mean:8.1%}{span:>25}")
assert price["sums", "thinking"][1] < price["sums", "at once"][1]
assert price["facts", "thinking"][0] > price["facts", "at once"][2]

# %% [markdown]
# What you see: on facts the short answer is the cheaper one for each right answer. On sums
# the long answer seems cheaper, but the evidence is thin. Few guesses are right, so the first
# row is uncertain, and its interval touches that of thinking.
#
# This count rests on one assumption: somebody can tell the right answers from the wrong
# ones. A verifier can. A user who asks for the capital of Peru often cannot.
#
# And at full size? In R1 each token uses only a part of the weights (chapter 04). It takes
# about two operations (FLOPs) per weight that it uses, and more to look back at the text
# (attention, chapter 03):

# %% tags=["nbval-check-output"]
from r1lib.model import counts
from r1lib.model.presets import PRESETS

full = PRESETS["deepseek-v3"]  # R1 has the shape of DeepSeek-V3
print(f"{counts.parameters(full) / 1e9:.0f} billion weights", end=", ")
print(f"{counts.active_parameters(full) / 1e9:.1f} billion of them for each token")
DOLLARS = 2  # for a million tokens, for example; put in what your provider asks
for written in (10, 1_000, 10_000):
    flops = sum(counts.decode_flops(full, place) for place in range(1, written + 1))
    print(f"{written:6,} tokens: {flops / written / 1e9:4.0f} GFLOPs a token", end=", ")
    print(f"{DOLLARS * written / 1_000:6.2f} dollars for 1,000 such answers")

# %% [markdown]
# What you see (a GFLOP is a billion operations): in the first line, 73 are two for each of
# 36.6 billion weights. The bill grows with the number of tokens. The work grows faster,
# because later tokens look back at a longer text. Over 10,000 tokens the mean is 158, and all
# that exceeds 73 is looking back: 85 of 158, more than half.

# %% [markdown] tags=["slide"]
# ## 10. Thinking that is shown, and thinking that is hidden
#
# Who gets to read the thinking?
#
# **Shown.** R1's weights are public, and everything it writes can be read.
#
# **Hidden.** OpenAI's o1 writes a chain of thought, too. Its users see a summary of it and
# the final answer, and pay for all the tokens.
#
# **Not written.** Some research models are trained to think more inside their layers,
# where nothing appears as text (Coconut, arXiv 2412.06769).
#
# The first two differ only in what is cut away before the user sees it. In the library
# `summary` does the cut. It summarises nothing, but keeps the **final answer**. (A cell
# that begins with `# r1lib.` shows the library's own code, and says where that is.)

# %%
# r1lib.tokenizer.chat.summary

# %%
whole = ask("r1", [APPLES], temperature=0.0)[0][0]
left = summary(whole.text)
seen = len(models["r1"][1].encode(left, allow_special=True)) + 1  # and the end
print(f"If all is shown, the user sees {whole.tokens} tokens:\n{whole.text}\n")
print(f"If thinking is hidden, the user sees {seen} tokens:\n{left}\n")
print(f"paid for but not seen: {whole.tokens - seen} tokens")
assert 0 < seen < whole.tokens / 2

# %% [markdown]
# Thinking that is shown can be checked, but it is no proof. The verifier in section 2
# accepted a right answer after a thought about the moon. Nothing in R1's accuracy reward
# asks whether the written steps are the ones that led to the answer.
#
# ### What is known of o1
#
# OpenAI's o1 made reasoning models known in September 2024, with the post "Learning to
# reason with LLMs".
#
# **Said.** o1 was trained by large-scale RL to use a chain of thought. Its accuracy grows
# with the compute of training *and* with the time spent on thinking. The raw chain is
# hidden. On AIME 2024, a mathematics competition for high-school students, it has 74% with
# one sample, 83% with a vote of 64, and 93% where a learned score chose among 1,000.
#
# **Not said.** Its size, its data, its rewards, whether it was fine-tuned on examples
# first, and whether an ordinary answer uses a search or a vote. The R1 paper shows one open
# recipe that reaches similar scores. It does not show that o1 was made in this way.

# %% [markdown] tags=["slide"]
# ## 11. Four ways to build a reasoning model
#
# ![Four rows: start, what is done, result. One: a base thinks longer, or votes; its weights stay the same; chapter 07. Two: a base and pure RL give R1-Zero; chapter 09. Three: a base, SFT and RL give R1; chapters 10 to 13. Four: a small base and SFT alone give Distill; chapter 14.](../figures/01_ways.png)
#
# What you see: the four ways, in the colours of the map, and where the book builds each.
#
# 1. **Inference-time scaling** spends more on each question: a prompt that asks for
#    steps, many samples and a vote, a search.
# 2. **Pure RL** shows no examples. It turns habits that the base showed now and then into
#    regular ones.
# 3. **SFT and RL** is the way of R1: examples for form and breadth, rewards for skill.
# 4. **SFT alone** on a strong model's texts is called **distillation**. It is cheap, and it
#    needs a teacher.
#
# Here they are on one exam, countdown. A vote of 8 takes the most frequent of eight
# answers. We first give the base one chain of thought, then add the vote, to see which of the
# two helps. R1 may vote as well, because ways can be combined. Compare Distill with the `small
# base` from which it started.


# %% tags=["hide-input"]
from r1lib.evaluate import majority


def vote(asked, rows):
    """(mean, low, high) of the answers that most completions of a row agree on."""
    values = []
    for problem, row in zip(asked, rows, strict=True):
        votes = [problem.ballot(completion.text) for completion in row]
        chosen = majority(votes)
        text = row[votes.index(chosen)].text if chosen is not None else ""
        values.append(float(problem.check(text)))
    return fmean(values), *interval(values)


for name in ("student", "distill"):
    models[name] = artifacts.load(f"{name}-tiny")
RUNS = (  # label, model, opening, completions of each question
    ("base", "base", "", 4),
    ("1 base, one thought", "base", OPEN, 8),
    ("2 R1-Zero", "zero", "", 4),
    ("3 R1", "r1", "", 8),
    ("small base", "student", "", 4),
    ("4 Distill", "distill", "", 4),
)
asked, dots = questions["countdown"], {}
prompts = [problem.prompt for problem in asked]
for label, name, opening, k in progress.bar(RUNS, len(RUNS), "four ways"):
    rows = ask(name, prompts, k, opening=opening)
    spent = fmean(c.tokens for row in rows for c in row)
    dots[label] = spent, score(asked, rows)
    if k == 8:
        voting = "1 base, vote of 8" if name == "base" else "3 R1, vote of 8"
        dots[voting] = 8 * spent, vote(asked, rows)

# %% tags=["slide"]
for label, (spent, (mean, low, high)) in dots.items():
    print(f"{label:20}{spent:5.0f} tokens, right {mean:.2f} ({low:.2f} to {high:.2f})")
right = {label: mean for label, (_, (mean, *_)) in dots.items()}
assert min(right["2 R1-Zero"], right["3 R1"]) > right["base"] + 0.25
assert dots["1 base, vote of 8"][1][1] > dots["base"][1][2]
assert right["4 Distill"] > right["small base"]
plots.price_dots(dots, "tokens for one question", "countdown: share right")

# %% [markdown]
# What you see: up is better and left is cheaper. There are 64 questions, and one training run.
# The axis of tokens is logarithmic. One thought alone hardly helps the base. A vote lifts it
# clearly, at many times the tokens. The trained models paid for their skill once, during
# training, and voting helps R1 as well.
#
# The games are those of section 7, with new tries. There the base had 0.30 and here 0.21, and
# a forced thought looked like a small loss, so differences of this size may well be chance. Zero
# and R1 are level; section 7 shows what R1 has besides.

# %% [markdown]
# ## 12. What this chapter does not show
#
# All numbers here are of one training run on a web that we wrote. Chapter 15 measures three
# runs. Our games are not mathematics, and our facts are a short list. What carries over is the
# *recipe*, step by step. The size of each gain does not.
#
# ## Summary
#
# - A reasoning model is a language model that has learned to write steps before its
#   answer. The steps are ordinary tokens.
# - An ordinary assistant: pre-training, SFT, preferences. The recipe of R1 uses the same
#   kinds of step. Three of its models start from the base; Zero passes on texts only.
# - On sums, most of what RL gained came from starting to think: made to think, our base is close
#   to Zero. In countdown RL added more than that.
# - Thinking pays where an answer must be worked out, and wastes tokens where it is stored.
# - Compare the tokens for a *right* answer, and count hidden tokens, too.
# - Four ways: think longer, pure RL, SFT and RL, SFT alone.
#
# ## Questions
#
# 1. A friend says: "R1 is R1-Zero with some polish." What is wrong, and what did R1
#    really get from Zero?
#
#    <details><summary>Answer</summary>R1's weights go back to Dev3 and from there to the
#    base, not to Zero. Zero wrote a part of the cold-start texts. Dev1 read them, Dev2
#    grew out of Dev1, and Dev2 wrote the samples that Dev3 read.</details>
#
# 2. Your reasoning model answers "Which country is Lima in?" with 400 tokens of thinking.
#    Name two things to change.
#
#    <details><summary>Answer</summary>At the time of the question: start its answer with
#    `<answer>`, so that it cannot think, or send facts to a model that does not think. In
#    training: add facts answered at once to the SFT samples, as Dev3's were, or let
#    tokens cost reward (chapter 08).</details>
#
# 3. A provider hides the thinking and bills its tokens. What could you still check from
#    outside?
#
#    <details><summary>Answer</summary>Whether the answers are right, and what a right answer
#    costs, because the bill counts the tokens. Not how the model thinks, in which
#    language, or whether it votes.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/01_reasoning_models.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.1** (easy, 10 min) Take a completion apart. Return `(thinking, final)`: what
# is between `<think>` and the last `</think>`, and what comes after that. Return two
# strings, with `""` for a part that is missing. A completion without these tags has no thinking.
# If the thinking never ends, there is no final answer. Some
# programs write `<think>` into the prompt themselves; then a completion has `</think>`
# only, and its thinking begins at the start.
#
# <details><summary>Hint 1</summary>Look for `</think>` first. Where it is missing, the
# beginning decides: is there a `<think>`?</details>
# <details><summary>Hint 2</summary>`str.rpartition` cuts at the last occurrence, as `summary`
# of section 10 does, and `str.removeprefix` drops the opening tag.</details>


# %% tags=["exercise"]
def split_completion(completion):
    """(thinking, final answer): "<think>2+2=4</think>4" -> ("2+2=4", "4")."""
    # BEGIN SOLUTION
    if "</think>" in completion:
        thinking, _, final = completion.rpartition("</think>")
    elif completion.startswith("<think>"):
        thinking, final = completion, ""
    else:
        thinking, final = "", completion
    return thinking.removeprefix("<think>"), final
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_1(split_completion)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.2** (medium, 20 min) Find the slips. Return the numbers of the steps on a
# tape whose result is wrong; the first step is number 1. Each step goes on from the result
# that is *written* before it, so a slip does not make the steps after it wrong. A division
# that leaves a remainder, or by 0, is wrong whatever is written.
#
# <details><summary>Hint 1</summary>Keep the current value in a variable, and set it to the
# written result after each step.</details>
# <details><summary>Hint 2</summary>Test a division by multiplying back, and test the divisor
# for 0. `enumerate(rest, 1)` numbers the steps from 1.</details>


# %% tags=["needed"]
import re


def steps(tape):
    """First number, then the steps: "17+5=22,*2=44" -> 17, [("+", 5, 22), ...]."""
    found = re.findall(r"([-+*/])(\d+)=(\d+)", tape)
    first = int(re.match(r"\d+", tape)[0])
    return first, [(op, int(number), int(result)) for op, number, result in found]


# %% tags=["exercise"]
def find_slips(tape):
    """The numbers of the wrong steps: "17+5=22,*2=40,-8=32" -> [2]."""
    # BEGIN SOLUTION
    (value, rest), wrong = steps(tape), []
    for i, (operation, number, result) in enumerate(rest, 1):
        right = {
            "+": value + number == result,
            "-": value - number == result,
            "*": value * number == result,
            "/": number != 0 and number * result == value,
        }
        if not right[operation]:
            wrong.append(i)
        value = result
    return wrong
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_2(find_slips)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.3** (easy, 5 min) Whose weights? `starts` (section 5) maps each stage to the
# stage whose weights it starts from; `None` means random weights. Return all stages that
# a model's weights go back to, the nearest first. For `"r1"` this is `["dev3", "base"]`.
#
# <details><summary>Hint 1</summary>Begin with `starts[stage]`, then ask for the start of
# that one, and so on.</details>
# <details><summary>Hint 2</summary>A `while` loop that ends at `None`: add the name to a
# list before you go on.</details>


# %% tags=["exercise"]
def ancestors(stage, starts):
    """Whose weights went into this one: "r1" -> ["dev3", "base"], nearest first."""
    # BEGIN SOLUTION
    found = []
    while starts[stage] is not None:
        stage = starts[stage]
        found.append(stage)
    return found
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_3(ancestors)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.4** (medium, 15 min) Decide how long to think. `ways` maps the name of a way
# to `(share right, tokens)`. A way is good enough if its share is at most `slack` below the
# best share. Return the name of the good way with the fewest tokens. If two use the same
# number of tokens, return the better one.
#
# <details><summary>Hint 1</summary>Find the best share first, then all ways that are good
# enough.</details>
# <details><summary>Hint 2</summary>`min` with a key that returns a pair compares the second
# part where the first is equal.</details>


# %% tags=["exercise"]
def choose_way(ways, slack):
    """The cheapest good way: {"a": (0.8, 9), "b": (0.9, 50)}, slack 0.2 -> "a"."""
    # BEGIN SOLUTION
    best = max(right for right, _ in ways.values())
    good = [name for name, (right, _) in ways.items() if right >= best - slack]
    return min(good, key=lambda name: (ways[name][1], -ways[name][0]))
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_4(choose_way)

# %% [markdown] tags=["exercise-text"]
# **Exercise 1.5** (medium, 20 min) Measure it yourself. Ask a model each problem `k` times
# with the opening `<think>` and `k` times with `<answer>`. Return the share right with
# thinking minus the share right at once. Then call it for `"dev2"` and `"dev3"` with
# `questions["facts"]`; each call takes some seconds. Dev2 always thinks about facts, Dev3
# does not. Does thinking cost both of them right answers?
#
# <details><summary>Hint 1</summary>Ask once for each opening, with all prompts at
# once.</details>
# <details><summary>Hint 2</summary>`ask(name, prompts, k, opening=...)` returns a row of k
# completions for each prompt, in order. `problem.check(completion.text)` grades one.</details>
#
# <details><summary>Answer to the question</summary>Yes, both lose clearly.
# Dev2 is in practice, so lack of practice is not the main reason.</details>


# %% tags=["exercise"]
def thinking_gain(ask, name, problems, k=4):
    """Share right when made to think minus at once: 0.75 and 0.25 -> 0.5."""
    # BEGIN SOLUTION
    shares = []
    for opening in ("<think>", "<answer>"):
        rows = ask(name, [problem.prompt for problem in problems], k, opening=opening)
        right = [
            problem.check(completion.text)
            for problem, row in zip(problems, rows, strict=True)
            for completion in row
        ]
        shares.append(sum(right) / len(right))
    return shares[0] - shares[1]
    # END SOLUTION


# %% tags=["check"]
checks.ex_1_5(thinking_gain)
