/** Checkpoints (c2sp.org/tlog-checkpoint): a signed note that says how large a log is and what its root is. */
import { hashBytes } from './merkle.ts';
import { decodeBase64, InvalidNote, type NoteSigner, type NoteVerifier, openNote, signNote } from './note.ts';

export interface Checkpoint {
  /** Names the log. The key that signs bears the same name. */
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** The note text, without extension lines, which the format advises against. */
export const checkpointText = ({ origin, size, root }: Checkpoint): string =>
  `${origin}\n${size}\n${Buffer.from(root).toString('base64')}\n`;

export const signCheckpoint = (checkpoint: Checkpoint, signers: readonly NoteSigner[]): string =>
  signNote(checkpointText(checkpoint), signers);

/** Throws `InvalidNote` when the text is not a checkpoint's. Extension lines are allowed and ignored. */
export function parseCheckpointText(text: string): Checkpoint {
  const [origin = '', size = '', base64 = '', ...extensions] = text.split('\n');
  const root = decodeBase64(base64);
  if (origin === '' || root?.length !== hashBytes) throw new InvalidNote('malformed checkpoint');
  if (!/^(0|[1-9][0-9]{0,15})$/.test(size) || !Number.isSafeInteger(Number(size))) {
    throw new InvalidNote('malformed tree size in checkpoint');
  }
  if (extensions.pop() !== '' || extensions.includes(''))
    throw new InvalidNote('malformed checkpoint extension');
  return { origin, size: Number(size), root };
}

/** The checkpoint of `origin` that one of the `verifiers` signed. Throws `InvalidNote` for any other note. */
export function openCheckpoint(note: string, origin: string, verifiers: readonly NoteVerifier[]): Checkpoint {
  const checkpoint = parseCheckpointText(openNote(note, verifiers).text);
  if (checkpoint.origin !== origin) {
    throw new InvalidNote(`the checkpoint is of log \`${checkpoint.origin}\`, not of \`${origin}\``);
  }
  return checkpoint;
}
