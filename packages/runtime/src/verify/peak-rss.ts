import { readFileSync } from 'node:fs';

/**
 * Highest resident memory of this process so far, in MB (2^20 bytes). On Linux what the process itself held: the figure of getrusage
 * also counts its parent's memory at the moment it was started.
 */
export function peakRssMb(): number {
  return Math.round((highWaterKb() ?? process.resourceUsage().maxRSS) / 1024);
}

function highWaterKb(): number | undefined {
  try {
    const found = readFileSync('/proc/self/status', 'latin1').match(/^VmHWM:\s*(\d+) kB$/m)?.[1];
    return found === undefined ? undefined : Number(found);
  } catch {
    return undefined;
  }
}
