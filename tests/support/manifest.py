"""A manifest for tests that need one but no bundle behind it."""

from models.manifest import SCHEMA_VERSION, Licence, Manifest, SamplingDefaults, Source


def tiny_manifest(
    *,
    name: str = "tiny",
    context_length: int = 512,
    vocabulary_size: int = 1024,
    bos_id: int | None = None,
    eos_ids: tuple[int, ...] = (2,),
    sampling: SamplingDefaults | None = None,
    licence: Licence | None = None,
    tool_dialect: str = "none",
) -> Manifest:
    """A manifest of nothing much, sound in every field."""
    return Manifest(
        schema_version=SCHEMA_VERSION,
        name=name,
        version="1",
        architecture="llama",
        parameters=1,
        context_length=context_length,
        vocabulary_size=vocabulary_size,
        bos_id=bos_id,
        eos_ids=eos_ids,
        inputs=(),
        outputs=(),
        caches=(),
        quantization=(),
        sampling=sampling or SamplingDefaults(),
        tool_dialect=tool_dialect,
        languages=("en",),
        licence=licence or Licence("Apache-2.0"),
        source=Source("none", "0", "0" * 64),
        fidelity=(),
        files=(),
    )
