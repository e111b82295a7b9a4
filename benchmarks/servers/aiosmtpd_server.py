# aiosmtpd as a server on the port in its argument, without log and DNS: it accepts every message and throws it away.

import asyncio
import sys

from aiosmtpd.smtp import SMTP


class Handler:
    async def handle_DATA(self, server, session, envelope):
        return "250 2.0.0 Ok"


async def main(port, backlog):
    def serve():
        return SMTP(Handler(), hostname="mx.example.org", data_size_limit=200_000_000)

    server = await asyncio.get_running_loop().create_server(serve, "0.0.0.0", port, backlog=backlog)
    await server.serve_forever()


asyncio.run(main(int(sys.argv[1]), int(sys.argv[2])))
