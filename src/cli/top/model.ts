// deno-lint-ignore-file camelcase -- it makes the fields of a picture
/**
 * Looks at a run again and again, and says what it does.
 *
 * @module
 */
import { SESSION_NAME } from "../../data/session_names.ts";
import type { FollowBounds, FollowedOpen, RecorderFollower } from "../../journal/follow_recorder.ts";
import { RunFollower } from "../../journal/follow_run.ts";
import type { ProcessTable } from "../../journal/liveness.ts";
import { node } from "../../runtime/builtins.ts";
import { Intake } from "./intake.ts";
import { MINUTE_S, type MinuteSums } from "./minute.ts";
import { Paths } from "./paths.ts";
import type { Picture, PictureOpen, PictureProcess, PictureRow, PictureThread } from "./picture.ts";
import { ProcessMeter } from "./process_meter.ts";

/** Bytes of a stream that are read back at the first look. */
const MOST_BACK_BYTES = 48_000_000;

/** Open spans of a thread that are known. */
const MOST_OPEN = 10_000;

/** Rows that are read of a look: the rest is counted only. */
export const MOST_ROWS = 20_000;

/** So many times as much at the first look. */
const FIRST_TIMES = 10;

/** Seconds that a rate is of. */
const RATE_S = 5;

/** What a model needs of the world. */
export interface ModelOptions {
  readonly processes: ProcessTable;
  /** Nanoseconds since 1970. */
  readonly unixNs: () => bigint;
  readonly random: () => number;
  /** Rows that are read of a look. */
  readonly mostRows?: number;
}

interface Thread {
  readonly follower: RecorderFollower;
  readonly intake: Intake;
  damagedRows: number;
  /** Rows that the next look will have, about. */
  expectedRows: number;
}

/** What is known of a run. */
export class Model {
  readonly #directory: string;
  readonly #options: ModelOptions;
  readonly #run: RunFollower;
  readonly #paths = new Paths();
  readonly #threads = new Map<string, Thread>();
  readonly #meter: ProcessMeter;
  readonly #sinceMs: number;
  #lastEndMs = 0;

  /**
   * @param directory The folder of all runs.
   * @param run The name of the run's.
   */
  constructor(directory: string, run: string, options: ModelOptions) {
    this.#directory = directory;
    this.#options = options;
    const bounds: FollowBounds = {
      fromUnixNs: options.unixNs() - BigInt(MINUTE_S) * 1_000_000_000n,
      mostBytes: MOST_BACK_BYTES,
      mostOpen: MOST_OPEN,
    };
    this.#run = new RunFollower(directory, run, bounds, options.processes);
    this.#meter = new ProcessMeter(options.processes);
    this.#sinceMs = this.#nowMs();
  }

