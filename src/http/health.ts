/** `GET /health/live` and `/health/ready`: answered without credentials, and saying nothing but yes or no. */
import type { HttpResponse } from '../base/http-message.ts';

export interface Health {
  /** False: restart the process. */
  readonly live: boolean;
  /** False: send requests elsewhere. */
  readonly ready: boolean;
}

/** The answer to a health request, or undefined when `target` is not one. */
export function healthAnswer(method: string, target: string, health: () => Health): HttpResponse | undefined {
  // Nearly every request has the target `/`: one comparison decides.
  if (target.length < 12 || !target.startsWith('/health/')) return undefined;
  if (method !== 'GET' && method !== 'HEAD') return undefined;
  if (target === '/health/live') return answer(health().live, 'live');
  if (target === '/health/ready') return answer(health().ready, 'ready');
  return undefined;
}

function answer(holds: boolean, name: string): HttpResponse {
  return {
    status: holds ? 200 : 503,
    headers: { 'content-type': 'application/json', 'cache-control': 'no-store' },
    body: `{"${name}":${holds}}`,
  };
}
