import { Refusal } from '../../base/refusal.ts';
import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

/** Without a Region, the Region that the request was signed for. */
export const rotateDomainKey = holdfastOperation('RotateDomainKey', {
  readOnly: false,
  needs: () => onInstallation('holdfast:RotateDomainKey'),
  async handle(input, _targets, { caller, services }) {
    const region = input.Region ?? caller.region;
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
