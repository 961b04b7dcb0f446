/**
 * Ways in which one transaction can be made to fail, for tests and for `holdfast dev`. Each is what a
 * real failure does to the process and to the file; afterwards the storage has failed, as after a real one.
 */
export type StorageFault =
  /** COMMIT is answered with a failure before it is tried: nothing of the transaction is kept. */
  | 'lost'
  /** COMMIT succeeds and is answered with a failure: all of the transaction is kept. */
  | 'doneButReportedLost'
  /** SQLite itself finds no room: the database may not grow by another page. */
  | 'diskFull'
  /** The process kills itself (SIGKILL) with everything written but COMMIT. */
  | 'killedBeforeCommit'
  /** The process is killed from another thread while COMMIT runs: either outcome. */
  | 'killedDuringCommit'
  /** The process kills itself when COMMIT has returned and nobody has been told. */
  | 'killedAfterCommit';

/** Asked once for each transaction, in order, what shall go wrong with it. */
export type StorageFaults = () => StorageFault | undefined;
