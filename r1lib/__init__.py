"""r1lib: every part of DeepSeek-R1, small enough to read.

A library of functions: you call it, it never calls you. Below are its rooms in reading
order, each with the chapters that build it. A room imports only rooms above it. Only
world, recipe, checks and plots know a game or a stage of the recipe.

files        [-]           whole or absent: atomic writes, folders, sha256, error texts
tokenizer    [02]          text <-> ids; conversations; what a completion is made of
model        [03, 04]      the transformer: attention, experts, MTP, its cache, its size
hub          [16]   checkpoints of ours and of others, their tokenizers, downloads
artifacts    [-]           the shipped tiny checkpoints, checked by sha256
losses       [05 - 09]     log-probabilities, objectives for each token, ways to average
sampling     [03]          prompts -> completions: batched, cached, filtered
speculative  [05]          the MTP module drafts, the main model accepts or replaces
training     [05, 10]      optimizers, batches, pre-training, packing, fine-tuning
verifiers    [06]          answer text -> right or wrong, without running it
sandbox      [06]          hostile programs, run behind walls, compared outside
problem      [06]          a question that checks its answers; splits that cannot leak
rewards      [06]          accuracy, format, language, programs -> [0, 1]
rl           [08, 09]      rollouts, REINFORCE, PPO, DPO, GRPO and its relatives
traces       [10, 12]      completions as tables: collected, filtered, documented
feedback     [13]          what people prefer, and reward models that learn it
distill      [14]          a small student learns from a teacher's texts or logits
evaluate     [15]          pass@k, majority votes, intervals, paired differences
search       [07]          more tokens, better answers: votes, beams, trees, budgets
world        [01, 06, 10]  the tiny world: games, puzzles, requests, and their judges
recipe       [09 - 15]     the stages of R1 in order, resumable, each one call
progress     [-]           progress bars that behave in terminals and notebooks
plots        [-]           every figure of the book
checks       [-]           automatic checks of the book's exercises
"""
