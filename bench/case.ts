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
  readonly run: () => number | void;
  /** @default 1 */
  readonly pieces?: number;
  /**
   * What `run` gives where it is no time.
   * @default "ns"
   */
  readonly unit?: "ns" | "bytes";
  /** What it may cost; a case without one is a floor, or a peer. */
  readonly target?: Target;
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
   * Whether the event loop turns between calls: for what makes native objects, which are given back in such a turn only.
   * @default false
   */
  readonly turns?: boolean;
  /** Flags that Deno needs for it. */
  readonly denoFlags?: readonly string[];
  /** Environment that Deno needs for it. */
  readonly denoEnv?: Readonly<Record<string, string>>;
}
