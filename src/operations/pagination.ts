/**
 * Pages of a listing. A marker is opaque: the position, sealed under a key of its own purpose and bound
 * to the operation, the caller, the Region and what was listed, so it opens nowhere else.
 */

import type { Caller } from '../authz/caller.ts';
import { Refusal } from '../base/refusal.ts';
import { modelViolation } from '../base/validation.ts';

export interface Markers {
  /** At most 1,024 characters for positions of up to 512 bytes. */
  seal(position: string, boundTo: string): string;
  /** The position, or undefined for a marker that was not made here for the same listing. */
  open(marker: string, boundTo: string): string | undefined;
}

export interface Page {
  readonly limit: number;
  /** List what comes after this name; empty at the beginning. */
  readonly after: string;
}

const boundTo = (operation: string, caller: Caller, listed: string): string =>
  JSON.stringify([operation, caller.principal.accountId, caller.principal.arn, caller.region, listed]);

/** Where a listing goes on. `listed` says what is listed besides the operation (a key id, a filter). */
export function openPage(
  markers: Markers,
  operation: string,
  caller: Caller,
  listed: string,
  input: { readonly Limit?: number | undefined; readonly Marker?: string | undefined },
  limitDefault: number,
): Page {
  const limit = input.Limit ?? limitDefault;
  if (input.Marker === undefined) return { limit, after: '' };
  const after = markers.open(input.Marker, boundTo(operation, caller, listed));
  if (after === undefined)
    throw new Refusal('InvalidMarkerException', 'The marker is not valid for this request.');
  return { limit, after };
}

/** The model's shape allows a wider `Limit` than the operation does (API reference of each List operation). */
export function checkLimit(limit: number | undefined, max: number): void {
  if (limit !== undefined && limit > max) {
    throw modelViolation(String(limit), 'limit', `Member must have value less than or equal to ${max}`);
  }
}

/**
 * Cuts a page from `items`, which are one more than the limit when there are more of them.
 * `nameOf` gives the name that the next page begins after.
 */
export function cutPage<T>(
  markers: Markers,
  operation: string,
  caller: Caller,
  listed: string,
  items: readonly T[],
  limit: number,
  nameOf: (item: T) => string,
): {
  readonly items: readonly T[];
  readonly page: { readonly Truncated: boolean; readonly NextMarker?: string };
} {
  const last = items[limit - 1];
  if (items.length <= limit || last === undefined) return { items, page: { Truncated: false } };
  const NextMarker = markers.seal(nameOf(last), boundTo(operation, caller, listed));
  return { items: items.slice(0, limit), page: { Truncated: true, NextMarker } };
}
