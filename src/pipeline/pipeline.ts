/**
 * The path of a request, top to bottom. Each stage takes the value the one before it made, so the order is
 * a type and no stage can be skipped: nothing is handled that was not authorized, and nothing is
 * answered that is not in the audit log. An error becomes a wire error here and nowhere else.
 */
import type { HttpHandler, HttpRequest, HttpResponse } from '../base/http-message.ts';
import { authenticateCall } from './authenticate.ts';
import { authorizeCall } from './authorize.ts';
import { Call } from './call.ts';
import { decodeCall } from './decode.ts';
import type { PipelineDependencies } from './dependencies.ts';
import { lostRace, Turns } from './lost-race.ts';
import { operateCall } from './operate.ts';
import { recordCall, recordRefusal } from './record.ts';
import { refusalOf } from './refusal.ts';
import { resolveCall } from './resolve.ts';
import { respond, respondRefusal } from './respond.ts';
import { routeCall } from './route.ts';

export function createPipeline(dependencies: PipelineDependencies): HttpHandler {
  const turns = new Turns();

  async function serve(call: Call): Promise<HttpResponse> {
    let endTurn: (() => void) | undefined;
    try {
      const failure = dependencies.failure();
      if (failure !== undefined) throw failure;
      const routed = routeCall(call);
      const authenticated = authenticateCall(routed, dependencies);
      const decoded = decodeCall(authenticated);
      for (let attempt = 1; ; attempt += 1) {
        try {
          const resolved = await resolveCall(decoded, dependencies);
          const authorized = authorizeCall(resolved);
          const performed = await operateCall(authorized, dependencies);
          try {
            const recorded = await recordCall(performed, dependencies);
            return respond(recorded);
          } finally {
            performed.outcome.wipe?.fill(0);
          }
        } catch (error) {
          // Another request changed what this one read: read it again.
          if (!lostRace(error, attempt)) throw error;
          endTurn ??= await turns.take(call.keys[0]?.arn ?? '');
        }
      }
    } catch (error) {
      return refuse(call, error);
    } finally {
      endTurn?.();
    }
  }

  async function refuse(call: Call, error: unknown): Promise<HttpResponse> {
    const refusal = refusalOf(error, call, dependencies);
    try {
      await recordRefusal(call, refusal, dependencies);
      return respondRefusal(call, refusal);
    } catch (unrecorded) {
      // Nothing is answered unlogged, not even a refusal: all that is said is that the service has failed.
      return respondRefusal(call, refusalOf(unrecorded, call, dependencies));
    }
  }

  return (request: HttpRequest) => serve(new Call(request, dependencies.services.clock.nowMs()));
}
