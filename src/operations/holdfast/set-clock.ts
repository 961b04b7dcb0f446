import { Refusal } from '../../base/refusal.ts';
import { holdfastOperation } from '../operation.ts';
import { onInstallation } from './need.ts';

/** Within these, every date that is made of the clock's can be written, and every time be signed. */
const earliestMs = Date.UTC(1970, 0, 2);
const latestMs = Date.UTC(9998, 11, 31);

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
    if (input.Time < earliestMs || input.Time > latestMs) {
      throw new Refusal(
        'ValidationException',
        'Time must be from 1970-01-02T00:00:00Z to 9998-12-31T00:00:00Z.',
      );
    }
    await installation.setClock(input.Time);
    return { output: { Time: clock.nowMs() } };
  },
});
