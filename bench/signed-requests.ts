/** Requests of the real SDK's signer as raw bytes, ready to be written to a socket. They are good for five minutes. */
import { Sha256 } from '@aws-crypto/sha256-js';
import { SignatureV4 } from '@smithy/signature-v4';

export interface Signer {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly region: string;
}

/** `count` differently dated copies would sign alike, so one request is signed and sent again and again. */
export async function signedRequest(
  signer: Signer,
  port: number,
  operation: string,
  input: object,
): Promise<Buffer> {
  const body = JSON.stringify(input);
  const signature = new SignatureV4({
    service: 'kms',
    region: signer.region,
    credentials: signer,
    sha256: Sha256,
    applyChecksum: true,
  });
  const signed = await signature.sign({
    method: 'POST',
    protocol: 'http:',
    hostname: '127.0.0.1',
    port,
    path: '/',
    headers: {
      host: `127.0.0.1:${port}`,
      'content-type': 'application/x-amz-json-1.1',
      'content-length': String(Buffer.byteLength(body)),
      'x-amz-target': `TrentService.${operation}`,
      'user-agent': 'aws-sdk-js/3.1164.0 ua/2.1 os/linux lang/js md/nodejs#26.10.0 api/kms#3.1164.0',
    },
    body,
  });
  const headers = Object.entries(signed.headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST / HTTP/1.1\r\n${headers.join('')}\r\n${body}`);
}

/** Sends one signed request and returns the decoded answer; throws on any answer but 200. */
export async function call<Output>(
  signer: Signer,
  port: number,
  operation: string,
  input: object,
): Promise<Output> {
  const raw = (await signedRequest(signer, port, operation, input)).toString();
  const [head = '', body = ''] = raw.split('\r\n\r\n');
  const headers = head
    .split('\r\n')
    .slice(1)
    .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)])
    .filter(([name]) => name !== 'host' && name !== 'content-length');
  const answer = await fetch(`http://127.0.0.1:${port}/`, { method: 'POST', headers, body });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`${operation} answered ${answer.status}: ${text}`);
  return JSON.parse(text) as Output;
}
