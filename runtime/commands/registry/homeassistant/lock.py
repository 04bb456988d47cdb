"""A lock: locked, unlocked, and open where it has a latch. To unlock is dangerous."""

from runtime.commands.registry.codec import Words
from runtime.commands.registry.devices import Options
from runtime.commands.registry.homeassistant.entity import Entity, Part
from runtime.commands.registry.standard import TURNING


def lock(entity: Entity) -> tuple[Part, ...]:
    """What a lock does."""
    pairs = [
        ("locked", entity.word("payload_lock", "LOCK")),
        ("unlocked", entity.word("payload_unlock", "UNLOCK")),
    ]
    if entity.has("payload_open"):
        pairs.append(("open", entity.word("payload_open", "OPEN")))
    said = tuple(
        (entity.word(f"state_{state}", state.upper()), state)
        for state in ("locked", "unlocked", "locking", "unlocking", "jammed")
    )
    setter = entity.publish(Words(tuple(pairs)))
    if setter is None:
        return ()
    reports = entity.report("state", Words((), said))
    return (Part("state", Options(tuple(state for state, _ in pairs)), setter, reports, TURNING),)
