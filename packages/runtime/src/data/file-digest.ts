import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';

/** SHA-256 of a file's bytes, read in pieces. */
export async function fileDigest(path: string): Promise<string> {
  const sha = createHash('sha256');
  await hashFile(sha, path);
  return sha.digest('hex');
}

/** Adds a file's bytes to a running hash. */
export async function hashFile(sha: Hash, path: string): Promise<void> {
  for await (const chunk of createReadStream(path)) sha.update(chunk as Uint8Array);
}
