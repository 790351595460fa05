# SPDX-License-Identifier: GPL-2.0-or-later
"""seccomp-agent.py SOCKET REPORT [ERRNO]: one connection at SOCKET; what came is written to REPORT as
JSON, then every notified call is answered with ERRNO, or continued without one. Says "ready" when it
listens."""
import array, fcntl, json, os, socket, struct, sys

RECV, SEND = 0xC0502100, 0xC0182101  # SECCOMP_IOCTL_NOTIF_RECV, _SEND
CONTINUE = 1

listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
listening.bind(sys.argv[1])
listening.listen(4)
print("ready", flush=True)
conn, _ = listening.accept()
listening.close()
text, fds, messages, first_fds = b"", array.array("i"), 0, 0
while True:
    data, control, _, _ = conn.recvmsg(65536, socket.CMSG_LEN(16 * 4))
    for level, kind, payload in control:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            fds.frombytes(payload[: len(payload) - len(payload) % 4])
    if messages == 0:
        first_fds = len(fds)
    messages += 1
    if not data:
        break  # the other side has closed
    text += data
report = {"state": json.loads(text), "fds": len(fds), "first_fds": first_fds}
with open(sys.argv[2] + ".new", "w") as f:
    json.dump(report, f)
os.rename(sys.argv[2] + ".new", sys.argv[2])
while fds:
    request = bytearray(80)
    try:
        fcntl.ioctl(fds[0], RECV, request)
    except OSError:
        break  # nobody is left under the filter
    (call,) = struct.unpack_from("=Q", request, 0)
    code = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    answer = struct.pack("=QqiI", call, 0, -code, 0 if code else CONTINUE)
    try:
        fcntl.ioctl(fds[0], SEND, answer)
    except OSError:
        pass