  /** The folder of the run that is looked at. */
  get path(): string {
    return node.path.join(this.#directory, this.#run.name);
  }

  /** Reads what came since the last look. Never throws. */
  look(): void {
    this.#run.refresh();
    const { mostRows = MOST_ROWS, random } = this.#options;
    for (const [key, follower] of this.#run.recorders) {
      let thread = this.#threads.get(key);
      if (thread === undefined) {
        thread = {
          follower,
          intake: new Intake(this.#paths),
          damagedRows: 0,
          expectedRows: follower.attach(),
        };
        this.#threads.set(key, thread);
      }
      this.#lookAt(thread, mostRows, random());
    }
    this.#meter.look(this.#pids(), Number(this.#options.unixNs()) / 1e9);
  }

  #lookAt(thread: Thread, mostRows: number, random: number): void {
    const { follower, intake } = thread;
    // What is read back is read once, and of rare spans a sample tells little.
    const times = intake.rows === 0 ? FIRST_TIMES : 1;
    intake.begin(times * mostRows / this.#busyCount(), thread.expectedRows, random);
    follower.look({
      batch: columns => intake.batch(columns),
      damaged: rows => void (thread.damagedRows += rows),
    });
    const anchorMs = anchorOf(follower);
    if (anchorMs === null) return;
    intake.end(anchorMs, follower.open);
    thread.expectedRows = intake.lookRows;
    if (intake.lastEndNs > -Infinity) {
      this.#lastEndMs = Math.max(this.#lastEndMs, anchorMs + intake.lastEndNs / 1e6);
    }
  }

  #busyCount(): number {
    let count = 0;
    for (const { expectedRows } of this.#threads.values()) if (expectedRows > 1000) count++;
    return Math.max(1, count);
  }

  /**
   * What is known now.
   * @param within Names to look into, one in the other.
   * @param otherPids Processes whose runs go on beside it.
   */
  picture(within: readonly string[] = [], otherPids: readonly number[] = []): Picture {
    const threads = [...this.#threads.values()];
    const first = threads.find(({ follower }) => follower.path.startsWith(this.path)) ?? threads[0];
    const session = first?.follower.session ?? null;
    const state = this.#state(first?.follower);
    const isOver = state === "ended" || state === "unfinished" || state === "gone";
    // Of one that is over, the last minute is its own.
    const ended = session?.ended_unix_ns ?? null;
    const endMs = ended === null ? this.#lastEndMs : Number(ended) / 1e6;
    const nowMs = isOver && endMs > 0 ? endMs : this.#nowMs();
    const startMs = session === null ? this.#sinceMs : Number(session.started_unix_ns) / 1e6;
    const second = Math.floor(nowMs / 1000);
    const perSecond = new Float64Array(MINUTE_S);
    for (const { intake } of threads) intake.counts.addTo(perSecond, second);
    const windowS = windowOf(perSecond, nowMs, startMs);
    const toRow = (name: string, sums: MinuteSums) => rowOf(name, sums, windowS, nowMs);
    const sums = this.#paths.byName(within, second);
    const counted = threads.reduce((sum, { intake }) => sum + intake.rows, 0);
    const came = threads.reduce((sum, { intake }) => sum + intake.lookRows, 0);
    const read = threads.reduce((sum, { intake }) => sum + intake.lookRead, 0);
    return {
      run: {
        path: this.path,
        pid: session?.pid ?? Number(this.#run.name.split("-")[1]),
        rank: session?.rank ?? null,
        runtime: session?.runtime ?? null,
        state,
        start_us: Math.round(startMs * 1000),
        wall_us: Math.round(Math.max(0, nowMs - startMs) * 1000),
        other_pids: otherPids,
      },
      time_us: Math.round(this.#nowMs() * 1000),
      window_s: windowS,
      span_count: counted + threads.reduce((sum, { follower }) => sum + follower.rowsBefore, 0),
      spans_per_s: rateOf(perSecond, windowS, nowMs),
      read_share: came === 0 ? 1 : read / came,
      losses: {
        dropped_spans: threads.reduce(
          (sum, { follower }) => sum + (follower.session?.span_drop_count ?? 0),
          0,
        ),
        damaged_rows: threads.reduce((sum, { damagedRows }) => sum + damagedRows, 0),
        gone_segments: threads.reduce((sum, { follower }) => sum + follower.goneCount, 0),
        open_spans_left_out: threads.reduce((sum, { follower }) => sum + follower.openDropCount, 0),
      },
      processes: this.#processes(threads, second),
      threads: threads.map(thread => threadOf(thread, second, windowS, nowMs)),
      open: state === "gone" ? [] : threads.flatMap(({ follower }) => openOf(follower, nowMs)),
      within,
      here: within.length === 0 ? null : toRow(within.at(-1)!, this.#paths.at(within, second)),
      names: [...sums].map(([name, one]) => toRow(name, one)),
    };
  }

  #state(first: RecorderFollower | undefined): Picture["run"]["state"] {
    if (!this.#run.isThere) return "gone";
    return first?.liveness ?? "unknown";
  }

  #pids(): number[] {
    const pids = new Set<number>();
    for (const { follower: { session, liveness } } of this.#threads.values()) {
      if (session !== null && liveness === "running") pids.add(session.pid);
    }
    return [...pids];
  }

  #processes(threads: readonly Thread[], second: number): PictureProcess[] {
    const processes: PictureProcess[] = [];
    const pids = new Set(
      threads.map(({ follower }) => follower.session?.pid).filter(pid => pid !== undefined),
    );
    for (const pid of pids) {
      const own = threads.filter(({ follower }) => follower.session?.pid === pid);
      const measured = this.#meter.of(pid);
      if (measured !== null) {
        const { cpu_share, memory_bytes } = measured;
        processes.push({ pid, cpu_share: cpu_share ?? cpuOf(own), memory_bytes, source: "system" });
        continue;
      }
      // One process: what its spans say is what is known of it.
      const all = this.#paths.byName([], second);
      const peaks = [...all.values()].map(({ memoryPeak }) => memoryPeak).filter(peak => !Number.isNaN(peak));
      const memory = pids.size > 1 || peaks.length === 0 ? null : Math.max(...peaks);
      processes.push({ pid, cpu_share: cpuOf(own), memory_bytes: memory, source: "spans" });
    }
    return processes;
  }

  #nowMs(): number {
    return Number(this.#options.unixNs() / 1000n) / 1000;
  }
}

function anchorOf({ session }: RecorderFollower): number | null {
  return session === null ? null : Number(BigInt(session.anchor_unix_ns) / 1000n) / 1000;
}

/** CPU time of the session by its wall time, as the row of its being open says. */
function cpuOf(threads: readonly Thread[]): number | null {
  for (const { follower } of threads) {
    for (const span of follower.open.values()) {
      const wall = span.seenNs - span.startNs;
      if (span.name === SESSION_NAME && !Number.isNaN(span.cpuNs) && wall > 0) return span.cpuNs / wall;
    }
  }
  return null;
}

function threadOf(
  { follower: { session, liveness, open, path }, intake }: Thread,
  second: number,
  windowS: number,
  nowMs: number,
): PictureThread {
  const perSecond = new Float64Array(MINUTE_S);
  intake.counts.addTo(perSecond, second);
  let openCount = 0;
  for (const { name } of open.values()) if (name !== SESSION_NAME) openCount++;
  return {
    pid: session?.pid ?? 0,
    thread_id: session?.thread ?? Number(node.path.basename(path)),
    thread_name: session?.thread_name ?? null,
    state: liveness,
    spans_per_s: rateOf(perSecond, windowS, nowMs),
    open_count: openCount,
  };
}

function openOf(follower: RecorderFollower, nowMs: number): PictureOpen[] {
  const { session, open } = follower;
  const anchorMs = anchorOf(follower);
  if (session === null || anchorMs === null || follower.liveness === "ended") return [];
  const children = new Map<number, FollowedOpen[]>();
  const roots: FollowedOpen[] = [];
  for (const span of [...open.values()].sort((a, b) => a.id - b.id)) {
    const parent = open.get(span.parent);
    if (span.name === SESSION_NAME) continue;
    if (parent === undefined || parent.name === SESSION_NAME) roots.push(span);
    else children.set(parent.id, [...children.get(parent.id) ?? [], span]);
  }
  const rows: PictureOpen[] = [];
  // A stack: spans lie in each other as deep as programs like.
  const stack = roots.reverse().map(span => ({ span, depth: 0 }));
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    const { span, depth } = next;
    rows.push({
      pid: session.pid,
      thread_id: session.thread,
      name: span.name,
      index: Number.isNaN(span.index) ? null : span.index,
      depth,
      age_us: Math.max(0, Math.round((nowMs - anchorMs) * 1000 - span.startNs / 1000)),
    });
    for (const child of (children.get(span.id) ?? []).reverse()) {
      stack.push({ span: child, depth: depth + 1 });
    }
  }
  return rows;
}

/** Seconds that are known: since the run began, or since the first second with a span in it. */
function windowOf(perSecond: Float64Array, nowMs: number, startMs: number): number {
  const part = (nowMs % 1000) / 1000;
  const first = perSecond.findIndex(count => count > 0);
  const known = first < 0 ? 1 : MINUTE_S - 1 - first + part;
  return Math.max(0.1, Math.min(known, (nowMs - startMs) / 1000));
}

/** In the last whole seconds; in the first one, in what there is of it. */
function rateOf(perSecond: ArrayLike<number>, windowS: number, nowMs: number): number {
  const part = (nowMs % 1000) / 1000;
  const seconds = Math.min(RATE_S, Math.floor(windowS - part));
  if (seconds < 1) {
    let all = 0;
    for (let i = 0; i < MINUTE_S; i++) all += perSecond[i];
    return all / windowS;
  }
  let sum = 0;
  for (let i = MINUTE_S - 1 - seconds; i < MINUTE_S - 1; i++) sum += perSecond[i];
  return sum / seconds;
}

function rowOf(name: string, sums: MinuteSums, windowS: number, nowMs: number): PictureRow {
  const { durations, wallNs, cpuNs, memoryPeak, perSecond, total } = sums;
  // Durations are kept in slots of ten seconds, the last of which has only begun.
  const slotsS = Math.min(windowS, MINUTE_S - 10 + (nowMs / 1000) % 10);
  const us = (ns: number) => Number.isNaN(ns) ? null : ns / 1000;
  const hasAny = durations.count > 0;
  return {
    name,
    count: Math.round(total),
    rate_per_s: rateOf(perSecond, windowS, nowMs),
    p50_us: us(durations.quantile(0.5)),
    p95_us: us(durations.quantile(0.95)),
    max_us: hasAny ? durations.max / 1000 : null,
    wall_share: wallNs / (slotsS * 1e9),
    cpu_share: Number.isNaN(cpuNs) ? null : cpuNs / (slotsS * 1e9),
    memory_peak_bytes: Number.isNaN(memoryPeak) ? null : memoryPeak,
    per_second: [...perSecond].map(count => Math.round(count)),
  };
}
