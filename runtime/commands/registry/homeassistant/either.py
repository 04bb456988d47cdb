"""What a device says of a capability, by itself or in a field of a JSON object."""

import json
from dataclasses import dataclass

from runtime.commands.registry.codec import Codec, Now, Silent, Word
from runtime.commands.registry.devices import Value
from runtime.errors import DeviceError


def field(word: str, key: str) -> str:
    """The field of a JSON object, or the word itself if it is none.

    Raises:
        DeviceError: it begins like an object and is none.
        Silent: the object does not have the field.
    """
    if not word.startswith("{"):
        return word
    try:
        value = json.loads(word)
    except (ValueError, RecursionError) as exc:
        raise DeviceError(f"it says {word[:40]!r}, which is not JSON") from exc
    if not isinstance(value, dict) or value.get(key) is None:
        raise Silent
    return str(value[key])


@dataclass(frozen=True, slots=True)
class InJson:
    """A codec for the word, wherever it stands."""

    key: str
    codec: Codec

    def write(self, value: Value) -> Word:
        """See `Codec.write`."""
        return self.codec.write(value)

    def read(self, word: str, now: Now) -> Value:
        """See `Codec.read`."""
        return self.codec.read(field(word, self.key), now)
