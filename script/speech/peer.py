"""faster-whisper in an environment of its own: {"path": ...} a line in, {"text": ..., "seconds": ...} a line out."""

import json
import sys
import time

from faster_whisper import WhisperModel


def main() -> None:
    """Arguments: the model's directory, threads, the width of the beam."""
    folder, threads, beam = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    model = WhisperModel(folder, device="cpu", compute_type="int8", cpu_threads=threads)
    for line in sys.stdin:
        start = time.perf_counter()
        found, _ = model.transcribe(
            json.loads(line)["path"], language="en", beam_size=beam, condition_on_previous_text=False
        )
        text = " ".join(each.text.strip() for each in found)
        print(json.dumps({"text": text, "seconds": time.perf_counter() - start}), flush=True)


if __name__ == "__main__":
    main()
