/** Why a listener cannot listen, in words. */
const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EADDRNOTAVAIL: 'the address is none of this machine',
  EACCES: 'the port is reserved',
  ENOTFOUND: 'there is no such name',
};

export function cannotListen(host: string, port: number, cause: NodeJS.ErrnoException): Error {
  const reason = reasons[cause.code ?? ''];
  const why = reason === undefined ? `(${cause.code})` : `${reason} (${cause.code})`;
  return new Error(`cannot listen on ${host}:${port}: ${why}`, { cause });
}
