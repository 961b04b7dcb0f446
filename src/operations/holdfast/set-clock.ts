import { Refusal } from '../../base/refusal.ts';
import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

/** Development only: moves the server's date, and lets what has become due be done before the answer. */
export const setClock = holdfastOperation('SetClock', {
  readOnly: false,
  needs: () => onInstallation('holdfast:SetClock'),
  async handle(input, _targets, { services }) {
    const { installation, clock } = services;
    if (installation.setClock === undefined) {
      throw new Refusal(
        'UnsupportedOperationException',
        'The clock can be set only when the server was started with --settable-clock.',
      );
    }
    await installation.setClock(input.Time);
    return { output: { Time: clock.nowMs() } };
  },
});
