/**
 * The services that requests are signed for, and how each names a signature it refuses: the same
 * four kinds of refusal have other names, texts and statuses in the JSON and in the query protocols.
 */
import { Refusal } from '../base/refusal.ts';

export interface SignedService {
  /** The service's name in a credential scope, such as `kms`. */
  readonly signingName: string;
  readonly errors: SignatureErrors;
}

/** One service's names for what can be wrong with a signature. */
export interface SignatureErrors {
  readonly missingToken: NamedError & { readonly message: string };
  /** Cannot be read: parts are missing or malformed. */
  readonly incomplete: NamedError;
  /** Was read and does not hold: expired, of another scope, or simply wrong. */
  readonly mismatch: NamedError;
  /** Of an access key that does not exist, is inactive, or came with a token that is not its own. */
  readonly unknownKey: NamedError;
}

interface NamedError {
  readonly code: string;
  readonly httpStatus: number;
}

/** awsJson 1.0 and 1.1: KMS and its kin. */
export const jsonSignatureErrors: SignatureErrors = {
  missingToken: {
    code: 'MissingAuthenticationTokenException',
    httpStatus: 400,
    message: 'Missing Authentication Token',
  },
  incomplete: { code: 'IncompleteSignatureException', httpStatus: 400 },
  mismatch: { code: 'InvalidSignatureException', httpStatus: 400 },
  unknownKey: { code: 'UnrecognizedClientException', httpStatus: 400 },
};

/** awsQuery: IAM and STS. */
export const querySignatureErrors: SignatureErrors = {
  missingToken: {
    code: 'MissingAuthenticationToken',
    httpStatus: 403,
    message: 'Request is missing Authentication Token',
  },
  incomplete: { code: 'IncompleteSignature', httpStatus: 400 },
  mismatch: { code: 'SignatureDoesNotMatch', httpStatus: 403 },
  unknownKey: { code: 'InvalidClientTokenId', httpStatus: 403 },
};

export const missingToken = ({ missingToken: error }: SignatureErrors): Refusal =>
  new Refusal(error.code, error.message, error.httpStatus);

export const incomplete = ({ incomplete: error }: SignatureErrors, message: string): Refusal =>
  new Refusal(error.code, message, error.httpStatus);

/** The wording of a plain wrong signature; nothing in it tells what was compared. */
const wrongSignature =
  'The request signature we calculated does not match the signature you provided. ' +
  'Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

export const mismatch = ({ mismatch: error }: SignatureErrors, message = wrongSignature): Refusal =>
  new Refusal(error.code, message, error.httpStatus);

export const unknownKey = ({ unknownKey: error }: SignatureErrors): Refusal =>
  new Refusal(error.code, 'The security token included in the request is invalid.', error.httpStatus);
