/**
 * Signed notes (c2sp.org/signed-note): a text, a blank line, and signature lines by named keys.
 * Only Ed25519 (signature type 0x01) is made and checked; lines of unknown keys are ignored.
 */
import {
  type Ed25519PrivateKey,
  ed25519PublicKey,
  ed25519PublicKeyBytes,
  ed25519Sign,
  ed25519Verify,
  importEd25519PublicKey,
} from '../crypto/ed25519.ts';
import { sha256 } from '../crypto/hash.ts';

export interface NoteVerifier {
  readonly name: string;
  /** First four bytes of SHA-256(name || 0x0A || type || public key), big-endian. */
  readonly keyId: number;
  /** `NAME+KEYID+BASE64`: what a user is given to check notes with. */
  readonly verifierKey: string;
  verify(text: Uint8Array, signature: Uint8Array): boolean;
}

export interface NoteSigner {
  readonly verifier: NoteVerifier;
  sign(text: Uint8Array): Uint8Array;
}

/** What was wrong with a note or with a verifier key. */
export class InvalidNote extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvalidNote';
  }
}

const ed25519Type = 0x01;
const noteBytesMax = 64 * 1024;
const signaturesMax = 64;

export function ed25519NoteSigner(name: string, privateKey: Ed25519PrivateKey): NoteSigner {
  return {
    verifier: ed25519NoteVerifier(name, ed25519PublicKey(privateKey)),
    sign: (text) => ed25519Sign(privateKey, text),
  };
}

function ed25519NoteVerifier(name: string, publicKey: Uint8Array): NoteVerifier {
  if (!isKeyName(name)) throw new InvalidNote(`\`${name}\` cannot be the name of a key`);
  const encoded = Buffer.concat([Buffer.of(ed25519Type), publicKey]);
  const keyId = sha256(Buffer.concat([Buffer.from(`${name}\n`), encoded])).readUInt32BE(0);
  const key = importEd25519PublicKey(publicKey);
  return {
    name,
    keyId,
    verifierKey: `${name}+${hex8(keyId)}+${encoded.toString('base64')}`,
    verify: (text, signature) => ed25519Verify(key, text, signature),
  };
}

/** Reads a verifier key as `golang.org/x/mod/sumdb/note` writes them. Throws `InvalidNote`. */
export function parseVerifierKey(text: string): NoteVerifier {
  const [name = '', id = '', ...rest] = text.trim().split('+');
  const key = decodeBase64(rest.join('+'));
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id) || key === undefined)
    throw new InvalidNote('malformed verifier key');
  if (key[0] !== ed25519Type || key.length !== 1 + ed25519PublicKeyBytes) {
    throw new InvalidNote('the verifier key is not an Ed25519 key');
  }
  const verifier = ed25519NoteVerifier(name, key.subarray(1));
  if (hex8(verifier.keyId) !== id) throw new InvalidNote('the verifier key does not match its key id');
  return verifier;
}

/** `text` ends with a newline. */
export function signNote(text: string, signers: readonly NoteSigner[]): string {
  if (!text.endsWith('\n') || hasControlCharacters(text) || signers.length === 0)
    throw new InvalidNote('malformed note text');
  const bytes = Buffer.from(text);
  const lines = signers.map(({ verifier, sign }) => {
    const id = Buffer.alloc(4);
    id.writeUInt32BE(verifier.keyId);
    return `— ${verifier.name} ${Buffer.concat([id, sign(bytes)]).toString('base64')}\n`;
  });
  return `${text}\n${lines.join('')}`;
}

export interface OpenedNote {
  /** With its final newline. */
  readonly text: string;
  /** Those of the given verifiers whose signatures are on the note. Never empty. */
  readonly signedBy: readonly NoteVerifier[];
}

/**
 * The text of a note that at least one of the `verifiers` signed. Throws `InvalidNote` when none did,
 * when one's signature is wrong, or when the note is malformed: the text is then not to be used.
 */
export function openNote(note: string, verifiers: readonly NoteVerifier[]): OpenedNote {
  if (note.length > noteBytesMax) throw new InvalidNote('the note is too long');
  if (!note.isWellFormed() || hasControlCharacters(note))
    throw new InvalidNote('the note has characters that notes may not have');
  const split = note.lastIndexOf('\n\n');
  if (split < 0) throw new InvalidNote('the note has no signatures');
  const text = note.slice(0, split + 1);
  const signatures = note.slice(split + 2);
  if (signatures === '' || !signatures.endsWith('\n')) throw new InvalidNote('the note has no signatures');
  const bytes = Buffer.from(text);
  const lines = signatures.slice(0, -1).split('\n');
  if (lines.length > signaturesMax) throw new InvalidNote('the note has too many signatures');
  const signedBy = new Set<NoteVerifier>();
  for (const line of lines) {
    const { name, keyId, signature } = parseSignatureLine(line);
    const verifier = verifiers.find((each) => each.name === name && each.keyId === keyId);
    if (verifier === undefined) continue;
    if (!verifier.verify(bytes, signature)) throw new InvalidNote(`the signature of ${name} is not right`);
    signedBy.add(verifier);
  }
  if (signedBy.size === 0) throw new InvalidNote('the note is not signed by a known key');
  return { text, signedBy: [...signedBy] };
}

function parseSignatureLine(line: string): { name: string; keyId: number; signature: Buffer } {
  const [dash, name, base64, ...rest] = line.split(' ');
  const bytes = base64 === undefined ? undefined : decodeBase64(base64);
  if (
    dash !== '—' ||
    name === undefined ||
    !isKeyName(name) ||
    bytes === undefined ||
    bytes.length < 5 ||
    rest.length > 0
  ) {
    throw new InvalidNote('malformed signature line');
  }
  return { name, keyId: bytes.readUInt32BE(0), signature: bytes.subarray(4) };
}

export const isKeyName = (name: string): boolean =>
  name !== '' && name.length <= 255 && name.isWellFormed() && !/[\s+\p{Z}\p{Cc}]/u.test(name);

function hasControlCharacters(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code < 0x20 && code !== 0x0a) return true;
  }
  return false;
}

/** Standard base64 with padding, in the one way that its bytes can be written. */
export function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return text !== '' && bytes.toString('base64') === text ? bytes : undefined;
}

const hex8 = (n: number): string => n.toString(16).padStart(8, '0');
