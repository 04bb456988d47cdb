"""Ten fixed prompts whose greedy continuation must be the same in the oracle and in the fp32 bundle."""

from typing import Final


def chat(question: str) -> str:
    """A single user turn as ChatML."""
    return f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n"


PROMPTS: Final = (
    chat("What is the capital of France?"),
    chat("What is a lighthouse for?"),
    chat("Name three things one finds in a kitchen."),
    chat("How many minutes are there in two hours?"),
    chat("Say good evening in Spanish."),
    "The capital of France is",
    "Once upon a time, at the edge of a dark wood,",
    "One, two, three, four,",
    "Water boils at 100 degrees Celsius, and it freezes at",
    "def add(a, b):\n    return",
)
"""Five of chat, five of plain text to go on with. Encode without adding special tokens: chat has its own.

Chosen so that over 24 tokens of SmolLM2-135M-Instruct (its Q4_1 weights, dequantised) the likeliest token
leads the second by 0.05 or more, hundreds of times what the order of float32 sums changes in such logits.
"""
