/** Pagination markers: a position sealed under a key of their own purpose, in base64url. */
import type { PurposeKeys } from './purpose-keys.ts';

const purpose = 'pagination marker';
/** The model allows a marker 1,024 characters. */
const markerCharactersMax = 1024;

export class SealedMarkers {
  readonly #keys: PurposeKeys;

  constructor(keys: PurposeKeys) {
    this.#keys = keys;
  }

  seal(position: string, boundTo: string): string {
    return this.#keys.sealFor(purpose, Buffer.from(position), Buffer.from(boundTo)).toString('base64url');
  }

  /** The position, or undefined for a marker that was not made here for the same listing. */
  open(marker: string, boundTo: string): string | undefined {
    if (marker.length > markerCharactersMax) return undefined;
    const sealed = Buffer.from(marker, 'base64url');
    // Reading passes over characters and bits that writing never makes: one marker has one spelling.
    if (sealed.toString('base64url') !== marker) return undefined;
    return this.#keys.openFor(purpose, sealed, Buffer.from(boundTo))?.toString();
  }
}
