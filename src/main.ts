/**
 * The composition root: reads the command, and for `dev` and `server` puts the parts together, in the
 * order configuration -> storage -> keys -> log -> request path -> listener. It is the only file that
 * names providers; everything else about the command line is in `cli/`.
 *
 * Long because it names every part once.
 */
import { existsSync, statSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type AuditLog, openAuditLog } from './audit/audit-log.ts';
import { LastUsage } from './audit/last-usage.ts';
import { LogSigningKeyBroken, logSigningKeyName, newLogSigner, openLogSigner } from './audit/log-signer.ts';
import { outboxRow, type RecordedEvent, Recorder } from './audit/recorder.ts';
import { RefusalSampler } from './audit/refusal-sampler.ts';
import {
  notedLogSize,
  noteLogSize,
  recoverOutbox,
  requireNoLog,
  requireSameHistory,
} from './audit/two-stores.ts';
import { createAuthenticator } from './authn/authenticate.ts';
import { jsonSignatureErrors } from './authn/signed-service.ts';
import { type Clock, SettableClock, systemClock } from './base/clock.ts';
import type { Faults } from './base/durable-file.ts';
import { FaultPlan, fileFaults } from './base/fault-plan.ts';
import type { ConfiguredInvocation } from './cli/command.ts';
import { diagnosis } from './cli/diagnosis.ts';
import { CommandFailed, type CommandIo, type ExitCode, say } from './cli/io.ts';
import { devReady, initialized, type ShownCredential, serverReady } from './cli/ready.ts';
import { type Reports, reportsTo } from './cli/reports.ts';
import { runCommand } from './cli/run-command.ts';
import { status } from './cli/status.ts';
import { holdfastVersion } from './cli/version.ts';
import type { Config } from './config/config.ts';
import { readSecretSource } from './config/secret-source.ts';
import { uuid } from './crypto/random.ts';
import { startHttpServer } from './http/server.ts';
import { Identities } from './identity/identities.ts';
import { deleteDueKeys } from './jobs/delete-due-keys.ts';
import { domainKeyEvents } from './jobs/domain-key-events.ts';
import { operateInstallation } from './jobs/operate-installation.ts';
import { resealInstallationSecrets, type StoredSecrets } from './jobs/reseal-installation-secrets.ts';
import { resealKeyMaterial } from './jobs/reseal-key-material.ts';
import { rotateDueKeys } from './jobs/rotate-due-keys.ts';
import { Scheduler } from './jobs/scheduler.ts';
import { accessKeyEvent, keyEvent } from './jobs/service-event.ts';
import { newAccessKeyId, newSecretAccessKey } from './keys/access-key-id.ts';
import {
  exposeSecretAccessKey,
  insertAccessKey,
  openAccessKey,
  rootAccessKey,
} from './keys/access-key-rows.ts';
import { DomainKeys } from './keys/domain-keys.ts';
import { type InstallationFacts, installationFromRows, installationToRow } from './keys/installation-row.ts';
import { KeyPolicies } from './keys/key-policy.ts';
import { KeyTable } from './keys/key-table.ts';
import { loadKeys } from './keys/load-keys.ts';
import { SealedMarkers } from './keys/markers.ts';
import { PurposeKeys } from './keys/purpose-keys.ts';
import { parseSeed, seedKeyChange } from './keys/seed.ts';
import { SoftwareKeyStore } from './keystore/software/key-store.ts';
import type { Services } from './operations/operation.ts';
import { listenerRefusalFacts } from './pipeline/listener-refusal.ts';
import { createPipeline } from './pipeline/pipeline.ts';
import { createFileSeal, openFileSeal } from './seal/file/seal.ts';
import { type Seal, SealBroken } from './seal/interface.ts';
import { argon2idDefault, createPassphraseSeal, openPassphraseSeal } from './seal/passphrase/seal.ts';
import { databasePath } from './storage/data-directory.ts';
import { lockDirectory } from './storage/directory-lock.ts';
import type { Storage, Write } from './storage/interface.ts';
import type { StorageFault } from './storage/sqlite/faults.ts';
import { inspect } from './storage/sqlite/inspect.ts';
import { openSqliteStorage } from './storage/sqlite/sqlite-storage.ts';
import type { NoteSigner } from './tlog/note.ts';

