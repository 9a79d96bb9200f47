import { GossamerError } from '@gossamer/graph';

/** Throws ERR_OPTION where one of `names` was given, which nothing would read. */
export function refuseFlags(flags: Readonly<Record<string, unknown>>, names: readonly string[], where: string): void {
  const stranger = names.find((name) => flags[name] !== undefined);
  if (stranger === undefined) return;
  const received = flags[stranger];
  const text = typeof received === 'object' ? JSON.stringify(received) : String(received);
  throw new GossamerError('ERR_OPTION', `${stranger}: expected none ${where}, received ${text}`);
}
