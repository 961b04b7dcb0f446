/** The measure of everything else: bare `node:http`, answering a fixed body of about the size of an Encrypt answer. */
import { createServer } from 'node:http';

const body = JSON.stringify({
  CiphertextBlob: 'A'.repeat(200),
  KeyId: 'B'.repeat(75),
  EncryptionAlgorithm: 'SYMMETRIC_DEFAULT',
});

const server = createServer((request, response) => {
  request.on('data', () => undefined);
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'content-length': body.length });
    response.end(body);
  });
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address !== null) console.log(`http://127.0.0.1:${address.port}`);
});
process.once('SIGTERM', () => process.exit(0));
