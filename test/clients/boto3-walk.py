"""Every built operation of the API through boto3, which finds the server by its environment variables."""

import json
import os
import ssl
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from checks import check, report_operations

bundle = os.environ.get("AWS_CA_BUNDLE")
kms = boto3.client("kms")
neighbour = boto3.client(
    "kms",
    aws_access_key_id=os.environ["NEIGHBOUR_ACCESS_KEY_ID"],
    aws_secret_access_key=os.environ["NEIGHBOUR_SECRET_ACCESS_KEY"],
)
called = set()
retries = []
for client in (kms, neighbour):
    client.meta.events.register("before-call.kms", lambda model, **_: called.add(model.name))
    client.meta.events.register(
        "after-call.kms", lambda parsed, **_: retries.append(parsed["ResponseMetadata"]["RetryAttempts"])
    )


def refused(name, call, **arguments):
    """The call is refused with the typed exception of that name, which carries a request id."""
    kind = getattr(kms.exceptions, name)
    try:
        call(**arguments)
    except kind as error:
        assert error.response["Error"]["Code"] == name, error.response
        assert len(error.response["ResponseMetadata"]["RequestId"]) == 36, error.response
        return error.response
    raise AssertionError(f"not refused with {name}")


def refused_untyped(code, call, **arguments):
    """The call is refused with an error that the API model has no exception for."""
    try:
        call(**arguments)
    except ClientError as error:
        assert error.response["Error"]["Code"] == code, error.response
        return error.response["Error"]["Message"]
    raise AssertionError(f"not refused with {code}")


key = kms.create_key(Description="walk", Tags=[{"TagKey": "team", "TagValue": "shop"}])["KeyMetadata"]
key_id, key_arn = key["KeyId"], key["Arn"]
other_id = kms.create_key()["KeyMetadata"]["KeyId"]
context = {"purpose": "walk", "naïve": "ключ"}

with check("boto3: a key is described as it was created, by id and by ARN"):
    for name in (key_id, key_arn):
        described = kms.describe_key(KeyId=name)["KeyMetadata"]
        assert described == key, described
    assert key["KeySpec"] == "SYMMETRIC_DEFAULT" and key["KeyState"] == "Enabled", key
    assert key["CreationDate"].tzinfo is not None, key
    kms.update_key_description(KeyId=key_id, Description="walked – ✓")
    assert kms.describe_key(KeyId=key_id)["KeyMetadata"]["Description"] == "walked – ✓"

with check("boto3: aliases are made, moved, listed and deleted, and name their key in requests"):
    kms.create_alias(AliasName="alias/walk", TargetKeyId=key_id)
    assert kms.describe_key(KeyId="alias/walk")["KeyMetadata"]["Arn"] == key_arn
    assert [a["AliasName"] for a in kms.list_aliases(KeyId=key_id)["Aliases"]] == ["alias/walk"]
    kms.update_alias(AliasName="alias/walk", TargetKeyId=other_id)
    assert kms.describe_key(KeyId="alias/walk")["KeyMetadata"]["KeyId"] == other_id
    refused("AlreadyExistsException", kms.create_alias, AliasName="alias/walk", TargetKeyId=key_id)
    kms.delete_alias(AliasName="alias/walk")
    refused("NotFoundException", kms.describe_key, KeyId="alias/walk")

with check("boto3: tags are added, listed and removed"):
    kms.tag_resource(KeyId=key_id, Tags=[{"TagKey": "stage", "TagValue": "test"}])
    tags = {t["TagKey"]: t["TagValue"] for t in kms.list_resource_tags(KeyId=key_id)["Tags"]}
    assert tags == {"team": "shop", "stage": "test"}, tags
    kms.untag_resource(KeyId=key_id, TagKeys=["team"])
    assert [t["TagKey"] for t in kms.list_resource_tags(KeyId=key_id)["Tags"]] == ["stage"]
    refused("TagException", kms.tag_resource, KeyId=key_id, Tags=[{"TagKey": "aws:x", "TagValue": "y"}])

with check("boto3: a key policy is read, replaced, and lets in another account that it names"):
    assert kms.list_key_policies(KeyId=key_id)["PolicyNames"] == ["default"]
    policy = json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"])
    refused_untyped("AccessDeniedException", neighbour.encrypt, KeyId=key_arn, Plaintext=b"x")
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{os.environ['NEIGHBOUR_ACCOUNT_ID']}:root"},
            "Action": ["kms:Encrypt", "kms:Decrypt"],
            "Resource": "*",
        }
    )
    kms.put_key_policy(KeyId=key_id, Policy=json.dumps(policy))
    blob = neighbour.encrypt(KeyId=key_arn, Plaintext=b"from next door")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"from next door"
    refused_untyped("AccessDeniedException", neighbour.describe_key, KeyId=key_arn)
    refused("MalformedPolicyDocumentException", kms.put_key_policy, KeyId=key_id, Policy="{}")

