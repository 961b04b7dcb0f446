/** What a listener is given and what it gives back. */
import type { Clock } from '../base/clock.ts';
import type { HttpHandler } from '../base/http-message.ts';
import type { HttpLimits } from '../config/http-limits.ts';
import type { Health } from './health.ts';
import type { ListenerRefusal } from './refusal.ts';
import type { CertificateEvent, TlsOptions } from './tls.ts';

export interface HttpServerOptions {
  readonly host: string;
  /** 0 takes a free port. */
  readonly port: number;
  readonly tls?: TlsOptions & { readonly watchMs?: number };
  readonly limits: HttpLimits;
  readonly handler: HttpHandler;
  readonly health: () => Health;
  readonly clock: Clock;
  /** Told of every request or connection refused here, which the request path never sees. */
  readonly onRefusal?: (refusal: ListenerRefusal) => void;
  /** Told of what the handler threw or rejected with: a bug, answered with InternalFailure. */
  readonly onFault?: (error: unknown) => void;
  readonly onCertificate?: (event: CertificateEvent) => void;
}

export interface RunningServer {
  readonly port: number;
  readonly url: string;
  /** Takes the certificate files again; the one in use stays when they are not usable. */
  reloadCertificate(): Promise<void>;
  /**
   * Stops accepting connections, answers every request already accepted (and those still arriving on open
   * connections, each of which is then closed), and resolves when all are closed, at the latest after
   * `limits.stopMs`.
   */
  close(): Promise<void>;
}
