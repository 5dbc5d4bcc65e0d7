import io
import socket
import threading
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentrl.sandboxes.docker.wire import Wire


def frame(output: int, data: bytes) -> bytes:
    return bytes([output, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, Wire]]:
    engine, ours = socket.socketpair()
    wire = Wire(ours)
    yield engine, wire
    wire.close()
    engine.close()


FRAMES = st.lists(st.tuples(st.sampled_from([1, 2]), st.binary(max_size=20)), max_size=12)


@given(frames=FRAMES, piece=st.integers(1, 30))
def test_frames_come_out_as_they_were_sent_whatever_pieces_arrive(
    frames: list[tuple[int, bytes]], piece: int
) -> None:
    stream = b"".join(frame(*one) for one in frames)
    engine, ours = socket.socketpair()
    got = {1: b"", 2: b""}
    for at in range(0, len(stream), piece):
        engine.sendall(stream[at : at + piece])
    engine.close()

    wire = Wire(ours)
    while (received := wire.receive(5.0)) and received[1]:
        got[received[0]] += received[1]
    wire.close()

    assert got == {n: b"".join(data for which, data in frames if which == n) for n in (1, 2)}


def test_silence_is_none_and_an_end_is_empty(ends: tuple[socket.socket, Wire]) -> None:
    engine, wire = ends
    assert wire.receive(0.0) is None
    assert wire.receive(0.01) is None

    engine.close()

    assert wire.receive(5.0) == (1, b"")
    assert wire.receive(5.0) == (1, b"")


def test_a_half_header_waits_for_the_other_half(ends: tuple[socket.socket, Wire]) -> None:
    engine, wire = ends
    engine.sendall(frame(2, b"x")[:5])
    assert wire.receive(0.01) is None

    engine.sendall(frame(2, b"x")[5:])

    assert wire.receive(5.0) == (2, b"x")


def test_a_large_payload_is_sent_while_an_answer_is_received(
    ends: tuple[socket.socket, Wire],
) -> None:
    engine, wire = ends
    payload = bytes(range(256)) * 40_000
    wire.send(payload)
    engine.setblocking(False)
    taken = io.BytesIO()
    while taken.tell() < len(payload):
        wire.receive(0.0)
        try:
            taken.write(engine.recv(1 << 20))
        except BlockingIOError:
            continue

    assert taken.getvalue() == payload


def test_sending_to_who_is_gone_is_an_error(ends: tuple[socket.socket, Wire]) -> None:
    engine, wire = ends
    engine.close()

    with pytest.raises(OSError, match="pipe"):
        wire.send(b"x")


def test_a_wire_closed_meanwhile_has_ended(ends: tuple[socket.socket, Wire]) -> None:
    _, wire = ends
    wire.close()
    wire.close()

    assert wire.receive(5.0) == (1, b"")


def test_who_waits_is_woken_by_a_close() -> None:
    engine, ours = socket.socketpair()
    wire = Wire(ours)
    received: list[object] = []
    waiting = threading.Thread(target=lambda: received.append(wire.receive(60.0)))
    waiting.start()

    wire.close()
    waiting.join(20.0)

    assert received == [(1, b"")]
    engine.close()
