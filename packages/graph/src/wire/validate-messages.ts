import type { WireMessage } from './wire-message.js';

/**
 * Parses every known message below `root` (and `root`), so that each rule of the wire layer is checked wherever it applies:
 * lengths, tags, nesting, the field budget, duplicate messages, tensors that give their data twice.
 *
 * For files from outside: a lazy reader meets an error only where it looks. Payloads are not read, and nothing of what was parsed is
 * kept but in `root` itself. Uses up the budget of `root`: open the file once more to read it. Returns the number of messages.
 */
export function validateMessages(root: WireMessage): number {
  let count = 1;
  // One iterator a level: messages are only as deep as the limits allow.
  const open = [root.eachChild()];
  for (let level = open.at(-1); level !== undefined; level = open.at(-1)) {
    const next = level.next();
    if (next.done === true) {
      open.pop();
    } else {
      count++;
      open.push(next.value.eachChild());
    }
  }
  return count;
}
