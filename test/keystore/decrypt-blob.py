"""Opens a ciphertext blob from docs/formats/ciphertext-blob.md alone.

Reads JSON from standard input: {"keyMaterial": hex, "blob": hex, "context": {name: value}}
and writes {"keyId", "materialId", "plaintext"} as JSON, or exits with 1 when it does not open.
"""

import hashlib
import hmac
import json
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def derive(key, label, context):
    return hmac.new(key, b"\0\0\0\1" + label + b"\0" + context + b"\0\0\1\0", hashlib.sha256).digest()


def encode(context):
    pairs = sorted((name.encode(), value.encode()) for name, value in context.items())
    return b"".join(len(part).to_bytes(2, "big") + part for pair in pairs for part in pair)


def main():
    given = json.load(sys.stdin)
    key, blob = bytes.fromhex(given["keyMaterial"]), bytes.fromhex(given["blob"])
    header, salt, iv, body = blob[:52], blob[52:68], blob[68:80], blob[80:]
    assert header[:3] == b"HF\1" and header[3] in (0, 1), "not a blob of format version 1"
    digits = header[4:20].hex()
    cuts = [digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]]
    key_id = "mrk-" + digits if header[3] == 1 else "-".join(cuts)
    assert header[20:52] == derive(key, b"holdfast key material id", key_id.encode()), "other key material"
    message_key = derive(key, b"holdfast ciphertext blob", salt)
    try:
        plaintext = AESGCM(message_key).decrypt(iv, body, header + encode(given["context"]))
    except InvalidTag:
        sys.exit(1)
    json.dump({"keyId": key_id, "materialId": header[20:52].hex(), "plaintext": plaintext.hex()}, sys.stdout)


main()
