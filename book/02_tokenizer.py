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
# # The tokenizer: text in, numbers out, nothing lost
#
# | | |
# |---|---|
# | You will build | a whole byte-level BPE tokenizer in one small class: training, encoding, decoding and special tokens; the frame around a conversation; the cuts of DeepSeek-V3, compared with tiktoken; and, if you like, the fast algorithms |
# | You need | Python's lists, dictionaries, `Counter`, classes and generators, and simple regular expressions; from chapter 01, the tiny world, and that a model reads and writes tokens and learns from examples. No PyTorch |
# | Minutes to read | 100. Sections 10 and 11, which are optional, take about 25 of them |
# | Minutes to run | 1, on a laptop's processor |
# | Tier | `laptop`: no GPU, no download |
# | Paper sections | Sennrich et al. 2016 (arXiv 1508.07909), section 3.2; DeepSeek-V3 (arXiv 2412.19437), section 4.1, "Data Construction"; DeepSeek-R1 (arXiv 2501.12948v1), Table 1 |
#
# ![Above, a strip of the chapters in which the models are built, 02 to 05, 09, 10 to 13 and 14. Chapter 02, the tokenizer, is marked. Below, the way of a text: pieces, bytes, merges, ids, the frame of a conversation, the model, and text again.](../figures/02_path.png)
#
# What you see: the way of a text to the model and back. The small numbers are the
# sections in which you build each station; 10 and 11 make the merges fast. (`␣` is a space, and
# the bytes are in hexadecimal: c3 is 195.)

# %% [markdown]
# **Run this first.** It imports everything. Nothing below configures anything else. A cell
# that begins with `# r1lib.` is a copy of the library's own function, without its docstring.

# %% tags=["setup"]
import heapq
import json
import random
import re
import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import pairwise

import regex
import tokenizers
from jinja2 import Template
from tokenizers import models, trainers

from r1lib import artifacts, checks, plots
from r1lib.hub.export import byte_letters, tokenizer_json
from r1lib.hub.tokenizers import PublishedTokenizer
from r1lib.model.presets import PRESETS
from r1lib.plots import interactive
from r1lib.problem import draw
from r1lib.tokenizer import (
    ASSISTANT,
    BOS,
    EOS,
    FIRST_BYTE,
    GAP,
    SMALLEST,
    SPECIAL,
    USER,
    Tokenizer,
    chat,
)
from r1lib.tokenizer.chat import CLOSE, TAGS, check
from r1lib.tokenizer.pretokenize import PRETOKENIZERS, compiled
from r1lib.world import arithmetic, corpus, general, logic

# %% [markdown]
# ## 1. What is the alphabet of a model?
#
# A language model knows no letters. It knows a fixed list of **tokens**, numbered from
# 0, and for each of them it keeps a vector that it learns. The number of a token is
# its **id**. Something has to turn text into ids and ids into text, and that something
# is the **tokenizer**. It is trained once, before the model, and never changed
# afterwards: the vectors of the model would lose their meaning.
#
# Which list should it be? *Words* are too many, and tomorrow somebody invents a new
# one; a list of words needs an entry "unknown", and what was unknown is lost.
# *Characters* are better, but Unicode has over 150,000 of them, most of which are
# seen almost never. *Bytes* are the way out. Every text is stored as bytes, by the rule
# called **UTF-8**, and there are just 256 different ones:

# %% tags=["nbval-check-output"]
for text in ("R1", "é", "가", "東", "🙂"):
    print(f"{text}  characters: {len(text)}, bytes: {list(text.encode('utf-8'))}")

# %% [markdown]
# English letters take one byte, Korean syllables three, most emoji four or more. With 256 tokens
# nothing can ever be unknown, not even the bytes of a picture file. But it is a poor
# bargain: a model spends about the same work on each token, and one Korean word would
# cost it a dozen. We want *few tokens for common text, and none unknown*.

# %% [markdown] tags=["slide"]
# ## 2. Join what often occurs together
#
# Which longer tokens are worth having? **Byte-pair encoding** (BPE) starts from the 256
# bytes and asks, again and again: which two neighbours occur together most often? That
# pair becomes a new token. One such step is called a **merge**. The method compressed files in
# 1994, and Sennrich, Haddow and Birch brought it to language in 2016 (arXiv 1508.07909, section 3.2).
#
# First, the numbers. Ids 0 to 8 are kept for the special tokens of section 5. So byte `b` has the
# id `9 + b` (`FIRST_BYTE` is 9), and the first new token is 265 (`SMALLEST`). To join, take one
# pair and one new id, `new`. This is all that joining does:

# %%
# r1lib.tokenizer.join


# %% tags=["nbval-check-output"]
def byte_ids(text):
    """One id for each byte of a text."""
    return [FIRST_BYTE + b for b in text.encode("utf-8")]


a, b = byte_ids("ab")
print("before:        ", byte_ids("aaabdaaabac"))
print("a a -> 265:    ", join(byte_ids("aaabdaaabac"), (a, a), SMALLEST))
print("left to right: ", join([a, a, a], (a, a), SMALLEST))

# %% [markdown]
# The last line settles a detail: of three equal neighbours the *left* two are joined.
#
# Training repeats this. Count all pairs, take the most frequent, join it everywhere,
# and count again. A text is given as words with the number of times they occur, so that
# "the" is counted once, with its number of occurrences as weight.
#
# Three more details decide whether two people get the same tokenizer from the same text:
#
# - **Overlaps.** All neighbours count: `a a a` has the pair `a a` twice, though it is joined once.
# - **Ties.** Of two pairs that are equally frequent, the one with the smaller ids wins. That is what
#   `min` over `(-count, pair)` finds.
# - **The end.** Training stops when the vocabulary is full, or when no pair occurs twice.
#
# A merge is stored as two ids. To read it, `token_bytes` lists the bytes of each id.


# %%
def naive_merges(words, n_merges):
    """Count everything again before each merge."""
    pieces = [(byte_ids(word), n) for word, n in words.items()]
    merges = []
    for new in range(SMALLEST, SMALLEST + n_merges):
        count = Counter()
        for ids, n in pieces:
            for pair in pairwise(ids):
                count[pair] += n
        best = min(count, key=lambda pair: (-count[pair], pair), default=None)
        if best is None or count[best] < 2:
            break
        merges.append(best)
        pieces = [(join(ids, best, new), n) for ids, n in pieces]
    return merges


# %% tags=["nbval-check-output"]
def token_bytes(merges):
    """The bytes of each id: the 256 single ones, then what each merge joins."""
    table = {FIRST_BYTE + b: bytes([b]) for b in range(256)}
    for new, (left, right) in enumerate(merges, SMALLEST):
        table[new] = table[left] + table[right]
    return table


def spelled(merges):
    """The merges as the bytes that they join."""
    table = token_bytes(merges)
    return [f"{table[left]} + {table[right]}" for left, right in merges]


for line in spelled(naive_merges(Counter(["aaabdaaabac"]), 10)):
    print(line)

# %% [markdown]
# Ten merges were allowed, three were found: `aaabdaaabac` is now `aaab d aaab a c`,
# and no pair occurs twice.
#
# ![The text aaabdaaabac as a row of 11 boxes. After the merge a + a there are 9, after a + b there are 7, after aa + ab there are 5: aaab, d, aaab, a, c. In each row the pair that is joined next is coloured, and on the right a table of merges grows.](../figures/02_merges.png)
#
# What you see: one row for each state of the text. The pair that is joined next is orange, and
# the table of merges grows on the right. In the second row `aa a` and `a b` both occur twice.
# `a b` has the smaller ids and wins.
#
# Here is a text with more to find, the same sentences about
# animals in two languages:

