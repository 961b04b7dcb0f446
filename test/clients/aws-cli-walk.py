"""Every built operation of the API through the AWS CLI, as typed, in one process so that it starts once."""

import base64
import io
import json
import os
import sys
from contextlib import redirect_stderr, redirect_stdout

from awscli.clidriver import create_clidriver

from checks import check, report_operations

directory = sys.argv[1]
called = set()
driver = create_clidriver()


def aws(*words, code=0):
    """Runs `aws kms WORDS`: the exit code must be as said. The answer, or what was said of the error."""
    called.add("".join(word.capitalize() for word in words[0].split("-")))
    output, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(output), redirect_stderr(errors):
        ended = driver.main(["kms", *words])
    assert ended == code, f"aws kms {' '.join(words)} ended with {ended}: {errors.getvalue()}"
    if code != 0:
        return errors.getvalue()
    return json.loads(output.getvalue()) if output.getvalue() else None


def file(name, content):
    path = os.path.join(directory, name)
    with open(path, "wb") as target:
        target.write(content)
    return f"fileb://{path}"


def blob(answer, member="CiphertextBlob"):
    return base64.b64decode(answer[member])


def refused(name, *words):
    said = aws(*words, code=255)
    assert f"An error occurred ({name}) when calling the" in said, said
    return said


key = aws("create-key", "--description", "walk", "--tags", "TagKey=team,TagValue=shop")["KeyMetadata"]
key_id = key["KeyId"]
other_id = aws("create-key")["KeyMetadata"]["KeyId"]
plain = file("plain", b"attack at dawn")

with check("AWS CLI: a key is created, described, listed and its description changed"):
    assert aws("describe-key", "--key-id", key["Arn"])["KeyMetadata"] == key
    assert {key_id, other_id} <= {k["KeyId"] for k in aws("list-keys", "--page-size", "1")["Keys"]}
    aws("update-key-description", "--key-id", key_id, "--description", "walked")
    assert aws("describe-key", "--key-id", key_id)["KeyMetadata"]["Description"] == "walked"

with check("AWS CLI: aliases are made, moved, listed and deleted"):
    aws("create-alias", "--alias-name", "alias/cli", "--target-key-id", key_id)
    aws("update-alias", "--alias-name", "alias/cli", "--target-key-id", other_id)
    listed = aws("list-aliases", "--key-id", other_id)["Aliases"]
    assert [alias["AliasName"] for alias in listed] == ["alias/cli"], listed
    aws("delete-alias", "--alias-name", "alias/cli")
    refused("NotFoundException", "describe-key", "--key-id", "alias/cli")

with check("AWS CLI: tags are added, listed and removed"):
    aws("tag-resource", "--key-id", key_id, "--tags", "TagKey=stage,TagValue=test")
    aws("untag-resource", "--key-id", key_id, "--tag-keys", "team")
    assert aws("list-resource-tags", "--key-id", key_id)["Tags"] == [{"TagKey": "stage", "TagValue": "test"}]

with check("AWS CLI: a key policy is read, listed and replaced from a file"):
    policy = aws("get-key-policy", "--key-id", key_id, "--policy-name", "default")["Policy"]
    document = json.loads(policy)
    document["Id"] = "changed"
    path = file("policy.json", json.dumps(document).encode()).replace("fileb://", "file://")
    aws("put-key-policy", "--key-id", key_id, "--policy-name", "default", "--policy", path)
    assert json.loads(aws("get-key-policy", "--key-id", key_id)["Policy"]) == document
    assert aws("list-key-policies", "--key-id", key_id)["PolicyNames"] == ["default"]

with check("AWS CLI: a file is encrypted, decrypted and encrypted anew, under its encryption context only"):
    under = ("--encryption-context", "purpose=walk,n=1")
    sealed = file("sealed", blob(aws("encrypt", "--key-id", key_id, "--plaintext", plain, *under)))
    assert blob(aws("decrypt", "--ciphertext-blob", sealed, *under), "Plaintext") == b"attack at dawn"
    refused("InvalidCiphertextException", "decrypt", "--ciphertext-blob", sealed)
    again = aws(
        *("re-encrypt", "--ciphertext-blob", sealed, "--destination-key-id", other_id),
        *("--source-encryption-context", "purpose=walk,n=1"),
    )
    assert blob(aws("decrypt", "--ciphertext-blob", file("again", blob(again))), "Plaintext") == b"attack at dawn"
    refused("DryRunOperationException", "encrypt", "--key-id", key_id, "--plaintext", plain, "--dry-run")

with check("AWS CLI: data keys and random bytes are generated"):
    data_key = aws("generate-data-key", "--key-id", key_id, "--key-spec", "AES_256")
    opened = aws("decrypt", "--ciphertext-blob", file("data-key", blob(data_key)))
    assert opened["Plaintext"] == data_key["Plaintext"] and len(blob(opened, "Plaintext")) == 32
    sealed = aws("generate-data-key-without-plaintext", "--key-id", key_id, "--number-of-bytes", "48")
    assert len(blob(aws("decrypt", "--ciphertext-blob", file("sealed-key", blob(sealed))), "Plaintext")) == 48
    assert len(blob(aws("generate-random", "--number-of-bytes", "32"), "Plaintext")) == 32

with check("AWS CLI: rotation is switched on and off and done on demand; the last usage is told"):
    aws("enable-key-rotation", "--key-id", key_id, "--rotation-period-in-days", "120")
    assert aws("get-key-rotation-status", "--key-id", key_id)["RotationPeriodInDays"] == 120
    aws("rotate-key-on-demand", "--key-id", key_id)
    assert [r["RotationType"] for r in aws("list-key-rotations", "--key-id", key_id)["Rotations"]] == ["ON_DEMAND"]
    aws("disable-key-rotation", "--key-id", key_id)
    assert aws("get-key-rotation-status", "--key-id", key_id)["KeyRotationEnabled"] is False
    assert aws("get-key-last-usage", "--key-id", key_id)["KeyLastUsage"]["Operation"] == "Decrypt"

with check("AWS CLI: a disabled key and one pending deletion refuse use, and come back"):
    aws("disable-key", "--key-id", key_id)
    refused("DisabledException", "encrypt", "--key-id", key_id, "--plaintext", plain)
    aws("enable-key", "--key-id", key_id)
    scheduled = aws("schedule-key-deletion", "--key-id", key_id, "--pending-window-in-days", "7")
    assert scheduled["KeyState"] == "PendingDeletion", scheduled
    refused("KMSInvalidStateException", "encrypt", "--key-id", key_id, "--plaintext", plain)
    aws("cancel-key-deletion", "--key-id", key_id)
    aws("enable-key", "--key-id", key_id)
    aws("encrypt", "--key-id", key_id, "--plaintext", plain)

operations = called.copy()

with check("AWS CLI: an operation that is not built yet says so"):
    said = refused(
        "UnsupportedOperationException",
        *("sign", "--key-id", key_id, "--message", plain, "--signing-algorithm", "RSASSA_PSS_SHA_256"),
    )
    assert "Sign" in said, said

report_operations(operations)
