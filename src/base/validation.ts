/** The service's wording for a constraint of the API model that a request does not meet. */
import { Refusal } from './refusal.ts';

/** `path` in lowerCamel (`limit`, `tags.1.member.tagKey`). Leave `value` out for blobs and secrets, which are never echoed. */
export const violationText = (value: string | undefined, path: string, constraint: string): string =>
  `Value ${value === undefined ? '' : `'${value}' `}at '${path}' failed to satisfy constraint: ${constraint}`;

/** One refusal for all violations of a request. */
export const validationRefusal = (violations: readonly string[]): Refusal =>
  new Refusal(
    'ValidationException',
    `${violations.length} validation error${violations.length === 1 ? '' : 's'} detected: ${violations.join('; ')}`,
  );

export const modelViolation = (value: string | undefined, path: string, constraint: string): Refusal =>
  validationRefusal([violationText(value, path, constraint)]);
