import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

export const rotateRootKey = holdfastOperation('RotateRootKey', {
  readOnly: false,
  needs: () => onInstallation('holdfast:RotateRootKey'),
  async handle(_input, _targets, { services }) {
    const { previousRootKeyId, rootKeyId } = await services.installation.rotateRootKey();
    const output = { PreviousRootKeyId: previousRootKeyId, RootKeyId: rootKeyId };
    return { output, audit: { responseElements: output } };
  },
});
