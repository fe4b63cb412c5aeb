# A peer of the connectivity lab: answers "NAME ADDRESS" on the ports given (TCP and UDP, both families), and asks others when
# told to: a line of JSON {"timeout": s, "asks": [[protocol, address, port], ...]} gives a line with one word for each.
import asyncio, errno, json, socket, struct, sys, threading

IP_PKTINFO = 8

name, ports = sys.argv[1], [int(port) for port in sys.argv[2:]]


def reply(peer):
    return f"{name} {peer[0].split('%')[0].removeprefix('::ffff:')}".encode()


def serve_udp(family, port):
    """Answers come from the address that was asked, whichever way they take."""
    server = socket.socket(family, socket.SOCK_DGRAM)
    if family == socket.AF_INET6:
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        server.bind(("::", port))
    else:
        server.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
        server.bind(("0.0.0.0", port))

    def answer():
        while True:
            _, info, _, peer = server.recvmsg(100, 100)
            if family == socket.AF_INET:
                _, asked, _ = struct.unpack("I4s4s", info[0][2])
                info = [(socket.IPPROTO_IP, IP_PKTINFO, struct.pack("I4s4s", 0, asked, b""))]
            server.sendmsg([reply(peer)], info, 0, peer)

    threading.Thread(target=answer, daemon=True).start()


class Client(asyncio.DatagramProtocol):
    def __init__(self, answer):
        self.answer = answer

    def connection_made(self, transport):
        self.transport = transport
        transport.sendto(b"?")

    def datagram_received(self, data, peer):
        if not self.answer.done():
            self.answer.set_result(data.decode())

    def error_received(self, error):
        if not self.answer.done():
            self.answer.set_exception(error)


async def serve(reader, writer):
    writer.write(reply(writer.get_extra_info("peername")))
    writer.close()


async def ask_tcp(address, port):
    reader, writer = await asyncio.open_connection(address, port)
    try:
        return (await reader.read(200)).decode() or "closed"
    finally:
        writer.close()


async def ask_udp(address, port):
    loop = asyncio.get_running_loop()
    answer = loop.create_future()
    transport, client = await loop.create_datagram_endpoint(lambda: Client(answer), remote_addr=(address, port))
    try:
        for _ in range(3):  # a datagram may be lost while a neighbour is looked for
            try:
                return await asyncio.wait_for(asyncio.shield(answer), 0.4)
            except TimeoutError:
                transport.sendto(b"?")
        return await answer
    finally:
        transport.close()


async def ask(protocol, address, port, timeout):
    try:
        work = ask_tcp if protocol == "tcp" else ask_udp
        return await asyncio.wait_for(work(address, port), timeout)
    except (TimeoutError, asyncio.TimeoutError):
        return "!timeout"
    except OSError as error:
        return "!" + errno.errorcode.get(error.errno or 0, str(error))


async def main():
    loop = asyncio.get_running_loop()
    for port in ports:
        for family, every in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            try:
                await asyncio.start_server(serve, every, port, family=family)
                serve_udp(family, port)
            except OSError as error:
                if family == socket.AF_INET:
                    raise
    print("up", flush=True)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        asks = [ask(*one, request["timeout"]) for one in request["asks"]]
        print(json.dumps(await asyncio.gather(*asks)), flush=True)


asyncio.run(main())
