import { GossamerError } from '@gossamer/graph';

/** `n=1,seq=128` as an object; throws ERR_OPTION for anything else. */
export function parseBindings(text: string | undefined): Record<string, number> {
  const bindings: Record<string, number> = {};
  for (const item of text?.split(',') ?? []) {
    const [name, size, ...rest] = item.split('=');
    const value = Number(size);
    if (!name || size === undefined || rest.length > 0 || !Number.isSafeInteger(value) || value < 0) {
      throw new GossamerError('ERR_OPTION', `--bind: expected name=size, received ${item}`);
    }
    bindings[name.trim()] = value;
  }
  return bindings;
}
