from hypothesis import given
from hypothesis import strategies as st

from agentrl.sandboxes.answer import Answer

NONCE = "0123456789abcdef"
# Bytes of which marks are made are likelier, so that beginnings of marks turn up everywhere.
NOISE = st.lists(
    st.one_of(
        st.binary(max_size=5),
        st.sampled_from([b"\0", b"\0" + NONCE.encode(), b"\0" + NONCE[:7].encode(), b">", b"<3\n"]),
    ),
    max_size=20,
).map(b"".join)
CUTS = st.lists(st.integers(1, 9), max_size=40)


def harmless(noise: bytes) -> bytes:
    return noise.replace(f"\0{NONCE}<".encode(), b"").replace(f"\0{NONCE}>".encode(), b"")


def read(stream: bytes, cuts: list[int], *, early: bool) -> tuple[bytes, Answer]:
    got = bytearray()
    answer = Answer(NONCE, got.extend, early=early)
    for cut in cuts:
        answer.feed(stream[:cut])
        stream = stream[cut:]
    answer.feed(stream)
    return bytes(got), answer


@given(before=NOISE.map(harmless), output=NOISE.map(harmless), cuts=CUTS)
def test_the_output_stands_between_the_marks_however_the_stream_is_cut(
    before: bytes, output: bytes, cuts: list[int]
) -> None:
    stream = before + f"\0{NONCE}<".encode() + output + f"\0{NONCE}>137\n".encode()

    got, answer = read(stream, cuts, early=False)

    assert (got, answer.code, answer.begun) == (output, 137, True)


@given(before=NOISE.map(harmless), cuts=CUTS)
def test_what_comes_before_the_first_mark_belongs_to_it_where_that_is_wanted(
    before: bytes, cuts: list[int]
) -> None:
    stream = before + f"\0{NONCE}<out\0{NONCE}>0\n".encode()

    got, answer = read(stream, cuts, early=True)

    assert (got, answer.code) == (before + b"out", 0)


def test_an_answer_that_stops_short_gives_out_what_it_held_back() -> None:
    got = bytearray()
    answer = Answer(NONCE, got.extend)
    answer.feed(f"\0{NONCE}<half\0{NONCE[:5]}".encode())
    assert got == b"half"

    answer.flush()

    assert got == b"half\0" + NONCE[:5].encode()
    assert answer.code is None


def test_another_request_s_marks_are_output() -> None:
    other = "f" * 16
    got, answer = read(f"\0{NONCE}<\0{other}>0\n\0{NONCE}>1\n".encode(), [], early=False)

    assert (got, answer.code) == (f"\0{other}>0\n".encode(), 1)


def test_a_mark_without_a_code_behind_it_is_output_like_any_other() -> None:
    mark = f"\0{NONCE}>"

    got, answer = read(f"\0{NONCE}<a{mark}x\n{mark}{mark}137\n".encode(), [], early=False)

    assert (got, answer.code) == (f"a{mark}x\n{mark}".encode(), 137)
