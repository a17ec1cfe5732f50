#!/usr/bin/env python3
"""A security module for OpenRAS: shows a number and expects the answer of the caller's token.

The answer is OCRA-1:HOTP-SHA1-6:QN08 (RFC 6287), as hardware and telephone tokens compute it. The users and
their keys in hexadecimal come from a JSON file named as the argument, or from `config.users` of the module:

    {"alice": "3132333435363738393031323334353637383930"}

`challenge.py --token` is such a token itself: it asks for key and number and prints the answer.
How it talks to the service is described in docs/modules.md. Standard library only.
"""

import getpass
import hashlib
import hmac
import json
import secrets
import sys

SUITE = "OCRA-1:HOTP-SHA1-6:QN08"
TRIES = 3


def answer(key, number):
    """The six digits for a challenge of eight (RFC 6287 §7.1): bytes and text in, text out."""
    question = f"{int(number):x}".ljust(256, "0")
    mac = hmac.new(key, SUITE.encode() + b"\0" + bytes.fromhex(question), hashlib.sha1).digest()
    at = mac[-1] & 15
    return f"{(int.from_bytes(mac[at:at + 4], 'big') & 0x7FFFFFFF) % 10**6:06}"


def tell(**message):
    """One message to the service. Without flush it would wait in a buffer, and the call with it."""
    print(json.dumps(message), flush=True)


def hear():
    """The next message of the service; ends the program with the dialog."""
    line = sys.stdin.readline()
    message = json.loads(line) if line else {"type": "end"}
    if message["type"] == "end":
        sys.exit(0)
    return message


def complete(verdict, **more):
    """The verdict, and with it the end."""
    tell(type="complete", verdict=verdict, **more)
    sys.exit(0)


def ask(prompt, echo="yes"):
    """One line of the caller's."""
    tell(type="ask", prompt=prompt, echo=echo, max=64, timeout=60)
    message = hear()
    if message["type"] != "line":
        complete("error", code=638, text="the caller did not answer")
    return message.get("text", "").strip()


def main():
    begin = hear()
    users = begin.get("config", {}).get("users", {})
    if len(sys.argv) > 1:
        with open(sys.argv[1], encoding="utf-8") as file:
            users = json.load(file)
    keys = {name.lower(): bytes.fromhex(key) for name, key in users.items()}
    for _ in range(TRIES):
        user = ask("User: ").lower()
        number = f"{secrets.randbelow(10**8):08}"
        typed = ask(f"Challenge: {number}\r\nAnswer: ", echo="no").replace(" ", "")
        # an unknown name is asked like a known one, and nothing it answers is right
        right = hmac.compare_digest(typed.encode(), answer(keys.get(user, b"nobody"), number).encode())
        if right and user in keys:
            complete("success", user=user)
        tell(type="send", text="\r\nLogin incorrect.\r\n")
    complete("failure", user=user)


if __name__ == "__main__":
    if sys.argv[1:] == ["--token"]:
        print(answer(bytes.fromhex(getpass.getpass("Key: ")), input("Challenge: ")))
    else:
        main()
