/** One data directory, its server through all its restarts, and what its clients and its log know. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogVerification } from '../../src/audit/verify-log.ts';
import type { Random } from '../fuzz/random.ts';
import { type DevServer, neighbour, operator, startDevServer } from '../support/dev-server.ts';
import { AuditTrail } from './audit-trail.ts';
import { checkAnswersAreLogged, checkCiphertexts, checkState, someOf } from './checker.ts';
import type { Journal } from './journal.ts';
import { type KmsClient, NoAnswer } from './kms-client.ts';
import { Worker } from './workload.ts';

const ciphertextsPerCheck = 12;

export interface Saved {
  readonly directory: string;
  readonly journals: readonly Journal[];
}

export class Installation {
  readonly directory: string;
  readonly workers: readonly Worker[];
  trail: AuditTrail;
  readonly #random: Random;
  readonly #scratch: string;
  #server: DevServer | undefined;
  #logKey: string | undefined;

  /** In `directory`, or in one of its own. `perPlace` is how many clients there are in each account and Region. */
  constructor(random: Random, perPlace: number, directory?: string) {
    this.#scratch = mkdtempSync(join(tmpdir(), 'holdfast-faults-'));
    this.directory = directory ?? join(this.#scratch, 'data');
    this.trail = new AuditTrail(this.directory);
    this.#random = random;
    const numbers = Array.from({ length: perPlace }, (_, i) => i + 1);
    this.workers = [
      new Worker('operator', operator, 'us-east-1', random, true),
      ...numbers.map((i) => new Worker(`east${i}`, operator, 'us-east-1', random)),
      ...numbers.map((i) => new Worker(`west${i}`, operator, 'eu-west-1', random)),
      ...numbers.map((i) => new Worker(`neighbour${i}`, neighbour, 'us-east-1', random)),
    ];
  }

  get server(): DevServer {
    assert.ok(this.#server !== undefined, 'no server runs');
    return this.#server;
  }

  client(): KmsClient {
    const [first] = this.workers;
    assert.ok(first !== undefined);
    return first.client(this.server.port);
  }

  /** Starts a server on the directory. Resolves with the milliseconds until it was ready. */
  async start(...args: readonly string[]): Promise<number> {
    await this.#server?.stop('SIGKILL');
    const before = performance.now();
    this.#server = await startDevServer({ args: ['--data-dir', this.directory, ...args] });
    const startMs = performance.now() - before;
    while (this.#logKey === undefined) {
      this.#logKey = /^log key\s+(\S+)$/m.exec(this.#server.output())?.[1];
      await sleep(5);
    }
    return startMs;
  }

  /** Plans a fault in the server, which was started with `--fault-injection`. The record of this may meet it already. */
  async inject(fault: string): Promise<void> {
    const client = this.client();
    try {
      const { status, body } = await client.ask('InjectFault', { Fault: fault }, { service: 'holdfast' });
      assert.ok(status === 200 || status === 500, JSON.stringify(body));
    } catch (error) {
      if (!(error instanceof NoAnswer)) throw error;
    }
    client.close();
  }

  /** All workers at once until `isOver`, or until nothing is served any more. */
  async load(isOver: () => boolean): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.run(this.server.port, isOver)));
  }

  /** So many requests of each worker, all answered with success. */
  async steps(count: number): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.runSteps(this.server.port, count)));
  }

  /** Keeps what is there while nothing runs, on the disk and in the journals. */
  save(): Saved {
    const directory = mkdtempSync(join(this.#scratch, 'saved-'));
    cpSync(this.directory, directory, { recursive: true });
    return { directory, journals: this.workers.map(({ journal }) => journal.copy()) };
  }

  /** Goes back to it. */
  async restore({ directory, journals }: Saved): Promise<void> {
    await this.#server?.stop('SIGKILL');
    rmSync(this.directory, { recursive: true });
    cpSync(directory, this.directory, { recursive: true });
    this.trail = new AuditTrail(this.directory);
    for (const [i, worker] of this.workers.entries()) worker.journal = journals[i]?.copy() ?? assert.fail();
  }

  /** What must hold while nothing runs: the log verifies and has every answer that was given. */
  async checkLog(): Promise<LogVerification> {
    const verification = await this.trail.read(this.#logKey ?? '');
    checkAnswersAreLogged(this.workers, this.trail);
    return verification;
  }

  /** What must hold once a server is up again. */
  async checkServed(): Promise<void> {
    await this.trail.read(this.#logKey ?? '');
    // A rotation that was interrupted has been finished: the old root key is gone.
    const [rootKeys] = readFileSync(join(this.directory, 'root.key')).subarray('HFSEALF1'.length);
    assert.equal(rootKeys, 1);
    await checkState(this.workers, this.trail, this.server.port);
    await checkCiphertexts(this.workers, this.server.port, (all) => [
      ...all.slice(-ciphertextsPerCheck),
      ...someOf(this.#random, all, ciphertextsPerCheck),
    ]);
  }

  /** Every ciphertext that was ever answered. Makes every key usable first. */
  async checkEveryCiphertext(): Promise<number> {
    for (const worker of this.workers) {
      const client = worker.client(this.server.port);
      for (const [KeyId, key] of worker.journal.facts.keys) {
        if (key.state === 'PendingDeletion') await client.call('CancelKeyDeletion', { KeyId });
        if (key.state !== 'Enabled') await client.call('EnableKey', { KeyId });
        key.state = 'Enabled';
      }
      client.close();
    }
    const decrypted = await checkCiphertexts(this.workers, this.server.port, (all) => all);
    assert.equal(
      decrypted,
      this.workers.reduce((sum, { journal }) => sum + journal.ciphertexts.length, 0),
    );
    return decrypted;
  }

  async kill(): Promise<void> {
    assert.equal(await this.server.stop('SIGKILL'), null);
    this.#server = undefined;
  }

  /** Ends the server in an orderly way. */
  async stop(): Promise<void> {
    assert.equal(await this.server.stop(), 0, this.server.output());
    this.#server = undefined;
  }

  async remove(): Promise<void> {
    await this.#server?.stop('SIGKILL');
    rmSync(this.#scratch, { recursive: true, force: true });
  }
}
