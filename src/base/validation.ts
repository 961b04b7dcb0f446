/** The service's wording for a constraint of the API model that a request does not meet. */
import { Refusal } from './refusal.ts';

/**
 * `path` is in lowerCamel (`limit`, `tags.1.member.tagKey`). `value` is null for a member that is missing;
 * leave it undefined for blobs and secrets, which are never echoed.
 */
export function violationText(value: string | null | undefined, path: string, constraint: string): string {
  const echo = value === undefined ? '' : value === null ? 'null ' : `'${value}' `;
  return `Value ${echo}at '${path}' failed to satisfy constraint: ${constraint}`;
}

/** One refusal for all violations of a request. */
export const validationRefusal = (violations: readonly string[]): Refusal =>
  new Refusal(
    'ValidationException',
    `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${violations.join('; ')}`,
  );

export const modelViolation = (value: string | null | undefined, path: string, constraint: string): Refusal =>
  validationRefusal([violationText(value, path, constraint)]);

/** The wording of a member that must be there, for operations that require what the model does not. */
export const mustNotBeNull = 'Member must not be null';
