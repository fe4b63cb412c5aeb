# A resolver of the lab: NAME=ADDRESS … are known, nothing else exists. By UDP, on port 53 of an address.
import socket, struct, sys

address, *pairs = sys.argv[1:]
known = dict(pair.split("=") for pair in pairs)
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind((address, 53))
print("up", flush=True)
while True:
    message, peer = server.recvfrom(4096)
    labels, at = [], 12
    while message[at]:
        labels.append(message[at + 1 : at + 1 + message[at]].decode("latin1"))
        at += 1 + message[at]
    end = at + 5
    (kind,) = struct.unpack(">H", message[at + 1 : at + 3])
    found = known.get(".".join(labels).lower())
    answer = b""
    if found and kind == 1:
        answer = b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(found)
    flags = 0x8180 if found else 0x8183
    head = message[:2] + struct.pack(">HHHHH", flags, 1, 1 if answer else 0, 0, 0)
    server.sendto(head + message[12:end] + answer, peer)
