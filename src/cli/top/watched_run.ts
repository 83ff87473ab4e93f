/**
 * The run that `cirron top` looks at, as it is found, ends and makes room for another.
 *
 * @module
 */
import { quote } from "../../data/arguments.ts";
import { CirronError } from "../../data/errors.ts";
import type { ProcessTable } from "../../journal/liveness.ts";
import { type Choice, choose, type Wanted } from "./choice.ts";
import { Model, type ModelOptions } from "./model.ts";
import type { Picture } from "./picture.ts";
import type { Watched } from "./session.ts";

/** Looks until a list of the runs is made again. */
const LIST_LOOKS = 5;

/** How pages are written. */
export type PageWriter = (run: string, within: readonly string[]) => Promise<string>;

/** See the module. */
export class WatchedRun implements Watched {
  readonly #wanted: Wanted;
  readonly #options: ModelOptions & { readonly processes: ProcessTable };
  readonly #write: PageWriter;
  #model: Model | null = null;
  #name: string | null = null;
  #choice: Choice = { run: null, over: null, others: [] };
  #looks = 0;

  constructor(wanted: Wanted, options: ModelOptions, write: PageWriter) {
    this.#wanted = wanted;
    this.#options = options;
    this.#write = write;
  }

  get waiting(): string {
    const { directory, pid, run } = this.#wanted;
    const what = pid !== null
      ? `process ${pid} to record`
      : run !== null
      ? `run ${run}`
      : "a program to record";
    return `Waiting for ${what} in ${directory}`;
  }

  /** The other runs that go on. */
  get others(): readonly number[] {
    return this.#choice.others.filter(({ name }) => name !== this.#name).map(({ pid }) => pid);
  }

  look(): void {
    if (this.#looks++ % (this.#model === null ? 1 : LIST_LOOKS) === 0) this.#list();
    this.#model?.look();
  }

  #list(): void {
    this.#choice = choose(this.#wanted, this.#options.processes, Number(this.#options.unixNs()) / 1e6);
    const { run, over } = this.#choice;
    // Who names one means it, whatever has become of it.
    const isNamed = this.#wanted.run !== null || this.#wanted.pid !== null;
    if (this.#model === null) this.#begin(run?.name ?? (isNamed ? over?.name : undefined));
  }

  #begin(name: string | undefined): void {
    if (name === undefined) return;
    this.#name = name;
    this.#model = new Model(this.#wanted.directory, name, this.#options);
  }

  /** Looks once at what there is: a run that goes on, or else the newest. False if there is none. */
  lookOnce(): boolean {
    this.look();
    if (this.#model === null) this.#begin(this.#choice.over?.name);
    if (this.#model === null) return false;
    this.#model.look();
    return true;
  }

  picture(within: readonly string[]): Picture | null {
    return this.#model?.picture(within, this.others) ?? null;
  }

  save(within: readonly string[]): Promise<string> {
    if (this.#model === null) throw new CirronError("there is nothing to write yet");
    return this.#write(this.#model.path, within);
  }

  next(): string {
    this.#list();
    const { run, others } = this.#choice;
    const all = [...run === null ? [] : [run], ...others].sort((a, b) => a.name < b.name ? -1 : 1);
    const at = all.findIndex(({ name }) => name === this.#name);
    const next = all[(at + 1) % all.length];
    if (next === undefined || next.name === this.#name) return "no other program runs";
    this.#begin(next.name);
    this.#model?.look();
    return `process ${next.pid}, ${quote(next.name)}`;
  }
}