# %% tags=["nbval-check-output"]
sentences = "the cat and the hen and the other cat; 고양이와 암탉과 다른 고양이"
words = Counter(sentences.split(" "))
for line in spelled(naive_merges(words, 11)):
    print(line)

# %% [markdown]
# It finds `the` and `cat` without knowing what a word is. Nor does it know that three
# bytes are a Korean syllable: `\x91\xec` is the end of one with the beginning of the
# next. In so short a text `\x91` is always followed by `\xec`. In a longer text a
# syllable meets many neighbours, and fewer tokens cross its borders; the last cell of
# section 7 counts them.

# %% [markdown] tags=["slide"]
# ## 3. Encode and decode
#
# A new text arrives: which ids does it get? The merges decide, *in the order in which they were
# learned*. Of the pairs that are present, join the one that was learned first; repeat until none
# is left.
#
# `ranks` maps a pair to the id that joining it makes. Since new ids were given out in the order of
# learning, this one number also says which pair came first: the smaller, the earlier.


# %%
def naive_apply(ids, ranks):
    """Join the earliest merge that is present, everywhere, until none is."""
    while known := [pair for pair in pairwise(ids) if pair in ranks]:
        first = min(known, key=ranks.get)
        ids = join(ids, first, ranks[first])
    return ids


# %% tags=["nbval-check-output"]
merges = naive_merges(words, 30)
ranks = {pair: new for new, pair in enumerate(merges, SMALLEST)}
table = token_bytes(merges)
for text in ("the hen", "then", "암탉", "dog"):
    ids = naive_apply(byte_ids(text), ranks)
    print(f"{text:8}", ids, [table[i] for i in ids])

# %% [markdown]
# `dog` was never seen, and it is not unknown: it is three bytes. `암탉` was seen once,
# and a pair that occurs once is never joined. Decoding is simple: concatenate the bytes of the
# ids and read them as UTF-8. One thing can go wrong, and it will:
# *a model may stop in the middle of a character*, or write bytes that are no text at all.
# A decoder that fails then would take the whole training run with it. Ours writes the
# replacement character, U+FFFD.


# %% tags=["nbval-check-output"]
def to_text(ids, table):
    """Join the bytes of the ids, and read them as UTF-8."""
    return b"".join(table[i] for i in ids).decode("utf-8", errors="replace")


print("the whole word:  ", to_text(naive_apply(byte_ids("고양이"), ranks), table))
print("two of 3 bytes:  ", to_text(byte_ids("고")[:2], table))
print("all three:       ", to_text(byte_ids("고"), table))

# %% [markdown] tags=["slide"]
# ## 4. Cut first
#
# May a token reach across two words? If nothing holds it back, BPE makes tokens of
# `of the`, and of `dog.`, `dog,` and `dog!`: three vectors for one animal. So text is
# first cut into **pieces**, and no merge crosses a cut. This is called
# **pre-tokenisation**, and it is one regular expression, `PATTERN`. Do not
# read it yet: look at what it does.

# %%
# r1lib.tokenizer.pretokenize.PATTERN
# r1lib.tokenizer.pretokenize.pretokenize

# %% tags=["nbval-check-output"]
tiny = compiled("tiny")
for text in ("The cat's 12345 lives.", "고양이는 1,234마리야!", "x = f(a+b)  # ok"):
    print(pretokenize(text, tiny))

# %% [markdown]
# A word keeps *the space before it*, and Korean is cut at spaces like English. These are the rules,
# in the order in which the pattern tries them:
#
# | rule | pattern | pieces above |
# |---|---|---|
# | at most three digits | `\p{N}{1,3}` | `123`, `45` |
# | a word, with a space before it if there is one | `[^\r\n\p{L}\p{P}\p{S}\p{N}]?[\p{L}\p{M}]+` | `The`, ` cat`, `고양이는` |
# | punctuation and symbols, with a space before them | ` ?[\p{P}\p{S}]+` | `'`, ` =`, ` #` |
# | line ends | `\s*[\r\n]+` | none |
# | spaces, except the last one, which is left for what follows | `\s+(?!\S)` | the first of two before `#` |
# | other spaces | `\s+` | the one before `123` |
#
# Classes such as `\p{L}` are the reason why we import `regex`: Python's own `re` does not know them.
# `\p{L}` is a letter of any script, and a Korean syllable such as 가 is one. `\p{M}` is an accent
# that is written separately, `\p{N}` a digit, `\p{P}` punctuation, `\p{S}` a symbol. `(?!\S)` means
# that no visible character may follow.
#
# Why at most three digits? Otherwise every frequent number could become a token of its own. With
# three there are 1,110 such pieces from the digits 0 to 9. (A last rule takes what is left.
# `compiled` puts each pattern in parentheses, so `split` keeps what matched.)

# %% [markdown] tags=["slide"]
# ## 5. Special tokens, and a whole tokenizer
#
# How does a model know where a text begins, who speaks, and when to stop? It has tokens
# for that, which a user's text cannot produce. They have the ids 0 to 8:

# %% tags=["nbval-check-output"]
for i, name in enumerate(SPECIAL):
    print(i, name)

# %% [markdown]
# `<|bos|>` opens a text (beginning of sequence), and `<|eos|>` closes an answer (end of sequence). `<|pad|>`
# fills up the shorter ones where texts of different lengths are processed side by side. The last
# four frame a thought and an answer, with the tags of R1-Zero's prompt (arXiv 2501.12948v1, Table 1).
#
# *Cannot produce* is the important part. Suppose a user types `<|assistant|>` into
# the question. If that became the token `<|assistant|>`, the user would put words into the
# model's mouth. So encoding treats it as thirteen harmless characters, unless the caller,
# not the text, asks for special tokens with `allow_special`. That is for text of our own,
# such as training data. (Section 6 has the one exception: the four tags in what a *model* wrote.)
#
# ### All parts in one class
#
# Now every part is there. A class keeps the merges and puts the parts together, in four methods:
#
# | method | what it does | from |
# |---|---|---|
# | `train` | cuts the texts, counts the pieces, learns the merges | sections 2 and 4 |
# | `encode` | finds special tokens if allowed, cuts the rest, joins in each piece | sections 3 and 4 |
# | `decode` | joins the bytes and reads them as text | section 3 |
# | `__init__` | prepares the two tables: from pair to id, and from id to bytes | sections 2 and 3 |
#
# `cuts` is the name of a way of cutting. Ours is `"tiny"`, and section 8 has another one.


# %%
class SmallTokenizer:
    """A whole tokenizer; nothing about it is fast."""

    def __init__(self, merges, cuts="tiny"):
        self.merges, self.patterns = merges, compiled(cuts)
        self.ranks = {pair: new for new, pair in enumerate(merges, SMALLEST)}
        self.table = token_bytes(merges)
        self.table |= {i: name.encode() for i, name in enumerate(SPECIAL)}

    @classmethod
    def train(cls, texts, vocab_size, cuts="tiny"):
        words = Counter()
        for text in texts:
            words.update(pretokenize(text, compiled(cuts)))
        return cls(naive_merges(words, vocab_size - SMALLEST), cuts)

    def encode(self, text, allow_special=False):
        names = "|".join(re.escape(name) for name in SPECIAL)
        ids = []
        for part in re.split(f"({names})", text) if allow_special else [text]:
            if allow_special and part in SPECIAL:
                ids.append(SPECIAL.index(part))
            else:
                for piece in pretokenize(part, self.patterns):
                    ids += naive_apply(byte_ids(piece), self.ranks)
        return ids

    def decode(self, ids):
        return to_text(ids, self.table)


