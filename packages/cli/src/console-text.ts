/** Model strings come from files: control characters in them must not reach a terminal. */
export function plain(text: string): string {
  // C0 and C1 controls, DEL, and the bidirectional overrides that make text read otherwise than it is.
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/gu, '\ufffd');
}

/** A signal-to-noise ratio in decibels; of outputs without any difference, that they are equal. */
export function formatSqnr(sqnrDb: number): string {
  return Number.isFinite(sqnrDb) ? `SQNR ${sqnrDb.toFixed(1)} dB` : 'equal';
}

/** Bytes as people say them: 1.2 MB (powers of ten). */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = bytes / 1000;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${value.toFixed(value < 10 ? 2 : 1)} ${units[unit]}`;
}

/** Large counts with a unit: 25.6 M. */
export function formatCount(count: number): string {
  if (count < 1e4) return String(count);
  const [scale, unit] = count < 1e6 ? [1e3, 'k'] : count < 1e9 ? [1e6, 'M'] : [1e9, 'G'];
  return `${(count / scale).toFixed(1)} ${unit}`;
}

/** Columns padded to their widest cell; numbers (cells that start with a digit or sign) to the right. */
export function formatTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map(plain));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const isNumeric = head.map((_, column) => rows.every((row) => /^([+-]?\d|-$|$)/.test(row[column] ?? '')));
  const line = (row: readonly string[]) =>
    row
      .map((cell, i) => (isNumeric[i] ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!)))
      .join('  ')
      .trimEnd();
  const rule = widths.map((width) => '-'.repeat(width)).join('  ');
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)].join('\n');
}
