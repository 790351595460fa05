#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Traffic for tests. serve answers each message with "ID MESSAGE"; the others print what they are told.

talk.py serve tcp|udp|sctp PORT ID    on all addresses of both families
talk.py ask tcp|udp|sctp HOST PORT    sends "hi"; fails when nothing comes within 2 seconds
talk.py sweep SECONDS             lines "NAME tcp|udp HOST PORT" of standard input, all asked at once: prints the
                                  names of those that answered in that time
talk.py chat HOST PORT            one UDP socket for every line of standard input
talk.py refuse PORT               a TCP server that resets whoever comes
talk.py storm HOST PORT N         N connections, each ended by a reset of either side
"""
import selectors
import socket
import struct
import sys
import time

# Type and protocol of a socket.
KINDS = {
    "tcp": (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    "udp": (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    "sctp": (socket.SOCK_STREAM, socket.IPPROTO_SCTP),
}


def serve(kind, port, name):
    server = socket.socket(socket.AF_INET6, *KINDS[kind])
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(("::", port))
    if kind != "udp":
        server.listen(16)
    while True:
        if kind == "udp":
            message, peer = server.recvfrom(1024)
            server.sendto(name.encode() + b" " + message, peer)
            continue
        client, peer = server.accept()
        with client:
            client.settimeout(2)
            try:
                client.sendall(name.encode() + b" " + client.recv(1024))
            except OSError:
                pass


def connect(kind, host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    client = socket.socket(family, *KINDS[kind])
    client.settimeout(2)
    client.connect((host, port))
    return client


def ask(kind, host, port):
    try:
        with connect(kind, host, port) as client:
            client.sendall(b"hi")
            reply = client.recv(1024)
    except OSError:
        return 1
    print(reply.decode())
    return 0 if reply else 1


def sweep(seconds):
    asked = selectors.DefaultSelector()
    for line in sys.stdin:
        name, kind, host, port = line.split()
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        client = socket.socket(family, *KINDS[kind])
        client.setblocking(False)
        try:
            client.connect((host, int(port)))
        except BlockingIOError:
            pass
        except OSError:
            continue
        asked.register(client, selectors.EVENT_WRITE, name)
    end = time.monotonic() + seconds
    while asked.get_map() and time.monotonic() < end:
        for key, events in asked.select(end - time.monotonic()):
            client, reply = key.fileobj, b""
            try:
                if events & selectors.EVENT_WRITE:
                    client.send(b"hi")
                    asked.modify(client, selectors.EVENT_READ, key.data)
                    continue
                reply = client.recv(1024)
            except OSError:
                pass
            asked.unregister(client)
            if reply:
                print(key.data)


def chat(host, port):
    client = connect("udp", host, port)
    for line in sys.stdin:
        try:
            client.send(line.rstrip("\n").encode())
            print(client.recv(1024).decode(), flush=True)
        except OSError:
            print("nobody", flush=True)


def reset_on_close(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def refuse(port):
    server = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    server.bind(("::", port))
    server.listen(64)
    while True:
        client, _ = server.accept()
        reset_on_close(client)
        client.close()


def storm(host, port, count):
    for i in range(count):
        try:
            with connect("tcp", host, port) as client:
                if i % 2:
                    reset_on_close(client)
                client.sendall(b"x" * 512)
                client.recv(16)
        except OSError:
            pass


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    if what == "serve":
        serve(rest[0], int(rest[1]), rest[2])
    elif what == "ask":
        sys.exit(ask(rest[0], rest[1], int(rest[2])))
    elif what == "sweep":
        sweep(float(rest[0]))
    elif what == "refuse":
        refuse(int(rest[0]))
    elif what == "storm":
        storm(rest[0], int(rest[1]), int(rest[2]))
    else:
        chat(rest[0], int(rest[1]))
