import { InvalidArgumentError } from 'commander';

/** `conv1=16,layer*=32`: units of groups that stay; names may have = in them. */
export function parseWidths(text: string): Record<string, number> {
  const entries = text.split(',').map((item): [string, number] => {
    const at = item.lastIndexOf('=');
    const width = Number(item.slice(at + 1));
    if (at > 0 && item.length > at + 1 && Number.isSafeInteger(width) && width > 0)
      return [item.slice(0, at).trim(), width];
    throw new InvalidArgumentError(`expected group=width with widths > 0, received ${item}`);
  });
  return Object.fromEntries(entries);
}
