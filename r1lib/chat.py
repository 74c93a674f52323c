"""Conversations -> ids: the frame around questions and answers, and what is dropped.

The layout is that of DeepSeek-R1's chat template (chat_template in its
tokenizer_config.json): bos, the system text bare, then user, question, assistant,
answer, eos, turn after turn, with nothing in between. Before the next question is
answered that template drops the thinking of all earlier answers. Whoever trains on its
output trains on answers without thinking, so training has a function of its own here.

A conversation is a list of {"role": "system" | "user" | "assistant", "content": str}.
Chapter 02 builds this file.
"""

import re
from collections.abc import Iterable

from r1lib.files import shown
from r1lib.tokenizer import ASSISTANT, BOS, EOS, USER, Tokenizer, check_text

TAGS = ("<think>", "</think>", "<answer>", "</answer>")
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
    thinking, and the eos behind each. The last message must be an answer.
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
    """Drop everything up to the last </think>; what follows stays as it is.

    >>> without_thinking("<think>17+5=22</think><answer>22</answer>")
    '<answer>22</answer>'
    """
    return answer.rpartition("</think>")[2]


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
