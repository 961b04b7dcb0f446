/** Pseudo-random numbers for tests: the same seed gives the same run. */

/** A number in [0, 1). */
export type Random = () => number;

/** The sfc32 generator, after its author's reference (PractRand, public domain). */
export function seededRandom(seed: number): Random {
  let a = seed | 0;
  let b = 0x9e3779b9 | 0;
  let c = 0x243f6a88 | 0;
  let counter = 1;
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    return (sum >>> 0) / 4_294_967_296;
  };
  for (let round = 0; round < 16; round += 1) next();
  return next;
}

/** The seed of a run: `HOLDFAST_SEED` where it is set. Print it, so that a failure can be replayed. */
export function seedOfRun(): number {
  const given = process.env.HOLDFAST_SEED;
  if (given === undefined) return Math.floor(Math.random() * 2 ** 31);
  const seed = Number(given);
  if (!Number.isInteger(seed)) throw new Error(`HOLDFAST_SEED must be an integer, not \`${given}\``);
  return seed;
}

/** An integer from `min` to `max`, both included. */
export const integerOf = (random: Random, min: number, max: number): number =>
  min + Math.floor(random() * (max - min + 1));

export function oneOf<T>(random: Random, values: readonly T[]): T {
  const value = values[Math.floor(random() * values.length)];
  if (value === undefined) throw new Error('nothing to choose from');
  return value;
}

export function bytesOf(random: Random, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at += 1) bytes[at] = Math.floor(random() * 256);
  return bytes;
}
