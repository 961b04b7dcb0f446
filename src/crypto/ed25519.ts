/** Ed25519 signatures (RFC 8032) and the forms its keys are kept in. */
import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from 'node:crypto';

/** A native key: its bytes are not in the JavaScript heap. */
export type Ed25519PrivateKey = KeyObject;

export const ed25519PublicKeyBytes = 32;
export const ed25519SignatureBytes = 64;

export const generateEd25519PrivateKey = (): Ed25519PrivateKey => generateKeyPairSync('ed25519').privateKey;

/** PKCS #8, DER: the form that is sealed. The caller wipes the buffer. */
export const exposeEd25519PrivateKey = (key: Ed25519PrivateKey): Buffer =>
  key.export({ format: 'der', type: 'pkcs8' });

/** From PKCS #8, DER. The caller wipes the bytes. */
export const importEd25519PrivateKey = (pkcs8: Uint8Array): Ed25519PrivateKey =>
  createPrivateKey({
    key: Buffer.from(pkcs8.buffer, pkcs8.byteOffset, pkcs8.byteLength),
    format: 'der',
    type: 'pkcs8',
  });

/** The 32 bytes of RFC 8032 §5.1.5, of a private or a public key. */
export function ed25519PublicKey(key: KeyObject): Buffer {
  const { x } = (key.type === 'private' ? createPublicKey(key) : key).export({ format: 'jwk' });
  if (x === undefined) throw new TypeError('not an Ed25519 key');
  return Buffer.from(x, 'base64url');
}

export function importEd25519PublicKey(bytes: Uint8Array): KeyObject {
  if (bytes.length !== ed25519PublicKeyBytes) throw new TypeError('an Ed25519 public key has 32 bytes');
  const x = Buffer.from(bytes).toString('base64url');
  return createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' });
}

export const ed25519Sign = (privateKey: Ed25519PrivateKey, message: Uint8Array): Buffer =>
  sign(null, message, privateKey);

export const ed25519Verify = (publicKey: KeyObject, message: Uint8Array, signature: Uint8Array): boolean =>
  signature.length === ed25519SignatureBytes && verify(null, message, publicKey, signature);
