"""A bundle made by a stranger: what its graph says of other files is not believed."""

from pathlib import Path

import onnx
import pytest

from models.manifest import DECODER_NAME
from runtime.engine.session import Session
from runtime.errors import BundleError
from tests.support.tiny import tiny_bundle


@pytest.mark.parametrize("where", ["../outside.data", "{absolute}", "symlink"])
def test_data_outside_the_bundle_is_refused(tmp_path: Path, where: str) -> None:
    bundle, outside = tmp_path / "b", tmp_path / "outside.data"
    manifest = tiny_bundle(bundle)
    data = bundle / "decoder.onnx.data"
    data.rename(outside)
    if where == "symlink":
        data.symlink_to(outside)
    else:
        graph = onnx.load(str(bundle / DECODER_NAME), load_external_data=False)
        for tensor in graph.graph.initializer:
            for entry in tensor.external_data:
                if entry.key == "location":
                    entry.value = where.format(absolute=outside)
        (bundle / DECODER_NAME).write_bytes(graph.SerializeToString())
    with pytest.raises(BundleError, match="cannot be loaded"):
        Session(bundle, manifest)
