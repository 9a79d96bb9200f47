/** The learning rate of step `step`, which counts from 0: a pure function, in closed form, so that any step can be resumed or replayed. */
export type Schedule = (step: number) => number;