# %% [markdown]
# Train it on the sentences about animals, and follow one text through `encode`:
#
# ![The text "<think>the hens 2024" in five rows. Special tokens: <think> apart from the rest. Pieces: the, space hens, space, 202, 4. Bytes: one id for each letter. Joins: the is one token, he is one token inside hens, everything else stays single. Ids: 5, 266, 41, 265, 119, 124, 41, 59, 57, 59, 61.](../figures/02_encode.png)
#
# What you see: the steps of `encode`, one a row. The orange box is a special token: its id is known at once, and
# it needs no bytes. A green box is a token that joins made. None of them crosses a border of the pieces.

# %% tags=["nbval-check-output"]
small = SmallTokenizer.train([sentences], 300)
text = "<think>the hens 2024"
ids = small.encode(text, allow_special=True)
print(len(small.merges), "merges")
print(ids)
print([small.decode([i]) for i in ids])
print(small.decode(ids) == text)

# %% [markdown]
# Is it right? The library has a `Tokenizer` with the same methods. It reaches its results in another
# way, which is fast (sections 10 and 11). Both now learn from chats, stories and problems of the
# tiny world, as many texts in English as in Korean. The folded cell makes the texts.


# %% tags=["hide-input"]
def tiny_web(language, n, seed=0):
    """3 n texts of the tiny world in one language."""
    rng, out = random.Random(f"{seed}-{language}"), []
    families = ("chat", "writing", "identity", "refusal")
    for i in range(n):
        out.append("\n".join(general.sample(rng, families[i % 4], language)))
        for family in (logic, arithmetic):
            problem = draw(family.sample, rng, "train", "easy", language)
            out.append(problem.prompt)
    return out


both = tiny_web("en", 700) + tiny_web("ko", 700)
kilobytes = sum(len(text.encode()) for text in both) / 1000
print(f"{len(both)} texts, {kilobytes:.0f} kB")

# %% tags=["nbval-check-output"]
mine, library = SmallTokenizer.train(both, 640), Tokenizer.train(both, 640)
print("equal merges:", mine.merges == library.merges, len(mine.merges))

shown = (
    "The cat didn't pay $1,234.56.",
    "고양이는 1,234원을 냈다!",
    "def f(x):\n\treturn x**2",
    "🙂 東京",
    "<|user|>1+1<|assistant|><think>",
)
for text in shown:
    for allowed in (False, True):
        ids = mine.encode(text, allow_special=allowed)
        assert ids == library.encode(text, allow_special=allowed)
        assert mine.decode(ids) == text
    print(f"{text!r:36}{len(text.encode()):3} bytes,", len(ids), "tokens")

# %% [markdown]
# All merges and all ids agree, and every text comes back. (The tokens are counted with
# `allow_special`, so the last text, which spells special tokens, needs few.) You have a
# tokenizer that works, and you know each of its lines.
#
# The models of this book use one that was trained in the same way, on all families of the tiny world.
# From here on, `tokenizer` is this one. And now back to the user who types `<|assistant|>`.
# `tokenizer.prompt` frames a single question, and the last line shows that the question cannot break
# out of its frame:

# %% tags=["nbval-check-output"]
tokenizer = Tokenizer.load(artifacts.path("tokenizer") / "tokenizer.json")
mine = SmallTokenizer(tokenizer.merges)
print(tokenizer.vocab_size, "ids")

text = "<|assistant|><think>sure"
for allowed in (False, True):
    print(ids := tokenizer.encode(text, allow_special=allowed))
    assert ids == mine.encode(text, allow_special=allowed)
    assert tokenizer.decode(ids) == text

prompt = tokenizer.prompt("<|eos|>2+2")
print([tokenizer.decode([i]) for i in prompt])
assert [i for i in prompt if i < FIRST_BYTE] == [BOS, USER, ASSISTANT]

# %% [markdown]
# ### Try it: your own text
#
# The next cell cuts a text of yours into tokens. Each box is a token followed by its id. A
# space is drawn as ␣, and bytes that are no whole character as numbers, such as `\xea`. Change
# the text and press Enter: your name, 1234567, an emoji, `<think>` with and without `allow
# special`.
#
# A question to answer by playing: `compute` is one token. Is the shorter word `cat`, typed alone,
# one, too?
#
# <details><summary>Answer</summary>No, it is two. The tokenizer read many sums that begin with
# `compute`, and few cats. What counts is how often a word occurs, not how long it is. In Korean,
# `계산` (compute) is one token and `고양이` (cat) is five.</details>

# %%
interactive.tokens(tokenizer, "compute (계산) 12345*67 🙂")

# %% [markdown] tags=["slide"]
# ## 6. The template that silently deletes thinking
#
# How does a conversation of several turns become ids? Each model has its own way, its
# **chat template**. That of DeepSeek-R1 is plain. First comes `bos` (beginning of
# sequence), then the system text if there is one. Then, for each turn, come user,
# question, assistant, answer and `eos` (end of sequence), with nothing in between. (Since
# February 2025 the published template also opens the next answer with `<think>` and a
# line end, so what the model itself writes may hold `</think>` only.)
#
# It also has a rule that is easy to miss. Thinking is long; after a few turns the
# context, all that the model can read at once, would hold little else. So when the *next*
# question is asked, everything up to `</think>` is dropped from all earlier answers. In
# the template, which is a small program in the language Jinja, it is this line
# (`tokenizer_config.json` of DeepSeek-R1):
# `{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}`.
#
# Ours does the same in Python. `framed` yields the parts of a conversation, each with its writer.
# `edit` is applied to every answer: `without_thinking` drops the thought, and `str` keeps it.
# (`check` refuses two questions in a row.)
#
# `encode_answer` is the exception of section 5: in what a model wrote, the four tags become
# single ids, as the model itself wrote them. But an answer that spells `<|user|>` opens no turn. Never give
# this function a user's text.

# %%
# r1lib.tokenizer.chat.without_thinking
# r1lib.tokenizer.chat.encode_answer
# r1lib.tokenizer.chat.framed
# r1lib.tokenizer.chat.for_inference

# %% tags=["nbval-check-output"]
talk = [
    {"role": "user", "content": "17+5"},
    {"role": "assistant", "content": "<think>17+5=22</think><answer>22</answer>"},
    {"role": "user", "content": "*2"},
]
published = (  # the line above, and then what is left
    "{% if '</think>' in content %}"
    "{% set content = content.split('</think>')[-1] %}{% endif %}{{ content }}"
)
print("Jinja: ", Template(published).render(talk[1]))
print("Python:", without_thinking(talk[1]["content"]))
print("framed:", tokenizer.decode(for_inference(tokenizer, talk)))
assert for_inference(tokenizer, talk) == chat.for_inference(tokenizer, talk)

# %% [markdown]
# For answering questions that is right. Now imagine that you have collected 800,000
# beautiful answers with their thinking, and you want to train a model on them. You take
# the template, because that is what templates are for, and render each conversation. The
# template sees an assistant's answer that contains `</think>` and applies its rule:

# %% tags=["slide", "nbval-check-output"]
talk = talk[:2]  # one question, one answer: a training example
careless = framed(tokenizer, talk, without_thinking)
print("template:", tokenizer.decode(i for _, ids in careless for i in ids))
careful = framed(tokenizer, talk, str)
print("wanted:  ", tokenizer.decode(i for _, ids in careful for i in ids))

# %% [markdown]
# There is no error and no warning, and the model learns to answer without thinking. So
# training on one question and one answer has a function of its own. It keeps the thinking and
# returns a **mask**, which is `True` for each token that is to be learned. Those are what the model
# itself has to write, and the `eos` after it, but nothing that the user wrote.

# %%
# r1lib.tokenizer.chat.for_training

# %%
ids, mask = for_training(tokenizer, talk)
print(f"{len(ids)} tokens, {sum(mask)} of them to be learned")
spelt = [tokenizer.decode([i]) for i in ids]
plots.token_map([list(zip(spelt, map(float, mask), strict=True))], "mask")

