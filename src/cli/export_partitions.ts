/**
 * `cirron export parquet --partition run,rank`: a folder of Parquet files, one of each rank of a run, as DuckDB, polars, Spark and
 * ClickHouse read them.
 *
 * @module
 */
import { requireFrameEngine } from "../api/frames.ts";
import { readEnough } from "../api/read_enough.ts";
import { findRecorded } from "../api/recorded_files.ts";
import { recordedRanks } from "../api/recorded_ranks.ts";
import { checkTraceOptions, type TraceOptions } from "../api/trace_options.ts";
import type { FrameEngine } from "../formats/frame/columns.ts";
import { toFleetColumns } from "../formats/frame/fleet_columns.ts";
import { buildTree } from "../tree/tree.ts";
import { Dataset } from "./dataset.ts";
import type { Io } from "./io.ts";
import { complainOfSkipped, recordingsOptions } from "./reading.ts";

/** What is given to polars for a file. */
interface ParquetFrame {
  writeParquet(options: { compression: "zstd" }): Uint8Array;
}

/** What was written. */
export interface Partitions {
  readonly fileCount: number;
  readonly spanCount: number;
  readonly bytes: number;
}

/** As Hive writes, in the name of a folder, that there is no value. */
const NO_VALUE = "__HIVE_DEFAULT_PARTITION__";

/**
 * Writes the spans that `given` keeps, of each rank by itself. One rank is in memory at a time.
 * @param folder Where to. It is there with all files or with none, or, if it was there before, with what else was in it.
 * @throws {CirronDependencyError} If nodejs-polars is not to be had.
 * @throws {CirronError} If something cannot be read or written.
 */
export async function writePartitions(
  paths: readonly string[],
  folder: string,
  given: TraceOptions,
  io: Io,
): Promise<Partitions> {
  const engine = requireFrameEngine();
  if (typeof engine !== "function") throw engine;
  const options = checkTraceOptions({ ...given, format: "df" }, ["df"]);
  const progress = await io.progress();
  try {
    const ranks = recordedRanks(
      findRecorded(paths),
      recordings => complainOfSkipped(recordings, io),
      recordingsOptions({ progress }),
    );
    using dataset = new Dataset(folder);
    let spanCount = 0;
    for (const [i, { run, rank, read }] of ranks.entries()) {
      progress?.update("Writing ranks", i, ranks.length);
      const tree = buildTree(readEnough(read, options, false), options);
      const { length } = tree.rows;
      if (length === 0) continue;
      spanCount += length;
      await dataset.add(
        `${partition("run", run)}/${partition("rank", rank)}/part-0.parquet`,
        parquetOf(engine, tree),
      );
    }
    if (dataset.fileCount > 0) dataset.publish();
    return { fileCount: dataset.fileCount, spanCount, bytes: dataset.bytes };
  } finally {
    progress?.end();
  }
}

function parquetOf(engine: FrameEngine, tree: Parameters<typeof toFleetColumns>[0]): Uint8Array {
  return (engine(toFleetColumns(tree)) as ParquetFrame).writeParquet({ compression: "zstd" });
}

/** `run=r1`, as Hive names the folder of a value: what is no letter, digit or one of `-_.` by its number. */
function partition(key: string, value: string | number | null): string {
  return `${key}=${value === null ? NO_VALUE : encodeURIComponent(value).replace(/[!'()*~]/g, escaped)}`;
}

function escaped(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
