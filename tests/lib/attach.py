#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""attach.py SOCKET TEXT UNTIL: a client of conmon's attach socket (SOCK_SEQPACKET).

Sends TEXT (with Python's escapes) and prints what the container says until UNTIL has come. Each packet
begins with a byte for its stream, 2 (stdout) or 3 (stderr), which is left out.
"""
import socket
import sys

path, text, until = sys.argv[1:]
client = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
client.settimeout(20)
client.connect(path)
client.send(text.encode().decode("unicode_escape").encode("latin-1"))
output = b""
while until.encode() not in output:
    packet = client.recv(8192)
    if not packet:
        sys.exit(f"attach: ended after {output!r}")
    output += packet[1:]
sys.stdout.write(output.decode().replace("\r\n", "\n"))