# %% [markdown]
# What you see: the training example token by token, in colour where the mask is 1.
#
# How much would the template lose? We take 2,000 problems of the kinds that our base reads most
# (chapter 05): sums, and *countdown*, where given numbers are to make a target. Of their answers we
# keep those that think, and count the tokens to be learned, with and without the rule:

# %% tags=["nbval-check-output"]
pairs = [pair for pair in corpus.documents(2000, 0) if "</think>" in pair[1]]
kept = lost = 0
for _, answer in pairs:
    full = len(encode_answer(tokenizer, answer)) + 1  # and the eos after it
    rest = len(encode_answer(tokenizer, without_thinking(answer))) + 1
    kept, lost = kept + rest, lost + full - rest
print(f"{len(pairs)} answers that think: {kept + lost} tokens")
print(f"deleted by the template: {lost} tokens, {lost / (kept + lost):.0%}")

# %% [markdown]
# Most of what was to be learned is gone.
#
# And a conversation of *two* answers? `for_training` takes it too, and keeps all thinking. What
# does the model then read before it learns the second answer, and what will it read in use?

# %% tags=["nbval-check-output"]
answer_2 = "<think>22*2=44</think><answer>44</answer>"
longer = [
    *talk,
    {"role": "user", "content": "*2"},
    {"role": "assistant", "content": answer_2},
]
ids, _ = for_training(tokenizer, longer)
learned_2 = [*encode_answer(tokenizer, answer_2), EOS]
assert ids[-len(learned_2) :] == learned_2
print("training:", tokenizer.decode(ids[: -len(learned_2)]))
print("in use:  ", tokenizer.decode(for_inference(tokenizer, longer[:3])))

# %% [markdown]
# The second answer is learned after a thought that will not be there when the model is used. So
# a conversation of several answers should not go through `for_training` as a whole. The clean way is one
# example for each answer: earlier thinking dropped, its own kept. Exercise 2.5 builds it.
#
# ![Five rows of the parts question, thinking, answer, twice. In use, before answer 2: thinking 1 is dropped, the rest is read. The template for training: both answers are learned, both thoughts are dropped. Whole, with all thinking: both thoughts and answers are learned. One example for answer 1: its thought and answer are learned. One example for answer 2: thinking 1 is dropped, thinking 2 and answer 2 are learned.](../figures/02_template.png)
#
# What you see: one conversation of two answers, used in four ways. The template (second row)
# learns no thought. The whole conversation (third row) reads thinking 1 before answer 2, which the
# first row does not. The last two rows are the clean way: answer 2 comes after what the first row
# reads, and every thought is learned once.

# %% [markdown] tags=["slide"]
# ## 7. How large should the vocabulary be?
#
# A larger vocabulary cuts a text into fewer tokens, and fewer tokens are cheaper. But each entry
# of the vocabulary costs a row in two matrices: the one that turns ids into vectors, and the one that turns
# vectors into probabilities:

# %% tags=["nbval-check-output"]
shapes = {  # ids, width of a vector
    "tiny": (tokenizer.vocab_size, PRESETS["tiny"].d_model),
    "DeepSeek-V3": (129_280, 7_168),  # config.json of the published model
}
for name, (size, width) in shapes.items():
    print(f"{name:12} {size:7,} x {width:5,} x 2 = {2 * size * width:13,} numbers")

# %% [markdown]
# And what do they save? One training gives *every* smaller vocabulary too, because merges
# come in order: the first 64 merges are what a training with 64 merges would have found. This is
# the experiment:
#
# | | |
# |---|---|
# | learned from | chats, stories and problems of the tiny world; once English alone, once English and Korean with equally many texts |
# | sizes | the first 0, 32, 64, 128, 256, 512 and 768 merges of each training |
# | measured on | the 63 questions about facts of `general.facts`, each with its answer, which neither has read |
#
# The facts exist in both languages and say the same. So we count the tokens for one fact. Your own
# class does the learning and the encoding.

# %% tags=["nbval-check-output"]
N_MERGES = 768
learned_from = {"English": tiny_web("en", 1400), "both": both}
grown = {
    name: SmallTokenizer.train(texts, SMALLEST + N_MERGES).merges
    for name, texts in learned_from.items()
}
facts = {
    language: [
        general.josa(f"{asks[0]}\n{answers[-1]}")
        for asks, answers in general.facts(language)
    ]
    for language in ("en", "ko")
}
for name, merges in grown.items():
    print(f"{name:8} {len(merges)} merges, longest token in bytes:", end=" ")
    print(max(token_bytes(merges).values(), key=len).decode())
print(facts["en"][0], facts["ko"][0], sep="\n")

# %%
SIZES = [0, 32, 64, 128, 256, 512, 768]


def measure(merges, texts):
    """(ids in the vocabulary, tokens for one text) for each size."""
    points = []
    for k in SIZES:
        cut = SmallTokenizer(merges[:k])
        tokens = sum(len(cut.encode(text)) for text in texts)
        points.append((SMALLEST + k, tokens / len(texts)))
    return points


names = {"en": "English", "ko": "Korean"}
per_fact = {
    f"learned from {source}, tokens for one fact": {
        names[language]: measure(merges, texts) for language, texts in facts.items()
    }
    for source, merges in grown.items()
}
plots.doubling_curves(per_fact, "ids in the vocabulary")

# %% [markdown]
# What you see: on the left the tokenizer read English only, on the right both. The two
# curves on the right fall together; on the left, Korean stays where it was.

# %% tags=["slide", "hide-input"]
print(f"{'learned from':14}{'English':>9}{'Korean':>9}{'Korean / English':>19}")
for source, curves in zip(grown, per_fact.values(), strict=True):
    en, ko = (curves[name][-1][1] for name in ("English", "Korean"))
    print(f"{source:14}{en:9.1f}{ko:9.1f}{ko / en:19.2f}")
    assert ko > 2 * en if source == "English" else ko < 1.5 * en

print(f"\n{'ids, both':14}{'English':>9}{'Korean':>9}{'numbers, width 96':>19}")
for (size, en), (_, ko) in zip(*curves.values(), strict=True):
    print(f"{size:<14,}{en:9.1f}{ko:9.1f}{2 * 96 * size:19,}")
at = {size: tokens for size, tokens in curves["English"]}
assert [round(at[n] - at[2 * n - 9], 1) for n in (265, 521)] == [17.9, 4.8]
alone = {name: c[-1][1] for name, c in next(iter(per_fact.values())).items()}
assert round(curves["English"][-1][1] / alone["English"], 2) == 1.08
assert round(curves["Korean"][-1][1] / alone["Korean"], 1) == 0.5

# %% [markdown]
# Three things to take with you.
#
# **Each doubling buys less.** With 521 ids instead of 265, an English fact becomes 17.9 tokens
# shorter. With 1,033 instead of 521 it becomes 4.8 shorter. The price doubles both times.
#
# **What the tokenizer reads decides what a language costs.** After English alone, a Korean fact
# takes more than twice as many tokens as the same fact in English. That is twice the price, the
# waiting and the context. It is decided before the model has seen a single example, and fixing
# it later means new tokens and more training. Reading both languages halves the price of Korean.
# It is not free: the same number of merges now serves two languages, and an English fact costs 8% more.
#
# **What you see is not the web.** The tiny world has few words and repeats its sentences, so
# expect flatter curves on real text.
#
# ### What tokens hide
#
# The book's tokenizer, on a few short texts:

# %% tags=["nbval-check-output"]
for text in ("yes", " yes", "strawberry", " strawberry", "1234567", "234567"):
    print(f"{text!r:15}", [tokenizer.decode([i]) for i in tokenizer.encode(text)])

