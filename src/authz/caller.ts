/** Who asks, from where and when: what every decision about a request starts from. */
import type { Principal } from '../identity/principal.ts';

export interface Caller {
  readonly principal: Principal;
  readonly accessKeyId: string;
  /** The Region of the credential scope: the partition of keys that is asked. */
  readonly region: string;
  readonly requestId: string;
  readonly timeMs: number;
  readonly sourceAddress: string;
  readonly secureTransport: boolean;
  readonly userAgent: string | undefined;
}
