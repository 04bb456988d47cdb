"""GET /metrics: what Prometheus scrapes."""

import asyncio
from collections.abc import Iterator, Mapping
from typing import Final, Literal

from aiohttp import web

from runtime.api.exposition import CONTENT_TYPE, Metric, render
from runtime.api.keys import ALLOWANCES, DOOR, SERVING, TRAFFIC
from runtime.api.serving import Ready
from runtime.completion import Completer
from runtime.vitals import resident

_ENGINE: Final[tuple[tuple[str, Literal["counter", "gauge"], str, str], ...]] = (
    ("ingle_requests_total", "counter", "Generations finished.", "requests"),
    ("ingle_prompt_tokens_total", "counter", "Tokens of prompts, cached ones included.", "prompt_tokens"),
    ("ingle_cached_tokens_total", "counter", "Prompt tokens that were not computed again.", "cached_tokens"),
    ("ingle_prefixes_restored_total", "counter", "Prompts whose beginning was read from disk.", "restored"),
    ("ingle_completion_tokens_total", "counter", "Tokens generated.", "completion_tokens"),
    ("ingle_drafted_tokens_total", "counter", "Tokens guessed ahead, and run.", "drafted_tokens"),
    ("ingle_accepted_tokens_total", "counter", "Guessed tokens that came true.", "accepted_tokens"),
    ("ingle_prefill_seconds_total", "counter", "Seconds spent on prompts.", "prefill_seconds"),
    ("ingle_decode_seconds_total", "counter", "Seconds spent on answers.", "decode_seconds"),
    ("ingle_prefix_bytes", "gauge", "Beginnings of prompts on disk for this model.", "prefix_bytes"),
    ("ingle_requests_running", "gauge", "Generations in progress.", "running"),
    ("ingle_requests_waiting", "gauge", "Generations in the queue.", "waiting"),
)
"""Name, kind, help, and the field of EngineStats."""


def add_routes(app: web.Application) -> None:
    """Serve /metrics."""
    app.router.add_get("/metrics", _metrics)


async def _metrics(request: web.Request) -> web.Response:
    state = request.app[SERVING].state
    models: dict[str, Completer] = {}
    if isinstance(state, Ready):
        models = {
            each.name: each for there in state.models.resident() if (each := there.completer) is not None
        }
    metrics = [
        Metric(
            "ingle_ready", "gauge", "1 while requests are answered.", (((), int(isinstance(state, Ready))),)
        ),
        *_engines(models),
        *request.app[TRAFFIC].metrics(),
        *request.app[ALLOWANCES].metrics(),
        *request.app[DOOR].metrics(),
        *_process(),
    ]
    return web.Response(body=render(metrics).encode(), headers={"Content-Type": CONTENT_TYPE})


def _engines(models: Mapping[str, Completer]) -> Iterator[Metric]:
    stats = {name: completer.engine.stats for name, completer in models.items()}
    for name, kind, words, field in _ENGINE:
        samples = tuple(((("model", model),), getattr(counts, field)) for model, counts in stats.items())
        yield Metric(name, kind, words, samples)


def _process() -> Iterator[Metric]:
    """Tasks of the event loop, and resident memory where the kernel tells it."""
    yield Metric("ingle_tasks", "gauge", "Tasks of the event loop.", (((), len(asyncio.all_tasks())),))
    if (rss := resident()) is not None:
        yield Metric("ingle_resident_memory_bytes", "gauge", "Resident memory.", (((), rss),))
