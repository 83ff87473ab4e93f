/**
 * What this runtime lets the package measure, read and write, found by trying; and which flag would give more.
 *
 * @module
 */
import { libcPaths } from "../../ffi/libc.ts";
import { nvmlPaths } from "../../ffi/nvml.ts";
import type { Opener } from "../../ffi/types.ts";
import { requireFrameEngine } from "../api/frames.ts";
import { listDirectory } from "../api/recorded_files.ts";
import { engine } from "../api/shared.ts";
import type { Health, ProbeHealth } from "../data/health.ts";
import { VERSION } from "../data/version.ts";
import { formatBytes } from "../formats/units.ts";
import { node } from "../runtime/builtins.ts";
import { after } from "../runtime/host_calls.ts";
import { machine } from "../runtime/machine.ts";
import { opener } from "../runtime/opener.ts";
import {
  areGranted,
  type GrantState,
  grantStates,
  isReadable,
  isVariableReadable,
  isWritable,
  type Permission,
} from "../runtime/permissions.ts";
import { bun } from "../runtime/which.ts";
import {
  defaultJournalDirectory,
  defaultSpoolDirectory,
  VARIABLES,
  withEnvironment,
} from "../session/environment.ts";
import { sessionAttrs } from "../session/session_attrs.ts";
import { DEFAULT_JOURNAL_MAX_BYTES } from "../sinks/journal.ts";
import { filesOfRun } from "./run_removal.ts";

/** A flag that is not given, or a command, and what it would give. */
export interface Advice {
  readonly flag: string;
  readonly gives: string;
}

/** What `cirron doctor --json` says. */
export interface Report {
  readonly version: string;
  readonly runtime: string;
  readonly runtime_version: string;
  readonly platform: string;
  readonly arch: string;
  /** Null where there are no permissions. */
  readonly permissions: Record<Permission, GrantState> | null;
  readonly probes: Health["probes"];
  /** Whether the default output can be written, and where; how much is there and may be. */
  readonly journal: ProbeHealth & JournalSize;
  /** Whether a spool can be written, variables can be read, and DataFrames can be made. */
  readonly spool: ProbeHealth;
  readonly variables: ProbeHealth;
  readonly data_frames: ProbeHealth;
  readonly advice: readonly Advice[];
}

/** How large a directory of journals is. */
export interface JournalSize {
  /** Null where it must not be read. */
  readonly bytes: number | null;
  /** What it is kept at, unless the program says otherwise. */
  readonly max_bytes: number;
}

/** What is examined; tests put others in place. */
export interface Examined {
  readonly engine: Pick<typeof engine, "profile">;
  readonly opener: Pick<Opener, "isMusl">;
}

/** Finds it out. Starts a session in memory, and ends it. */
export async function examine(examined: Examined = { engine, opener }): Promise<Report> {
  const probes = await readProbes(examined);
  const { runtime, runtime_version: version } = sessionAttrs({});
  const { platform, arch } = machine();
  const directory = defaultSpoolDirectory();
  const unreadable = VARIABLES.filter(name => !isVariableReadable(name));
  return {
    version: VERSION,
    runtime: String(runtime),
    runtime_version: String(version),
    platform,
    arch,
    permissions: grantStates(),
    probes,
    journal: journal(defaultJournalDirectory()),
    spool: isWritable(directory)
      ? present(`${directory} may be written`)
      : absent(`${directory} may not be written`),
    variables: unreadable.length === 0
      ? present("the run's ids, rank and output may be read")
      : absent(`${unreadable.length} of ${VARIABLES.length} may not be read`),
    data_frames: frames(),
    advice: adviceOf(probes, directory, unreadable, examined),
  };
}

function present(source: string): ProbeHealth {
  return { present: true, source, reason: null };
}

function absent(reason: string): ProbeHealth {
  return { present: false, source: null, reason };
}

