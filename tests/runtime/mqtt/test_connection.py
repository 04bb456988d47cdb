"""A loss is told once."""

import logging

import pytest

from runtime.mqtt.connection import Connection


def test_a_loss_is_told_once_however_often_it_is_tried_to_mend_it(caplog: pytest.LogCaptureFixture) -> None:
    connection = Connection(logging.getLogger("test"))
    assert not connection.there
    with caplog.at_level(logging.INFO):
        for _ in range(3):
            connection.down("nobody hears us", "no route")
        connection.up("all is well", ["a/#"])
        assert connection.there
        for _ in range(3):
            connection.down("nobody hears us", "reset")
        assert not connection.there
    first, well, barred, second = caplog.messages
    assert first == "nobody hears us: no route; trying again until it is back"
    assert well == "all is well"
    assert barred == "the broker does not let us subscribe to a/#; see its access rules"
    assert "reset" in second
