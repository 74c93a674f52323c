"""Packing: several documents in one row of a batch, and how to keep them apart.

Rows of one length waste nothing on padding, but a row then holds documents that have
nothing to do with each other. The loss never asks a token for the first token of the
next document. Whether a token may *look* at earlier documents is a choice: DeepSeek-V3
lets it (arXiv 2412.19437, section 4.1), Llama 3 does not (arXiv 2407.21783, section
3.2). Documents stay whole, which is what best-fit packing is for (arXiv 2404.10830).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from r1lib.losses import next_token_loss
from r1lib.model.transformer import Transformer, rope_at
from r1lib.tokenizer import PAD


@dataclass(frozen=True)
class Packed:
    """Rows of ids, and the number of the document in the row that each belongs to.

    Documents of a row count from 1; padding at its end belongs to 0.
    """

    ids: Int[Tensor, "B T"]
    owner: Int[Tensor, "B T"]

    @property
    def positions(self) -> Int[Tensor, "B T"]:
        """Positions that begin again at 0 with each document."""
        place = torch.arange(self.ids.shape[1], device=self.ids.device)
        first = torch.ones_like(self.owner, dtype=torch.bool)
        first[:, 1:] = self.owner[:, 1:] != self.owner[:, :-1]
        # cummax carries the place of the latest first token to the right
        return place - torch.where(first, place, 0).cummax(dim=1).values

    @property
    def mask(self) -> Bool[Tensor, "B 1 T T"]:
        """Who may look at whom: earlier tokens of the same document, and oneself."""
        same = self.owner.unsqueeze(2) == self.owner.unsqueeze(1)
        return same.tril().unsqueeze(1)

    def targets(self, ahead: int = 1) -> Int[Tensor, "B T"]:
        """The ids with PAD where no token of the same document stands `ahead` before.

        `next_token_loss` leaves PAD out, so that no border is ever predicted.
        """
        return self.ids.masked_fill(self.positions < ahead, PAD)


def pack(documents: list[list[int]], length: int) -> Packed:
    """Put whole documents into rows of `length`, longest first, where they fit best.

    Best is the row with the least room left; a new row opens only if there is none.

    >>> pack([[7, 7], [5, 5, 5], [6]], 4).ids.tolist()
    [[5, 5, 5, 6], [7, 7, 0, 0]]
    """
    lengths = sorted(map(len, documents))
    if not lengths or lengths[0] < 1 or lengths[-1] > length:
        got = f"{lengths[0]} to {lengths[-1]}" if lengths else "no documents"
        raise ValueError(f"wanted documents of 1 to {length} tokens, got {got}")
    rows, with_room = [], {}  # with_room: free places -> the rows that have so many
    for document in sorted(documents, key=len, reverse=True):
        fits = (r for r in range(len(document), length + 1) if with_room.get(r))
        room = next(fits, None)  # the least room that is enough
        if room is None:
            rows.append([])
        row = rows[-1] if room is None else with_room[room].pop()
        row.append(document)
        left = (length if room is None else room) - len(document)
        with_room.setdefault(left, []).append(row)
    ids, owner = torch.full((2, len(rows), length), PAD)
    owner.zero_()
    for b, row in enumerate(rows):
        joined = [i for document in row for i in document]
        numbers = [n for n, document in enumerate(row, 1) for _ in document]
        ids[b, : len(joined)] = torch.tensor(joined)
        owner[b, : len(joined)] = torch.tensor(numbers)
    return Packed(ids, owner)


def loss(model: Transformer, rows: Packed, mtp_weight: float = 0.0, apart: bool = True):
    """Next-token loss of packed rows, plus mtp_weight * MTP loss, as `pretrain.loss`.

    `apart` hides earlier documents and begins positions anew, so that each document is
    read as if it were alone. Without it a row is read as one long text.
    """
    positions, mask = (rows.positions, rows.mask) if apart else (None, None)
    hidden = model.hidden(rows.ids, positions=positions, attn_mask=mask)
    main = next_token_loss(model.head(hidden), rows.targets())
    if model.mtp is None or not mtp_weight:
        return main, {"loss": main.item()}
    states = mtp_hidden(model, rows, hidden, apart)
    extra = next_token_loss(model.head(states), rows.targets(2), ahead=2)
    return main + mtp_weight * extra, {"loss": main.item(), "mtp_loss": extra.item()}


def mtp_hidden(
    model: Transformer, rows: Packed, hidden: Float[Tensor, "B T D"], apart: bool = True
) -> Float[Tensor, "B L D"]:
    """States for two tokens ahead, as `transformer.mtp_hidden`, documents kept apart.

    The last token of a document is joined with the first one of the next. Nobody sees
    that state: its target is left out and, `apart`, no other token may look at it.
    """
    positions = rows.positions[:, :-1] if apart else None
    rope = rope_at(model.rope, rows.ids.shape[1] - 1, 0, positions)
    mask = rows.mask[:, :, :-1, :-1] if apart else None
    real = rows.targets()[:, 1:] != PAD  # the next token is of the same document
    return model.mtp(hidden[:, :-1], model.embed(rows.ids[:, 1:]), rope, mask, real)
