"""System calls that a sandbox has no use for, refused by a filter in the kernel.

Keyrings are not kept apart by namespaces, so that two sandboxes could talk through one; the others
are doors to the kernel through which, in the past, programs have got out.
"""

import errno
import os
import struct
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class _Machine:
    """The numbers that an architecture has for the calls."""

    architecture: int
    doors: tuple[int, ...]
    """add_key, request_key, keyctl; bpf; perf_event_open; userfaultfd; io_uring's three."""
    chown: tuple[int, ...]
    """chown and its kin."""


_MACHINES = {
    "x86_64": _Machine(
        0xC000003E, (248, 249, 250, 321, 298, 323, 425, 426, 427), (92, 93, 94, 260)
    ),
    "aarch64": _Machine(0xC00000B7, (217, 218, 219, 280, 241, 282, 425, 426, 427), (54, 55)),
}

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of BPF
_NUMBER, _ARCHITECTURE = 0, 4  # where the kernel puts them
_ALLOW, _REFUSE, _PRETEND = 0x7FFF0000, 0x00050000 | errno.EPERM, 0x00050000
_OTHER_ABI = 0x40000000  # x32: the same calls by other numbers


def syscall_filter(*, pretend_chown: bool = False) -> bytes | None:
    """Return the filter as bubblewrap takes it; None for a machine whose numbers are not known.

    Args:
        pretend_chown: a change of owner does nothing and says that it went well, for root of a
            sandbox that has only one id.
    """
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return None
    # Each check jumps to one of the last two instructions when it hits.
    checks = [(_AT_LEAST, _OTHER_ABI, 0), *((_EQUAL, number, 0) for number in machine.doors)]
    if pretend_chown:
        checks += [(_EQUAL, number, 1) for number in machine.chown]
    last = len(checks)
    words = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, last + 2, machine.architecture),  # another one's programs: refuse all calls
        (_LOAD, 0, 0, _NUMBER),
        *((code, last - at + end, 0, value) for at, (code, value, end) in enumerate(checks)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _PRETEND),
    ]
    return b"".join(struct.pack("HBBI", *word) for word in words)
