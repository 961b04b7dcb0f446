/**
 * Every fact about a key spec, one row each. Code receives the row; nothing asks for the name.
 * A spec without a row is not built yet.
 */
export type KeyUsage =
  | 'ENCRYPT_DECRYPT'
  | 'SIGN_VERIFY'
  | 'GENERATE_VERIFY_MAC'
  | 'KEY_AGREEMENT'
  | 'ENCAPSULATE_DECAPSULATE';

export interface EncryptionAlgorithm {
  readonly name: string;
  readonly plaintextBytesMax: number;
  readonly ciphertextBytesMax: number;
}

/** How key material is made. Other kinds (RSA, curves, lattices) get members of their own. */
export interface SecretMaterial {
  readonly kind: 'secret';
  readonly bytes: number;
}

export interface KeySpecRow {
  /** As the API spells it. */
  readonly name: string;
  /** What a key of this spec may be used for; a key has exactly one. */
  readonly usages: readonly KeyUsage[];
  readonly material: SecretMaterial;
  /** For the usage ENCRYPT_DECRYPT; empty for a spec that does not encrypt. */
  readonly encryptionAlgorithms: readonly EncryptionAlgorithm[];
  readonly origins: readonly ('AWS_KMS' | 'EXTERNAL')[];
  /** Origins whose keys rotate by themselves, and those whose keys rotate when asked to. */
  readonly rotation: {
    readonly automatic: readonly ('AWS_KMS' | 'EXTERNAL')[];
    readonly onDemand: readonly ('AWS_KMS' | 'EXTERNAL')[];
  };
  readonly multiRegion: boolean;
}

/** KMS Developer Guide, "Key spec reference" and "Rotate AWS KMS keys"; sizes from the API model. */
const rows: readonly KeySpecRow[] = [
  {
    name: 'SYMMETRIC_DEFAULT',
    usages: ['ENCRYPT_DECRYPT'],
    material: { kind: 'secret', bytes: 32 },
    encryptionAlgorithms: [{ name: 'SYMMETRIC_DEFAULT', plaintextBytesMax: 4096, ciphertextBytesMax: 6144 }],
    origins: ['AWS_KMS', 'EXTERNAL'],
    rotation: { automatic: ['AWS_KMS'], onDemand: ['AWS_KMS', 'EXTERNAL'] },
    multiRegion: true,
  },
];

const byName: ReadonlyMap<string, KeySpecRow> = new Map(rows.map((row) => [row.name, row]));

export const keySpecs: readonly KeySpecRow[] = rows;

export const keySpec = (name: string): KeySpecRow | undefined => byName.get(name);
