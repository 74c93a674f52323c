"""Reinforcement learning: objectives as functions, loops as generators of metrics.

A loop has five steps: 1 draw, 2 sample, 3 score, 4 compare, 5 learn. In reading order:
`rollout` does steps 2 and 3; `grpo` compares siblings, and its loop serves most other
algorithms too, by other baselines (`reinforce`), other rewards and masks (`dapo`) and
other objectives (`r1lib.losses`); `ppo` compares with a value model; `dpo` learns from
pairs, without a reward.
"""
