/** What `http/` hands to the request path and takes back. Plain values: nothing here knows a socket. */
export interface HttpRequest {
  readonly method: string;
  /** The request target exactly as sent (path and query, still encoded). */
  readonly target: string;
  /** Header names and values in turn, as received: duplicates and letter case kept. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly sourceAddress: string;
  /** Present when the request came over TLS. */
  readonly tls?: { readonly version: string; readonly cipherSuite: string; readonly keyExchange?: string };
}

export interface HttpResponse {
  readonly status: number;
  /** Lower-case names. `content-length` is added by `http/`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type HttpHandler = (request: HttpRequest) => Promise<HttpResponse>;
