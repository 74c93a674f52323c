"""What a run will need, computed before it starts: memory, FLOPs, hours, dollars.

Everything here is arithmetic on a configuration (`r1lib.model.counts`) and on a few
assumptions. Each plan prints all that it uses: shares of a GPU's peak and bandwidth,
the time in which the kernels of a layer start, lengths, and the price of an hour.
Nothing is measured.
"""

from dataclasses import dataclass, field

from r1lib.model import counts
from r1lib.model.config import ModelConfig

TRAINS, SAMPLES = 0.35, 0.4  # shares of peak and of bandwidth that are used, assumed
LAUNCH_SECONDS = 2.5e-4  # to start a layer's kernels for one step of decoding, assumed
KEPT = 34.0  # bytes that a layer keeps for each token and number of its width


@dataclass(frozen=True)
class GPU:
    """FLOPs a second (bfloat16, dense), bytes a second, bytes, dollars an hour."""

    peak: float
    bandwidth: float
    memory: float
    price: float


GPUS = {  # data sheets of NVIDIA; prices are round numbers of rented single GPUs
    "a100": GPU(312e12, 2.0e12, 80e9, 1.5),
    "h100": GPU(989e12, 3.35e12, 80e9, 2.5),
    "h200": GPU(989e12, 4.8e12, 141e9, 3.0),
    "h800": GPU(989e12, 3.35e12, 80e9, counts.H800_DOLLARS),
}


@dataclass
class Plan:
    """Memory by part in bytes, FLOPs and GPU hours by part, and what was assumed."""

    title: str
    parameters: int
    memory: dict[str, float] = field(default_factory=dict)
    flops: dict[str, float] = field(default_factory=dict)
    hours: dict[str, float] = field(default_factory=dict)
    gpu: str = "h100"
    assumed: list[str] = field(default_factory=list)

    def dollars(self) -> float:
        """Rent for all hours."""
        return sum(self.hours.values()) * GPUS[self.gpu].price

    def text(self) -> str:
        """The plan as lines to print, with what was assumed."""
        gpu = GPUS[self.gpu]
        lines = [self.title, f"  parameters {self.parameters:>22,}"]
        parts = (("memory, GB", self.memory, 1e9), ("FLOPs, 1e15", self.flops, 1e15))
        for name, values, unit in (*parts, ("GPU hours", self.hours, 1)):
            lines.append(f"  {name:12}{sum(values.values()) / unit:>20,.2f}")
            lines += [f"    {k:24}{v / unit:>10,.2f}" for k, v in values.items()]
        fits = "fits into" if sum(self.memory.values()) < gpu.memory else "exceeds"
        lines += [
            f"  dollars     {self.dollars():>20,.2f}",
            f"  {fits} one {self.gpu} of {gpu.memory / 1e9:.0f} GB",
            "  computed, not measured; assumed are:",
        ]
        shared = (
            "16 bytes a weight: itself, its gradient and two moments in float32",
            f"activations of {KEPT:.0f} bytes a token, layer and number of its width",
            "logits three times in float32",
            f"${gpu.price:.2f} an hour; nothing for tests, rewards or failed attempts",
        )
        lines += [f"    {line}" for line in (*self.assumed, *shared)]
        return "\n".join(lines)


def training_memory(c: ModelConfig, tokens: int) -> dict[str, float]:
    """Bytes to train in mixed precision, `tokens` in one forward and backward pass.

    Weights, gradients and two moments are float32, as a small learning rate needs; the
    arithmetic is bfloat16. A layer keeps about 34 bytes for each number of its width
    and token (Korthikanti et al., arXiv 2205.05198, without the attention matrix), the
    head three float32 copies of the logits.
    """
    held = counts.training_bytes(counts.parameters(c), 4, 4, 0, 4)
    return held | {
        "activations": KEPT * c.n_layers * c.d_model * tokens,
        "logits": 3 * 4.0 * c.vocab_size * tokens,
    }


def reinforcement(title, c, config, prompt: int, written: float, gpu: str) -> Plan:
    """Plan GRPO: prompts of `prompt` tokens, completions of `written` on average.

    Each step of decoding reads all weights and the cache, and starts the kernels of
    all layers. A rollout has as many steps as its longest completion has tokens.
    """
    machine, rows = GPUS[gpu], config.prompts * config.group_size
    longest = prompt + config.max_new_tokens
    size = counts.parameters(c)
    memory = training_memory(c, config.micro_tokens)
    memory["cache"] = float(rows * longest * counts.cache_bytes(c, 4))
    each = counts.read_flops(c, prompt) / config.group_size
    each += written * counts.decode_flops(c, round(prompt + written / 2))
    completions = config.steps * rows
    learn = counts.training_flops(c, completions * (prompt + written), longest)
    kept = rows * (prompt + written / 2) * counts.cache_bytes(c, 4)
    rate, steps = machine.bandwidth * SAMPLES, config.steps * config.max_new_tokens
    hours = {
        "sampling: weights": steps * 4 * size / rate / 3600,
        "sampling: cache": steps * kept / rate / 3600,
        "sampling: launches": steps * LAUNCH_SECONDS * c.n_layers / 3600,
        "learning": counts.gpu_hours(learn, machine.peak, TRAINS),
    }
    flops = {"sampling": completions * each, "learning": learn}
    assumed = [
        trained_at(machine, TRAINS),
        f"sampling reads {SAMPLES:.0%} of {machine.bandwidth / 1e12:.2f} TB a second,",
        "  float32 weights and cache, once for each step of decoding",
        f"starting a layer's kernels: {1e3 * LAUNCH_SECONDS:.2f} ms in each such step",
        f"{config.max_new_tokens} steps a rollout, as the longest completion needs",
        "  and in each the cache of all completions, as if none left the batch early",
        f"{prompt} tokens a prompt, {written:.0f} a completion on average",
        "the FLOPs of sampling, reading prompts among them, take no time of their own",
        passed(config.micro_tokens),
    ]
    return Plan(title, size, memory, flops, hours, gpu, assumed)


def training(
    title, c, tokens: float, length: int, at_once: int, gpu: str, trains=TRAINS
) -> Plan:
    """Plan pre-training or fine-tuning on so many tokens, `at_once` in a pass."""
    flops = counts.training_flops(c, tokens, length)
    hours = counts.gpu_hours(flops, GPUS[gpu].peak, trains)
    return Plan(
        title,
        counts.parameters(c),
        training_memory(c, at_once),
        {"training": flops},
        {"training": hours},
        gpu,
        [trained_at(GPUS[gpu], trains), f"{tokens:,.0f} tokens", passed(at_once)],
    )


def trained_at(gpu: GPU, share: float) -> str:
    """How fast training is assumed to be, in words."""
    return f"training reaches {share:.0%} of {gpu.peak / 1e12:.0f} TFLOPs a second"


def passed(tokens: int) -> str:
    """How many tokens are in memory at once, in words."""
    return f"{tokens:,} tokens in one forward and backward pass"
