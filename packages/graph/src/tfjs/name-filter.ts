/** Why a weight may not be touched; undefined when it may. */
export interface NameFilter {
  refusal(name: string): string | undefined;
  /** True where a pattern of `include` is the weight's whole name. */
  isNamed(name: string): boolean;
  /** A warning for every pattern that picks nothing. */
  readonly warnings: readonly string[];
}

/**
 * The filter of `include` and `exclude` over weight names. A pattern is a whole name, the name of a layer or scope (`conv1` picks
 * `conv1/kernel`), or a glob, where `*` stands for any characters and `?` for one.
 */
export function nameFilter(
  names: readonly string[],
  include: readonly string[],
  exclude: readonly string[],
): NameFilter {
  const warnings = Object.entries({ include, exclude }).flatMap(([list, patterns]) =>
    patterns
      .filter((pattern) => !names.some((name) => matches(pattern, name)))
      .map((pattern) => `${list} ${JSON.stringify(pattern)}: expected a weight, layer or glob, no weight matches`),
  );
  return {
    warnings,
    isNamed: (name) => include.includes(name),
    refusal: (name) => {
      const excluded = exclude.find((pattern) => matches(pattern, name));
      if (excluded !== undefined) return `excluded by ${JSON.stringify(excluded)}`;
      return include.length > 0 && !include.some((pattern) => matches(pattern, name)) ? 'not in include' : undefined;
    },
  };
}

function matches(pattern: string, name: string): boolean {
  if (pattern === name || name.startsWith(`${pattern}/`)) return true;
  return /[*?]/.test(pattern) && matchesGlob(pattern, name);
}

/** In time linear in the name for every pattern's `*`: a star is only ever tried again at the next character. */
function matchesGlob(glob: string, name: string): boolean {
  let at = 0;
  let place = 0;
  let star = -1;
  let resumed = 0;
  while (place < name.length) {
    if (glob[at] === '*') {
      star = at++;
      resumed = place;
    } else if (glob[at] === '?' || glob[at] === name[place]) {
      at++;
      place++;
    } else if (star >= 0) {
      at = star + 1;
      place = ++resumed;
    } else {
      return false;
    }
  }
  while (glob[at] === '*') at++;
  return at === glob.length;
}
