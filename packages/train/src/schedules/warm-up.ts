import { requireInteger } from '../require-option.js';
import type { Schedule } from './schedule.js';

/**
 * A linear rise before `schedule`, which starts `steps` steps later: eta(t) = schedule(0) (t + 1) / (steps + 1) for t < steps, then
 * schedule(t - steps). No step has rate 0 and none repeats the peak.
 *
 * Source: Goyal et al., "Accurate, Large Minibatch SGD", 2017 (arXiv:1706.02677), section 2.2 (gradual warm-up).
 */
export function warmUp(schedule: Schedule, steps: number): Schedule {
  requireInteger('warmUp', steps, 0);
  return (t) => (t < steps ? (schedule(0) * (t + 1)) / (steps + 1) : schedule(t - steps));
}
