/** Searches the memory of another process that this one may trace (a child of its own): Linux, `/proc`. */
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';

const chunkBytes = 1 << 20;
const zeros = Buffer.alloc(chunkBytes + 4096);

/** How often each needle occurs in what the process can write to. Needles have at most 4,096 bytes. */
export function countInMemory(pid: number, needles: readonly Buffer[]): number[] {
  const counts = needles.map(() => 0);
  const memory = openSync(`/proc/${pid}/mem`, 'r');
  const buffer = Buffer.allocUnsafeSlow(chunkBytes + 4096);
  let readBytes = 0;
  for (const line of readFileSync(`/proc/${pid}/maps`, 'utf8').split('\n')) {
    const [, from = '', to = '', mode = ''] = /^([0-9a-f]+)-([0-9a-f]+) (\S+)/.exec(line) ?? [];
    if (!mode.startsWith('rw')) continue;
    const end = Number.parseInt(to, 16);
    for (let at = Number.parseInt(from, 16); at < end; at += chunkBytes) {
      // One needle may lie across two chunks, so each chunk is read a little further, and only what
      // begins in it is counted.
      const chunk = buffer.subarray(0, Math.min(chunkBytes + 4096, end - at));
      const got = readSome(memory, chunk, at);
      readBytes += got;
      // Most of what a process may write to it never has.
      if (chunk.compare(zeros, 0, got, 0, got) === 0) continue;
      for (const [i, needle] of needles.entries()) {
        counts[i] = (counts[i] ?? 0) + occurrences(chunk.subarray(0, got), needle);
      }
    }
  }
  closeSync(memory);
  if (readBytes < 10_000_000) throw new Error(`only ${readBytes} bytes of the process could be read`);
  return counts;
}

function occurrences(haystack: Buffer, needle: Buffer): number {
  let count = 0;
  for (
    let at = haystack.indexOf(needle);
    at !== -1 && at < chunkBytes;
    at = haystack.indexOf(needle, at + 1)
  ) {
    count += 1;
  }
  return count;
}

/** Regions that are reserved but not backed (`EIO`) hold nothing. */
function readSome(fd: number, out: Buffer, at: number): number {
  try {
    return readSync(fd, out, 0, out.length, at);
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'EIO' || error.code === 'EFAULT'))
      return 0;
    throw error;
  }
}
