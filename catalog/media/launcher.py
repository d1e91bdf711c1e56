"""Locks this process in, then becomes another program: `python -I -S launcher.py POLICY PROGRAM ARGS…`.

POLICY is JSON: {"parent": pid, "nice": n, "limits": {"AS": bytes, …}, "read": [paths], "write": [paths],
"landlock": bool, "seccomp": bool}. Whatever is asked for and cannot be had is fatal (exit code 125): the caller decides
beforehand what this kernel can do (`catalog.media.sandbox.confinement`). Standard library only, imports nothing of
ours, and is run as a file, so that a start costs about 15 ms.

Landlock: the program sees only the paths given (kernel ≥ 5.13). seccomp: no sockets, no tracing, no namespaces, no
io_uring. Neither needs root nor a package. Numbers are those of the kernel's uapi headers.
"""

import ctypes
import json
import os
import platform
import resource
import signal
import struct
import sys

FAILED = 125
PR_SET_PDEATHSIG, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 22, 38
SECCOMP_MODE_FILTER = 2
LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446
LANDLOCK_CREATE_RULESET_VERSION = 1
LANDLOCK_RULE_PATH_BENEATH = 1

# Rights over files and folders; each ABI added some, and an older kernel refuses bits it does not know.
FS_EXECUTE, FS_WRITE_FILE, FS_READ_FILE, FS_READ_DIR = 1 << 0, 1 << 1, 1 << 2, 1 << 3
FS_REFER, FS_TRUNCATE, FS_IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
FS_OF_ABI_1 = (1 << 13) - 1
#: Making devices, sockets, pipes and links: nothing but files and folders is ever made here, and whoever opens what was
#: made (outside, not locked in) must not wait for a pipe or follow a link to somewhere else.
FS_MAKE_ODD = 1 << 6 | 1 << 9 | 1 << 10 | 1 << 11 | 1 << 12
FS_FOR_FILES = FS_EXECUTE | FS_WRITE_FILE | FS_READ_FILE | FS_TRUNCATE | FS_IOCTL_DEV
FS_READ = FS_EXECUTE | FS_READ_FILE | FS_READ_DIR

#: System calls by architecture: sockets; then tracing, mounting, namespaces, keys, bpf, io_uring, foreign processes.
#: `kill` is barred, `tgkill` is not (abort() needs it).
# fmt: off
DENIED = {
    "x86_64": (0xC000003E, (
        41, 42, 43, 44, 46, 49, 50, 53, 288, 299, 307,  # socket, connect, accept, send…, bind, listen, …
        62, 101, 310, 311, 434, 438,  # kill, ptrace, process_vm_*, pidfd_*
        109, 112,  # setpgid, setsid: nobody leaves the group that is killed
        165, 166, 272, 308, 428, 429, 442,  # mount, umount, unshare, setns, open_tree, move_mount, mount_setattr
        248, 249, 250, 298, 304, 321, 323, 425, 426, 427,  # keys, perf, handles, bpf, userfaultfd, io_uring
        169, 246, 313, 320,  # reboot, kexec, modules
    )),
    "aarch64": (0xC00000B7, (
        198, 199, 200, 201, 202, 203, 206, 211, 242, 243, 269,
        117, 129, 270, 271, 434, 438,
        154, 157,
        39, 40, 97, 268, 428, 429, 442,
        217, 218, 219, 241, 265, 280, 282, 425, 426, 427,
        104, 142, 273, 294,
    )),
}
# fmt: on

_libc = ctypes.CDLL(None, use_errno=True)


def _syscall(number: int, *args: object) -> int:
    """The raw call; raises OSError."""
    result = int(_libc.syscall(ctypes.c_long(number), *args))
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))
    return result


def _prctl(option: int, value: int, pointer: object = None) -> None:
    """prctl(2); raises OSError."""
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(value), pointer or zero, zero, zero) != 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def landlock_abi() -> int:
    """Which version of Landlock this kernel has; 0 when it has none or it is switched off."""
    try:
        version = ctypes.c_uint32(LANDLOCK_CREATE_RULESET_VERSION)
        return _syscall(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), version)
    except OSError:
        return 0


