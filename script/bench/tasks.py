"""What is asked of one pair only, ours and the peer at the same fidelity: eight answers at once, and commands."""

import json
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from command_task import MOST_TOKENS, SCHEMA, Answers, ask_ours, lengths, prompts
from comparison import Variant, chosen, fitting
from contest import Contender, Watch, say
from goals import NEAR, OURS
from workers import Workers
from workload import Figures, Workload

from models.bundle import Bundle
from models.manifest import TEMPLATE_NAME

_PEERS_BATCH: Final = 512
"""llama-cpp-python wants room for a prompt in whole batches."""


@dataclass(frozen=True)
class Tasks:
    """Where they are run."""

    work: Workload
    workers: Workers
    reference: Path
    """A bundle with the model's tokenizer and chat template."""
    state: Path
    """State directory of the appliance, kept from run to run as a house's is."""
    watch: Watch

    def run(self, variants: Mapping[Contender, Variant]) -> list[str]:
        """Add what is found to the rounds of those who are asked; returns what is to be said of it."""
        everybody = tuple(variants.values())
        ours, peers = chosen(NEAR, everybody), fitting(NEAR, everybody)
        pair = {one: variant for one, variant in variants.items() if variant is ours or variant in peers}
        if ours is None:
            return ["streams and commands: none of ours is near enough to the fp32 weights to be asked"]
        asked = self._prompts()
        told: dict[str, Answers] = {}
        for number in range(len(ours.rounds)):

            def once(number: int = number) -> None:
                for one, variant in pair.items():
                    say(f"round {number + 1} of {len(ours.rounds)}, streams and commands: {one.name}")
                    if variant is ours:
                        variant.rounds[number].update(self._streams(one))
                    if asked:
                        told[one.name] = self._commands(one, asked, prime=number == 0)
                        variant.rounds[number].update(figures(told[one.name]))

            self.watch.round(once)
        return [_remark(asked, told)]

    def _prompts(self) -> list[tuple[int, ...]]:
        """None where the model does not chat, or its context does not hold them."""
        template = (self.reference / TEMPLATE_NAME).read_text(encoding="utf-8")
        found = prompts(self.reference) if template.strip() else []
        room = Bundle.open(self.reference).manifest.context_length - MOST_TOKENS
        return found if all(len(ids) <= room for ids in found) else []

    def _streams(self, one: Contender) -> Figures:
        """One answer, then eight at once; `streams` is their ratio, `plain_streams` where nothing is guessed ahead."""
        told: Figures = self.workers.ask(OURS, "streams", lines=[one.of(self.work).to_json()])
        ratios = {
            f"{kind}streams": told[f"{kind}stream@8"] / told[f"{kind}stream@1"] for kind in ("", "plain_")
        }
        return {**told, **ratios}

    def _commands(self, one: Contender, asked: Sequence[Sequence[int]], *, prime: bool) -> Answers:
        """One process's answers. `prime`: ask once before, since what is measured is a restart and no first boot."""
        if one.engine == OURS:
            bundle = Bundle.open(one.path)
            if prime:
                ask_ours(bundle, self.state, self.work.threads)
            return ask_ours(bundle, self.state, self.work.threads)
        room = -(-(max(map(len, asked)) + MOST_TOKENS) // _PEERS_BATCH) * _PEERS_BATCH
        work = replace(one.of(self.work), context=max(self.work.context, room))
        task = {"schema": SCHEMA, "prompts": asked, "most": MOST_TOKENS}
        told = self.workers.ask(one.engine, "command", lines=[work.to_json(), json.dumps(task)])
        return Answers(tuple(told["seconds"]), tuple(told["texts"]))


def figures(answers: Answers) -> Figures:
    """The first request of a process, and the median of those behind it."""
    first, *warm = answers.seconds
    return {"command_first_s": first, "command_warm_s": statistics.median(warm)}


def _remark(asked: Sequence[Sequence[int]], told: Mapping[str, Answers]) -> str:
    if not asked:
        return "commands: not asked, since this model does not chat or its context is too short"
    shortest, longest = lengths(asked)
    said = ", ".join(f"{name} {found.right} of {len(found.texts)}" for name, found in told.items())
    return (
        f"commands: prompts of {shortest} to {longest} tokens; ours over HTTP, the peer in its own process; "
        f"the device that was meant: {said}"
    )