# %% [markdown]
# `yes` and ` yes` share no id: the space before a word decides. And how many r are in
# strawberry? The model reads seven ids, and one of them is `ry`. Nothing in its number
# says that it holds an r. A model has to learn by heart how each token is spelled, and
# may miscount.
#
# Numbers have the same trouble. The text 234567 is the end of 1234567, and only the 7 comes out
# alike: cuts are counted from the left, so all of them shift. Exercise 2.2 cuts from the right.
#
# ### The size of the book's vocabulary
#
# Which size did the book choose? 640 ids, by a tokenizer that read all families in both
# languages. At about 320 ids a fact is only a fifth or a sixth shorter than in bytes.
# At 1,280 the two matrices would be half as large as all layers together (chapter 04
# counts those). Every number from 0 to 99 is one token, and so are both verdicts of a
# check. In chapter 09 each of them is then one decision. The folded cell shows it, and sorts the
# learned tokens: how many cross the border of two Korean syllables (section 2)?

# %% tags=["hide-input", "nbval-check-output"]
single = [len(tokenizer.encode(str(n))) == 1 for n in range(100)]
verdicts = [tokenizer.encode(word) for word in (" yes", " no", " 맞아", " 아니")]
print(f"{sum(single)} of 100 numbers are one token; verdicts: {verdicts}")


def kind(text):
    """What a token is made of; a character begins with a byte from 0xC0 on."""
    if max(text) < 128:
        return "no Korean"
    if "\ufffd" not in text.decode("utf-8", "replace"):
        return "whole syllables"
    ends = (a < 0xC0 <= b for a, b in pairwise(text) if a >= 0x80)  # ... and begins
    return "crosses a border" if any(ends) else "part of one syllable"


joined = [text for i, text in tokenizer.bytes_of.items() if i >= SMALLEST]
kinds = Counter(map(kind, joined))
for name, n in kinds.most_common():
    print(f"{name:22}{n:5}")
print("longest:", *(text.decode() for text in sorted(joined, key=len)[-5:]), sep="  ")
assert round(kinds["crosses a border"] / (len(joined) - kinds["no Korean"]), 2) == 0.11

# %% [markdown]
# Of the tokens with Korean bytes, 11% cross a border, and almost half are whole syllables.

# %% [markdown] tags=["slide"]
# ## 8. The cuts of DeepSeek-V3
#
# How does DeepSeek-V3, and so R1, cut a text? In a similar way, with two main differences.
#
# First, Chinese characters and Japanese kana get a rule of their own. Without it a run of
# them would stick to the Latin or Korean letters beside it, as in `Python入門` below.
# (Korean hangul stays under the rule for words.)
#
# Second, there are *three patterns in turn*: the second cuts the pieces of the first, the third
# those of the second.
#
# There are two smaller differences. A line end sticks to the punctuation before it, and a single
# mark sticks to the English letters after it (`SIGN_WORD`). So `don't` is `don`, `'t` here and
# `don`, `'`, `t` by our pattern.
#
# A token of punctuation *with* a line end has a price. Suppose a prompt ends with `.` and its line
# end is missing. The model has read `.` and line end as one token and rarely as two, so what it
# expects after a bare `.` is biased. DeepSeek therefore split some of these tokens at
# random in training (DeepSeek-V3, section 4.1).

# %%
# r1lib.tokenizer.pretokenize.DIGITS
# r1lib.tokenizer.pretokenize.KANA_HAN
# r1lib.tokenizer.pretokenize.SIGN_WORD
# r1lib.tokenizer.pretokenize.PRETOKENIZERS

# %% tags=["nbval-check-output"]
deepseek = compiled("deepseek-v3")
text = "Python入門 2024年、東京タワー!\n"
for name, patterns in (("tiny", tiny), ("deepseek-v3", deepseek)):
    print(f"{name:12}", pretokenize(text, patterns))

# %% [markdown]
# Why not write one pattern, with `|` between the three? Because they would compete for
# the same characters. In turn, the digits are gone before spaces are looked at. Side by
# side, the pattern that matches first at a place takes what it can get:

# %% tags=["nbval-check-output"]
side_by_side = regex.compile("|".join(PRETOKENIZERS["deepseek-v3"]))
for text in ("a  7", "Vは", "は・"):
    print(f"{text!r:8} in turn      {pretokenize(text, deepseek)}")
    print(f"{'':8} side by side {side_by_side.findall(text)}")

# %% [markdown]
# `a  7`: in turn, two spaces are the end of their piece and stay together. Side by side
# the pattern sees the digit after them, and `(?!\S)` gives back one space. `Vは`: in turn, the
# kana is cut off before the rule for words looks. Side by side, that rule takes both.
#
# The last case is the most treacherous: the dot ・ belongs to the kana by the second pattern and is
# punctuation by the third, which cuts it off. A model that was trained with one way of
# cutting and is used with the other sees tokens in places where it never saw them, and no
# error is raised. Section 9 therefore compares ours with Hugging Face's `tokenizers`, and
# the tests of the book do it on 10,000 random strings.

# %% [markdown] tags=["slide"]
# ## 9. Do others agree?
#
# Is our tokenizer right, or almost right? Almost right would be worse than a failure, because no error
# would be raised. So we ask two others that were written independently: **tiktoken**, OpenAI's encoder,
# and Hugging Face's **tokenizers**. They, your class and the library get the same texts, by both ways
# of cutting.
#
# The texts include 300 made from random bytes (what is no UTF-8 in them became U+FFFD). All samples
# are in the training text too, three times, so that their own pairs are frequent enough to be
# joined. Otherwise little more than single bytes would be compared.
#
# <details><summary>How we hand our merges over</summary>
#
# - tiktoken wants one pattern and a table from bytes to rank; `to_tiktoken` makes both. The rank
#   of a token is its id. DeepSeek-V3's three patterns become a single longer one, made to cut the
#   same.
# - tiktoken looks a piece up before it merges. If `abc` were in the table and the merges of its
#   bytes never led there, it would return `abc` and we would not. Training makes no such token; for
#   merges from elsewhere `to_tiktoken` checks it.
# - Hugging Face reads a file, `tokenizer.json`, and `tokenizer_json` writes its content. It holds
#   bytes as visible characters, a convention introduced by GPT-2: `A` stays `A`, but a space
#   becomes `Ġ`. `PublishedTokenizer` reads the content.
#
# </details>

# %% tags=["nbval-check-output"]
samples = {
    "English": ["The cat didn't pay $1,234.56 in 2024; it slept."],
    "Korean": ["고양이는 2024년에 1,234원을 내지 않았다. ㅋㅋ 잤다!"],
    "Python": ["def f(xs):\n\treturn [x**2 for x in xs]  # ok\n\n\nprint(f([1]))\n"],
    "emoji": ["🙂🙂 👩‍👩‍👧🏽 🇰🇷 1️⃣"],
    "Chinese, Japanese": ["東京タワーは333メートル、北京。は・゛ Python入門"],
    "looks special": ["<|user|><think></think>"],
    "empty": [""],
    "random texts": [
        random.Random(i).randbytes(120).decode("utf-8", "replace") for i in range(300)
    ],
}
twins = {}
for name in PRETOKENIZERS:
    ours = Tokenizer.train(both + 3 * sum(samples.values(), []), 900, name)
    other = PublishedTokenizer(tokenizer_json(ours), {}, ("", ""))
    twins[name] = ours, SmallTokenizer(ours.merges, name), ours.to_tiktoken(), other

