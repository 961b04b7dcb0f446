/** Whether a listening address can be reached from this machine only. */

/**
 * True for `localhost`, `::1` and dotted 127.0.0.0/8. Any other name or spelling counts as reachable from
 * outside: what a name resolves to can change, and being asked for TLS once too often harms nobody.
 */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
