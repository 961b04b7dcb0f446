/**
 * AWS JSON 1.0 and 1.1: the operation is named by `X-Amz-Target`, input and output are JSON objects.
 * Everything is compiled from the tables of `src/model/`; there is nothing here about any one operation.
 */
import type { OperationTable, ServiceTable } from '../base/api-model.ts';
import { Refusal } from '../base/refusal.ts';
import { DecoderSet } from './decode-shape.ts';
import { EncoderSet } from './encode-shape.ts';
import { parseJsonText } from './json-text.ts';

/** One service over AWS JSON. Operations are named as in its model; another name is a fault of the caller. */
export interface AwsJson {
  /**
   * The operation's input, of the type that `src/model/` gives it. Throws a `Refusal`:
   * `SerializationException` for a body that is not the input's JSON, and `ValidationException` naming
   * every constraint of the model that does not hold. An empty body is `{}`.
   */
  decodeInput(operation: string, body: Uint8Array): object;
  /**
   * The body of a success; empty for an operation without output. Throws a `TypeError` for an output that
   * is not what the model says.
   */
  encodeOutput(operation: string, output: object | undefined): string;
}

export function awsJson(table: ServiceTable): AwsJson {
  const operations: ReadonlyMap<string, OperationTable> = new Map(Object.entries(table.operations));
  const decoders = new DecoderSet(table);
  const encoders = new EncoderSet(table);
  const operationTable = (name: string): OperationTable => {
    const found = operations.get(name);
    if (found === undefined) throw new Error(`no operation \`${name}\` in the model of ${table.service}`);
    return found;
  };
  return {
    decodeInput(operation, body) {
      const { input } = operationTable(operation);
      const raw = body.length === 0 ? {} : parseJsonText(body);
      // The service names a list that it finds here, and says nothing about a bare scalar.
      if (typeof raw !== 'object' || raw === null) throw new Refusal('SerializationException');
      return input === undefined ? {} : decoders.decode(input, raw);
    },
    encodeOutput(operation, output) {
      const { output: shape } = operationTable(operation);
      return shape === undefined ? '' : encoders.of(shape)(output);
    },
  };
}

/** Errors of the framework in front of the service spell the member with a capital; modelled ones do not. */
const capitalMessage: ReadonlySet<string> = new Set(['AccessDeniedException', 'SerializationException']);

/** The body of an error. Without a message the service sends none, not an empty one. */
export function encodeError({ code, message, hasMessage }: Refusal): string {
  if (!hasMessage) return `{"__type":${JSON.stringify(code)}}`;
  const member = capitalMessage.has(code) ? 'Message' : 'message';
  return `{"__type":${JSON.stringify(code)},"${member}":${JSON.stringify(message)}}`;
}
