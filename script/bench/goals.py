"""What is asked of ours, a row each: the one place where the goals are written down. Data only."""

from dataclasses import dataclass
from typing import Final, Literal

Sense = Literal["more", "sooner", "at most"]
"""How a ratio is made: ours by the peer's, of speeds; the peer's by ours, of times; ours by the peer's, of sizes."""


@dataclass(frozen=True)
class Against:
    """Whom ours is compared with. Of the peer's variants that fit, the best at the figure counts."""

    engine: str
    weights: str
    kl_most: float | None = None
    """How far ours may be from the fp32 weights, in nats a token; None: no further than the peer is."""
    same_bits: bool = False
    """Ours has to have the peer's number of bits a weight, too."""


@dataclass(frozen=True)
class Goal:
    """One row of the table."""

    title: str
    figure: str
    """By its name in `workload.Figures`."""
    bound: float
    against: Against | None
    """None: the figure is a ratio itself, of ours alone."""
    sense: Sense = "more"


LLAMA: Final = "llama.cpp"
GENAI: Final = "onnxruntime-genai"
OURS: Final = "inglenook"

NEAR: Final = Against(LLAMA, "Q4_1", kl_most=0.01)
"""The pair that most rows are about: hardly anything of the model is lost on either side."""
_ROUGH: Final = Against(LLAMA, "Q4_0")
_GENAI_4: Final = Against(GENAI, "int4", same_bits=True)
_GENAI_8: Final = Against(GENAI, "int8", same_bits=True)

GOALS: Final = (
    Goal("decode, KL <= 0.01", "decode@0", 1.5, NEAR),
    Goal("prefill 512, KL <= 0.01", "prefill@512", 1.9, NEAR),
    Goal("decode, KL <= Q4_0's", "decode@0", 1.25, _ROUGH),
    Goal("prefill 512, KL <= Q4_0's", "prefill@512", 1.15, _ROUGH),
    Goal("decode, four bits", "decode@0", 1.4, _GENAI_4),
    Goal("prefill 512, four bits", "prefill@512", 1.4, _GENAI_4),
    Goal("decode, eight bits", "decode@0", 1.4, _GENAI_8),
    Goal("prefill 512, eight bits", "prefill@512", 1.4, _GENAI_8),
    Goal("share of the read bandwidth, decode", "bandwidth_share", 0.75, None),
    Goal("eight streams by one, tokens/s, guessing ahead", "streams", 2.2, None),
    Goal("eight streams by one, tokens/s, nothing guessed", "plain_streams", 2.2, None),
    Goal("JSON command, warm", "command_warm_s", 4.0, NEAR, "sooner"),
    Goal("JSON command, first after a restart", "command_first_s", 8.0, NEAR, "sooner"),
    Goal("peak RSS, KL <= 0.01", "rss_mib", 1.0, NEAR, "at most"),
)
