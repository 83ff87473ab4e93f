/**
 * What a benchmark is: a case does some work, and is held against others of its group in the same run.
 *
 * @module
 */

/** One measured piece of work. */
export interface Case {
  /** Unique in its group; other cases' targets name it. */
  readonly name: string;
  /** Does the work `pieces` times. One that measures by itself gives nanoseconds, or `unit`, for all of them. */
  readonly run: () => number | void | Promise<void>;
  /** @default 1 */
  readonly pieces?: number;
  /**
   * What `run` gives where it is no time.
   * @default "ns"
   */
  readonly unit?: "ns" | "bytes";
  /** What it may cost, for the guard and the table of bounds. */
  readonly target?: Target;
  /** The cases of its group that it is made of whoever writes it, such as clock readings, each so often. The rest is ours. */
  readonly floor?: Readonly<Record<string, number>>;
  /** Cases of its group that do the same work: it is said how many times as long this one takes, as a range. */
  readonly timesOf?: readonly string[];
  /** What a piece of it is made of: cases of any group, each so often. It is held against the sum of their medians. */
  readonly parts?: Readonly<Record<string, number>>;
  /** It is told by what it takes beyond another case of its group. */
  readonly added?: Added;
}

/** How a case is told that does what another does, and more. */
export interface Added {
  /** The case that does the same without. */
  readonly over: string;
  /** The case whose own addition to `over` this one's is a multiple of. */
  readonly against?: string;
  /** The most that it may add: times of what `against` adds, or without that in the case's unit. */
  readonly atMost?: number;
}

/**
 * An upper bound: the sum of `of`, each by its factor, and of `plus`. The figure held against it is what stands in the place
 * of the last term: `plus` if it is given, else the factor of the last case named.
 */
export interface Target {
  readonly of: Readonly<Record<string, number>>;
  /** In the case's unit. */
  readonly plus?: number;
}

/** Cases that are measured together: in one process of their own, one call of each in turn. */
export interface Group {
  readonly name: string;
  /** Makes the cases, and checks that contestants give the same results. Null: not to be had here, and why is printed. */
  readonly cases: () => Case[] | Promise<Case[] | null>;
  /**
   * Seconds to measure for.
   * @default 5
   */
  readonly seconds?: number;
  /**
   * Rounds to measure at least, however long they take.
   * @default 10
   */
  readonly leastRounds?: number;
  /**
   * The event loop turns between calls when so many milliseconds have passed since it last did: 0 for what makes native
   * objects, which are given back in such a turn only. Without, it never turns.
   */
  readonly turnsAfterMs?: number;
  /** Whether a case starts programs: nothing for the runtimes' own benchmark tools. */
  readonly startsPrograms?: boolean;
  /** Flags that Deno needs for it. */
  readonly denoFlags?: readonly string[];
  /** Environment that Deno needs for it. */
  readonly denoEnv?: Readonly<Record<string, string>>;
}
