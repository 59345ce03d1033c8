"""A real SMTP server for the tests: prints its port, then one JSON line for each message it took."""

import argparse
import asyncio
import json
import os
import ssl
import subprocess
import sys
import tempfile

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

parser = argparse.ArgumentParser()
parser.add_argument("--port", type=int, default=0)
parser.add_argument("--starttls", action="store_true")
parser.add_argument("--auth", help="user:password")
parser.add_argument("--refuse", help="recipient that gets 550")
parser.add_argument("--temporary", type=int, default=0, help="how many messages get 451 first")
options = parser.parse_args()
temporary_left = options.temporary


def say(line):
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        if address == options.refuse:
            return "550 5.1.1 no such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        global temporary_left
        if temporary_left > 0:
            temporary_left -= 1
            return "451 4.3.0 try again later"
        say(json.dumps({
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "tls": session.ssl is not None,
            "authenticated": bool(session.authenticated),
            "content": envelope.content.decode("ascii"),
        }))
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    user, password = options.auth.split(":")
    good = isinstance(data, LoginPassword) and data.login == user.encode() and data.password == password.encode()
    return AuthResult(success=good)


def certificate():
    folder = tempfile.mkdtemp()
    key, cert = os.path.join(folder, "key.pem"), os.path.join(folder, "cert.pem")
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "1", "-subj", "/CN=mail.example"],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context


extra = {}
if options.starttls:
    extra["tls_context"] = certificate()
if options.auth:
    extra.update(authenticator=authenticate, auth_required=True, auth_require_tls=False)


async def serve():
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(Handler(), **extra), host="127.0.0.1", port=options.port)
    say(str(server.sockets[0].getsockname()[1]))
    await server.serve_forever()


asyncio.run(serve())
