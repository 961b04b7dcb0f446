import { Refusal } from '../../base/refusal.ts';
import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

/** Development only: makes the next durable write of a kind fail, so that what depends on it can be tested. */
export const injectFault = holdfastOperation('InjectFault', {
  readOnly: false,
  needs: () => onInstallation('holdfast:InjectFault'),
  handle(input, _targets, { services: { installation } }) {
    if (installation.injectFault === undefined) {
      throw new Refusal(
        'UnsupportedOperationException',
        'Faults can be injected only when the server was started with --fault-injection.',
      );
    }
    installation.injectFault(input.Fault);
    return { output: undefined };
  },
});
