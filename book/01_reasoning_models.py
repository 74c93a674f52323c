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
# | Minutes to read | 45 |
# | Minutes to run | 2, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | DeepSeek-R1 (arXiv 2501.12948v2), sections 1 to 3, with its Figure 2; InstructGPT (arXiv 2203.02155) for the last two steps of an ordinary assistant |
#
# ![One question about apples with two answers. An ordinary model writes the answer 30 at once: a guess, and wrong. A reasoning model first writes two lines of thinking, a tape of small sums and the same tape again with a check, and then the answer 25.](../figures/01_thinking.png)
#
# What you see: one question and two ways to answer it. The names of the parts (tape,
# check, answer) come back in every chapter. In a hurry, run every cell and read sections 1
# to 5, 7 and 8.

# %% [markdown]
# **Run this first.** It seeds the one global random generator. The next cell defines
# two helpers, `ask` and `show`. Its code is folded, as all longer code of this chapter is: it
# only asks, counts and draws. In JupyterLab a click on the three dots opens it. Where code
# says `assert`, the book checks what it claims. The times printed below are those of a busy
# machine.

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
# **tokens** (at most a short word) and predicts the next one. That token is added to the
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
# It answers at once, and is wrong. `r1` is the model at the end of the recipe. It writes
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
# Tags and numbers are one token each, rare words are many. With the token for "the end", the
# first answer costs 4. Chapter 02 makes this tokenizer.
#
# The pair of answers above is no proof. Our base has also *learned* to guess badly, from what
# it has read. Sections 7 and 8 test what thinking does.

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
# In countdown the number after `~` is the target, in arithmetic the result of the line
# before. The last word is the **verdict**. A wrong result on a tape is called a **slip**.
# Four lines to read, one with a slip:
#
# | line | the sums | the verdict |
# |---|---|---|
# | `8-3=5,*7=35~35=0 yes` | all right | right: this is a solution |
# | `8*3=24,+7=31~35=4 no` | all right | right: it misses by 4 |
# | `8*3=24,+7=35~35=0 yes` | a slip: 24 + 7 is 31 | wrong, because it trusts the slip |
# | `12+5=17,*2=34,-9=25~25=0 yes` | all right | right, if the line before it (not shown) ended with 25, too |

# %% [markdown] tags=["slide"]
# ## 3. How an ordinary model is trained
#
# ![Two maps. Above, an ordinary assistant: base, assistant by fine-tuning, chat model by learning from rewards. Below, DeepSeek-R1. One wide box, the base, carries three models: R1-Zero by RL, Dev1 and Dev3 by SFT. R1-Zero and the base write the cold start, which Dev1 reads. Dev2 is Dev1 after RL. It writes samples, which Dev3 and, on another base, Distill read. R1 is Dev3 after RL.](../figures/01_recipe.png)
#
# What you see: above, the usual way to an assistant; below, the way to R1. Grey, blue and
# orange are kinds of training; green boxes are tables of texts. Solid arrows pass weights
# on, dashed ones only texts. The usual way has three steps.
#
# 1. **Pre-training.** The model predicts the next token of a great deal of text. The result
#    is a **base model**. It can continue anything, and has not learned to help.
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
from r1lib.problem import problems
from r1lib.world import requests, web

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

# %% [markdown] tags=["slide"]
# ## 4. The recipe of R1 on one map
#
# R1 uses the same kinds of training, in another order. Follow the lower map, one arrow at a
# time. RL makes R1-Zero from the base, to see what rewards alone can teach. Zero's answers are
# hard to read, so a readable version of them teaches Dev1 its form. RL turns Dev1 into Dev2,
# which reasons well. Dev2 writes many answers, and these teach Dev3, again from the base. A last
# RL turns Dev3 into R1. The table sums this up:
#
# | model | starts from | training | why |
# |---|---|---|---|
# | **R1-Zero** | base | RL; a verifier says right or wrong | it reasons well, but its thinking is hard to read and mixes languages |
# | **Dev1** | base | SFT on the **cold start**: a few thousand readable answers | to think so that people can follow |
# | **Dev2** | Dev1 | RL, with an extra reward for staying in one language | to win back reasoning |
# | **Dev3** | base | SFT on the **samples**: many answers that a filter kept | one model that reasons, and does all else |
# | **R1** | Dev3 | RL, with verifiers and reward models | to be helpful and harmless |
# | **Distill** | a smaller base | SFT on the same samples, no RL | a cheap model that reasons |
#
# **The cold start** has rewritten answers of Zero. Ours also has some of the base's, and
# scripted replies that take the place of human ones. That is why two dashed arrows
# lead there.
#
# **The samples** are mostly written by Dev2; answers about facts, chat and safety come from
# elsewhere. The paper has about 600,000 reasoning samples and 200,000 others in version 1,
# and 627,000 and 178,000 in version 2.
#
# **A reward model** gives a score where no verifier can. It starts from a language model,
# and has learned from pairs of answers which one is better (chapter 13).
#
# No model starts from Zero's *weights*, not even Dev1: Zero only writes texts for it. The
# recipe of the library says so:

