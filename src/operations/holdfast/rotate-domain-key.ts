import { Refusal } from '../../base/refusal.ts';
import { installationLine } from '../../keys/domain-keys.ts';
import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

/**
 * The domain key of a Region (without one, of the Region that the request was signed for), or the
 * installation's own, which seals access key secrets and the log signing key.
 */
export const rotateDomainKey = holdfastOperation('RotateDomainKey', {
  readOnly: false,
  validate(input) {
    if (input.OfInstallation === true && input.Region !== undefined) {
      throw new Refusal('ValidationException', 'Region and OfInstallation exclude each other.');
    }
  },
  needs: () => onInstallation('holdfast:RotateDomainKey'),
  async handle(input, _targets, { caller, services }) {
    const region = input.OfInstallation === true ? installationLine : (input.Region ?? caller.region);
    const rotated = await services.installation.rotateDomainKey(region);
    if (rotated === undefined) {
      throw new Refusal(
        'NotFoundException',
        `There is no domain key in ${region}: the first key there makes one.`,
      );
    }
    const { version } = rotated;
    const output = { Region: region, Version: version };
    return { output, audit: { responseElements: output } };
  },
});
