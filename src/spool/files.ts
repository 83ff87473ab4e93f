/**
 * Keeps the files of a spool directory within a bound, and never holds up the event loop for it.
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
import type { SpoolDirectory } from "./directory.ts";
import { namesIn, namesNowIn } from "./directory_names.ts";
import { LISTED_FILES, OldestFiles, type SpoolFile } from "./oldest_files.ts";
import { Survey } from "./survey.ts";

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

/** The files of one directory. */
export class SpoolFiles {
  /** Bytes in the directory, as far as known. */
  bytes = 0;
  /** Files evicted. */
  evictCount = 0;
  readonly #directory: SpoolDirectory;
  readonly #maxBytes: number;
  readonly #nowMs: () => number;
  /** All but the newest of this process, which stays whatever the bound. */
  #oldest = new OldestFiles();
  #newest: SpoolFile | null = null;
  #newestAtMs = 0;
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
  constructor(directory: SpoolDirectory, maxBytes: number, nowMs: () => number) {
    this.#directory = directory;
    this.#maxBytes = maxBytes;
    this.#nowMs = nowMs;
  }

  /** The directory is another one than before: nothing is known of it. */
  forget(): void {
    this.#stop();
    this.bytes = 0;
    this.#oldest = new OldestFiles();
    this.#newest = null;
    this.#isEvicting = false;
    this.#isSurveyed = false;
    this.#unsurveyed = 0;
  }

  /** Counts a file that was written, and evicts for as long as a turn of the event loop may take. */
  add(file: SpoolFile): void {
    const isStarved = this.#isStarved();
    if (isStarved || (this.#survey !== null && this.#isFarOver() && this.#oldest.length > 0)) this.#stop();
    if (this.#newest !== null) this.#oldest.append(this.#newest);
    this.#newest = file;
    this.#newestAtMs = this.#nowMs();
    this.bytes += file.size;
    this.#unsurveyed += file.size;
    this.#survey?.written.set(file.name, file);
    if (this.#survey !== null && this.#survey.written.size > LISTED_FILES) this.#stop();
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
    if (this.#newest === null || !this.#directory.isSame()) return;
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
    this.#isEvicting = this.#directory.isSame(); // else what lies there now is not known, and perhaps behind a link
    if (!this.#isEvicting) return;
    const untilMs = this.#nowMs() + ms;
    while (this.bytes > this.#maxBytes * KEPT_SHARE) {
      const file = this.#oldest.takeOldest();
      if (file === null) break;
      const outcome = this.#directory.remove(file.name);
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
    return this.#survey === survey && this.#directory.isSame();
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
    const newest = this.#newest!;
    this.#surveyStartMs = this.#nowMs();
    const survey = new Survey(this.#directory, newest.writtenMs + this.#surveyStartMs - this.#newestAtMs);
    survey.written.set(newest.name, newest);
    this.#unsurveyed = 0;
    return survey;
  }

  // Never rejects.
  async #surveyInSlices(): Promise<void> {
    let survey: Survey | null = null;
    try {
      survey = this.#survey = this.#beginSurvey();
      if (!this.#directory.isSame()) return;
      this.#dueMs = this.#nowMs() + LISTING_MS;
      let untilMs = this.#nowMs() + SLICE_MS;
      for await (const name of namesIn(this.#directory.path)) {
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
      for (const name of namesNowIn(this.#directory.path)) survey.look(name);
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
