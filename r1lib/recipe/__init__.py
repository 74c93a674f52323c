"""The recipe of R1, and the edition of what it makes."""

EDITION = 1  # a change of tokenizer, prompt format or corpus makes the next one
FIRST = 1  # of what was written before anything named its edition
