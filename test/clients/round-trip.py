"""A program that knows nothing of where it runs: boto3 and the AWS Encryption SDK with their defaults."""

import aws_encryption_sdk
import boto3

kms = boto3.client("kms")
key_arn = kms.create_key()["KeyMetadata"]["Arn"]
blob = kms.encrypt(KeyId=key_arn, Plaintext=b"there")["CiphertextBlob"]

client = aws_encryption_sdk.EncryptionSDKClient()
provider = aws_encryption_sdk.StrictAwsKmsMasterKeyProvider(key_ids=[key_arn])
message, _ = client.encrypt(source=b"and back", key_provider=provider)
text, _ = client.decrypt(source=message, key_provider=provider)
print(kms.decrypt(CiphertextBlob=blob)["Plaintext"].decode(), text.decode())
