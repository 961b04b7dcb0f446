"""Files encrypted and decrypted with the AWS Encryption SDK for Python, also those of the SDK for JavaScript.

    encryption-sdk.py DIRECTORY KEY-ARN KEY-ARN-ELSEWHERE KEY-ARN-OF-NEIGHBOUR DISABLED-KEY-ARN
"""

import io
import os
import sys

import aws_encryption_sdk
import botocore.session
from aws_encryption_sdk import CommitmentPolicy
from botocore.exceptions import ClientError

from checks import check

directory, here, elsewhere, of_neighbour, disabled = sys.argv[1:]
client = aws_encryption_sdk.EncryptionSDKClient(
    commitment_policy=CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT
)
context = {"purpose": "files", "naïve": "ключ"}


# What the server answered: the SDK tells its own caller only that no data key could be decrypted.
calls, refusals = [], []


def noting_session(*credentials):
    session = botocore.session.Session()
    if credentials:
        session.set_credentials(*credentials)
    events = session.get_component("event_emitter")
    events.register("before-call.kms", lambda model, **_: calls.append(model.name))
    events.register("after-call.kms", lambda parsed, **_: refusals.append(parsed.get("Error", {}).get("Code")))
    return session


def strict(*key_arns):
    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=list(key_arns), botocore_session=noting_session())


def neighbours(*key_arns):
    session = noting_session(os.environ["NEIGHBOUR_ACCESS_KEY_ID"], os.environ["NEIGHBOUR_SECRET_ACCESS_KEY"])
    return aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=list(key_arns), botocore_session=session)


def path(name):
    return os.path.join(directory, name)


def read(name):
    with open(path(name), "rb") as source:
        return source.read()


def decrypt(name, provider):
    """The plaintext of a file, read as a stream; its encryption context must be the one it was made with."""
    with open(path(name), "rb") as source:
        with client.stream(mode="d", source=source, key_provider=provider) as stream:
            plaintext = stream.read()
            assert context.items() <= stream.header.encryption_context.items(), stream.header
            return plaintext


def refused(code, call):
    """The call fails because the server answered with that error."""
    refusals.clear()
    try:
        call()
    except (aws_encryption_sdk.AWSEncryptionSDKClientError, ClientError):
        assert refusals == [code], refusals
        return
    raise AssertionError("not refused")


plaintext = read("plaintext")

with check("Encryption SDK for Python: a file encrypted for three keys is decrypted with each of them alone"):
    with open(path("plaintext"), "rb") as source, open(path("python.encrypted"), "wb") as target:
        provider = strict(here, elsewhere, of_neighbour)
        with client.stream(mode="e", source=source, key_provider=provider, encryption_context=context) as stream:
            for chunk in stream:
                target.write(chunk)
    for provider in (strict(here), strict(elsewhere), neighbours(of_neighbour)):
        assert decrypt("python.encrypted", provider) == plaintext

with check("Encryption SDK for Python: a file of the SDK for JavaScript is decrypted, with each key and by discovery"):
    discovery = aws_encryption_sdk.DiscoveryAwsKmsMasterKeyProvider()
    for provider in (strict(here), strict(elsewhere), neighbours(of_neighbour), discovery):
        assert decrypt("javascript.encrypted", provider) == plaintext

with check("Encryption SDK for Python: a neighbour cannot use the key that does not let it in"):
    for name in ("python.encrypted", "javascript.encrypted"):
        refused("AccessDeniedException", lambda: decrypt(name, neighbours(here)))

with check("Encryption SDK for Python: a message whose encryption context was changed is refused by the server"):
    for name in ("python.encrypted", "javascript.encrypted"):
        message = read(name)
        assert message.count(b"purpose") == 1
        changed = message.replace(b"purpose", b"purposE")
        refused("InvalidCiphertextException", lambda: client.decrypt(source=changed, key_provider=strict(here)))

with check("Encryption SDK for Python: a message whose data was changed is refused"):
    changed = bytearray(read("javascript.encrypted"))
    changed[len(changed) // 2] ^= 1
    try:
        client.decrypt(source=bytes(changed), key_provider=strict(here))
    except Exception as error:
        assert type(error).__name__ == "InvalidTag", repr(error)
    else:
        raise AssertionError("not refused")

with check("Encryption SDK for Python: a disabled key neither encrypts nor decrypts"):
    refused("DisabledException", lambda: client.encrypt(source=b"x", key_provider=strict(disabled)))
    message = read("disabled.encrypted")
    refused("DisabledException", lambda: client.decrypt(source=message, key_provider=strict(disabled)))

with check("Encryption SDK for Python: with a cache of materials, many messages need one data key"):
    calls.clear()
    cached = aws_encryption_sdk.CachingCryptoMaterialsManager(
        master_key_provider=strict(here),
        cache=aws_encryption_sdk.LocalCryptoMaterialsCache(10),
        max_age=60.0,
    )
    messages = [
        client.encrypt(source=f"message {number}".encode(), materials_manager=cached, encryption_context=context)[0]
        for number in range(20)
    ]
    assert calls == ["GenerateDataKey"], calls
    for number, message in enumerate(messages):
        with client.stream(mode="d", source=io.BytesIO(message), materials_manager=cached) as stream:
            assert stream.read() == f"message {number}".encode()
    assert calls == ["GenerateDataKey", "Decrypt"], calls
