/**
 * Faults to come, for tests of what survives them: which durable write shall go wrong, how, and after how
 * many that succeed. A specification reads
 *
 *     TARGET[=FILE]:HOW[:CODE][@AFTER]
 *
 * with TARGET `storage` (a transaction) or an operation on a file of the log, the seal or the last usages
 * (`write`, `flush`, `open`, `rename`, `remove`, `flush-directory`, `create-directory`); FILE the name of the
 * one file or directory that is meant, a new form of it (`.new`) included; HOW as that target knows it
 * (`lost`, `reported-lost`, `torn`, `short`, `killed-before`, `killed-during`, `killed-after`; for storage
 * `lost`, `doneButReportedLost`, `diskFull`, `killedBeforeCommit`, `killedDuringCommit`, `killedAfterCommit`);
 * CODE an error code such as `ENOSPC` (default `EIO`).
 */
import { basename } from 'node:path';
import type { Fault, Faults } from './durable-file.ts';
import { Refusal } from './refusal.ts';

export interface PlannedFault {
  readonly target: string;
  readonly file: string | undefined;
  readonly how: string;
  readonly code: string;
}

const howsOfFiles = [
  'lost',
  'reported-lost',
  'torn',
  'short',
  'killed-before',
  'killed-during',
  'killed-after',
];
const hows: ReadonlyMap<string, readonly string[]> = new Map([
  [
    'storage',
    [
      'lost',
      'doneButReportedLost',
      'diskFull',
      'killedBeforeCommit',
      'killedDuringCommit',
      'killedAfterCommit',
    ],
  ],
  ...['write', 'flush', 'open', 'rename', 'remove', 'flush-directory', 'create-directory'].map(
    (target): [string, readonly string[]] => [target, howsOfFiles],
  ),
]);
const plannedMax = 1_000;

export class FaultPlan {
  readonly #planned: { readonly fault: PlannedFault; after: number }[] = [];

  /** Throws a `Refusal` (ValidationException) for a specification that says nothing it knows. */
  constructor(specifications: readonly string[] = []) {
    for (const specification of specifications) this.add(specification);
  }

  add(specification: string): void {
    const match = /^([a-z-]+)(?:=([\w.-]{1,64}))?:([A-Za-z-]+)(?::([A-Z]{2,20}))?(?:@(\d{1,9}))?$/.exec(
      specification,
    );
    const [, target = '', file, how = '', code = 'EIO', after = '0'] = match ?? [];
    if (hows.get(target)?.includes(how) !== true || (target === 'storage' && file !== undefined)) {
      throw new Refusal(
        'ValidationException',
        `\`${specification}\` is no fault: give TARGET[=FILE]:HOW[:CODE][@AFTER], such as storage:lost or flush=checkpoint:lost:EIO@3`,
      );
    }
    if (this.#planned.length >= plannedMax)
      throw new Refusal('LimitExceededException', 'Too many faults are planned.');
    this.#planned.push({ fault: { target, file, how, code }, after: Number(after) });
  }

  /** Asked before each operation on `target`: what shall go wrong with this one. Each fault happens once. */
  next(target: string, file?: string): PlannedFault | undefined {
    const index = this.#planned.findIndex(
      ({ fault }) => fault.target === target && (fault.file === undefined || fault.file === file),
    );
    const planned = this.#planned[index];
    if (planned === undefined) return undefined;
    if (planned.after > 0) {
      planned.after -= 1;
      return undefined;
    }
    this.#planned.splice(index, 1);
    return planned.fault;
  }

  get isEmpty(): boolean {
    return this.#planned.length === 0;
  }
}

/** The faults that a plan has for durable files, as the file door asks for them. */
export const fileFaults =
  (plan: FaultPlan): Faults =>
  (operation, path) => {
    if (plan.isEmpty) return undefined;
    const fault = plan.next(operation, basename(path).replace(/\.new$/, ''));
    // Minted: the plan takes no other words for file operations than those that the type lists.
    return fault === undefined ? undefined : { how: fault.how as Fault['how'], code: fault.code };
  };