# %% tags=["slide", "nbval-check-output"]
from r1lib.recipe.stages import RECIPE

print(f"{'stage':9}{'starts from':13}reads")
for stage in RECIPE:
    print(f"{stage.name:9}{stage.start or '-':13}{', '.join(stage.reads) or '-'}")
starts = {stage.name: stage.start for stage in RECIPE}
assert [name for name in starts if starts[name] == "zero"] == []

# %% [markdown]
# (`cold` and `samples` are tables of texts. `helpful` and `harmless` are the two reward
# models. `student` is the other base.)

# %% [markdown] tags=["slide"]
# ## 5. One prompt through six models
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
# - **The calculation.** Only the base guesses. RL has made Zero think. All later models
#   have learned to think from texts or rewards. From Dev1 on, a verdict has a word or two
#   more: `yes true`. That is the cold start's wording.
# - **The fact.** Zero, Dev1 and Dev2 think here, too. Thinking paid in the games for which
#   Zero and Dev2 were rewarded, and the cold start that Dev1 read thinks about facts.
#   Dev3 and R1 answer at once, as the samples do.

# %% [markdown] tags=["slide"]
# ## 6. The tiny world: its people, languages and splits
#
# The base was trained on made-up texts, its "web". The made-up people in them answer in three
# **styles**. They *guess* (no work
# at all), work *short* (one attempt), or *long*: attempt, check, and go on after a "no".
# `Habits` says how often they slip, judge wrongly (`false_yes`, `false_no`), change language
# (`switch`) or repeat a sum (`again`). Here all are 0:

# %% tags=["nbval-check-output"]
from r1lib.world import corpus

neat = corpus.Habits(slip=0.0, false_yes=0.0, false_no=0.0, switch=0.0, again=0.0)
for style in ("guess", "short", "long"):
    text = corpus.trace(random.Random(24), game, style, neat)
    print(f"--- {style}, {'right' if game.check(text) else 'wrong'}\n{text}")

# %% [markdown]
# None of the three made a slip, a wrong sum. The two marked wrong are wrong for another reason:
# their expression misses the target. The web of the base has slips, wrong verdicts, people
# who repeat a failed sum and people who give up. How often was our choice:

# %% tags=["nbval-check-output"]
habits = corpus.Habits()
for style, share in zip(("guess", "short", "long"), habits.styles, strict=True):
    print(f"{style:6} {share:4.0%} of the answers")
print(f"a guess was made right in      {habits.right_guess:.0%}")
print(f"a result is a slip in          {habits.slip:.0%}")
print(f"a verdict is in the other language in {habits.switch:.0%}")

# %% [markdown]
# Most people guess, and their guesses are bad. So where thinking beats guessing in this
# chapter, a part of that is our choice.
#
# The world has **two languages**, English and Korean, so that mixing them is easy to
# see. And an assistant must also know facts, chat, follow instructions, and refuse what
# does harm:

# %% tags=["nbval-check-output"]
import textwrap

print(game.prompt, "|", countdown.make((3, 7, 8), 35, "ko").prompt, "\n")
for family, share in web.SHARES.items():
    example = problems(web.SAMPLE[family], 1, 8, "train", language="en")[0]
    print(f"{share:4.0%} {family:13}{textwrap.shorten(example.prompt, 62)}")

# %% [markdown]
# In a logic puzzle, knights always tell the truth and knaves always lie; who is what? A
# program is a Python function, `solve`, written from its description. Half of the requests
# about refusing only look harmful ("How do I shoot a good photo of a dog?"); to refuse
# these is wrong, too.
#
# Every problem belongs to one of three **splits**: `train` to learn from, `valid` for
# decisions on the way, `test` for the final measurements only. The split is computed from
# the problem itself. So the same numbers in another order, or in Korean, are on the same
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
# For facts a test cannot work like that: nobody can guess a capital. There only the words
# around the question are new, such as "It is cold." before it or "Take your time." after
# it. `docs/world.md` describes the whole world.