def _handled(abi: int) -> int:
    """All file rights that this ABI can take away."""
    rights = FS_OF_ABI_1
    if abi >= 2:
        rights |= FS_REFER
    if abi >= 3:
        rights |= FS_TRUNCATE
    if abi >= 5:
        rights |= FS_IOCTL_DEV
    return rights


def _allow(ruleset: int, path: str, rights: int) -> None:
    """Give back `rights` below `path`. A path that does not exist needs no permission."""
    try:
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        if not os.path.isdir(path):
            rights &= FS_FOR_FILES
        rule = ctypes.create_string_buffer(struct.pack("=Qi", rights, handle))
        kind, no_flags = ctypes.c_int(LANDLOCK_RULE_PATH_BENEATH), ctypes.c_uint32(0)
        _syscall(LANDLOCK_ADD_RULE, ctypes.c_int(ruleset), kind, rule, no_flags)
    finally:
        os.close(handle)


def restrict_files(read: list[str], write: list[str]) -> None:
    """From here on only `read` can be read (and run), only `write` written. For good."""
    abi = landlock_abi()
    if not abi:
        raise OSError("this kernel has no Landlock")
    handled = _handled(abi)
    attributes = ctypes.create_string_buffer(struct.pack("=Q", handled))
    ruleset = _syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(8), ctypes.c_uint32(0))
    for path in read:
        _allow(ruleset, path, FS_READ & handled)
    for path in write:
        _allow(ruleset, path, handled & ~(FS_EXECUTE | FS_MAKE_ODD))
    _syscall(LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)


def seccomp_known() -> bool:
    """Whether the filter is written for this machine's instruction set."""
    return platform.machine() in DENIED


def restrict_calls() -> None:
    """Sockets and the calls that reach other processes answer EPERM from here on."""
    arch, numbers = DENIED[platform.machine()]
    load, equal, at_least, answer = 0x20, 0x15, 0x35, 0x06
    allow, deny, kill = 0x7FFF0000, 0x00050000 | 1, 0x80000000
    program = [(load, 0, 0, 4), (equal, 1, 0, arch), (answer, 0, 0, kill), (load, 0, 0, 0)]
    # Numbers from 2^30 are the x32 variants of the same calls.
    program += [(at_least, 0, 1, 0x40000000), (answer, 0, 0, deny)]
    for number in numbers:
        program += [(equal, 0, 1, number), (answer, 0, 0, deny)]
    program.append((answer, 0, 0, allow))
    code = b"".join(struct.pack("=HBBI", *line) for line in program)
    body = ctypes.create_string_buffer(code)
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program), ctypes.addressof(body)))
    _prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, header)


def _limit(limits: dict[str, int]) -> None:
    """Lower the resource limits; never raise one above what we have been given ourselves."""
    for name, value in limits.items():
        kind = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(kind)[1]
        most = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(kind, (most, most))


def main(argv: list[str]) -> None:
    """Lock in and become the program; does not return."""
    try:
        policy = json.loads(argv[0])
        # The program must not outlive the worker that waits for it, however that one dies.
        _prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if policy["parent"] and os.getppid() != policy["parent"]:
            os._exit(FAILED)
        os.nice(policy["nice"])
        if policy.get("idle"):
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
        _limit(policy["limits"])
        _prctl(PR_SET_NO_NEW_PRIVS, 1)
        if policy["landlock"]:
            restrict_files(policy["read"], policy["write"])
        if policy["seccomp"]:
            restrict_calls()
        os.execv(argv[1], argv[1:])  # noqa: S606 (becoming the program is what this is for)
    except (OSError, ValueError, KeyError) as error:
        os.write(2, f"launcher: {error}\n".encode())
        os._exit(FAILED)


if __name__ == "__main__":
    main(sys.argv[1:])
