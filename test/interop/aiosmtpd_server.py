# aiosmtpd as a server: told what to do by JSON in its argument, it prints its port, then each message, as lines of JSON.

import asyncio
import base64
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

job = json.loads(sys.argv[1])


def tell(what):
    print(json.dumps(what), flush=True)


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address == job["refused"]:
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server, session, envelope):
        tell({"content": base64.b64encode(envelope.original_content).decode()})
        return "250 2.0.0 OK"


def authenticate(server, session, envelope, mechanism, data):
    good = data.login.decode() == job["user"] and data.password.decode() == job["password"]
    # Not handled: it is left to aiosmtpd to say so.
    return AuthResult(success=good, handled=good)


class LongLines(SMTP):
    line_length_limit = 1_000_000


async def main():
    context = None
    if job["security"] != "in the clear":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(job["certFile"], job["keyFile"])
    starttls = job["security"] == "STARTTLS"
    implicit = job["security"] == "implicit TLS"

    def serve():
        return LongLines(
            Handler(),
            hostname="mx.example.net",
            enable_SMTPUTF8=True,
            tls_context=context if starttls else None,
            require_starttls=starttls,
            auth_required=context is not None,
            auth_require_tls=not implicit,
            authenticator=authenticate,
        )

    server = await asyncio.get_running_loop().create_server(serve, "127.0.0.1", 0, ssl=context if implicit else None)
    tell({"port": server.sockets[0].getsockname()[1]})
    await server.serve_forever()


asyncio.run(main())
