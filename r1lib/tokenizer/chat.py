"""Conversations -> ids: the frame around questions and answers, and what is dropped.

The layout is that of DeepSeek-R1's chat template (chat_template in its
tokenizer_config.json): bos, the system text bare, then user, question, assistant,
answer, eos, turn after turn, with nothing in between. Before the next question is
answered that template drops the thinking of all earlier answers. Whoever trains on its
output trains on answers without thinking, so training has a function of its own here.

A conversation is a list of {"role": "system" | "user" | "assistant", "content": str}.

A completion is read here and nowhere else: `thinking`, then `summary`, and `answer`
inside the summary. Only the four tags spelled as in TAGS count, anything else is text.

    completion                 thinking   summary
    <think>a</think>b          a          b
    b                                     b         never opened
    a</think>b                 a          b         a template may have opened it
    <think>a                   a                    cut off: nothing was answered
    x <think>a</think>b        a          b         x is neither
    <think>a</think>b<think>c  a, b, c              cut off in a second thought

Chapter 02 builds this file.
"""

import re
from collections.abc import Iterable

import regex

from r1lib.files import shown
from r1lib.tokenizer import ASSISTANT, BOS, EOS, USER, Tokenizer, check_text

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
OPEN, CLOSE, OPEN_ANSWER, CLOSE_ANSWER = TAGS
# Control, format and private characters, variation selectors, fillers, blank Braille.
INVISIBLE = regex.compile(
    r"[[\p{C}\p{Default_Ignorable_Code_Point}\u2800]--\s]", regex.V1
)
ROLES = ("system", "user", "assistant")


def for_inference(tokenizer: Tokenizer, messages: list) -> list[int]:
    """Frame a conversation for the next answer, without the thinking of earlier ones.

    The last message must be the user's; ValueError otherwise. One question alone gives
    `tokenizer.prompt(question)`.
    """
    check(messages, last="user")
    ids = []
    for _, part in framed(tokenizer, messages, without_thinking):
        ids += part
    return [*ids, ASSISTANT]


def for_training(tokenizer: Tokenizer, messages: list) -> tuple[list[int], list[bool]]:
    """Frame a conversation with all its thinking, and mark what is to be learned.

    The mask is True on what the model itself has to write: the answers with their
    thinking, and the eos behind each. The last message must be an answer. Meant for
    one question and one answer: a later answer would be learned after thinking that
    `for_inference` drops.
    """
    check(messages, last="assistant")
    ids, mask = [], []
    for role, part in framed(tokenizer, messages, str):
        ids += part
        mask += [role == "assistant"] * len(part)
    return ids, mask


def framed(tokenizer, messages: list, edit) -> Iterable[tuple[str, list[int]]]:
    """Yield (who writes it, ids) of all parts; `edit` is applied to each answer."""
    system = [m["content"] for m in messages if m["role"] == "system"]
    yield "frame", [BOS, *tokenizer.encode("\n\n".join(system))]
    for message in messages:
        if message["role"] == "user":
            yield "frame", [USER, *tokenizer.encode(message["content"])]
        elif message["role"] == "assistant":
            yield "frame", [ASSISTANT]
            written = encode_answer(tokenizer, edit(message["content"]))
            yield "assistant", [*written, EOS]


def encode_answer(tokenizer: Tokenizer, text: str) -> list[int]:
    """Encode what a model wrote: its four tags are single ids, the frame is not.

    So an answer that spells "<|user|>" cannot open a turn of its own.
    """
    parts = re.split(f"({'|'.join(TAGS)})", text)
    encoded = (tokenizer.encode(part, allow_special=part in TAGS) for part in parts)
    return [i for ids in encoded for i in ids]


def without_thinking(answer: str) -> str:
    """Drop everything up to the last </think>, as the template of R1 does.

    Without a </think> the template drops nothing: a thought that was cut off stays in
    the conversation, while `summary` says that nothing was answered.

    >>> without_thinking("<think>17+5=22</think><answer>22</answer>")
    '<answer>22</answer>'
    """
    return answer.rpartition(CLOSE)[2]


def summary(completion: str) -> str:
    """Return the text after the last </think>, as it is; "" if it was cut off before.

    Without any thinking that is the whole completion.

    >>> summary("<think>17+5=22</think>22."), summary("Hm, <think>17+5=")
    ('22.', '')
    """
    after = completion.rpartition(CLOSE)[2]
    return "" if OPEN in after else after


def thinking(completion: str) -> str:
    """Return the thought, from the first <think> to the last </think>, without tags.

    A completion that starts inside a thought, or is cut off in one, is thinking from
    its start, or to its end. "" where nothing is thought, or nothing that can be seen.

    >>> thinking("<think>17+5=22</think>22."), thinking("Hm, <think>17+5=")
    ('17+5=22', '17+5=')
    """
    before, closed, after = completion.rpartition(CLOSE)
    thought = completion if OPEN in after else before
    head, opened, rest = thought.partition(OPEN)
    if opened and CLOSE not in head:
        thought = rest
    thought = thought.replace(OPEN, "\n").replace(CLOSE, "\n").strip()
    return "" if blank(thought) else thought


def answer(completion: str) -> str | None:
    """Return what is inside the one <answer>...</answer> of the summary, or None.

    Two answers are no answer. "" where nothing that can be seen is inside.

    >>> answer("<think>17+5=22</think><answer>22</answer>"), answer("22")
    ('22', None)
    """
    said = summary(completion)
    if said.count(OPEN_ANSWER) != 1 or said.count(CLOSE_ANSWER) != 1:
        return None
    inside, closed, _ = said.partition(OPEN_ANSWER)[2].partition(CLOSE_ANSWER)
    if not closed:
        return None
    return "" if blank(inside) else inside.strip()


def visible(text: str) -> str:
    """Drop the characters that nobody can see: format, control, fillers, selectors.

    >>> visible("2\u200b2\ufeff \u3164")
    '22 '
    """
    return INVISIBLE.sub("", text)


def blank(text: str) -> bool:
    """Say whether there is nothing to read: spaces, invisible characters, bare marks.

    >>> blank("\u200b \u0301"), blank(".")
    (True, False)
    """
    return not regex.search(r"[^\s\p{M}]", visible(text))


def check(messages: list, last: str) -> None:
    """Refuse what is not a conversation: roles, texts, or turns in a wrong order."""
    for message in messages:
        if not isinstance(message, dict) or message.get("role") not in ROLES:
            raise ValueError(f"a message needs a role of {ROLES}, got {shown(message)}")
        check_text(message.get("content"))
    turns = [m["role"] for m in messages if m["role"] != "system"]
    wanted = ["user", "assistant"] * len(turns)
    if turns != wanted[: len(turns)] or turns[-1:] != [last]:
        raise ValueError(
            f"turns must be user, assistant, ... and end with {last}, got "
            f"{', '.join(turns) or 'none'}"
        )
