"""refuse.py ERRNO PROGRAM [ARGUMENT...]: runs a program to whom the kernel
refuses io_uring, as sandboxes do: by a filter that answers with an errno."""
import ctypes
import errno
import os
import platform
import struct
import sys

PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, SECCOMP_MODE_FILTER = 22, 38, 2
ARCHITECTURE = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
LOAD, EQUAL, AT_LEAST, ABOVE, RETURN = 0x20, 0x15, 0x35, 0x25, 0x06
ALLOW, ANSWER = 0x7FFF0000, 0x00050000
URING_FIRST, URING_LAST = 425, 427
NUMBER_AT, ARCHITECTURE_AT = 0, 4


def instruction(code, value, yes=0, no=0):
    return struct.pack("HBBI", code, yes, no, value)


def refuse(number):
    libc = ctypes.CDLL(None, use_errno=True)
    code = b"".join([
        instruction(LOAD, ARCHITECTURE_AT),
        instruction(EQUAL, ARCHITECTURE[platform.machine()], 0, 4),
        instruction(LOAD, NUMBER_AT),
        instruction(AT_LEAST, URING_FIRST, 0, 2),
        instruction(ABOVE, URING_LAST, 1, 0),
        instruction(RETURN, ANSWER | number),
        instruction(RETURN, ALLOW),
    ])
    kept = ctypes.create_string_buffer(code)
    program = struct.pack("HxxxxxxQ", len(code) // 8, ctypes.addressof(kept))
    kept_program = ctypes.create_string_buffer(program)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 or libc.prctl(
            PR_SET_SECCOMP, SECCOMP_MODE_FILTER,
            ctypes.c_void_p(ctypes.addressof(kept_program)), 0, 0) != 0:
        sys.exit(f"refuse: {os.strerror(ctypes.get_errno())}")


if __name__ == "__main__":
    refuse(getattr(errno, sys.argv[1]))
    os.execv(sys.argv[2], sys.argv[2:])
