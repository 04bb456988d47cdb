"""Models come into memory when they are asked for, and leave when their place or their time is over.

Knows who is in memory, who uses it, and time. Who has to leave is decided in `plan.py`; how a model is loaded is given.
All on the event loop; loading and closing happen elsewhere meanwhile.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

from models.bundle import Bundle
from models.errors import PolicyError, StoreError
from models.licences.policy import Policy, enforce
from models.store import Store
from runtime.completion import Completer
from runtime.encoding import TextEncoder
from runtime.engine import heap
from runtime.errors import BundleError, BusyError, CallerError, ModelNotFoundError
from runtime.residency.border import Resident
from runtime.residency.plan import Place, to_leave

_log = logging.getLogger(__name__)

_BESIDES: Final = 48 << 20
"""What a model takes besides its files: arenas, the tokenizer, the graph."""
_PATIENCE_S: Final = 60.0
"""How long who asks for a model waits for the place of one that answers somebody."""

Model = Completer | TextEncoder
Load = Callable[[Bundle], Awaitable[Model]]


@dataclass(slots=True, eq=False)
class _Held:
    """A model in memory, or on its way there."""

    bundle: Bundle
    bytes: int
    model: asyncio.Future[Model]
    pinned: bool
    since: float
    used: float
    """When it was last let go, by the clock."""
    keep_s: float
    users: int = 0
    unwanted: bool = False
    """Leaves as soon as nobody uses it."""
    leaving: asyncio.TimerHandle | None = field(default=None, repr=False)

    @property
    def idle(self) -> bool:
        """Whether it may leave."""
        return self.users == 0 and self.model.done() and not self.pinned

    def until(self, now: float) -> float | None:
        """When it leaves if nobody uses it from now on."""
        if self.pinned or self.keep_s < 0:
            return None
        return (now if self.users else self.used) + self.keep_s


class Residents:
    """Implements `Models` over a store."""

    def __init__(
        self,
        store: Store,
        default: str,
        load: Load,
        *,
        policy: Policy,
        budget: int,
        keep_alive_s: float,
        clock: Callable[[], float] = time.time,
        give_back: Callable[[], object] = heap.give_back,
    ) -> None:
        """`load` brings a bundle into memory; `budget` in bytes is for all of them.

        `give_back` returns to the system what a model had that has left; called on a thread.
        `keep_alive_s`: how long a model stays after its last use where nothing else is said; negative is for ever.
        """
        self._store = store
        self._default = default
        self._load = load
        self._policy = policy
        self._budget = budget
        self._keep_alive_s = keep_alive_s
        self._clock = clock
        self._give_back = give_back
        self._held: dict[str, _Held] = {}
        self._moved = asyncio.Condition()
        self._closing: set[asyncio.Task[None]] = set()

    @property
    def default(self) -> str:
        """See `Models.default`."""
        return self._default

    def available(self) -> Sequence[Bundle]:
        """See `Models.available`."""
        meant = [bundle for bundle in self._store.list() if self._means(bundle.manifest.name, bundle.digest)]
        return sorted(filter(self._allowed, meant), key=lambda each: each.manifest.name != self._default)

    def resident(self) -> Sequence[Resident]:
        """See `Models.resident`."""
        there = [each for each in self._held.values() if each.model.done()]
        there.sort(key=lambda each: (each.bundle.manifest.name != self._default, -each.used))
        return [
            Resident(
                each.bundle,
                each.bytes,
                each.since,
                each.until(self._clock()),
                each.pinned,
                model if isinstance(model := each.model.result(), Completer) else None,
            )
            for each in there
        ]

    async def find(self, name: str) -> Bundle:
        """See `Models.find`. Of one in memory nothing is read again but what its name means."""
        held = self._held.get(self._store.pointed(name) or "")
        return await asyncio.to_thread(self._resolved, name) if held is None else held.bundle

    async def pin(self, bundle: Bundle) -> Completer:
        """Load a model that stays, whatever it takes.

        Raises:
            BundleError: it cannot be loaded, or writes no text.
        """
        held = self._begin(bundle, _cost(bundle))
        held.pinned = True
        model = await held.model
        if not isinstance(model, Completer):
            raise BundleError(
                f"{bundle.manifest.name} writes no text; name another in model.name, as `ingle list` shows them"
            )
        return model

    @asynccontextmanager
    async def completer(
        self, name: str | None, *, keep_alive_s: float | None = None
    ) -> AsyncIterator[Completer]:
        """See `Models.completer`."""
        bundle = await self.find(name or self._default)
        if bundle.manifest.task != "generate":
            raise CallerError(
                f"{bundle.manifest.name} writes no text; it is there to {bundle.manifest.task}", param="model"
            )
        async with self._use(bundle, keep_alive_s) as model:
            assert isinstance(model, Completer)  # noqa: S101  the manifest's task says so
            yield model

    @asynccontextmanager
    async def encoder(
        self, name: str | None, task: str, *, keep_alive_s: float | None = None
    ) -> AsyncIterator[TextEncoder]:
        """See `Models.encoder`."""
        bundle = await (asyncio.to_thread(self._encoder, task) if name is None else self.find(name))
        if bundle.manifest.task != task:
            raise CallerError(
                f"{bundle.manifest.name} is there to {bundle.manifest.task}, not to {task}; "
                "GET /v1/models shows what each is for",
                param="model",
            )
        async with self._use(bundle, keep_alive_s) as model:
            assert isinstance(model, TextEncoder)  # noqa: S101  the manifest's task says so
            yield model

    async def unload(self, name: str) -> bool:
        """See `Models.unload`."""
        held = self._held.get((await self.find(name)).digest)
        if held is None or held.pinned:
            return False
        held.unwanted = True
        self._settle(held)
        return True

    async def close(self) -> None:
        """Have all leave, the pinned ones too, whoever uses them."""
        async with self._moved:
            for held in list(self._held.values()):
                self._leave(held)
        while self._closing:
            await asyncio.wait(set(self._closing))

    def _means(self, name: str, digest: str) -> bool:
        if (pointed := self._store.pointed(name)) is not None:
            return pointed == digest
        return (only := self._store.meant(name)) is not None and only.digest == digest

    def _resolved(self, name: str) -> Bundle:
        try:
            bundle = self._store.resolve(name)
            enforce(self._policy, bundle.manifest.licence, bundle.reference)
        except StoreError as exc:
            raise ModelNotFoundError(
                name[:80], tuple(each.manifest.name for each in self.available())
            ) from exc
        except PolicyError as exc:
            raise CallerError(str(exc), param="model") from exc
        return bundle

    def _encoder(self, task: str) -> Bundle:
        fitting = [each for each in self.available() if each.manifest.task == task]
        if len(fitting) != 1:
            known = ", ".join(each.manifest.name for each in fitting)
            hint = f"name one of {known}" if known else "`ingle pull all-minilm-l6-v2` brings one that embeds"
            raise CallerError(f"no model is named, and {len(fitting)} here can {task}; {hint}", param="model")
        return fitting[0]

    def _allowed(self, bundle: Bundle) -> bool:
        try:
            enforce(self._policy, bundle.manifest.licence, bundle.reference)
        except PolicyError:
            return False
        return True

    @asynccontextmanager
    async def _use(self, bundle: Bundle, keep_alive_s: float | None) -> AsyncIterator[Model]:
        held = self._held.get(bundle.digest) or await self._make_room(bundle)
        held.users += 1
        if held.leaving is not None:
            held.leaving.cancel()
        try:
            yield await asyncio.shield(held.model)
        finally:
            held.users -= 1
            held.used = self._clock()
            if not held.pinned:
                held.keep_s = self._keep_alive_s if keep_alive_s is None else keep_alive_s
                self._settle(held)
            async with self._moved:
                self._moved.notify_all()

    async def _make_room(self, bundle: Bundle) -> _Held:
        """Have as many leave as have to, and begin to load."""
        wanted, budget = _cost(bundle), self._budget
        try:
            async with asyncio.timeout(_PATIENCE_S), self._moved:
                while (held := self._held.get(bundle.digest)) is None:
                    places = [
                        Place(
                            digest,
                            each.bytes,
                            each.used,
                            in_use=not (each.idle or each.pinned),
                            pinned=each.pinned,
                        )
                        for digest, each in self._held.items()
                    ]
                    leaving = to_leave(places, wanted, budget)
                    if leaving is None or self._closing:
                        await self._moved.wait()
                        continue
                    for digest in leaving:
                        self._leave(self._held[digest])
                    if not leaving:
                        return self._begin(bundle, wanted)
                return held
        except TimeoutError:
            raise BusyError(
                f"{bundle.manifest.name} does not fit beside the models that answer now; ask again in a minute"
            ) from None

    def _begin(self, bundle: Bundle, cost: int) -> _Held:
        loading = asyncio.ensure_future(self._loaded(bundle))
        now = self._clock()
        held = _Held(bundle, cost, loading, pinned=False, since=now, used=now, keep_s=self._keep_alive_s)
        self._held[bundle.digest] = held
        return held

    async def _loaded(self, bundle: Bundle) -> Model:
        begun = time.monotonic()
        try:
            model = await self._load(bundle)
        except BaseException:
            self._held.pop(bundle.digest, None)
            async with self._moved:
                self._moved.notify_all()
            raise
        _log.info("%s is in memory after %.1f s", bundle.reference, time.monotonic() - begun)
        if (held := self._held.get(bundle.digest)) is not None:
            asyncio.get_running_loop().call_soon(self._settle, held)  # who asked for it may be gone by now
        return model

    def _settle(self, held: _Held) -> None:
        """Have a model leave now, later or not."""
        if held.leaving is not None:
            held.leaving.cancel()
            held.leaving = None
        if not held.idle or self._held.get(held.bundle.digest) is not held:
            return
        if held.unwanted or held.keep_s == 0:
            self._leave(held)
        elif held.keep_s > 0:
            held.leaving = asyncio.get_running_loop().call_later(held.keep_s, self._settle_idle, held)

    def _settle_idle(self, held: _Held) -> None:
        if held.idle and self._held.get(held.bundle.digest) is held:
            self._leave(held)

    def _leave(self, held: _Held) -> None:
        del self._held[held.bundle.digest]
        if held.leaving is not None:
            held.leaving.cancel()
        closing = asyncio.get_running_loop().create_task(self._close(held), name="residency.close")
        self._closing.add(closing)

    async def _close(self, held: _Held) -> None:
        try:
            await _stop(held)
        finally:
            del held  # or it would be here still while its memory is given back
            await asyncio.to_thread(self._give_back)
            task = asyncio.current_task()
            assert task is not None  # noqa: S101  this is one
            self._closing.discard(task)
            async with self._moved:
                self._moved.notify_all()


async def _stop(held: _Held) -> None:
    model = await held.model
    if isinstance(model, Completer):
        await model.engine.close()


def _cost(bundle: Bundle) -> int:
    return bundle.size + _BESIDES
