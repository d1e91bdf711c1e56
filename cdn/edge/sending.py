"""The answers of one round, sent together.

Requests are read and judged first, all that one look at the epoll has told of; then what they are to get is sent,
one after the other; then the books are kept. Each of the three is a short loop, so that the interpreter's part and the
kernel's do not empty the caches for one another with every request: that was most of what a large answer cost here.
Nobody waits longer than a round for it, and a round ends before anything else of this process has its turn: no object
can go between the reading and the sending.
"""

from os import sendfile
from socket import MSG_MORE
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cdn.edge.connection import Connection
    from cdn.edge.held import Hit
    from cdn.edge.server import Server
    from cdn.edge.verdicts import Verdict

#: The most that one connection is given before others have their turn, in bytes: what a socket holds at most, so that
#: a segment of this size takes two turns and not three.
TURN = 4096 * 1024
HIT = "HIT"
#: A request that was read: who asked, for what, the verdict on its token, the target from behind that.
Asked = tuple["Connection", "Hit", "Verdict", bytes]


def send_small(server: "Server", asked: list[Asked]) -> None:
    """Answer with whole objects that are kept in memory."""
    now, line, note, total = server.now, server.ok_line, server.note, 0
    for connection, hit, verdict, target in asked:
        data = line + hit.answer
        try:
            sent = connection.send(data)
        except BlockingIOError:
            sent = 0
        except OSError:
            connection.close()
            continue
        total += sent
        if sent == len(data):
            if note is not None:
                note((now, now, now, verdict, target, 200, sent, HIT))
            connection.busy, connection.moved = False, now
            if connection.unread or server.access_log:
                connection.answered(sent)
        else:
            connection.begin_asked(verdict, target, data[sent:], sent)
            connection.wait_for_room()
    server.bytes_out += total


def send_large(server: "Server", asked: list[Asked]) -> None:
    """Answer with whole objects from their files. With luck all of one is out at once."""
    line, done = server.ok_line, []
    for connection, hit, _, _ in asked:
        head, length = line + hit.head, hit.length
        sent = moved = 0
        try:
            sent = connection.send(head, MSG_MORE)
            if sent == len(head):
                moved = sendfile(connection.fd, hit.file.fd, hit.offset, length if length < TURN else TURN)
        except BlockingIOError:
            pass
        except OSError:
            sent = -1
        done.append((sent, moved))
    now, note, total = server.now, server.note, 0
    for (connection, hit, verdict, target), (sent, moved) in zip(asked, done, strict=True):
        if sent < 0:
            connection.close()
            continue
        total += sent + moved
        if moved == hit.length:
            if note is not None:
                note((now, now, now, verdict, target, 200, sent + moved, HIT))
            connection.busy, connection.moved = False, now
            if connection.unread or server.access_log:
                connection.answered(sent + moved)
            continue
        connection.begin_asked(verdict, target, (line + hit.head)[sent:], sent + moved)
        connection.attach(hit, moved)
        if moved == TURN:
            server.later(connection)
        else:
            connection.wait_for_room()
    server.bytes_out += total


def send_more(server: "Server", connections: list["Connection"]) -> None:
    """Go on with answers of which only a held object's bytes are left."""
    done = []
    for connection in connections:
        hit, left = connection.hit, connection.end - connection.pos
        try:
            if hit is not None:
                done.append(
                    sendfile(connection.fd, hit.file.fd, connection.pos, left if left < TURN else TURN)
                )
                continue
        except OSError:
            pass
        done.append(0)
    now, total = server.now, 0
    for connection, sent in zip(connections, done, strict=True):
        if not sent:
            connection.push()  # which meets the same again, and knows what to do
            continue
        total += sent
        left = connection.end - connection.pos
        connection.pos += sent
        connection.sent += sent
        connection.moved = now
        if sent == left:
            connection.finish()
        elif sent == TURN:
            server.later(connection)
        else:
            connection.wait_for_room()
    server.bytes_out += total
