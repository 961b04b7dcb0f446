/** A change as it is handed to another thread. */
import type { Change, Write } from '../interface.ts';

/**
 * A copy whose bytes lie in buffers of their own. Copying a view between threads copies the whole
 * buffer beneath it, which for a small `Buffer` is a pool shared with unrelated data.
 */
export const exactChange = ({ writes, events }: Change): Change => ({
  writes: writes.map(exactWrite),
  events: events.map((event) => ({ ...event, record: new Uint8Array(event.record) })),
});

function exactWrite(write: Write): Write {
  switch (write.do) {
    case 'insertKeyMaterial':
    case 'updateKeyMaterial':
      return { do: write.do, row: { ...write.row, sealed: new Uint8Array(write.row.sealed) } };
    case 'insertDomainKey':
    case 'updateDomainKey':
      return { do: write.do, row: { ...write.row, sealed: new Uint8Array(write.row.sealed) } };
    case 'insertAccessKey':
    case 'updateAccessKey':
      return { do: write.do, row: { ...write.row, sealedSecret: new Uint8Array(write.row.sealedSecret) } };
    case 'putMeta':
      return { do: write.do, row: { ...write.row, value: new Uint8Array(write.row.value) } };
    default:
      return write;
  }
}

/** About how many bytes the change occupies: what is long in it, and an allowance for the rest. */
export function sizeOf({ writes, events }: Change): number {
  let bytes = 0;
  for (const { record } of events) bytes += 256 + record.length;
  for (const write of writes) {
    bytes += 256;
    if (!('row' in write)) continue;
    if ('body' in write.row) bytes += write.row.body.length;
    if ('sealed' in write.row) bytes += write.row.sealed.length;
    if ('sealedSecret' in write.row) bytes += write.row.sealedSecret.length;
    if ('value' in write.row) bytes += write.row.value.length;
  }
  return bytes;
}