print(f"{'pieces, tokens':18}{'tiny':>15}{'deepseek-v3':>16}")
for label, texts in samples.items():
    agree = []
    for name in PRETOKENIZERS:
        ours, mine, fast, other = twins[name]
        ids = [ours.encode(text) for text in texts]
        assert ids == [mine.encode(text) for text in texts]
        assert ids == [fast.encode_ordinary(text) for text in texts]
        assert ids == [other.encode(text) for text in texts]
        assert [ours.decode(i) for i in ids] == texts
        pieces = sum(len(pretokenize(text, compiled(name))) for text in texts)
        agree.append(f"{pieces}, {sum(map(len, ids))}")
    print(f"{label:18}{agree[0]:>15}{agree[1]:>16}")

# %% [markdown]
# All ids are equal, and all texts came back. Where DeepSeek-V3 cuts differently, the number of
# *pieces* differs: punctuation takes the line end after it, or the English letters, as in
# `'t`, and 入門 is cut off from `Python`. The number of *tokens* may still be the same, because with other pieces other merges are learned.
#
# Are the *merges* right, too? The folded cell trains with Hugging Face's `tokenizers` and compares.
#
# <details><summary>How the two trainings are made comparable</summary>Hugging Face's trainer also gives ties to the smaller ids,
# but its ids for the bytes follow the order of those visible characters, not the byte values. With
# other ids, ties go to other pairs. So we hand it our
# order as "special tokens": nine dummies for ids 0 to 8, then the characters of the bytes.
# Then its 265 is our 265.</details>

# %% tags=["hide-input", "nbval-check-output"]
ours, letters = Tokenizer.train(both, SMALLEST + 500), byte_letters()
whole = tokenizers.Tokenizer.from_str(json.dumps(tokenizer_json(ours)))
twin = tokenizers.Tokenizer(models.BPE())
twin.pre_tokenizer = whole.pre_tokenizer  # the cuts, and no merge
order = [f"special {i}" for i in range(FIRST_BYTE)] + letters
trainer = trainers.BpeTrainer(
    vocab_size=SMALLEST + 500,
    min_frequency=2,
    special_tokens=order,
    show_progress=False,
)
twin.train_from_iterator(both, trainer)

theirs = {i: text for text, i in twin.get_vocab().items()}
same = [
    "".join(letters[b] for b in ours.bytes_of[i]) == theirs[i]
    for i in range(SMALLEST, ours.vocab_size)
]
print(f"{sum(same)} of {len(same)} learned tokens are equal, in the same order")

# %% [markdown] tags=["slide"]
# ## 10. Training, fast (optional)
#
# *Sections 10 and 11 are a second reading: nothing later in the book needs them. At a first reading
# go on with the Summary.*
#
# The class of section 5 is right, and slow in two places. Training counts all pairs again before each
# merge, and encoding looks at the whole piece in each round. The library replaces these two
# functions, `naive_merges` and `naive_apply`, and this section and the next build what it has instead.
#
# Must all pairs be counted again, although a merge changes few of them? No:
# keep the counts and update them. When `a b` is joined in `x a b y`, three pairs
# disappear (`x a`, `a b`, `b y`) and two appear (`x ab`, `ab y`).
#
# For this we need to get from a place to its neighbours, although joined places vanish.
# A **linked list** can do that: for each place, `left` and `right` hold the place of its
# neighbour. `places` lists where each pair is, and `weights` how often a word occurs.
# `GAP` (-1) marks the border of two words, and a place whose id was swallowed by its left
# neighbour. A pair with a `GAP` in it is never joined.
#
# ![Two rows of six places. Before: GAP, x, a, b, y, GAP, each linked to both neighbours. After the join: GAP, x, ab, GAP, y, GAP; the place of b holds GAP and is skipped, because right of place 2 is now 4 and left of place 4 is now 2.](../figures/02_chain.png)
#
# What you see: one join. Two ids and two links change, in orange. In code it is four
# assignments:

# %% tags=["nbval-check-output"]
x, y, ab = FIRST_BYTE + ord("x"), FIRST_BYTE + ord("y"), SMALLEST
ids, left, right = [GAP, x, a, b, y, GAP], [-1, 0, 1, 2, 3, 4], [1, 2, 3, 4, 5, 6]
print("before:", ids, left, right)
i = 2  # the place of a
j, after = right[i], right[right[i]]  # those of b and y
ids[i], ids[j] = ab, GAP
right[i], left[after] = after, i
print("after: ", ids, left, right)

# %% [markdown]
# `Chain` does so at all places of a pair. It also keeps the counts up to date. The place of the
# left neighbour is called `before`. The pairs that begin at `before`, `i` and `j` are subtracted.
# After the join those that now begin at `before` and `i` are added, and `made` collects them. (Pairs
# with a `GAP` are counted as well, because that needs no special case. Nobody asks for them.)

# %%
# r1lib.tokenizer.Chain

# %% [markdown]
# Here is the whole state before and after one join. There are two pieces: the one of the picture,
# and `a b`, which occurs three times. Of the places with a `GAP`, `|` is a border and `.` is a
# swallowed one, to which no link leads:


# %% tags=["nbval-check-output"]
def show(chain):
    """The ids, then each pair within a piece with its count and its places."""
    linked, i = set(), 0
    while i < len(chain.ids):
        linked.add(i)
        i = chain.right[i]
    print("ids:", *(NAMES[x] if k in linked else "." for k, x in enumerate(chain.ids)))
    for (one, two), places in chain.places.items():
        if GAP not in (one, two):
            count = chain.count[one, two]
            print(f"    {NAMES[one]:>2} {NAMES[two]:2} count {count}, places {places}")


NAMES = {GAP: "|", x: "x", y: "y", a: "a", b: "b", ab: "ab"}
chain = Chain([[x, a, b, y], [a, b]], weights=[1, 3])
show(chain)
made = chain.join((a, b), ab)
print("made:", sorted(f"{NAMES[one]} {NAMES[two]}" for one, two in made))
show(chain)

# %% [markdown]
# Before, `a b` has the count 1 + 3 = 4. Afterwards its list of places is gone, and two pairs are
# new. But `x a` and `b y` still have their old places, with the count 0: these lists are out of
# date. We do not search for such entries. When a join comes to a place, it looks whether the pair is
# still there, and goes on if it is not.
#
# How do we find the most frequent pair? With a **heap**, a list that always has its
# smallest entry at the front. Python's `heapq` keeps it so when an entry is added or removed. We
# store *minus* the count, so the most frequent pair is the smallest entry.
#
# Counts change, and we do not update the entries. Can an entry be too low? No. Take `t he`: it can
# exist only once `he` does, so the join that makes `he` makes all places of `t he`. Every later
# join only takes places away. So an entry is right or too high, and it is enough to look at the
# front. If its count is still right, it is the best. If the entry says 40 but only 33 occurrences
# remain, we push it back with 33.
#
# A small case: `abc` occurs three times and `bc` once. `b c` is joined first, with 4. The entry of
# `a b` still says 3, but nothing of it remains, so it goes back with 0. At the front is now `a bc`:

# %%
# r1lib.tokenizer.learn_merges

# %% tags=["nbval-check-output"]
for line in spelled(learn_merges(Counter({"abc": 3, "bc": 1}), 5)):
    print(line)

# %% [markdown]
# Does it find the same merges, and how much work does it save? We count work in pairs
# looked at, not in seconds: seconds depend on your machine. While `looks` runs a function, two
# names are exchanged for twins that count. `pairwise` counts every pair that it gives out, in the
# naive functions and at the start of a `Chain`.
# And a join of a `Chain` counts five pairs for each place in its list. (That is at most what
# it looks at: a place that is out of date costs only one look.)

# %%
LOOKS = Counter()  # how many pairs were looked at: the work


