#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
# listen.py SOCKET PROGRAM [ARG...]: PROGRAM in the background with --fd=N, a socket that listens already
# when this returns.
import os
import socket
import sys

listener = socket.socket(socket.AF_UNIX)
listener.bind(sys.argv[1])
listener.listen(1)
if os.fork() == 0:
    listener.set_inheritable(True)
    os.execv(sys.argv[2], sys.argv[2:] + [f"--fd={listener.fileno()}"])
