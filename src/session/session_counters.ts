/**
 * The counters of a session: which of them are there, and why the others are not.
 *
 * @module
 */
import type { Probe } from "../../ffi/types.ts";
import type { CounterName } from "../data/counters.ts";
import type { Health, ProbeHealth } from "../data/health.ts";
import { type Counter, COUNTERS } from "../meters/counters.ts";
import type { CpuMeter } from "../meters/cpu.ts";
import type { LateMeter, Meter, MeterOptions, SpanMeter } from "../meters/meter.ts";
import type { Counted, Counters } from "../record/counters.ts";

/** How counters are opened in place of the machine's own. */
export type CounterOpeners = { readonly [name in CounterName]?: Counter["open"] };

/** Opens the counters of one session after the other. */
export class SessionCounters {
  readonly #openers: CounterOpeners;
  /** By name, as they were opened last. */
  readonly #probes = new Map<CounterName, Probe<object>>();
  /** What was opened once and for all. */
  readonly #kept = new Map<CounterName, Probe<object>>();

  constructor(openers: CounterOpeners) {
    this.#openers = openers;
  }

  /** Opens what a session wants. */
  open(given: MeterOptions): Counters {
    let cpu: CpuMeter | null = null;
    const span: Counted<SpanMeter>[] = [];
    const late: Counted<LateMeter>[] = [];
    for (const counter of COUNTERS) {
      const { column } = counter;
      // Opened in each branch, since only there the compiler knows of which kind it is.
      if (counter.kind === "clock") cpu = this.#open(counter, given, counter.open);
      else if (counter.kind === "span") {
        const meter = this.#open(counter, given, counter.open);
        if (meter !== null) span.push({ column, meter });
      } else {
        const meter = this.#open(counter, given, counter.open);
        if (meter !== null) late.push({ column, meter });
      }
    }
    return { cpu, span, late };
  }

  /** Opens what is recorded without a session: CPU time. */
  openClock(given: MeterOptions): Counters {
    let cpu: CpuMeter | null = null;
    for (const counter of COUNTERS) {
      if (counter.kind === "clock") cpu = this.#open(counter, given, counter.open);
      else this.#probes.set(counter.name, off(counter, "no session: profile() turns it on"));
    }
    return { cpu, span: [], late: [] };
  }

  /** Where each is read from. */
  health(): Omit<Health["probes"], "wall"> {
    const health = COUNTERS.map(({ name, absent }): [CounterName, ProbeHealth] => {
      const probe = this.#probes.get(name)!;
      if (!probe.ok) return [name, { ...absent, present: false, source: null, reason: probe.reason }];
      const { health } = probe.value as Meter;
      const source = { present: true, source: probe.source, reason: null };
      return [name, health === undefined ? source : health.call(probe.value)];
    });
    return Object.fromEntries(health) as unknown as Omit<Health["probes"], "wall">;
  }

  #open<M extends object>(
    counter: Counter,
    given: MeterOptions,
    open: (given: MeterOptions) => Probe<M>,
  ): M | null {
    const probe = this.#probe(counter, given, open);
    this.#probes.set(counter.name, probe);
    return probe.ok ? probe.value : null;
  }

  #probe<M extends object>(
    counter: Counter,
    given: MeterOptions,
    open: (given: MeterOptions) => Probe<M>,
  ): Probe<M> {
    const { name, isOptIn, isKept } = counter;
    if (given.options[name] === false || (isOptIn && given.options[name] !== true)) {
      return off(counter, `off (counters: { ${name}: false })`);
    }
    const kept = this.#kept.get(name);
    if (kept !== undefined) return kept as Probe<M>;
    const opener = (this.#openers[name] ?? open) as typeof open;
    const probe = opener(given);
    if (isKept === true) this.#kept.set(name, probe);
    return probe;
  }
}

function off({ name, isOptIn }: Counter, reason: string): Probe<never> {
  return {
    ok: false,
    reason: isOptIn ? `off (profile({ counters: { ${name}: true } }) turns it on)` : reason,
  };
}