def counting_pairwise(ids):
    LOOKS["rounds"] += 1
    LOOKS["pairs"] += len(ids) - 1
    return zip(ids, ids[1:], strict=False)


class CountingChain(Chain):
    def join(self, pair, new):
        LOOKS["pairs"] += 5 * len(self.places[pair])
        return super().join(pair, new)


def looks(function, *given):
    """What a function returns, and at how many pairs it looked."""
    LOOKS.clear()
    names = globals()
    plain = {name: names[name] for name in ("pairwise", "Chain")}
    names.update(pairwise=counting_pairwise, Chain=CountingChain)
    try:
        return function(*given), LOOKS["pairs"]
    finally:
        names.update(plain)


# %% tags=["nbval-check-output"]
words = Counter(piece for text in both for piece in pretokenize(text, tiny))
print(f"{'merges':>8}{'naive looks':>14}{'fast looks':>13}")
for n in (50, 100, 200, 400):
    slow, slow_looks = looks(naive_merges, words, n)
    fast, fast_looks = looks(learn_merges, words, n)
    assert slow == fast
    print(f"{n:8}{slow_looks:14,}{fast_looks:13,}")

# %% [markdown]
# The merges are the same. Twice as many merges cost the naive loop 1.7 to 1.9 times as many
# looks: each merge pays for the whole text, which shrinks as it is joined. The fast one pays for the text once,
# and then for what changes, which becomes less and less: frequent pairs come first.
#
# And in seconds? For a megabyte of text and 4,096 ids, a naive loop takes over four minutes and the
# library about half a second. Hugging Face's `tokenizers`, written in Rust, takes about a third of a second
# ([docs/speed.md](../docs/speed.md)).

# %% [markdown] tags=["slide"]
# ## 11. Encoding, fast (optional)
#
# What if a single piece is long? `naive_apply` looks at the whole piece once for every merge that it uses.
# For words that does not matter. But a piece may be a sentence in a script without spaces, a
# genome, or an attacker's megabyte without a space. The same chain helps; the front of its heap is
# now the *earliest* merge instead of the most frequent one.
#
# To compare, we make up a genome and learn from its first 8,000 letters. 600 merges are allowed. A *round* of
# the naive way is one look at the whole piece.

# %%
# r1lib.tokenizer.apply_merges

# %%
rng = random.Random(0)
genome = "".join(rng.choice("acgt") for _ in range(2**15))
learned = learn_merges(Counter(pretokenize(genome[:8000], tiny)), 600)
ranks = {pair: new for new, pair in enumerate(learned, SMALLEST)}
print(len(learned), "merges learned; then no pair occurs twice")

print(f"{'letters':>8}{'rounds':>8}{'naive looks':>14}{'fast looks':>12}{'tokens':>8}")
for n in (500, 1000, 2000, 4000, 8000, 16000):
    slow, slow_looks = looks(naive_apply, byte_ids(genome[:n]), ranks)
    rounds = LOOKS["rounds"]
    ids, fast_looks = looks(apply_merges, byte_ids(genome[:n]), ranks)
    assert ids == slow and rounds <= len(ranks) + 1
    print(f"{n:8,}{rounds:8}{slow_looks:14,}{fast_looks:12,}{len(ids):8,}")
for function in (naive_apply, apply_merges):
    begin = time.process_time()
    function(byte_ids(genome), ranks)
    took = time.process_time() - begin
    print(f"{len(genome):,} letters, {function.__name__}: {took:.2f} s")

# %% [markdown]
# The fast way does twice the work for twice the letters. The naive work is about letters times
# rounds. In a short piece the rounds grow, too. But a round joins one pair everywhere, so there are
# at most as many rounds as merges, and one more that finds nothing. From 8,000 letters on all
# merges are used, and the naive work also about doubles.
#
# So the naive way costs letters times the merges in use, up to the whole vocabulary: 128,000 entries
# in DeepSeek-V3, a few hundred here. The fast way costs $n \log n$ for $n$ letters, whatever the
# vocabulary. (A piece has fewer than $n$ joins. Each
# puts at most a few pairs into the heap, and removing the smallest of $n$ entries takes about
# $\log n$ steps.)
#
# Where few merges are used, the chain only costs: for one letter repeated, the naive way wins.
# Against tiktoken, written in Rust, the library is about twenty times slower ([docs/speed.md](../docs/speed.md)).

# %% [markdown]
# ## Summary
#
# - A token is a run of bytes. 256 bytes make everything writable; merges make common
#   things short. The merges in their order, the cuts and the special tokens are the tokenizer.
# - Ties, the side from which runs are joined, and the cuts have to be fixed, or
#   two tokenizers from the same text differ.
# - Cuts: ours is one pattern; DeepSeek-V3's are three in turn.
# - Special tokens come from the program, never from a user's text. Only in what a model wrote are its
#   four tags read as ids.
# - A chat template for questions is the wrong tool for training: it deletes thinking
#   without a message.
# - A conversation: one training example for each answer, earlier thinking dropped, its own kept.
# - The mix of languages that a tokenizer reads decides how many tokens each one needs.
#
# And from the optional sections:
#
# | what | our class | the library |
# |---|---|---|
# | training | counts all pairs before each merge | updates the counts that a merge changes |
# | encoding | looks at the whole piece in each round: letters times rounds | linked list and heap: n log n |
#
# ## Questions
#
# 1. Your tokenizer and a friend's were trained on the same text to the same size, but
#    40 tokens differ. Name three places to look.
#
#    <details><summary>Answer</summary>The pre-tokenisation: its patterns, in turn or side by
#    side, and the version of Unicode. How ties are broken, which depends on how the bytes
#    are numbered. Whether rare pairs were left out (a minimum frequency).
#    </details>
#
# 2. Why may a smaller vocabulary be cut from a larger one by dropping the last merges,
#    but not by dropping some in the middle?
#
#    <details><summary>Answer</summary>A later merge may join what an earlier one made.
#    Without the earlier one its parts never exist. And even where nothing depends on
#    it, text would be joined in another order than the one that the counts came
#    from.</details>
#
# 3. A model that was fine-tuned on 10,000 answers with long thinking answers at once,
#    without a thought. Training gave no warning. What do you check first?
#
#    <details><summary>Answer</summary>Decode one training example, with its mask, and read
#    it. If `<think>` is missing, the chat template has deleted it.</details>
#
# 4. A colleague writes each conversation as one string with all its special tokens, and encodes it
#    with `allow_special=True`. What may a user type into the question, and what is the cure?
#
#    <details><summary>Answer</summary>`<|eos|>` ends the turn, and `<|assistant|>` lets the user
#    write the model's answer, or its thought with `<think>`. The cure: the program puts the frame
#    together from ids, as `framed` does, and encodes each user's text without
#    `allow_special`.</details>

# %% [markdown]
# ## Exercises
#
# Fill in the function, run the cell, then the check below it. Solutions are in
# `solutions/02_tokenizer.ipynb`.

# %% [markdown] tags=["exercise-text"]
# **Exercise 2.1** (medium, 20 min) What one join changes. You need section 2 only; the optional
# section 10 trains with the same idea. Return a `Counter`: what joining `pair`
# into `new` adds to the count of each pair, below 0 for what it takes away. Pairs are joined from
# left to right, and overlapping pairs all count: `5 5 5` has `5 5` twice. Look only at places that
# change. The check compares with counting before and after, on random lists.
#
# <details><summary>Hint 1</summary>Find the places first, from left to right: after a join go on
# with the id that follows both. A join at place i takes away the pairs at i - 1, i and i + 1.</details>
#
# <details><summary>Hint 2</summary>Two joins side by side share an old pair: put the places
# of old pairs into a set. They make one new pair, `(new, new)`: let the right one of the two
# add it.</details>