with check("boto3: what is encrypted is decrypted under the same encryption context and no other"):
    answer = kms.encrypt(KeyId=key_id, Plaintext=bytes(range(256)), EncryptionContext=context)
    assert answer["KeyId"] == key_arn and answer["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT", answer
    blob = answer["CiphertextBlob"]
    plain = kms.decrypt(CiphertextBlob=blob, EncryptionContext=context, KeyId=key_arn)
    assert plain["Plaintext"] == bytes(range(256)) and plain["KeyId"] == key_arn, plain
    refused("InvalidCiphertextException", kms.decrypt, CiphertextBlob=blob)
    refused("IncorrectKeyException", kms.decrypt, CiphertextBlob=blob, EncryptionContext=context, KeyId=other_id)
    refused("DryRunOperationException", kms.encrypt, KeyId=key_id, Plaintext=b"x", DryRun=True)
    again = kms.re_encrypt(
        CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=other_id, SourceKeyId=key_id
    )
    assert again["SourceKeyId"] == key_arn and again["KeyId"].endswith(other_id), again
    assert kms.decrypt(CiphertextBlob=again["CiphertextBlob"])["Plaintext"] == bytes(range(256))

with check("boto3: data keys come with and without plaintext, and random bytes are as many as asked"):
    for arguments, length in (({"KeySpec": "AES_256"}, 32), ({"KeySpec": "AES_128"}, 16), ({"NumberOfBytes": 64}, 64)):
        data_key = kms.generate_data_key(KeyId=key_id, EncryptionContext=context, **arguments)
        assert len(data_key["Plaintext"]) == length, data_key
        opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=context)
        assert opened["Plaintext"] == data_key["Plaintext"]
    sealed = kms.generate_data_key_without_plaintext(KeyId=key_id, KeySpec="AES_256")
    assert "Plaintext" not in sealed and len(kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"])["Plaintext"]) == 32
    assert len(kms.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024

with check("boto3: rotation is switched on and off, done on demand, and leaves old ciphertexts readable"):
    old = kms.encrypt(KeyId=key_id, Plaintext=b"old")["CiphertextBlob"]
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    kms.enable_key_rotation(KeyId=key_id, RotationPeriodInDays=90)
    status = kms.get_key_rotation_status(KeyId=key_id)
    assert status["KeyRotationEnabled"] is True and status["RotationPeriodInDays"] == 90, status
    kms.rotate_key_on_demand(KeyId=key_id)
    rotations = kms.list_key_rotations(KeyId=key_id)["Rotations"]
    assert [r["RotationType"] for r in rotations] == ["ON_DEMAND"], rotations
    materials = kms.list_key_rotations(KeyId=key_id, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
    assert [m["KeyMaterialState"] for m in materials] in (["CURRENT", "NON_CURRENT"], ["NON_CURRENT", "CURRENT"]), materials
    kms.disable_key_rotation(KeyId=key_id)
    assert kms.get_key_rotation_status(KeyId=key_id)["KeyRotationEnabled"] is False
    new = kms.encrypt(KeyId=key_id, Plaintext=b"new")["CiphertextBlob"]
    opened = [kms.decrypt(CiphertextBlob=blob) for blob in (old, new)]
    assert [o["Plaintext"] for o in opened] == [b"old", b"new"]
    assert opened[0]["KeyMaterialId"] != opened[1]["KeyMaterialId"], opened

with check("boto3: the last usage of a key is told"):
    usage = kms.get_key_last_usage(KeyId=key_id)
    assert usage["KeyLastUsage"]["Operation"] == "Decrypt", usage
    assert usage["KeyCreationDate"] == key["CreationDate"], usage

with check("boto3: a disabled key and one pending deletion refuse use, and come back"):
    kms.disable_key(KeyId=other_id)
    refused("DisabledException", kms.encrypt, KeyId=other_id, Plaintext=b"x")
    kms.enable_key(KeyId=other_id)
    blob = kms.encrypt(KeyId=other_id, Plaintext=b"x")["CiphertextBlob"]
    scheduled = kms.schedule_key_deletion(KeyId=other_id, PendingWindowInDays=7)
    assert scheduled["KeyState"] == "PendingDeletion" and scheduled["DeletionDate"] > key["CreationDate"], scheduled
    refused("KMSInvalidStateException", kms.decrypt, CiphertextBlob=blob)
    kms.cancel_key_deletion(KeyId=other_id)
    assert kms.describe_key(KeyId=other_id)["KeyMetadata"]["KeyState"] == "Disabled"
    kms.enable_key(KeyId=other_id)
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

with check("boto3: every paginator walks all pages, and there is no waiter to wait for"):
    for number in range(5):
        kms.create_alias(AliasName=f"alias/page/{number}", TargetKeyId=other_id)
        kms.tag_resource(KeyId=other_id, Tags=[{"TagKey": f"page{number}", "TagValue": ""}])
        kms.rotate_key_on_demand(KeyId=other_id)

    def pages(name, items, **arguments):
        walked = list(kms.get_paginator(name).paginate(PaginationConfig={"PageSize": 2}, **arguments))
        assert all(page["Truncated"] for page in walked[:-1]) and not walked[-1]["Truncated"], walked
        return len(walked), [item for page in walked for item in page[items]]

    count, keys = pages("list_keys", "Keys")
    assert {key_id, other_id} <= {k["KeyId"] for k in keys} and len(keys) == len({k["KeyId"] for k in keys}), keys
    count, aliases = pages("list_aliases", "Aliases", KeyId=other_id)
    assert count == 3 and [a["AliasName"] for a in aliases] == [f"alias/page/{n}" for n in range(5)], aliases
    assert pages("list_resource_tags", "Tags", KeyId=other_id)[0] == 3
    count, rotations = pages("list_key_rotations", "Rotations", KeyId=other_id)
    assert count == 3 and len(rotations) == 5, rotations
    assert pages("list_key_policies", "PolicyNames", KeyId=other_id) == (1, ["default"])
    refused("InvalidMarkerException", kms.list_keys, Marker="forged")
    assert kms.waiter_names == [], kms.waiter_names

with check("boto3: a validation error has the service's words, several violations in one"):
    message = refused_untyped("ValidationException", kms.create_alias, AliasName="alias/ü", TargetKeyId="x" * 3000)
    assert message.startswith("2 validation errors detected: Value '"), message

with check("boto3: an operation that is not built yet says so"):
    message = refused(
        "UnsupportedOperationException",
        kms.sign,
        KeyId=key_id,
        Message=b"m",
        SigningAlgorithm="RSASSA_PSS_SHA_256",
    )["Error"]["Message"]
    assert "Sign" in message, message

with check("boto3: a presigned request is answered, and refused once anything of it was changed"):
    tls = [urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=bundle))] if bundle else []
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), *tls)

    def send(url, target="ListKeys", body=b""):
        headers = {"content-type": "application/x-amz-json-1.1", "x-amz-target": f"TrentService.{target}"}
        return json.load(opener.open(urllib.request.Request(url, body, headers)))

    # botocore signs an empty body, so only an operation that needs no input can be presigned with it.
    url = kms.generate_presigned_url("list_keys", HttpMethod="POST")
    assert url.startswith(kms.meta.endpoint_url) and "X-Amz-Signature=" in url, url
    assert key_arn in [listed["KeyArn"] for listed in send(url)["Keys"]]
    for changed in (
        {"url": url.replace("X-Amz-Expires=3600", "X-Amz-Expires=3601")},
        {"url": url, "target": "ListAliases"},
        {"url": url, "body": b"{}"},
    ):
        try:
            send(**changed)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            assert error.code == 400 and "InvalidSignatureException" in text, text
        else:
            raise AssertionError(f"answered although it was changed: {changed}")

