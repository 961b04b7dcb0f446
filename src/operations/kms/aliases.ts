/** Rules for alias names and targets (API reference, CreateAlias; texts as the service answers them). */
import { Refusal } from '../../base/refusal.ts';

const prefix = 'alias/';

export function checkAliasName(name: string): void {
  if (!name.startsWith(prefix)) {
    throw new Refusal(
      'ValidationException',
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  // The model's pattern lets a colon through, and the bare prefix; the service does not.
  if (name === prefix || name.includes(':')) {
    throw new Refusal('InvalidAliasNameException', `${name} contains invalid characters for an alias`);
  }
  if (name.startsWith('alias/aws/')) throw new Refusal('NotAuthorizedException');
}

export function checkAliasTarget(targetKeyId: string): void {
  if (targetKeyId.startsWith(prefix) || targetKeyId.includes(':alias/')) {
    throw new Refusal('ValidationException', 'Aliases must refer to keys. Not aliases');
  }
}

export const aliasNotFound = (arn: string): Refusal =>
  new Refusal('NotFoundException', `Alias ${arn} is not found.`);

export const aliasQuotaExceeded = (max: number): Refusal =>
  new Refusal('LimitExceededException', `The KMS key already has the maximum of ${max} aliases.`);
