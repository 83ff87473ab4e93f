/**
 * DuckDB, where it is installed: its binary is a package of 70 MB that not every platform has.
 *
 * @module
 */

/** A row of a result: integers of 64 bits are bigints. */
export type DuckRow = Readonly<Record<string, unknown>>;

/** A database in memory. */
export interface Duck extends Disposable {
  /** What a query gives. */
  query(sql: string): Promise<DuckRow[]>;
}

interface DuckLibrary {
  readonly DuckDBInstance: {
    create(path: string, options: Record<string, string>): Promise<DuckInstance>;
  };
}

interface DuckInstance {
  connect(): Promise<{
    runAndReadAll(sql: string): Promise<{ getRowObjects(): DuckRow[] }>;
    closeSync(): void;
  }>;
  closeSync(): void;
}

/** Why there is no DuckDB here, for `testUnless`; null if there is. */
export async function findDuckTrouble(): Promise<string | null> {
  try {
    await import("@duckdb/node-api");
    return null;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return `@duckdb/node-api cannot be loaded (${code ?? message.split("\n")[0]})`;
  }
}

/** Opens one. */
export async function openDuck(): Promise<Duck> {
  const { DuckDBInstance } = await import("@duckdb/node-api") as unknown as DuckLibrary;
  const instance = await DuckDBInstance.create(":memory:", {});
  const connection = await instance.connect();
  return {
    query: async sql => (await connection.runAndReadAll(sql)).getRowObjects(),
    [Symbol.dispose]() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
