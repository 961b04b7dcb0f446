/** Who asks: the signature is verified, or the request goes no further. */
import type { Caller } from '../authz/caller.ts';
import type { PipelineDependencies } from './dependencies.ts';
import type { RoutedCall } from './route.ts';

export interface AuthenticatedCall extends RoutedCall {
  readonly caller: Caller;
}

export function authenticateCall(
  routed: RoutedCall,
  { authenticate }: PipelineDependencies,
): AuthenticatedCall {
  const { call, service, operation, declaration } = routed;
  const { principal, accessKeyId, region } = authenticate(call.request, service);
  const caller: Caller = {
    principal,
    accessKeyId,
    region,
    requestId: call.requestId,
    timeMs: call.timeMs,
    sourceAddress: call.request.sourceAddress,
    secureTransport: call.request.tls !== undefined,
    userAgent: call.header('user-agent'),
  };
  call.caller = caller;
  return { call, service, operation, declaration, caller };
}
