"""In which order deliveries are acknowledged: that in which they came (MQTT 5, 4.6), whatever is finished first.

What is finished early waits for its turn. Where an answer takes minutes, others are not to be kept from coming by a
broker that counts what is unacknowledged: then those that wait are let through before it, once they are too many.
Knows no connection, but that a delivery counts on its own only. No I/O.
"""

from runtime.mqtt.link import Delivery


class Acks:
    """The deliveries of one connection that are not acknowledged."""

    def __init__(self, waiting: int | None = None) -> None:
        """`waiting`: how many may be finished and wait for their turn; None for any number."""
        self._waiting = waiting
        self._epoch = 0
        self._pending: dict[int, Delivery] = {}
        """By packet id, in the order they came."""
        self._finished: set[int] = set()

    def arrived(self, delivery: Delivery) -> None:
        """It is to be acknowledged when it is finished. A newer connection makes all older deliveries void."""
        if delivery.epoch > self._epoch:
            self._epoch = delivery.epoch
            self._pending.clear()
            self._finished.clear()
        if delivery.epoch == self._epoch and delivery.qos > 0:
            self._pending[delivery.packet] = delivery

    def finished(self, delivery: Delivery) -> tuple[Delivery, ...]:
        """It is done with. Returns those that may be acknowledged now, in this order."""
        if self._pending.get(delivery.packet) is not delivery:
            return ()
        self._finished.add(delivery.packet)
        ready: list[Delivery] = []
        for packet, each in self._pending.items():
            if packet not in self._finished:
                break
            ready.append(each)
        if self._waiting is not None and len(self._finished) - len(ready) > self._waiting:
            ready = [each for packet, each in self._pending.items() if packet in self._finished]
        for each in ready:
            del self._pending[each.packet]
            self._finished.discard(each.packet)
        return tuple(ready)
