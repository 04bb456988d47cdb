"""The plain fp32 graph of a BERT encoder, written from its weights: what `models.export.tracing` does, without torch.

Only vectors: a classifier's head is traced. Devlin et al., "BERT" (arXiv 1810.04805). One text has one segment here, so
the first segment's row is part of the positions.
"""

from pathlib import Path
from typing import Final

import numpy as np
import onnx_ir as ir
from numpy.typing import NDArray

from models.checkpoint import Weights
from models.errors import ExportError
from models.export.reading import EncoderTask
from models.graph.builder import CONTRIB
from models.weights import open_checkpoint

_OPSET: Final = 21
_IR_VERSION: Final = 10
_WRITTEN: Final = {
    "model_type": "bert",
    "hidden_act": "gelu",
    "position_embedding_type": "absolute",
    "is_decoder": False,
}
"""What `config.json` has to say, or leave unsaid."""
_PREFIX: Final = "bert."
"""Before the names of weights that were saved with a head."""

Array = NDArray[np.float32]


def write(weights: Path, task: EncoderTask, into: Path) -> Path:
    """Write the graph of the checkpoint in directory `weights` into the directory `into`: a `Tracer`.

    Raises:
        ExportError: it is not for vectors, is another kind of BERT, or lacks weights.
        WeightsError: a file cannot be read.
    """
    checkpoint = open_checkpoint(weights)
    config = checkpoint.config
    if task != "embed":
        raise ExportError(
            f"{weights.name} is built for vectors only; `ingle export` makes one that classifies"
        )
    for key, wanted in _WRITTEN.items():
        if (found := config.get(key, wanted)) != wanted:
            raise ExportError(f"config.json has {key} {found!r}, which is not built; use `ingle export`")
    try:
        layers, heads, epsilon = (
            int(config["num_hidden_layers"]),
            int(config["num_attention_heads"]),
            float(config["layer_norm_eps"]),
        )
        model = _Bert(checkpoint.weights, heads, epsilon).build(layers)
    except KeyError as exc:
        raise ExportError(f"{weights.name} lacks {exc}; fetch it from the model's maker") from exc
    into.mkdir()
    ir.save(model, into / "model.onnx")
    return into / "model.onnx"


class _Bert:
    """A graph under construction."""

    def __init__(self, weights: Weights, heads: int, epsilon: float) -> None:
        self._weights, self._heads, self._epsilon = weights, heads, epsilon
        self._prefix = _PREFIX if f"{_PREFIX}embeddings.word_embeddings.weight" in weights else ""
        self._graph = ir.Graph([], [], nodes=[], opset_imports={"": _OPSET, CONTRIB: 1}, name="encoder")

    def build(self, layers: int) -> ir.Model:
        """From `input_ids` and `attention_mask` [B, S] to the last layer's vectors [B, S, H]."""
        ids, mask = (
            ir.Value(name=name, shape=ir.Shape(["batch", "sequence"]), type=ir.TensorType(ir.DataType.INT64))
            for name in ("input_ids", "attention_mask")
        )
        self._graph.inputs.extend((ids, mask))
        kept = self._op("Cast", mask, to=int(ir.DataType.INT32))
        x = self._embed(ids)
        for number in range(layers):
            x = self._layer(f"encoder.layer.{number}", x, kept)
        width = self._weights.shape(f"{self._prefix}embeddings.word_embeddings.weight")[1]
        x.shape, x.type = ir.Shape(["batch", "sequence", width]), ir.TensorType(ir.DataType.FLOAT)
        self._graph.outputs.append(x)
        return ir.Model(self._graph, ir_version=_IR_VERSION)

    def _embed(self, ids: ir.Value) -> ir.Value:
        words = self._op("Gather", self._weight("embeddings.word_embeddings.weight"), ids)
        table = self._read("embeddings.position_embeddings.weight")
        table = table + self._read("embeddings.token_type_embeddings.weight")[0]
        length = self._op("Shape", ids, start=1, end=2)
        places = self._op(
            "Slice", self._constant("embeddings.positions", table), self._integers("first", 0), length
        )
        return self._norm("embeddings.LayerNorm", self._op("Add", words, places))

    def _layer(self, name: str, x: ir.Value, kept: ir.Value) -> ir.Value:
        parts = (self._linear(f"{name}.attention.self.{part}", x) for part in ("query", "key", "value"))
        mixed = self._op("MultiHeadAttention", *parts, None, kept, domain=CONTRIB, num_heads=self._heads)
        y = self._linear(f"{name}.attention.output.dense", mixed)
        y = self._norm(f"{name}.attention.output.LayerNorm", self._op("Add", x, y))
        inner = self._op("Gelu", self._linear(f"{name}.intermediate.dense", y))
        z = self._linear(f"{name}.output.dense", inner)
        return self._norm(f"{name}.output.LayerNorm", self._op("Add", y, z))

    def _linear(self, name: str, x: ir.Value) -> ir.Value:
        matrix = self._constant(f"{name}.matrix", np.ascontiguousarray(self._read(f"{name}.weight").T))
        return self._op("Add", self._op("MatMul", x, matrix, name=name), self._weight(f"{name}.bias"))

    def _norm(self, name: str, x: ir.Value) -> ir.Value:
        scale, bias = self._weight(f"{name}.weight"), self._weight(f"{name}.bias")
        return self._op("LayerNormalization", x, scale, bias, axis=-1, epsilon=self._epsilon)

    def _op(
        self,
        op_type: str,
        *inputs: ir.Value | None,
        domain: str = "",
        name: str = "",
        **attributes: float,
    ) -> ir.Value:
        name = name or f"{op_type}.{len(self._graph)}"
        node = ir.node(op_type, list(inputs), dict(attributes), domain=domain, name=name)
        node.outputs[0].name = f"{name}.out"
        self._graph.append(node)
        return node.outputs[0]

    def _read(self, name: str) -> Array:
        if (whole := self._prefix + name) not in self._weights:
            raise KeyError(whole)
        return self._weights[whole]

    def _weight(self, name: str) -> ir.Value:
        return self._constant(name, self._read(name))

    def _integers(self, name: str, *numbers: int) -> ir.Value:
        return self._constant(name, np.array(numbers, np.int64))

    def _constant(self, name: str, array: NDArray[np.generic]) -> ir.Value:
        tensor = ir.tensor(array, name=name)
        value = ir.Value(
            name=name, shape=ir.Shape(array.shape), type=ir.TensorType(tensor.dtype), const_value=tensor
        )
        self._graph.register_initializer(value)
        return value