/** Everything durable, opened and consistent; nothing is served yet. */
interface OpenedInstallation {
  readonly directory: string;
  readonly facts: InstallationFacts;
  readonly clock: Clock;
  readonly seal: Seal;
  readonly domainKeys: DomainKeys;
  readonly purposeKeys: PurposeKeys;
  readonly log: AuditLog;
  readonly logPublicKey: string;
  readonly recorder: Recorder;
  readonly identities: Identities;
  readonly table: KeyTable;
  readonly policies: KeyPolicies;
  readonly storage: Storage;
  readonly faults: FaultPlan;
  /** Sealed, as stored. `init` and `dev` show the root access key in them. */
  readonly secrets: StoredSecrets;
  /** Why one of the two stores has failed: nothing more may be served. */
  failure(): Error | undefined;
  close(): Promise<void>;
}

export class NotInitialized extends Error {
  constructor(directory: string) {
    super(
      `the data directory \`${directory}\` holds no installation: run \`holdfast init --data-dir ${directory}\` first`,
    );
    this.name = 'NotInitialized';
  }
}

/** Opens the installation in the data directory; `create` lets it begin one in an empty directory. */
async function openInstallation(
  config: Config,
  report: Reports,
  create: boolean,
): Promise<OpenedInstallation> {
  const clock = config.relaxations.settableClock ? new SettableClock() : systemClock;
  const faults = new FaultPlan(config.relaxations.faults);
  let failure: Error | undefined;
  const failed = (reason: Error): void => {
    failure ??= reason;
    report.failed(reason);
  };
  const closers: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    const problems: unknown[] = [];
    // What one of them cannot let go of must not keep the others.
    for (const closer of closers.splice(0).reverse())
      await closer().catch((error: unknown) => problems.push(error));
    if (problems.length > 0) throw problems[0];
  };
  try {
    const directory =
      config.data.kind === 'directory' ? config.data.path : await mkdtemp(join(tmpdir(), 'holdfast-'));
    if (config.data.kind === 'ephemeral') closers.push(() => rm(directory, { recursive: true, force: true }));
    // A mistyped directory is not made.
    if (!create && !existsSync(databasePath(directory))) {
      await requireNoLog(join(directory, 'log'));
      throw new NotInitialized(directory);
    }
    const lock = await lockDirectory(directory);
    closers.push(() => lock.release());
    const logDirectory = join(lock.directory, 'log');
    const database = statSync(databasePath(lock.directory), { throwIfNoEntry: false });
    if (database === undefined || database.size === 0) await requireNoLog(logDirectory);
    const opening = openSqliteStorage({
      directory: lock.directory,
      faults: () => {
        // Minted: the plan takes no other words for `storage` than those that the type lists.
        return faults.next('storage')?.how as StorageFault | undefined;
      },
      onNotice: report.notice,
      onFailure: failed,
    });
    closers.push(async () => (await opening.catch(() => undefined))?.close());
    const loading = opening.then(async (storage) => {
      const state = await storage.load();
      const existing = installationFromRows(state.meta);
      if (existing === undefined) {
        if (!create) throw new NotInitialized(lock.directory);
        await requireNoLog(logDirectory);
      } else if (config.command === 'init') {
        throw new CommandFailed(
          `the data directory \`${lock.directory}\` holds an installation already`,
          'Nothing was changed.',
        );
      }
      return { state, existing };
    });
    // The seal's key derivation and the database's thread take their time side by side. Only where nothing is
    // sealed yet is a missing root key made: another one in its place would open nothing.
    const [storage, { state, existing }, seal] = await Promise.all([
      opening,
      loading,
      openSeal(config, lock.directory, fileFaults(faults), async () => {
        const { domainKeys } = (await loading).state;
        return domainKeys.length === 0;
      }),
    ]);
    const facts = existing ?? {
      installationId: uuid(),
      operatorAccountId: config.accountId,
      createdMs: clock.nowMs(),
    };

    let recorder: Recorder | undefined;
    const domainKeys = new DomainKeys(seal, state.domainKeys, clock, async (writes) => {
      const change = { writes, apply: () => undefined };
      // Before the log is open only the installation's own first domain key is made.
      if (recorder === undefined) await storage.commit({ writes, events: [] });
      else await recorder.commit(change, domainKeyEvents(writes, facts.operatorAccountId, clock.nowMs()));
    });
    const purposeKeys = await PurposeKeys.load(domainKeys);
    const identities = new Identities(facts.operatorAccountId);

    const signingKeyRow = state.meta.find(({ name }) => name === logSigningKeyName);
    const writes: Write[] = [];
    const stored = [...state.accessKeys];
    let signer: NoteSigner;
    let logSigningKey = signingKeyRow;
    if (logSigningKey !== undefined) signer = openLogSigner(purposeKeys, facts.installationId, logSigningKey);
    else {
      if (existing !== undefined) throw new LogSigningKeyBroken();
      const made = newLogSigner(purposeKeys, facts.installationId);
      signer = made.signer;
      logSigningKey = made.row;
      writes.push({ do: 'putMeta', row: installationToRow(facts) }, { do: 'putMeta', row: made.row });
    }
    const accessKeyWrites: Write[] = [];
    const accessKeyEvents: RecordedEvent[] = [];
    const keepAccessKey = (accessKeyId: string, accountId: string, secret: Buffer): void => {
      const write = insertAccessKey(purposeKeys, accessKeyId, accountId, secret, clock.nowMs());
      secret.fill(0);
      accessKeyWrites.push(write);
      accessKeyEvents.push(accessKeyEvent(accessKeyId, accountId, clock.nowMs()));
      stored.push(write.row);
    };
    const isOperators = ({ accountId }: { readonly accountId: string }): boolean =>
      accountId === facts.operatorAccountId;
    // What `init` is given is kept: later starts know no other. `dev` may be given another at each start.
    if (config.command === 'init') {
      for (const { accessKeyId, accountId, secretAccessKey } of config.credentials)
        keepAccessKey(accessKeyId, accountId, secretAccessKey.exposeSecretBytes());
    }
    if (create && !stored.some(isOperators) && !config.credentials.some(isOperators))
      keepAccessKey(newAccessKeyId(), facts.operatorAccountId, newSecretAccessKey());
    // One transaction: a crash before it leaves a directory that is set up anew, with the same seal.
    let { outbox } = state;
    if (existing === undefined) {
      outbox = accessKeyEvents.map((event) => outboxRow(event, 0));
      await storage.commit({ writes: [...writes, ...accessKeyWrites], events: outbox });
    }

    const log = await openAuditLog({
      directory: logDirectory,
      signer,
      faults: fileFaults(faults),
      durable: config.relaxations.durableAudit,
      confirm: (end) => requireSameHistory(logDirectory, end, state),
    });
    closers.push(
      async () => {
        if (failure === undefined) await storage.commit({ writes: [noteLogSize(log.size)], events: [] });
      },
      () => log.close(),
    );
    log.onFailure(failed);
    await recoverOutbox(storage, log, outbox);
    // From now on a log that is gone is missed.
    if (notedLogSize(state.meta) === undefined)
      await storage.commit({ writes: [noteLogSize(log.size)], events: [] });
    recorder = new Recorder(storage, log);
    if (existing !== undefined && accessKeyWrites.length > 0)
      await recorder.commit({ writes: accessKeyWrites, apply: () => undefined }, accessKeyEvents);
    // Interrupted by a crash. What it changes is told to the log as by the request that began it.
    if (seal.rootKeyIds.length > 1) await domainKeys.finishRootRotation();

    const table = new KeyTable();
    const policies = new KeyPolicies();
    loadKeys(state, table, policies);
    for (const row of stored) identities.put(openAccessKey(purposeKeys, identities, row));
    for (const { accessKeyId, accountId, secretAccessKey } of config.credentials) {
      const kept = identities.find(accessKeyId)?.principal.accountId ?? accountId;
      if (kept !== accountId) {
        throw new CommandFailed(
          `the access key id \`${accessKeyId}\` is kept for account ${kept} and given for ${accountId}`,
          'Give the other account an access key id of its own.',
        );
      }
      identities.put(rootAccessKey(identities, accessKeyId, accountId, secretAccessKey.exposeSecretBytes()));
      // The other commands show it once more.
      if (config.command === 'server') secretAccessKey.wipe();
    }
    return {
      directory: lock.directory,
      facts,
      clock,
      seal,
      domainKeys,
      purposeKeys,
      log,
      logPublicKey: signer.verifier.verifierKey,
      recorder,
      identities,
      table,
      policies,
      storage,
      faults,
      secrets: { accessKeys: stored, logSigningKey },
      failure: () => failure,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openSeal(
  config: Config,
  directory: string,
  faults: Faults,
  mayCreate: () => Promise<boolean>,
): Promise<Seal> {
  const rootKeyPath = join(directory, rootKeyFile);
  const sealPath = join(directory, sealFile);
  const isMissing = async (missing: string): Promise<boolean> => {
    if (existsSync(missing)) return false;
    if (await mayCreate()) return true;
    if (missing === rootKeyPath && existsSync(sealPath))
      throw new SealBroken(`${sealPath} opens with a passphrase: add \`--passphrase-file FILE\``);
    if (missing === sealPath && existsSync(rootKeyPath))
      throw new SealBroken(
        `the root key is in ${rootKeyPath}, which \`holdfast dev\` alone opens, without \`--passphrase-file\``,
      );
    throw new SealBroken(
      `${missing} is missing, and nothing that is stored opens without it: put it back from a backup`,
    );
  };
  if (config.seal.kind === 'file') {
    return (await isMissing(rootKeyPath))
      ? createFileSeal(rootKeyPath, faults)
      : openFileSeal(rootKeyPath, faults);
  }
  const passphrase = readSecretSource(config.seal.passphrase);
  try {
    return (await isMissing(sealPath))
      ? await createPassphraseSeal(sealPath, passphrase, argon2idDefault, faults)
      : await openPassphraseSeal(sealPath, passphrase, faults);
  } finally {
    passphrase.fill(0);
  }
}

interface RunningHoldfast {
  readonly url: string;
  readonly installation: OpenedInstallation;
  close(): Promise<void>;
}

const rootKeyFile = 'root.key';
const sealFile = 'seal.bin';
const jobIntervalMs = 10_000;
const housekeepingMs = 60_000;

async function startHoldfast(config: Config, io: CommandIo): Promise<RunningHoldfast> {
  const report = reportsTo(io);
  const startedMs = systemClock.nowMs();
  const opened = await openInstallation(config, report, config.command === 'dev');
  try {
    checkOperator(config, opened, report);
    const { clock, log, recorder, storage, table, policies, domainKeys, purposeKeys, identities } = opened;
    const keyStore = new SoftwareKeyStore(domainKeys);
    const lastUsage = new LastUsage();
    const sampler = new RefusalSampler(clock);
    const lastUsagePath = join(opened.directory, 'last-usage');

    const services: Services = {
      clock,
      table,
      policies,
      identities,
      keyStore,
      quotas: config.quotas,
      markers: new SealedMarkers(purposeKeys),
      lastUsage,
      installation: operateInstallation({
        ...opened,
        version: holdfastVersion,
        startedMs,
        faults: config.relaxations.faultInjection ? opened.faults : undefined,
        runJobs: () => scheduler.runNow(),
      }),
    };
    const scheduler = new Scheduler(
      [
        { name: 'delete due keys', run: () => deleteDueKeys(services, recorder) },
        { name: 'rotate due keys', run: () => rotateDueKeys(services, recorder) },
        { name: 'reseal key material', run: () => resealKeyMaterial(services, recorder, domainKeys) },
        {
          name: 'reseal the installation secrets',
          run: () =>
            resealInstallationSecrets(opened.secrets, opened.facts, domainKeys, purposeKeys, recorder, clock),
        },
      ],
      jobIntervalMs,
      report.failure,
    );
    const housekeeping = new Scheduler(
      [
        { name: 'record counted refusals', run: () => recorder.append(sampler.drain()) },
        { name: 'save last usage', run: () => lastUsage.save(lastUsagePath, log, fileFaults(opened.faults)) },
        {
          name: 'note the size of the log',
          run: () => storage.commit({ writes: [noteLogSize(log.size)], events: [] }),
        },
      ],
      housekeepingMs,
      report.failure,
    );
    await seedKeys(config, services, recorder);
    const server = await startHttpServer({
      host: config.listen.host,
      port: config.listen.port,
      ...(config.listen.tls === undefined ? {} : { tls: config.listen.tls }),
      limits: config.limits,
      clock,
      health: () => ({ live: opened.failure() === undefined, ready: opened.failure() === undefined }),
      handler: createPipeline({
        authenticate: createAuthenticator({
          accessKeys: identities,
          clock,
          services: [
            { signingName: 'kms', errors: jsonSignatureErrors },
            { signingName: 'holdfast', errors: jsonSignatureErrors },
          ],
          ...(config.regions === 'any' ? {} : { regions: new Set(config.regions) }),
          clockSkewMs: 5 * 60_000,
        }),
        services,
        recorder,
        sampler,
        reportFailure: report.failure,
        failure: opened.failure,
      }),
      onRefusal: ({ reason, sourceAddress, requestId }) => {
        const facts = listenerRefusalFacts(reason, sourceAddress, requestId, clock.nowMs());
        // Counted at the least. Should the log have failed, that was reported, and nothing is served any more.
        recorder.append(sampler.sample(facts)).catch(() => undefined);
      },
      onFault: (error) => report.failure(error, 'listener'),
      onCertificate: (event) => report.notice(`certificate: ${JSON.stringify(event)}`),
    });
    // After the listener, because no first request needs them: the usages so far, and what is overdue.
    const restored = lastUsage
      .restore(lastUsagePath, log)
      .catch((error: unknown) => report.failure(error, 'last usage'));
    scheduler.start();
    housekeeping.start();
    return {
      url: server.url,
      installation: opened,
      async close() {
        await server.close();
        await scheduler.stop();
        await restored;
        if (opened.failure() === undefined) await housekeeping.runNow();
        await housekeeping.stop();
        await opened.close();
      },
    };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Development only: the keys of the seed file that are not there yet. */
async function seedKeys(config: Config, services: Services, recorder: Recorder): Promise<void> {
  const { seedFile } = config.relaxations;
  if (seedFile === undefined) return;
  const { table, keyStore, policies, clock } = services;
  const file = await readFile(seedFile);
  const seeds = parseSeed(file.toString('utf8'), config);
  file.fill(0);
  for (const seed of seeds) {
    const seeded = await seedKeyChange(table, keyStore, policies, seed, clock.nowMs());
    if (seeded === undefined) continue;
    const event = keyEvent('CreateKey', seeded.key, clock.nowMs(), { keyId: seed.keyId, seedFile });
    await recorder.commit(seeded.change, [event]);
  }
}

async function runServer({ config, io }: ConfiguredInvocation): Promise<ExitCode> {
  const running = await startHoldfast(config, io);
  try {
    say(io.stdout, readyText(config, running));
    await aborted(io.signal ?? interrupted.signal);
  } finally {
    await running.close();
  }
  return running.installation.failure() === undefined ? 0 : 1;
}

function readyText(config: Config, { url, installation }: RunningHoldfast): string {
  const ready = {
    version: holdfastVersion,
    url,
    region: config.region,
    dataDirectory: installation.directory,
    logPublicKey: installation.logPublicKey,
  };
  if (config.command === 'server') return serverReady(ready);
  const rootKeyPath = config.seal.kind === 'file' ? join(installation.directory, rootKeyFile) : undefined;
  const further = installation.identities.accountIds.length - 1;
  return devReady(ready, operatorCredential(config, installation), further, rootKeyPath);
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });

/** A server that nobody can call is of no use; and whose credential is given should know whose it is. */
function checkOperator(config: Config, { facts, identities }: OpenedInstallation, report: Reports): void {
  if (identities.accountIds.length === 0) {
    throw new CommandFailed(
      'the data directory has no credentials, so nobody could call this server',
      'Give some: `--access-key-id` with HOLDFAST_SECRET_ACCESS_KEY.',
    );
  }
  if (config.accountId !== facts.operatorAccountId && identities.accountIds.includes(config.accountId)) {
    report.notice(
      `the operator's account is ${facts.operatorAccountId}, as it was when this data directory was set up, and not ${config.accountId}`,
    );
  }
}

/** The credential to paste: the one given from outside, or the one that is kept in the data directory. */
function operatorCredential(
  config: Config,
  { facts, secrets, purposeKeys }: OpenedInstallation,
): ShownCredential {
  const given = config.credentials.find(({ accountId }) => accountId === facts.operatorAccountId);
  if (given !== undefined) return { ...given, secretAccessKey: given.secretAccessKey.exposeSecret() };
  const row = secrets.accessKeys.find(({ accountId }) => accountId === facts.operatorAccountId);
  if (row === undefined) throw new Error('the operator has no credential');
  const secret = exposeSecretAccessKey(purposeKeys, row);
  try {
    return {
      accountId: row.accountId,
      accessKeyId: row.accessKeyId,
      secretAccessKey: secret.toString('latin1'),
    };
  } finally {
    secret.fill(0);
  }
}

async function init({ config, io, json }: ConfiguredInvocation): Promise<ExitCode> {
  const installation = await openInstallation(config, reportsTo(io), true);
  try {
    const credential = operatorCredential(config, installation);
    const answer = {
      installationId: installation.facts.installationId,
      dataDirectory: installation.directory,
      logPublicKey: installation.logPublicKey,
      ...credential,
    };
    say(io.stdout, json ? JSON.stringify(answer) : initialized(answer));
    return 0;
  } finally {
    await installation.close();
  }
}

/** Everything that can be found wrong without the server: the database, the seal, and whether the log holds together. */
async function doctor({ config, io, json }: ConfiguredInvocation): Promise<ExitCode> {
  const directory = config.data.kind === 'directory' ? config.data.path : '';
  const inspection = await inspect(directory);
  if (inspection === undefined) {
    await requireNoLog(join(directory, 'log'));
    throw new CommandFailed(
      `\`${directory}\` holds no installation`,
      `Run \`holdfast init --data-dir ${directory}\` first.`,
    );
  }
  // A start would trip over some of these and mend others unasked: what else it meets is told once they are gone.
  const problems =
    inspection.problems.length > 0 ? inspection.problems : await problemsOfStart(config, reportsTo(io));
  say(io.stdout, json ? JSON.stringify({ ...inspection, problems }) : diagnosis({ ...inspection, problems }));
  return problems.length === 0 ? 0 : 1;
}

const problemsShownMax = 20;

/** Opens everything the way a start does, and all key material besides; changes nothing that a start would not. */
async function problemsOfStart(config: Config, report: Reports): Promise<readonly string[]> {
  const problems = new Set<string>();
  const note = (error: unknown): unknown =>
    problems.add(error instanceof Error ? error.message : String(error));
  try {
    const installation = await openInstallation(config, report, false);
    try {
      const keyStore = new SoftwareKeyStore(installation.domainKeys);
      for (const key of installation.table.allKeys()) {
        // Sealed anew and thrown away: it opens as the material of this key, account and Region.
        for (const material of key.materials) await keyStore.reseal(material).catch(note);
        if (problems.size >= problemsShownMax) break;
      }
    } finally {
      await installation.close();
    }
  } catch (error) {
    note(error);
  }
  return [...problems];
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interrupted.abort());
// Whoever reads may go away first. Without a reader of what is answered there is nothing more to do; without one
// of what is reported, there is.
process.stdout.on('error', () => interrupted.abort());
process.stderr.on('error', () => undefined);

process.exitCode = await runCommand(
  process.argv.slice(2),
  { environment: process.env, stdout: process.stdout, stderr: process.stderr, signal: interrupted.signal },
  { dev: runServer, server: runServer, init, doctor, status },
);
