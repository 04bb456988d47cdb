"""What is asked of TCP, on a real connection."""

import socket

from runtime.mqtt.promptly import acknowledge_at_once, send_at_once


def test_nothing_is_held_back_on_either_side() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(server.getsockname()) as ours,
    ):
        assert not ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        send_at_once(ours)
        assert ours.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
        acknowledge_at_once(ours)
        ours.sendall(b"still sends")
        theirs, _ = server.accept()
        with theirs:
            assert theirs.recv(100) == b"still sends"
    acknowledge_at_once(ours)  # closed


def test_a_connection_that_is_gone_already_has_nothing_to_acknowledge() -> None:
    acknowledge_at_once(None)
