/**
 * Keeps files within a bound, whoever wrote them, and never holds up the event loop for it.
 *
 * Known are a total and the oldest names, both kept up to date with what this process writes and deletes. What others do, and
 * what was there before, is found by a survey: every name and its size, a millisecond at a time. There is one soon after
 * the first file, one whenever a sixteenth of the bound was written since the last, and one when the list of the oldest runs
 * out. Eviction goes down to nine tenths of the bound, so that it is not due again at the next file.
 *
 * A process that ends before its first survey, as a command does that runs for a moment, makes one at its end by chance: the
 * likelier, the more it wrote, so that on average somebody does per sixty-fourth of the bound.
 *
 * @module
 */
import { later, stopTimer, type Timer } from "../runtime/host_calls.ts";
import type { Removal } from "./directory.ts";
import { type DatedFile, LISTED_FILES, OldestFiles } from "./oldest_files.ts";

/** Where the files lie. */
export interface FilePlace {
  /** Whether it is still the place that was looked at. Never throws. */
  isSame(): boolean;
  /** Deletes a file. Never throws. */
  remove(name: string): Removal;
  /** What a survey is to look at, in no order; a reader may wait between two. */
  names(): AsyncIterable<string>;
  /** The same at once. */
  namesNow(): Iterable<string>;
  /**
   * Begins a survey.
   * @param nowMs The time by the clock of the file system.
   */
  survey(nowMs: number): Survey;
}

/** One look at all files, whoever wrote them. */
export interface Survey {
  /** Bytes of the files that were looked at. */
  bytes: number;
  /** Those of them that may be evicted. */
  readonly oldest: OldestFiles;
  /** Files that this process writes while the survey goes on: they may be found or not, and count once. */
  readonly written: Map<string, DatedFile>;
  /** Looks at what has this name. */
  look(name: string): void;
}

/** To this part of the bound eviction goes. */
const KEPT_SHARE = 0.9;

/** A survey is due when this part of the bound was written since the last. */
const SURVEY_SHARE = 1 / 16;

/** A process that ends makes a survey with certainty if it wrote this part of the bound since the last. */
const LAST_SURVEY_SHARE = 1 / 64;

/** Over the bound by this factor eviction does not wait for a survey, and a survey not for an event loop that stands still. */
const URGENT_FACTOR = 1.25;

/** Milliseconds of work in a turn of the event loop, and until the next. */
const SLICE_MS = 1;
const PAUSE_MS = 5;

/** Not sooner, so that a program that flushes and ends does not wait for a listing. */
const FIRST_SURVEY_MS = 200;

/** Between two surveys: at least this, and this many times as long as the last took. */
const BETWEEN_SURVEYS_MS = 1000;
const BETWEEN_SURVEYS_FACTOR = 20;

/** An event loop that does not come round for this long does not come round. */
const STARVED_MS = 5000;

/** A listing may take this much longer. */
const LISTING_MS = 60_000;

/** Names put in order between two looks at the clock. */
const SORTED_AT_ONCE = 64;

/** The files of one place. */
export class BoundedFiles {
  /** Bytes of them, as far as known. */
  bytes = 0;
  /** Files evicted. */
  evictCount = 0;
  readonly #place: FilePlace;
  readonly #maxBytes: number;
  readonly #nowMs: () => number;
  /** All but the newest of this process, which stays whatever the bound. */
  #oldest = new OldestFiles();
  #newest: DatedFile | null = null;
  /** When a file was written last, by the clock of the file system and by ours. */
  #writtenMs = NaN;
  #writtenAtMs = 0;
  #isEvicting = false;
  /** Bytes written since the last survey. */
  #unsurveyed = 0;
  #isSurveyed = false;
  #survey: Survey | null = null;
  #surveyStartMs = 0;
  #surveyedAtMs = 0;
  #surveyTookMs = 0;
  #timer: Timer | null = null;
  /** When a turn of the event loop is expected that goes on with the work. */
  #dueMs = 0;
  /** Wakes a survey that lets the event loop go on. */
  #resume: (() => void) | null = null;

  /** @param nowMs A clock that never goes back, in milliseconds. */
  constructor(place: FilePlace, maxBytes: number, nowMs: () => number) {
    this.#place = place;
    this.#maxBytes = maxBytes;
    this.#nowMs = nowMs;
  }

