/** A program that knows nothing of where it runs: the AWS SDK and the AWS Encryption SDK with their defaults. */
import { buildClient, CommitmentPolicy, KmsKeyringNode } from '@aws-crypto/client-node';
import { KMS } from '@aws-sdk/client-kms';

const kms = new KMS();
const { KeyMetadata } = await kms.createKey({});
const { CiphertextBlob } = await kms.encrypt({ KeyId: KeyMetadata.Arn, Plaintext: Buffer.from('there') });

const client = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
const keyring = new KmsKeyringNode({ generatorKeyId: KeyMetadata.Arn });
const { result } = await client.encrypt(keyring, 'and back');
const { plaintext } = await client.decrypt(keyring, result);
const { Plaintext } = await kms.decrypt({ CiphertextBlob });
console.log(Buffer.from(Plaintext).toString(), plaintext.toString());
