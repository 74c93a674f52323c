"""The model: a DeepSeek-V3 shaped transformer, and a dense one to compare it with."""
