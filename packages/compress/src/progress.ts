/** One step of long work: `done` of `total` units of `stage`; total undefined while it is not known. */
export interface Progress {
  readonly stage: string;
  readonly done: number;
  readonly total: number | undefined;
}

/** What every long call accepts. */
export interface WorkOptions {
  /** Aborts the work: nothing is left half-written, the promise rejects. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
