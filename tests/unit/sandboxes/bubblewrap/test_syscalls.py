import errno
import os
import struct

import pytest

from agentrl.sandboxes.bubblewrap.syscalls import syscall_filter

ALLOWED, REFUSED = 0x7FFF0000, 0x00050000 | errno.EPERM
X86_64, I386 = 0xC000003E, 0x40000003
WELL = 0x00050000
READ, CLONE, KEYCTL, IO_URING_SETUP, CHOWN, FCHOWNAT = 0, 56, 250, 425, 92, 260

on_x86_64 = pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers are x86_64's")


def verdict(program: bytes, number: int, architecture: int) -> int:
    """Run a filter as the kernel does, with the few instructions that it consists of."""
    words = list(struct.iter_unpack("HBBI", program))
    data = {0: number, 4: architecture}
    value, at = 0, 0
    while True:
        code, if_so, if_not, operand = words[at]
        at += 1
        if code == 0x20:
            value = data[operand]
        elif code == 0x15:
            at += if_so if value == operand else if_not
        elif code == 0x35:
            at += if_so if value >= operand else if_not
        else:
            return int(operand)


@on_x86_64
@pytest.mark.parametrize(
    ("number", "architecture", "expected"),
    [
        (READ, X86_64, ALLOWED),
        (CLONE, X86_64, ALLOWED),
        (KEYCTL - 3, X86_64, ALLOWED),
        (IO_URING_SETUP - 1, X86_64, ALLOWED),
        (KEYCTL, X86_64, REFUSED),
        (IO_URING_SETUP, X86_64, REFUSED),
        (READ, I386, REFUSED),
        (READ | 0x40000000, X86_64, REFUSED),
    ],
)
def test_only_doors_of_the_kernel_and_other_architectures_are_refused(
    number: int, architecture: int, expected: int
) -> None:
    program = syscall_filter()

    assert program is not None
    assert verdict(program, number, architecture) == expected


@on_x86_64
@pytest.mark.parametrize("number", [CHOWN, FCHOWNAT])
def test_a_change_of_owner_is_pretended_only_when_asked_for(number: int) -> None:
    plain, pretending = syscall_filter(), syscall_filter(pretend_chown=True)

    assert plain is not None
    assert pretending is not None
    assert verdict(plain, number, X86_64) == ALLOWED
    assert verdict(pretending, number, X86_64) == WELL
    assert verdict(pretending, KEYCTL, X86_64) == REFUSED
    assert verdict(pretending, CLONE, X86_64) == ALLOWED
