/**
 * Decides whether the head of a request is one this server answers. Node's parser (llhttp, strict) has
 * already refused repeated or malformed Content-Length, Content-Length beside Transfer-Encoding, folded
 * headers, bare CR or LF in headers, and control characters; what it lets through and two servers could
 * read differently is refused here.
 */
import type { RefusalReason } from './refusal.ts';

/** Named as `IncomingMessage` names them, so that the head is read where it is. */
export interface RequestHead {
  readonly httpVersion: string;
  readonly method?: string | undefined;
  /** The request target. */
  readonly url?: string | undefined;
  readonly rawHeaders: readonly string[];
}

/** The number of body bytes that follow, or why the request is refused. */
export function frameRequest(
  head: RequestHead,
  limits: { readonly bodyBytesMax: number; readonly headersMax: number },
): number | RefusalReason {
  // llhttp also takes 1.0, 2.0 and, after a request line without a version, 0.9 ended by a bare LF.
  if (head.httpVersion !== '1.1') return 'httpVersion';
  const { method = '', url = '', rawHeaders } = head;
  if (!methods.has(method)) return 'methodNotAllowed';
  // Absolute form would name a second host beside the signed one, and `*` names no resource. A fragment
  // is never sent (RFC 9112 section 3.2).
  if (url.charCodeAt(0) !== slash || url.includes('#')) return 'badTarget';
  // The parser keeps one pair more than allowed and drops the rest, so a header can never be lost unseen.
  if (rawHeaders.length > 2 * limits.headersMax) return 'headersTooLarge';

  let hosts = 0;
  let contentLength = 0;
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    // By length first: nearly every header is passed over without touching its letters.
    switch (name.length) {
      case 4:
        if (name === 'Host' || name === 'host' || name.toLowerCase() === 'host') {
          if (rawHeaders[i + 1] === '') return 'badHost';
          hosts += 1;
        }
        break;
      case 14:
        if (name === 'Content-Length' || name.toLowerCase() === 'content-length') {
          contentLength = decimal(rawHeaders[i + 1] ?? '');
          if (contentLength < 0) return 'badContentLength';
        }
        break;
      case 17:
        // Chunked bodies are where most request smuggling lives, and no client of these services sends one.
        if (name.toLowerCase() === 'transfer-encoding') return 'transferEncoding';
        break;
    }
  }
  if (hosts !== 1) return 'badHost';
  return contentLength > limits.bodyBytesMax ? 'bodyTooLarge' : contentLength;
}

const slash = 0x2f;
const methods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE']);

/** A decimal number of at most 15 digits without sign or leading zero; -1 for anything else. */
function decimal(text: string): number {
  if (text.length === 0 || text.length > 15) return -1;
  let value = 0;
  for (let i = 0; i < text.length; i += 1) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return text.length > 1 && text.charCodeAt(0) === 0x30 ? -1 : value;
}