with check("boto3: wrong credentials are refused by name"):
    for arguments, code in (
        ({"aws_secret_access_key": "wrong"}, "InvalidSignatureException"),
        ({"aws_access_key_id": "AKIAUNKNOWN", "aws_secret_access_key": "x"}, "UnrecognizedClientException"),
        ({"aws_session_token": "forged"}, "UnrecognizedClientException"),
    ):
        given = {
            "aws_access_key_id": os.environ["AWS_ACCESS_KEY_ID"],
            "aws_secret_access_key": os.environ["AWS_SECRET_ACCESS_KEY"],
        }
        stranger = boto3.client("kms", **{**given, **arguments}, config=Config(retries={"max_attempts": 1}))
        refused_untyped(code, stranger.list_keys)

with check("boto3: one client used by eight threads gets every answer right"):
    def round_trip(number):
        text = f"message {number}".encode()
        sealed = kms.encrypt(KeyId=key_id, Plaintext=text, EncryptionContext={"n": str(number)})
        return kms.decrypt(CiphertextBlob=sealed["CiphertextBlob"], EncryptionContext={"n": str(number)})["Plaintext"] == text

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(round_trip, range(64)))

with check("boto3: no request had to be sent twice"):
    assert len(retries) > 200 and set(retries) == {0}, sorted(set(retries))

report_operations(called - {"Sign"})
