"""r1lib: every part of DeepSeek-R1, small enough to read.

A library of functions: you call it, it never calls you. The list below is the
reading order and the import order; a module imports only from lines above it.

files                whole or absent: atomic writes, folders, sha256
limits               settings inside their ranges, or a ValueError
pretokenize          text -> pieces that no merge crosses
tokenizer            text <-> ids: byte-level BPE, special tokens
chat                 conversations <-> ids: thinking kept to train, dropped to ask
tasks                Problem, splits that cannot leak
tasks.countdown      reach a target with given numbers
tasks.arithmetic     several sums in a row, bare or as a word problem
tasks.programs       short list functions from a description
tasks.logic          knights and knaves
tasks.phrases        the words of the general families
tasks.general        facts, chat, short writing, identity, refusals
tasks.requests       the general families as problems: frames, splits, what is right
tasks.instructions   "answer in Korean", "use at most 5 words", and their checks
tasks.corpus         the tiny "web": which text, in which style, how often
tasks.web            all of it: the games, puzzles, programs, and what people ask
trees                expressions as plain data: exact values and bounds
notation             how mathematics is written: text -> tokens
answers              mathematical text -> a tree, or nothing
algebra              sympy in a process that can be killed
verifiers            answer text -> right or wrong, without running it
sandbox_inside       plain data as text; runs one program in a fork of its own
sandbox_walls        the launcher: builds walls of the kernel, then seals them
lint                 what a careful reader complains about
sandbox              run hostile programs on tests, compare outside
code_reward          syntax, lint, run, unit tests, run time -> [0, 1]
optim                AdamW for vectors, Muon for matrices, the learning-rate plan
progress             progress bars that behave in terminals and notebooks
model.config         ModelConfig: every size of a model, checked
model.presets        PRESETS: configurations by name
model.layers         RMSNorm, rotary positions, SwiGLU
model.attention      grouped-query and multi-head latent attention, the cache
model.moe            router, shared and routed experts, how they are kept busy
model.mtp            multi-token prediction
model.transformer    Block and Transformer
model.counts         parameters, active parameters, cache per token
costs                FLOPs, memory, GPU hours and dollars of a configuration
scaling              loss against parameters and tokens: a law and its constants
hub_families         published configurations in our words
hub_names            published names of tensors, and ours
hub_published        read a folder that transformers wrote, safely
hub_export           models and tokenizer in the words of transformers
hub                  safetensors + config.json + tokenizer.json, the one format
artifacts            the shipped tiny checkpoints, checked by sha256
logprobs             log-probabilities of tokens, entropy, KL estimators
sampling             generate: batched, cached, finished rows leave the batch
speculative          the MTP module drafts, the main model accepts or replaces
rewards              accuracy and format: (problem, text) -> [0, 1]
readability          can a person follow the thinking? mixed language, five marks
judge                hidden truth, and the noisy, charmed label it comes through
rollout              problems x group -> a padded batch with mask and rewards
pretrain             next-token training with the MTP loss
packing              several documents in one row, kept apart or not
rl.objectives        per-token objectives and how they are averaged
rl.grpo              group-relative policy optimisation, the R1-Zero loop
rl.dpo               the DPO loss: preferences without a reward model
sft                  supervised fine-tuning, loss on completions only
distill              a small student learns from the teacher's texts, or its logits
tables               completions as parquet, with statistics and a data card
collect              sample a model into a file that survives a kill
filters              correct, one language, not rambling, not repeated, unique
rejection            the best samples of a model, mixed with general replies
rewrite              traces of Zero -> lines that a person can follow
preferences          which of two answers a judge prefers, in both orders
labels               a model's answers, compared or called safe: what to learn from
reward_model         scores learned from pairs, or from single answers
scenarios            the mixed reward: rules where one can judge, models elsewhere
evaluate             pass@1, pass@k, majority, intervals, reflection counts
scorecard            the columns of the stage table, easy and hard
contamination        is a test problem among the training texts?
cold_start           a few thousand readable traces, from all sources of the paper
runs                 the folder of a run: checkpoints that survive a kill
last_stage           reward models, then RL for all scenarios
recipe               the stages as data: what each needs, how each is run
shipped              stages that need not be trained, taken from artifacts/
pipeline             the stages of the paper, one call each
plots.style          colours, lines, markers: how every figure looks
plots.training       curves of a training over its steps
plots.bars           bars and dots with their intervals
plots.lines          lines over any two quantities
plots.maps           tables of numbers as colours
plots.pictures       what only one chapter draws
plots                every figure of the book
checks.exercise      how the check of an exercise reports
checks.chapter_01    the exercises of chapter 01
checks.chapter_02    the exercises of chapter 02
checks.chapter_03    the exercises of chapter 03
checks.chapter_04    the exercises of chapter 04
checks.chapter_05    the exercises of chapter 05
checks.chapter_06    the exercises of chapter 06
checks.chapter_09    the exercises of chapter 09
checks.chapter_12    the exercises of chapter 12
checks.chapter_13    the exercises of chapter 13
checks.chapter_10    the exercises of chapter 10
checks.chapter_11    the exercises of chapter 11
checks.chapter_14    the exercises of chapter 14
checks.chapter_15    the exercises of chapter 15
checks               automatic checks of the book's exercises
"""
