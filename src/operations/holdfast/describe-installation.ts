import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

export const describeInstallation = holdfastOperation('DescribeInstallation', {
  readOnly: true,
  needs: () => onInstallation('holdfast:DescribeInstallation'),
  handle: (_input, _targets, { services }) => ({ output: services.installation.describe() }),
});