  /** The place is another one than before: nothing is known of it. */
  forget(): void {
    this.#stop();
    this.bytes = 0;
    this.#oldest = new OldestFiles();
    this.#newest = null;
    this.#writtenMs = NaN;
    this.#isEvicting = false;
    this.#isSurveyed = false;
    this.#unsurveyed = 0;
  }

  /** Counts a file that was written, and evicts for as long as a turn of the event loop may take. */
  add(file: DatedFile): void {
    const isStarved = this.#beginWork();
    if (this.#newest !== null) this.#oldest.append(this.#newest);
    this.#newest = file;
    this.date(file.writtenMs);
    this.bytes += file.size;
    this.#unsurveyed += file.size;
    this.#survey?.written.set(file.name, file);
    if (this.#survey !== null && this.#survey.written.size > LISTED_FILES) this.#stop();
    this.#endWork(isStarved);
  }

  /** Notes what the clock of the file system says now. Without, there is no survey. */
  date(writtenMs: number): void {
    this.#writtenMs = writtenMs;
    this.#writtenAtMs = this.#nowMs();
  }

  /** Counts bytes of a file that this process goes on writing, so that it cannot be evicted; evicts others as `add()` does. */
  grow(bytes: number): void {
    const isStarved = this.#beginWork();
    this.bytes += bytes;
    this.#unsurveyed += bytes;
    if (this.#survey !== null) this.#survey.bytes += bytes;
    this.#endWork(isStarved);
  }

  /** Notes that nothing more is written to a file whose bytes were counted: it may be evicted. */
  release(file: DatedFile): void {
    if (this.#survey === null) this.#oldest.append(file);
    else {
      this.#survey.bytes -= file.size;
      this.#survey.written.set(file.name, file);
    }
  }

  #beginWork(): boolean {
    const isStarved = this.#isStarved();
    if (isStarved || (this.#survey !== null && this.#isFarOver() && this.#oldest.length > 0)) this.#stop();
    return isStarved;
  }

  #endWork(isStarved: boolean): void {
    this.#evict(SLICE_MS);
    // The disk does not wait for a loop that does not come round.
    if (isStarved && this.#isOver() && this.#isFarOver()) this.finish(0);
    this.#plan();
  }

  /**
   * Ends what is under way. Where the bound is known to be passed, it is kept at once.
   * @param lot From 0 up to 1, drawn by chance: whether this process is the one to make a survey now.
   */
  finish(lot: number): void {
    this.#stop();
    if (Number.isNaN(this.#writtenMs) || !this.#place.isSame()) return;
    if (lot < this.#unsurveyed / (this.#maxBytes * LAST_SURVEY_SHARE)) this.#surveyNow();
    if (this.bytes > this.#maxBytes) this.#evict(Infinity);
    // The list has run out: there were more files than it holds.
    for (let before = Infinity; this.#isOver() && this.bytes < before;) {
      before = this.bytes;
      this.#surveyNow();
      this.#evict(Infinity);
    }
  }

  #isFarOver(): boolean {
    return this.bytes > this.#maxBytes * URGENT_FACTOR;
  }

  /** Whether there is something to evict that the list does not have. */
  #isOver(): boolean {
    return this.bytes > this.#maxBytes && !this.#oldest.isComplete && this.#oldest.length === 0;
  }

  // Deletes the oldest for up to `ms`; the rest is left to later turns. While a survey goes on nothing is deleted: it could not
  // tell what it has counted.
  #evict(ms: number): void {
    if (this.#survey !== null || !(this.#isEvicting || this.bytes > this.#maxBytes)) return;
    this.#isEvicting = this.#place.isSame(); // else what lies there now is not known, and perhaps behind a link
    if (!this.#isEvicting) return;
    const untilMs = this.#nowMs() + ms;
    while (this.bytes > this.#maxBytes * KEPT_SHARE) {
      const file = this.#oldest.takeOldest();
      if (file === null) break;
      const outcome = this.#place.remove(file.name);
      if (outcome === "removed") this.evictCount++;
      if (outcome !== "kept") this.bytes -= file.size;
      if (this.#nowMs() >= untilMs) return;
    }
    this.#isEvicting = false;
  }

  // One timer for whatever is next. It never keeps the process alive.
  #plan(): void {
    if (this.#timer !== null || this.#survey !== null) return;
    if (this.#isEvicting) {
      this.#wait(PAUSE_MS, () => {
        this.#evict(SLICE_MS);
        this.#plan();
      });
    } else if (Number.isNaN(this.#writtenMs)) {
      // Nobody has said yet what time it is there.
    } else if (!this.#isSurveyed) {
      this.#wait(FIRST_SURVEY_MS, () => void this.#surveyInSlices());
    } else if (this.#isSurveyDue()) {
      this.#wait(0, () => void this.#surveyInSlices());
    }
  }

  // Asked again with the next file that is written.
  #isSurveyDue(): boolean {
    const isOver = this.#isOver();
    if (!isOver && this.#unsurveyed <= this.#maxBytes * SURVEY_SHARE) return false;
    const pauseMs = Math.max(BETWEEN_SURVEYS_MS, isOver ? 0 : this.#surveyTookMs * BETWEEN_SURVEYS_FACTOR);
    return this.#nowMs() >= this.#surveyedAtMs + pauseMs;
  }

  #wait(ms: number, then: () => void): void {
    this.#dueMs = this.#nowMs() + ms;
    this.#timer = later(ms, () => {
      this.#timer = null;
      this.#resume = null;
      then();
    });
  }

  /** Lets the event loop go on; false if the survey is not wanted any more. */
  async #pause(survey: Survey): Promise<boolean> {
    await new Promise<void>(resolve => {
      this.#wait(PAUSE_MS, resolve);
      this.#resume = resolve;
    });
    return this.#survey === survey && this.#place.isSame();
  }

  #isStarved(): boolean {
    return (this.#timer !== null || this.#survey !== null) && this.#nowMs() > this.#dueMs + STARVED_MS;
  }

  // A survey that is under way sees that it is no longer the one.
  #stop(): void {
    this.#survey = null;
    if (this.#timer !== null) stopTimer(this.#timer);
    this.#timer = null;
    this.#resume?.();
    this.#resume = null;
  }

  #beginSurvey(): Survey {
    this.#surveyStartMs = this.#nowMs();
    const survey = this.#place.survey(this.#writtenMs + this.#surveyStartMs - this.#writtenAtMs);
    if (this.#newest !== null) survey.written.set(this.#newest.name, this.#newest);
    this.#unsurveyed = 0;
    return survey;
  }

  // Never rejects.
  async #surveyInSlices(): Promise<void> {
    let survey: Survey | null = null;
    try {
      survey = this.#survey = this.#beginSurvey();
      if (!this.#place.isSame()) return;
      this.#dueMs = this.#nowMs() + LISTING_MS;
      let untilMs = this.#nowMs() + SLICE_MS;
      for await (const name of this.#place.names()) {
        if (this.#survey !== survey) return;
        survey.look(name);
        if (this.#nowMs() < untilMs) continue;
        if (!await this.#pause(survey)) return;
        untilMs = this.#nowMs() + SLICE_MS;
      }
      while (!survey.oldest.sort(SORTED_AT_ONCE)) {
        if (this.#nowMs() < untilMs) continue;
        if (!await this.#pause(survey)) return;
        untilMs = this.#nowMs() + SLICE_MS;
      }
      if (this.#survey === survey) this.#adopt(survey);
    } catch {
      // Not permitted to list: only what this process writes is known.
    } finally {
      if (survey !== null && this.#survey === survey) this.#endSurvey();
    }
  }

  #surveyNow(): void {
    const survey = this.#beginSurvey();
    try {
      for (const name of this.#place.namesNow()) survey.look(name);
      survey.oldest.sort(Infinity);
      this.#adopt(survey);
    } catch {
      // As above.
    }
    this.#noteSurvey();
  }

  #adopt(survey: Survey): void {
    this.bytes = survey.bytes;
    this.#oldest = survey.oldest;
    for (const file of survey.written.values()) {
      this.bytes += file.size;
      if (file !== this.#newest) this.#oldest.append(file);
    }
  }

  #noteSurvey(): void {
    this.#isSurveyed = true;
    this.#surveyedAtMs = this.#nowMs();
    this.#surveyTookMs = this.#surveyedAtMs - this.#surveyStartMs;
  }

  #endSurvey(): void {
    this.#survey = null;
    this.#noteSurvey();
    try {
      this.#evict(SLICE_MS);
      this.#plan();
    } catch {
      // As in a timer.
    }
  }
}
