"""Beside what a reader would use instead: the same work, checked, then timed.

    python r1.py bench               every row; `--list` names them
    python r1.py bench sampling      the rows of one script, or one row by its name

harness    what the scripts share: a row has two sides, a check, turns, one file
sides      a side in a process of its own
floor      how fast this machine could be: products at their shapes, bytes that move
models     the two small models of the book, and the same ones in transformers
grpo       a GRPO step against TRL's GRPOTrainer
sampling   writing tokens against `generate` of transformers
training   a step of pre-training against transformers
experts    a layer of experts against a dense one with as many active FLOPs
tokenizer  training and encoding against minbpe's way, tokenizers and tiktoken
rewards    judging answers against math-verify, programs against a process for each
profile    where the time of a step goes, by kind of operation
growth     how time and memory grow with width, context, group and experts
rows       every row by its name
table      the table of docs/speed.md, from the files

docs/speed.md explains how it is measured.
"""
