"""Reinforcement learning: objectives as functions, loops as generators of metrics."""
