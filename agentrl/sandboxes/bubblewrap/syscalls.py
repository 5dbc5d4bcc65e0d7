"""System calls that a sandbox has no use for, refused by a filter in the kernel.

Keyrings are not kept apart by namespaces, so that two sandboxes could talk through one; the others
are doors to the kernel through which, in the past, programs have got out.
"""

import errno
import os
import struct

# add_key, request_key, keyctl; bpf; perf_event_open; userfaultfd; io_uring_setup, _enter, _register
_X86_64 = (0xC000003E, (248, 249, 250, 321, 298, 323, 425, 426, 427))
_AARCH64 = (0xC00000B7, (217, 218, 219, 280, 241, 282, 425, 426, 427))
_MACHINES = {"x86_64": _X86_64, "aarch64": _AARCH64}

_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # instructions of BPF
_NUMBER, _ARCHITECTURE = 0, 4  # where the kernel puts them
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_OTHER_ABI = 0x40000000  # x32: the same calls by other numbers


def syscall_filter() -> bytes | None:
    """Return the filter as bubblewrap takes it; None for a machine whose numbers are not known."""
    machine = _MACHINES.get(os.uname().machine)
    if machine is None:
        return None
    architecture, refused = machine
    # Every check that hits jumps to the last instruction.
    checks = [(_AT_LEAST, _OTHER_ABI), *((_EQUAL, number) for number in refused)]
    last = len(checks)
    words = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_EQUAL, 0, last + 2, architecture),  # programs of another architecture: refuse all calls
        (_LOAD, 0, 0, _NUMBER),
        *((code, last - at, 0, value) for at, (code, value) in enumerate(checks)),
        (_RETURN, 0, 0, _ALLOW),
        (_RETURN, 0, 0, _REFUSE),
    ]
    return b"".join(struct.pack("HBBI", *word) for word in words)
