/** A document that is not a policy of its kind. */
export class MalformedPolicy extends Error {
  /** What is wrong and where, in our own words. */
  readonly detail: string;

  /** `message` is the service's wording where it is known, otherwise the detail. */
  constructor(detail: string, message: string = detail) {
    super(message);
    this.name = 'MalformedPolicy';
    this.detail = detail;
  }
}
