"""Writes `runtime/commands/choice/weights.json` with the encoder of this machine: see `script/fit-choice`."""

from models.store import Store, default_state_dir
from runtime.commands.evaluation.fit import main
from runtime.encoding import TextEncoder

if __name__ == "__main__":
    main(TextEncoder.load(Store.below(default_state_dir()).resolve("all-minilm-l6-v2"), "embed"))