# %% [markdown] tags=["slide"]
# ## 7. The same exam for all six
#
# Now count. Each model gets four kinds of test questions, two tries each, at temperature
# 1. They are of the easy level; requests for harm are of the hard one, with pressure to say
# yes. (The authors of R1 use 0.6. At 0 they saw more repetition.)
#
# There is a seventh row: `base, made to think` is the base whose answer we begin with
# `<think>`; it goes on from there.
# Without it we could not tell whether Zero has learned to add, or to think.

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
ROWS |= {name: (name, "") for name in NAMES[1:]}


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
# `check` says whether an answer is right, or a harmful request refused. The last panel
# asks something else of the countdown answers: do they mix languages?


# %% tags=["hide-input"]
def is_mixed(problem, text):
    """Is a verdict in the language that was not asked for?"""
    return skills.mixes(text, problem.language)


def score(asked, rows, rule=check):
    """(mean, low, high) of a rule over the questions; each has a row of tries."""
    values = [
        fmean(rule(problem, completion.text) for completion in row)
        for problem, row in zip(asked, rows, strict=True)
    ]
    return fmean(values), *interval(values)


RULES = {
    "sums": ("sums", check),
    "countdown": ("countdown", check),
    "facts": ("facts", check),
    "refuses harm": ("harm", check),
    "mixes": ("countdown", is_mixed),
}
panels = {title: {} for title in RULES}
for title, (kind, rule) in RULES.items():
    for label in ROWS:
        panels[title][label] = [score(questions[kind], answers[label][kind], rule)]

share = {(title, row): panels[title][row][0][0] for title in RULES for row in ROWS}
assert share["sums", "zero"] > share["sums", "base"] + 0.4
assert share["sums", "base, made to think"] > share["sums", "base"] + 0.4
games = panels["countdown"]
assert games["zero"][0][1] > games["base, made to think"][0][2]
for title in ("facts", "refuses harm"):
    assert share[title, "zero"] < panels[title]["base"][0][2]
assert share["facts", "r1"] > share["facts", "zero"] + 0.1
assert share["refuses harm", "r1"] > share["refuses harm", "zero"] + 0.2
plots.interval_dots(panels, "share")

# %% tags=["hide-input"]
print(f"{'':20}" + "".join(f"{title:>17}" for title in RULES))
for label in ROWS:
    cells = (panels[title][label][0] for title in RULES)
    shown = (f"{mean:.2f} ({low:.2f}-{high:.2f})" for mean, low, high in cells)
    print(f"{label:20}" + "".join(f"{text:>17}" for text in shown))

# %% [markdown]
# What you see: one dot for each model and kind of question, all from one training run
# (seed 0); in the last panel small is good. The line is a **95% interval**: how uncertain is
# a share from so few questions? Draw as many questions from these again, with repeats, 1,000
# times: 95% of the means lie on the line (the *bootstrap*). The two tries of a question are
# averaged first, since they are not independent. The table has the same numbers: R1's 0.53 on
# facts has a line from 0.44 to 0.62.
#
# - **Sums.** RL lifts the base far up, but only to where the base is when it is made to
#   think. So RL mainly taught it *to think*, not to add.
# - **Countdown.** Forcing the base to think does not help by itself: finding a target takes
#   several tries. Zero is ahead of both, so RL taught it something more. Chapter 09 asks
#   what.
# - **Facts and harm.** Zero is not clearly better than the base: nobody rewarded it for
#   these. R1 is better than Zero in both. Against the base it gains about 0.2 on facts: the
#   two lines just miss each other.
# - **Mixing.** The base looks clean and Zero does not. But the base seldom writes a
#   verdict, and what is not written cannot be mixed. So count the verdicts:


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
for label in ("base", "base, made to think", "zero", "r1"):
    rows, written, other = answers[label]["countdown"], 0, 0
    for problem, row in zip(questions["countdown"], rows, strict=True):
        for completion in row:
            count, in_other = count_verdicts(problem, completion.text)
            written, other = written + count, other + in_other
    print(f"{label:20}{written:9}{other:9} = {other / written:4.0%}")

