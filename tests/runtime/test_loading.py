"""From a bundle on the disk to answers, with nothing left for the first of them to wait for, or with it left."""

from collections.abc import Callable
from pathlib import Path

import pytest

from models.store import Bundle
from runtime.completion import Choice, Completer, CompletionRequest, Delta
from runtime.config import Config, load
from runtime.errors import BundleError
from runtime.loading import Loader, load_completer
from tests.support.tiny import tiny_bundle

pytest.importorskip("llguidance", reason="run script/check: it installs what is new")

Load = Callable[[Bundle, Config, Path], Completer]


def load_to_stay(bundle: Bundle, config: Config, state: Path) -> Completer:
    loaded = Loader(config, state).load(bundle)
    assert isinstance(loaded, Completer)
    return loaded


either = pytest.mark.parametrize("loaded", [load_completer, load_to_stay])


@either
async def test_what_is_loaded_answers_in_a_form(tmp_path: Path, loaded: Load) -> None:
    tiny_bundle(tmp_path / "b")
    completer = loaded(Bundle.open(tmp_path / "b"), load(environ={}).config, tmp_path)
    try:
        asked = CompletionRequest(prompt="a", constraint=Choice(("on", "off")))
        events = [event async for event in completer.complete(asked)]
        assert "".join(event.text for event in events if isinstance(event, Delta)) in {"on", "off"}
    finally:
        await completer.engine.close()


@either
def test_a_bundle_without_its_words_is_refused(tmp_path: Path, loaded: Load) -> None:
    tiny_bundle(tmp_path / "b")
    bundle = Bundle.open(tmp_path / "b")
    (tmp_path / "b" / "tokenizer.json").unlink()
    with pytest.raises(BundleError, match=r"tokenizer\.json"):
        loaded(bundle, load(environ={}).config, tmp_path)
