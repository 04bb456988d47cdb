"""What /health tells besides whether requests are answered."""

from typing import Any

from runtime.api.voiceless import NoVoices
from tests.support.appliance import appliance
from tests.support.engine import EngineSimulator
from tests.support.voices import VoicesSimulator


async def told(voices: VoicesSimulator | NoVoices) -> dict[str, Any]:
    async with (
        appliance(EngineSimulator(), voices=voices) as served,
        served.client.get("/health") as response,
    ):
        assert response.status == 200
        return dict(await response.json())


async def test_health_says_what_hears_and_what_speaks() -> None:
    both = await told(VoicesSimulator())
    assert (both["hears"], both["speaks"]) == ("whisper-test", "hummer")
    assert not {"hears", "speaks"} & (await told(NoVoices())).keys()
