/** The installation as its operator sees it: its root of trust, its log, and in development its clock and faults. */
import type { HoldfastOutput } from '../../model/holdfast.ts';

export interface Installation {
  describe(): HoldfastOutput<'DescribeInstallation'>;
  /** A new root key seals every domain key; the old one is destroyed. Resolves when both are durable. */
  rotateRootKey(): Promise<{ readonly previousRootKeyId: string; readonly rootKeyId: string }>;
  /** A new domain key for the Region, undefined where there is none yet; key material moves under it in the background. */
  rotateDomainKey(region: string): Promise<{ readonly version: number } | undefined>;
  /** Present only when the server was started with the option that allows it. */
  setClock?(timeMs: number): Promise<void>;
  injectFault?(fault: string): void;
}
