/** Lets signals and progress through between fits that take seconds; throws the signal's reason where it was aborted. */
export async function letThrough(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal?.throwIfAborted();
}
