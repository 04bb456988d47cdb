"""Several answers at once: to several prompts, or to one with other seeds.

The first answer to a prompt goes ahead until the model has read it; the others then find it in the cache, so that it
is computed once. Knows completers; does not know who asked.
"""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from runtime.completion.completer import Completer
from runtime.completion.values import CompletionEvent, CompletionRequest, Finished, Progress
from runtime.engine.request import Timings, Usage

Told = tuple[int, CompletionEvent]
"""An event, and which answer's."""


async def complete_all(
    completer: Completer,
    requests: Sequence[CompletionRequest],
    n: int = 1,
    *,
    bill: Callable[[Usage], None] = lambda _: None,
) -> AsyncGenerator[Told, None]:
    """Yield the events of `n` answers to each request, as they come; those to the first are counted first.

    Closing the generator frees all slots within a token, and one answer that fails ends all. `bill` hears of each what
    `Completer.complete` says.

    Raises (at the first iteration, or at any time): as `Completer.complete`.
    """
    if len(requests) == n == 1:
        async with aclosing(completer.complete(requests[0], bill=bill)) as events:
            async for event in events:
                yield 0, event
        return
    told: asyncio.Queue[Told | Exception] = asyncio.Queue(maxsize=1)
    tasks = []
    for place, request in enumerate(requests):
        read = asyncio.Event()
        for which in range(n):
            answer = _answer(
                completer.complete(seeded(request, which), bill=bill),
                n * place + which,
                told,
                read,
                first=not which,
            )
            tasks.append(asyncio.create_task(answer, name="completion.several"))
    left = len(tasks)
    try:
        while left:
            heard = await told.get()
            if isinstance(heard, Exception):
                raise heard
            left -= isinstance(heard[1], Finished)
            yield heard
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(
    answer: AsyncGenerator[CompletionEvent, None],
    place: int,
    told: "asyncio.Queue[Told | Exception]",
    read: asyncio.Event,
    *,
    first: bool,
) -> None:
    """One answer; whoever is not the `first` waits until the prompt is `read`."""
    try:
        if not first:
            await read.wait()
        async with aclosing(answer) as events:
            async for event in events:
                if first and not (isinstance(event, Progress) and event.done < event.total):
                    read.set()
                await told.put((place, event))
    except Exception as exc:  # noqa: BLE001  raised again by who listens
        await told.put(exc)


def seeded(request: CompletionRequest, which: int) -> CompletionRequest:
    """The request for one of several answers: the first is what a single one would be, the others have seeds of its."""
    seed = request.sampling.seed
    if seed is None or not which:
        return request
    digest = hashlib.blake2b(f"{seed} {which}".encode(), digest_size=8).digest()
    return replace(request, sampling=replace(request.sampling, seed=int.from_bytes(digest, "little")))


def total(ended: Sequence[Finished], n: int = 1) -> Finished:
    """What all answers took, in their order: each prompt counts once, and times are those of the longest."""
    if len(ended) == 1:
        return ended[0]
    usages, times = [each.usage for each in ended], [each.timings for each in ended]
    return Finished(
        ended[0].reason,
        Usage(
            sum(usage.prompt for usage in usages[::n]),
            sum(usage.cached for usage in usages[::n]),
            sum(usage.completion for usage in usages),
            sum(usage.drafted for usage in usages),
            sum(usage.accepted for usage in usages),
        ),
        Timings(
            max(each.queued_s for each in times),
            max(each.prefill_s for each in times),
            max(each.decode_s for each in times),
            max(each.overhead_s for each in times),
            sum(each.early for each in times),
        ),
        tuple(reason for each in ended for reason in each.refused),
        sum(each.thought_tokens for each in ended),
    )
