/** Runs jobs one after the other, again and again. One at a time: a run that takes long delays the next. */
export interface Job {
  readonly name: string;
  run(): Promise<unknown>;
}

export class Scheduler {
  readonly #jobs: readonly Job[];
  readonly #everyMs: number;
  readonly #reportFailure: (error: unknown, job: string) => void;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(jobs: readonly Job[], everyMs: number, reportFailure: (error: unknown, job: string) => void) {
    this.#jobs = jobs;
    this.#everyMs = everyMs;
    this.#reportFailure = reportFailure;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      void this.runNow().then(() => {
        if (!this.#stopped) this.start();
      });
    }, this.#everyMs);
    this.#timer.unref();
  }

  /** Runs every job once, after a run that is under way. A job that fails is reported and tried again next time. */
  runNow(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const job of this.#jobs) {
        if (this.#stopped) return;
        try {
          await job.run();
        } catch (error) {
          this.#reportFailure(error, job.name);
        }
      }
    });
    return this.#running;
  }

  /** Resolves when the job that is under way is done. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }
}
