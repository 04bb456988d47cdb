"""Make a tiny random Whisper, what the reference implementation makes of a sound by it, and a spectrogram.

Needs torch and transformers: see README.md beside this file. The tests only read what it wrote.
"""

import json
from pathlib import Path
from typing import Final

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import WhisperConfig, WhisperFeatureExtractor, WhisperForConditionalGeneration

HERE: Final = Path(__file__).parent
SEED: Final = 20261123
BINS: Final = 80
FRAMES: Final = 100
TOKENS: Final = 9
SPECIALS: Final = (
    *("<|endoftext|>", "<|startoftranscript|>", "<|en|>", "<|de|>", "<|translate|>", "<|transcribe|>"),
    *("<|startoflm|>", "<|startofprev|>", "<|nospeech|>", "<|notimestamps|>"),
)
TIMES: Final = 1501


def tokenizer() -> Tokenizer:
    """256 bytes, what Whisper marks a text with; times have rows, and no letters, as in the older files."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())
    made = Tokenizer(models.BPE(vocab={letter: n for n, letter in enumerate(letters)}, merges=[]))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(name, special=True, normalized=False) for name in SPECIALS])
    return made


def main() -> None:
    """Write the folder and the spectrogram."""
    torch.manual_seed(SEED)
    words = tokenizer()
    first = words.get_vocab_size()
    config = WhisperConfig(
        vocab_size=first + TIMES,
        num_mel_bins=BINS,
        d_model=32,
        encoder_layers=2,
        decoder_layers=2,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=64,
        decoder_ffn_dim=64,
        max_source_positions=FRAMES // 2,
        max_target_positions=32,
        pad_token_id=256,
        bos_token_id=256,
        eos_token_id=256,
        decoder_start_token_id=257,
        suppress_tokens=[1, 2],
        begin_suppress_tokens=[220, 256],
        init_std=0.3,
    )
    model = WhisperForConditionalGeneration(config).eval()
    mel = torch.randn(1, BINS, FRAMES) * 0.5
    ids = torch.randint(0, 250, (1, TOKENS))
    with torch.no_grad():
        logits = model(input_features=mel, decoder_input_ids=ids).logits[0]
    into = HERE / "whisper"
    into.mkdir(exist_ok=True)
    state = {name: tensor for name, tensor in model.state_dict().items() if name != "proj_out.weight"}
    save_file(state, into / "model.safetensors", metadata={"format": "pt"})
    (into / "config.json").write_text(
        json.dumps(config.to_diff_dict() | sizes(config), indent=2, sort_keys=True) + "\n"
    )
    generation = {"is_multilingual": True}
    (into / "generation_config.json").write_text(json.dumps(generation, indent=2) + "\n")
    words.save(str(into / "tokenizer.json"))
    np.savez_compressed(into / "logits.npz", mel=mel[0].numpy(), ids=ids[0].numpy(), logits=logits.numpy())
    versions = {"seed": SEED, "torch": torch.__version__, "transformers": transformers.__version__}
    (into / "meta.json").write_text(json.dumps(versions, indent=2) + "\n")
    spectrogram()


def sizes(config: WhisperConfig) -> dict[str, object]:
    """Sizes that are the library's defaults, too."""
    names: tuple[str, ...] = (
        "d_model",
        "vocab_size",
        "num_mel_bins",
        "max_source_positions",
        "max_target_positions",
    )
    sides = ("layers", "attention_heads", "ffn_dim")
    names += tuple(f"{side}_{name}" for side in ("encoder", "decoder") for name in sides)
    return {name: getattr(config, name) for name in names} | {
        "activation_function": config.activation_function
    }


def spectrogram() -> None:
    """A second of two tones, a click and some noise, as the reference sees it: in double precision."""
    rng = np.random.default_rng(SEED)
    time = np.arange(16_000) / 16_000
    sound = 0.4 * np.sin(2 * np.pi * 440 * time) + 0.1 * np.sin(2 * np.pi * (200 + 3000 * time) * time)
    sound += 0.01 * rng.standard_normal(time.size)
    sound[8000:8010] += 0.5
    pcm = np.round(sound * 32767).clip(-32768, 32767).astype(np.int16)
    extractor = WhisperFeatureExtractor(feature_size=BINS, chunk_length=1)
    mel = extractor._np_extract_fbank_features(pcm[None].astype(np.float32) / 32768, "cpu")[0]
    np.savez_compressed(HERE / "whisper_mel.npz", pcm=pcm, mel=mel.astype(np.float32))


if __name__ == "__main__":
    main()
