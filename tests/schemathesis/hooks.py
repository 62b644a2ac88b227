"""What a schema cannot say: check symbols, signatures, sessions that are live. Completed in each request whose value has
the documented form, so that examples reach what lies behind the form; values that are wrong on purpose stay wrong."""

import base64
import datetime
import hashlib
import itertools
import json
import os
import re
import subprocess

import requests
import schemathesis
from hypothesis import strategies

KIOSK = os.environ["KIOSK_DIR"]
CLIENT = dict(cert=(f"{KIOSK}/chain.pem", f"{KIOSK}/key.pem"), verify=f"{KIOSK}/root.pem", timeout=30)
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
CODE = re.compile(r"[0-9A-HJKMNP-TV-Z]{5}(-[0-9A-HJKMNP-TV-Z]{5}){3}((-[0-9A-HJKMNP-TV-Z]{5}){2})?")
IDENTIFIER = re.compile(r"A[0-9]{9}|[A-Z]{3}\*?[0-9]{10}")
SESSION = re.compile("[0-9a-f]{32}")
REFERENCE = re.compile("[A-Z0-9]{1,8}(-[0-9A-HJKMNP-TV-Z]{4})")
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
SIGNATURE = re.compile("[0-9a-f]{64}:[A-Za-z0-9+/]+={0,2}")
INVITATION = re.compile(r"[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){4}-[0-9A-HJKMNP-TV-Z]{3}")
REQUEST = re.compile(r"-----BEGIN CERTIFICATE REQUEST-----[\s\S]+-----END CERTIFICATE REQUEST-----\s*")


def time_text(when):
    return when.strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"


schemathesis.openapi.format(
    "date-time", strategies.datetimes(min_value=datetime.datetime(1970, 1, 1)).map(time_text)
)


def with_check_symbols(code):
    """Each group's fifth symbol, as the design defines it: g + a d1 + a^2 d2 + a^3 d3 + a^4 d4 in GF(32)."""
    groups = []
    for number, group in enumerate(code.split("-"), 1):
        total = 0
        for symbol in reversed(group[:4]):
            total = (total ^ ALPHABET.index(symbol)) << 1
            if total & 32:
                total ^= 0b100101
        groups.append(group[:4] + ALPHABET[total ^ number])
    return "-".join(groups)


def openssl(*arguments, data=None):
    return subprocess.run(["openssl", *arguments], input=data, stdout=subprocess.PIPE, check=True).stdout


SPKI = hashlib.sha256(openssl("pkey", "-in", f"{KIOSK}/key.pem", "-pubout", "-outform", "DER")).hexdigest()


def sign_in():
    body = {"badge": "B1", "pin": "123456"}
    reply = requests.post(os.environ["SERVICE"] + "/kiosk/v1/officers/sign-in", json=body, **CLIENT)
    return reply.json()["officer_session"]


NUMBERS = itertools.count(1)


def invite():
    """A code with which one more kiosk may enrol."""
    command = [os.environ["PROGRAM"], "--json", "--config", os.environ["CONFIG"], "kiosk", "invite", "--lane", "7"]
    invited = subprocess.run([*command, "--number", f"E{next(NUMBERS)}"], stdout=subprocess.PIPE, check=True)
    return json.loads(invited.stdout)["code"]


@schemathesis.deserializer("application/octet-stream")
def octets(_, response):
    """Hashes: their schema says nothing of them."""
    return response.content.hex()


class Completed(requests.auth.AuthBase):
    session = None

    def live(self):
        # Signed in once: it is used often enough to stay live.
        self.session = self.session or sign_in()
        return self.session

    def member(self, name, value):
        if name == "identifier" and isinstance(value, dict) and IDENTIFIER.fullmatch(str(value.get("value"))):
            # No number is all zeros.
            return value | {"value": re.sub("(?<![1-9])0$", "1", value["value"])}
        if not isinstance(value, str):
            return value
        if name == "code" and CODE.fullmatch(value):
            return with_check_symbols(value)
        if name == "code" and INVITATION.fullmatch(value):
            return invite()
        if name == "officer_session" and SESSION.fullmatch(value):
            return self.live()
        if name == "reference" and REFERENCE.fullmatch(value):
            return "K07" + value[-5:]
        if name == "decided_at" and TIME.fullmatch(value):
            return time_text(datetime.datetime.now(datetime.timezone.utc))
        if name == "csr" and REQUEST.fullmatch(value):
            with open(os.environ["CERTIFICATE_REQUEST"], encoding="ascii") as file:
                return file.read()
        return value

    def __call__(self, request):
        try:
            body = json.loads(request.body) if request.body else None
        except ValueError:
            body = None
        if isinstance(body, dict):
            body = {name: self.member(name, value) for name, value in body.items()}
            request.body = json.dumps(body).encode()
            request.headers["Content-Length"] = str(len(request.body))
        session = request.headers.get("Officer-Session", "")
        if SESSION.fullmatch(session if isinstance(session, str) else "") and request.method != "DELETE":
            request.headers["Officer-Session"] = self.live()
        signature = request.headers.get("Kiosk-Signature", "")
        if isinstance(signature, str) and SIGNATURE.fullmatch(signature):
            id_ = request.path_url.split("?")[0].rsplit("/", 1)[-1]
            signed = id_.encode() + b"\n" + (request.body or b"")
            signature = openssl("dgst", "-sha256", "-sign", f"{KIOSK}/key.pem", data=signed)
            request.headers["Kiosk-Signature"] = f"{SPKI}:{base64.b64encode(signature).decode()}"
        return request


schemathesis.auth.set_from_requests(Completed())
