/** A real listener on a free port of loopback, with an echoing request path and small limits. */
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../src/base/clock.ts';
import type { HttpHandler, HttpRequest } from '../../src/base/http-message.ts';
import { defaultHttpLimits, type HttpLimits } from '../../src/config/http-limits.ts';
import type { HttpServerOptions, RunningServer } from '../../src/http/options.ts';
import type { ListenerRefusal } from '../../src/http/refusal.ts';
import { startHttpServer } from '../../src/http/server.ts';

export interface TestListener {
  readonly server: RunningServer;
  /** What reached the request path. */
  readonly requests: HttpRequest[];
  readonly refusals: ListenerRefusal[];
  readonly faults: unknown[];
}

interface Overrides extends Partial<Omit<HttpServerOptions, 'limits'>> {
  readonly limits?: Partial<HttpLimits>;
  readonly clock?: Clock;
}

/** Answers with the method, target and body it was given. */
export const echo: HttpHandler = async ({ method, target, body }) => ({
  status: 200,
  headers: { 'content-type': 'text/plain' },
  body: `${method} ${target} ${body.toString('latin1')}`,
});

export async function listen(t: TestContext, overrides: Overrides = {}): Promise<TestListener> {
  const requests: HttpRequest[] = [];
  const refusals: ListenerRefusal[] = [];
  const faults: unknown[] = [];
  const handler = overrides.handler ?? echo;
  const server = await startHttpServer({
    host: '127.0.0.1',
    port: 0,
    health: () => ({ live: true, ready: true }),
    clock: systemClock,
    onRefusal: (refusal) => refusals.push(refusal),
    onFault: (error) => faults.push(error),
    ...overrides,
    limits: { ...defaultHttpLimits, stopMs: 2_000, ...overrides.limits },
    handler: (request) => {
      requests.push(request);
      return handler(request);
    },
  });
  t.after(() => server.close());
  return { server, requests, refusals, faults };
}