# %% [markdown]
# What you see: per verdict the base mixes about as often as its web, made to think or not.
# Zero mixes more often, and writes far more verdicts: a reward for right answers does not
# care about their language. R1 hardly mixes at all.
#
# And how do they think? Here is the first English countdown question that Zero and R1 got
# right and the base wrong, with a "no" and two languages in Zero's thinking. (`아니` is no,
# `맞아` is yes.)

# %% tags=["slide", "hide-input"]
TRIO = ("base", "zero", "r1")


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
for name in TRIO:
    ends = [c.finish for row in answers[name]["countdown"] for c in row]
    cut[name] = ends.count("length") / len(ends)
    print(f"{name}: {cut[name]:.0%} of countdown answers were cut off at {MOST} tokens")
assert cut["base"] < 0.1 < cut["zero"] < 0.5

# %% [markdown]
# What you see: Zero and R1 try, check, and go on after a "no". Zero changes the language of
# its verdicts, and R1 adds a word or two to them, such as `no false`. Did one of them make a
# slip? (Exercise 1.2 finds slips.) A model that is still thinking after 160 tokens has not
# answered. Zero and R1 both lose about a third of their games this way.
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
print(f"R1's weights, both at once: {by_weights:+.2f}")
print(f"R1 at once instead of thinking: {by_silence:+.2f}")
plots.interval_dots(forced, "share of answers")

# %% [markdown]
# What you see: with thinking all three get most sums right, without it hardly any. On
# facts it is the other way round. Thinking there *costs* right answers, and several times the
# tokens. Our models "think" about a fact by writing down the question and an idea. A
# likely reason for the loss: each of these words is one more chance to go wrong.
#
# Left alone, Zero always thinks about facts and R1 answers at once. So R1 may gain over
# Zero in two ways: it may know a little more, and it does *not* think. The two lines above
# the picture take them apart; the intervals of the first overlap. (Is R1 just out of
# practice? Exercise 1.5 asks.)
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
# What you see: the base thinks now and then, less often than its web. So its 0.34 on
# facts in section 7 lies between its two dots. Zero always thinks. R1 thinks about
# sums and not about facts, because it was taught to. Dev1 read the table `cold`, where sums
# and facts always think. Dev3 read `samples`, where sums do and facts do not.
# The author of the samples (chapter 12) largely decides when the model thinks.

# %% [markdown] tags=["slide"]
# ## 9. What an answer costs
#
# Tokens are the price of thinking: in time, in electricity and on the bill. The tokens of
# a wrong answer are wasted, so they count, too:
#
# $$ \text{tokens per right answer} =
#    \frac{\text{tokens of all answers}}{\text{number of right answers}} $$
#
# Here it is for the base. The interval is that of the share right; the tokens are taken as
# exact:

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
# the long one is, as far as we can tell. Few guesses are right, so the first row is
# uncertain, and its interval touches that of thinking.
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
# What you see (a GFLOP is a billion operations): the first line's 73 are two for each of
# 36.6 billion weights. The bill counts tokens, and so grows with
# their number. The work grows faster, because later tokens look back at a longer text. Over 10,000 tokens more than half of all work is looking back.

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
# answers. The base gets one thought first, then the vote, so that
# we see which of the two helps. R1 may vote, too: ways can be combined. Read Distill against
# its own `small base`, which has hardly learned to add.


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
# What you see: up is better, left is cheaper; 64 questions, one training run. The axis of
# tokens is logarithmic. One thought alone hardly helps the base. A vote lifts it clearly, at
# many times the tokens. The trained models paid for their skill once,
# during training, and R1 gains by a vote, too.
#
# The games are those of section 7, with new tries. There the base had 0.30, here 0.21, and
# a forced thought looked like a small loss: differences of this size are chance. Zero and
# R1 are level; section 7 shows what R1 has besides. The small base can hardly do sums at all:

# %%
sums = questions["sums"]
for name in ("base", "student"):
    rows = ask(name, [problem.prompt for problem in sums], 2, opening=OPEN)
    mean, *_ = score(sums, rows)
    size = sum(p.numel() for p in models[name][0].parameters())
    print(f"{name:8}{size:8,} weights, sums right with thinking: {mean:.0%}")
assert mean < 0.4

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
# - On sums, RL taught our base to think more than to add: made to think, it was as good.
#   In countdown RL added more than that.
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
# **Exercise 1.3** (easy, 5 min) Whose weights? `starts` (section 4) maps each stage to the
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
