/**
 * What sinks that cannot wait are given ahead of the cursor: scopes that are open, and spans of which not all is known yet.
 *
 * @module
 */
import type { IdSeries } from "../data/id_series.ts";
import type { Identity } from "../data/identity.ts";
import type { TraceBuffer } from "../record/buffer.ts";
import { OpenNews } from "../record/open_news.ts";
import { Drained } from "./batch.ts";
import type { SinkRunner } from "./runner.ts";

/** Age from which open scopes are given. */
const OPEN_NS = 100_000_000;

/** Spans in a batch. */
const MOST_SPANS = 8192;

/** What it needs from above. */
export interface AheadOptions {
  readonly buffer: TraceBuffer;
  readonly identity: Identity;
  readonly ids: IdSeries;
}

/** Gives what is ahead of a cursor. Does nothing where no sink asks for it. */
export class Ahead {
  readonly #options: AheadOptions;
  readonly #runners: readonly SinkRunner[];
  readonly #isEarlyWanted: boolean;
  /** What was told of open scopes; null where no sink wants to know. */
  readonly #news: OpenNews | null;
  /** Rows before it were given early. */
  #row = 0;

  constructor(options: AheadOptions, runners: readonly SinkRunner[]) {
    this.#options = options;
    this.#runners = runners;
    this.#isEarlyWanted = runners.some(({ wantsEarly }) => wantsEarly);
    this.#news = runners.some(({ wantsOpen }) => wantsOpen) ? new OpenNews() : null;
  }

  /** Gives the spans that are left from row `cursor` on: to other sinks their marks, since a mark is given once. */
  giveSpans(cursor: number): void {
    if (!this.#isEarlyWanted) return;
    const { buffer, identity, ids } = this.#options;
    for (let from = Math.max(cursor, this.#row); from < buffer.rowCount; from = this.#row) {
      const snapshot = buffer.drainEarly(from, MOST_SPANS, ids);
      this.#row = from + snapshot.closedLength;
      const early = new Drained(snapshot, identity);
      const marks = new Drained({ ...snapshot, closedLength: 0 }, identity);
      for (const runner of this.#runners) {
        if (runner.wantsEarly) runner.emitEarly(early);
        else if (marks.rowCount > 0) runner.emit(marks);
      }
    }
  }

  /** Gives what is new of open scopes. */
  giveOpen(): void {
    const { buffer, identity, ids } = this.#options;
    if (this.#news === null || buffer.session === null) return;
    if (this.#runners.some(({ lacksOpen }) => lacksOpen)) this.#news.forget();
    const snapshot = buffer.readNews(this.#news, OPEN_NS, ids);
    if (snapshot === null) return;
    const drained = new Drained({ ...snapshot, closedLength: snapshot.length }, identity, true);
    for (const runner of this.#runners) {
      if (runner.wantsOpen) runner.emitOpen(drained);
    }
  }
}