function journal(directory: string): Report["journal"] {
  const { journalMaxBytes } = withEnvironment({}, () => {});
  const maxBytes = journalMaxBytes ?? DEFAULT_JOURNAL_MAX_BYTES;
  const bytes = isReadable(directory) ? bytesOf(directory) : null;
  const size = { bytes, max_bytes: maxBytes };
  if (!isWritable(directory)) {
    return { ...absent(`${directory} may not be written: traces stay in memory`), ...size };
  }
  const held = bytes === null ? "" : `, has ${formatBytes(bytes)} of ${formatBytes(maxBytes)}`;
  return { ...present(`${directory} may be written${held}`), ...size };
}

function bytesOf(directory: string): number {
  let bytes = 0;
  try {
    for (const run of listDirectory(directory).runs) {
      for (const { size } of filesOfRun(directory, run)) bytes += size;
    }
  } catch {
    // There is none yet.
  }
  return bytes;
}

/** Milliseconds between two looks at the driver, and how many there are: its library takes a second where it is cold. */
const LOOK_MS = 50;
const LOOKS = 60;

// A session of its own: nothing looks for a GPU without one.
async function readProbes({ engine }: Examined): Promise<Health["probes"]> {
  const session = engine.profile({ output: "none", counters: { memory: true } });
  try {
    let { probes } = session.health();
    for (let i = 0; i < LOOKS && probes.gpu.present && probes.gpu.driver === null; i++) {
      await new Promise<void>(resolve => after(LOOK_MS, resolve));
      ({ probes } = session.health());
    }
    return probes;
  } finally {
    session.shutdown();
  }
}

function frames(): ProbeHealth {
  const found = requireFrameEngine();
  if (typeof found === "function") return present("nodejs-polars");
  return absent(/nodejs-polars .*?(?=[:.] )/.exec(found.message)?.[0] ?? found.message);
}

function adviceOf(
  probes: Health["probes"],
  directory: string,
  unreadable: readonly string[],
  { opener }: Examined,
): Advice[] {
  const advice: Advice[] = [];
  const { platform, arch } = machine();
  const isDenied = ({ source, reason }: ProbeHealth) => (source ?? reason ?? "").includes("--allow-ffi");
  const libc = existing(libcPaths(platform, arch, opener.isMusl));
  const nvml = existing(nvmlPaths(platform, arch));
  if (isDenied(probes.wall)) {
    advice.push({
      flag: ffiFlag(libc),
      gives: "a finer clock, CPU time in nanoseconds, exact peaks of memory",
    });
  }
  if (isDenied(probes.gpu) && nvml.length > 0) {
    advice.push({
      flag: ffiFlag([...libc, ...nvml]),
      gives: "all of that, and GPU time where NVIDIA's driver is",
    });
  }
  if (unreadable.length > 0) {
    advice.push({
      flag: `--allow-env=${unreadable.join(",")}`,
      gives: "the run's ids and rank, and the output that they set",
    });
  }
  if (!isWritable(directory)) {
    const parent = node.path.dirname(directory);
    advice.push({ flag: `--allow-read=${parent} --allow-write=${parent}`, gives: "the journal, or a spool" });
  }
  if (!areGranted("read", "ffi", "sys")) {
    advice.push({
      flag: "--allow-read --allow-ffi --allow-sys",
      gives: "DataFrames, where nodejs-polars is",
    });
  } else if (!frames().present) {
    advice.push({
      flag: bun() === null ? "npm install nodejs-polars@0.24.1" : "bun add nodejs-polars@0.24.1",
      gives: "DataFrames, csv and parquet",
    });
  }
  return advice;
}

/** Of places that can be granted one by one, those where something is; all, where that may not be looked up. */
function existing(paths: readonly string[]): readonly string[] {
  const grantable = paths.filter(path => path.startsWith("/"));
  if (!grantable.every(isReadable)) return grantable;
  return grantable.filter(path => node.fs.existsSync(path));
}

// A library that has no fixed place cannot be granted by itself.
function ffiFlag(paths: readonly string[]): string {
  return paths.length === 0 ? "--allow-ffi" : `--allow-ffi=${paths.join(",")}`;
}
