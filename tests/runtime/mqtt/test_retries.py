"""Soon at first, rarely later, and soon again after each connection."""

from runtime.mqtt.link import Patience
from runtime.mqtt.retries import Retries

PATIENCE = Patience(first_retry=(2, 2), longest_retry=(50, 50))


class DelaysSimulator:
    """Implements `Delays` as paho does: the pause doubles up to the longest."""

    def __init__(self) -> None:
        self._least = self._most = 0
        self._pause: int | None = None

    def reconnect_delay_set(self, min_delay: int, max_delay: int) -> None:
        self._least, self._most, self._pause = min_delay, max_delay, None

    def pause(self) -> int:
        self._pause = self._least if self._pause is None else min(2 * self._pause, self._most)
        return self._pause


def test_a_broker_is_tried_every_few_seconds_for_a_minute_and_then_ever_more_rarely() -> None:
    now = 100.0
    retries, client = Retries(PATIENCE, lambda: now), DelaysSimulator()
    retries.begin(client)
    retries.up()
    pauses = []
    for _ in range(40):
        retries.down(client)
        pauses.append(client.pause())
        now += pauses[-1]
    assert pauses == [*[2] * 31, 4, 8, 16, 32, *[50] * 5]
    retries.up()
    retries.down(client)
    assert [client.pause() for _ in range(3)] == [2, 2, 2]


def test_a_new_client_is_as_patient_as_the_one_before() -> None:
    now = 0.0
    retries = Retries(PATIENCE, lambda: now)
    retries.down(DelaysSimulator())
    now = 61.0
    retries.down(DelaysSimulator())
    client = DelaysSimulator()
    retries.begin(client)
    assert [client.pause() for _ in range(3)] == [2, 4, 8]