# %% tags=["exercise"]
def change(ids, pair, new):
    """[7, 1, 2], (1, 2), 9 -> {(7, 1): -1, (1, 2): -1, (7, 9): 1}, as a Counter."""
    # BEGIN SOLUTION
    starts, i = set(), 0
    while i + 1 < len(ids):
        if found := (ids[i], ids[i + 1]) == pair:
            starts.add(i)
        i += 2 if found else 1
    added = Counter()
    for k in {k for i in starts for k in (i - 1, i, i + 1) if 0 <= k < len(ids) - 1}:
        added[ids[k], ids[k + 1]] -= 1
    for i in starts:
        if i > 0:
            added[new if i - 2 in starts else ids[i - 1], new] += 1
        if i + 2 < len(ids) and i + 2 not in starts:
            added[new, ids[i + 2]] += 1
    return added
    # END SOLUTION


# %% tags=["check"]
checks.ex_2_1(change)

# %% [markdown] tags=["exercise-text"]
# **Exercise 2.2** (easy, 10 min) From the right. Our pattern cuts 1234567 into 123, 456
# and 7, so the last piece of a number says nothing about its size. People cut from
# the right: 1, 234, 567. Do so for a string of digits.
#
# <details><summary>Hint 1</summary>How long is the first piece of a number with 7
# digits, 8 digits, 9 digits?</details>
#
# <details><summary>Hint 2</summary>The remainder of the length by 3 is the length of the
# first piece; if it is 0, the first piece has three digits like the others.</details>


# %% tags=["exercise"]
def cut_from_right(digits):
    """ "1234567" -> ["1", "234", "567"]."""
    # BEGIN SOLUTION
    starts = range(len(digits) % 3, len(digits), 3)
    pieces = [digits[: len(digits) % 3], *(digits[i : i + 3] for i in starts)]
    return [piece for piece in pieces if piece]
    # END SOLUTION


# %% tags=["check"]
checks.ex_2_2(cut_from_right)

# %% [markdown] tags=["exercise-text"]
# **Exercise 2.3** (medium, 20 min) Show text while it is written. Ids arrive one at a
# time. Write a generator that yields text as soon as it is certain: a Korean syllable
# when its third byte is in, and not before. What is still incomplete at the end, or when a
# special token arrives, becomes U+FFFD.
#
# <details><summary>Hint 1</summary>Keep the bytes of a half character until the rest
# arrives. `tokenizer.bytes_of` holds the bytes of ordinary ids; the text of a special one
# is `SPECIAL[i]`.</details>
#
# <details><summary>Hint 2</summary>The object `codecs.getincrementaldecoder("utf-8")("replace")`
# keeps half characters for you; `decode(new)` returns what is certain, and
# `decode(b"", final=True)` the rest.</details>


# %% tags=["exercise"]
def stream(tokenizer, ids):
    """Yield text, never half a character: the three bytes of 가 -> "가", once."""
    # BEGIN SOLUTION
    import codecs

    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    for i in ids:
        new = SPECIAL[i].encode() if i < FIRST_BYTE else tokenizer.bytes_of[i]
        if text := decoder.decode(new):
            yield text
    if text := decoder.decode(b"", final=True):
        yield text
    # END SOLUTION


# %% tags=["check"]
checks.ex_2_3(stream)

# %% [markdown] tags=["exercise-text"]
# **Exercise 2.4** (medium, 15 min) Encode like tiktoken. It does not know our merges,
# only a table from bytes to rank. Start from single bytes. Again and again, join the two
# neighbours whose bytes *together* have the lowest rank, the leftmost if it occurs
# several times. Stop when no two neighbours together are in the table.
#
# <details><summary>Hint 1</summary>Keep a list of byte strings, at first one for each
# byte. What has to happen to this list in one round?</details>
#
# <details><summary>Hint 2</summary>In each round find `min` over `(rank, place)` of all
# neighbours that can be joined, and replace these two entries by one.</details>


# %% tags=["exercise"]
def encode_by_rank(piece, ranks):
    """Ranks of a piece: b"ab", {b"a": 0, b"b": 1, b"ab": 2} -> [2]."""
    # BEGIN SOLUTION
    parts = [bytes([b]) for b in piece]
    while True:
        found = [
            (ranks[left + right], i)
            for i, (left, right) in enumerate(pairwise(parts))
            if left + right in ranks
        ]
        if not found:
            return [ranks[part] for part in parts]
        _, i = min(found)
        parts[i : i + 2] = [parts[i] + parts[i + 1]]
    # END SOLUTION


# %% tags=["check"]
checks.ex_2_4(encode_by_rank)

# %% [markdown] tags=["exercise-text"]
# **Exercise 2.5** (medium, 10 min) One example for each answer. Turn a conversation into
# training examples `(prompt, answer)`, both lists of ids, one for each answer of the
# assistant. The prompt is what the model will really see: earlier thinking dropped. The
# answer keeps its own, and ends with `EOS`.
#
# <details><summary>Hint 1</summary>Look at section 6: which function frames a
# conversation for the next answer, and which one writes the ids of an answer?</details>
#
# <details><summary>Hint 2</summary>For the answer at place `i`, `chat.for_inference` of
# `messages[:i]` is the prompt. `chat.encode_answer` gives the ids, without `EOS`.</details>


# %% tags=["exercise"]
def examples(tokenizer, messages):
    """[(ids of prompt, ids of answer), ...]: one question, one answer -> one pair."""
    # BEGIN SOLUTION
    found = []
    for i, message in enumerate(messages):
        if message["role"] == "assistant":
            prompt = chat.for_inference(tokenizer, messages[:i])
            answer = chat.encode_answer(tokenizer, message["content"])
            found.append((prompt, [*answer, EOS]))
    return found
    # END SOLUTION


# %% tags=["check"]
checks.ex_2_5(examples)

# %% [markdown] tags=["exercise-text"]
# **Exercise 2.6** (medium, 30 min) Your own language, an open experiment. How many tokens does a
# word cost? Return the tokens of a text divided by its words. Words are what `text.split()` gives;
# a text without words costs 0.
#
# Then take a text of your own, at least 50 kB, such as a book in your mother tongue. Keep the last
# tenth for measuring, and train on the rest. Predict first: is a word cheaper for your tokenizer of
# 640 ids or for that of the book? By which factor? And with 2,000 ids?
#
# ```python
# text = open("mine.txt", encoding="utf-8").read()
# cut = len(text) * 9 // 10
# mine = Tokenizer.train([text[:cut]], 640)
# print(cost(tokenizer, text[cut:]), cost(mine, text[cut:]))
# ```
#
# Which tokens did yours learn first? `spelled(mine.merges)[:20]` shows them.
#
# <details><summary>A result to compare with</summary>The Korean prose of this book, `book/ko/*.md`
# joined, costs about 6.4 tokens a word with the book's tokenizer. One of its own needs about 4.3
# with 640 ids, a factor of 1.5, and 2.9 with 2,000 ids. The book's tokenizer
# spends merges on English and on the words of the tiny world. The first tokens of the other are parts of
# syllables, and then `다`, `니다`, `는`, `이`: the ends of words.</details>
#
# <details><summary>Hint 1</summary>`tokenizer.encode(text)` is the list of ids of the whole
# text, spaces included.</details>
#
# <details><summary>Hint 2</summary>What is `len("".split())`? Dividing by it fails.</details>


# %% tags=["exercise"]
def cost(tokenizer, text):
    """Tokens for a word: if "a b" is 3 tokens, 1.5."""
    # BEGIN SOLUTION
    words = len(text.split())
    return len(tokenizer.encode(text)) / words if words else 0.0
    # END SOLUTION


# %% tags=["check"]
checks.ex_2_6(cost)
