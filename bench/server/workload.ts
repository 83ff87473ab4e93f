/**
 * The server that is measured: Hono, SQLite, and for each request four scopes in each other, with attributes and a function, two
 * marks and a turn of the event loop. Who traces it is told by the functions that it is given.
 *
 * @module
 */
import { Hono } from "hono";

/** Attributes of a scope. */
export type Attributes = Readonly<Record<string, string | number | boolean>>;

/** How scopes and marks are made. */
export interface Tracing {
  /** Runs a function, sync or async, in a scope, and gives what it gives. */
  readonly scope: <T>(name: string, attrs: Attributes, fn: () => T) => T;
  /** Attaches a value to the innermost scope. */
  readonly mark: (name: string, value: number) => void;
}

/** A scope as every contestant must have recorded it. */
export interface Recorded {
  readonly name: string;
  /** The name of the scope that it is in. */
  readonly parent: string | null;
  readonly attrs: Attributes;
  readonly marks: readonly (readonly [name: string, value: number])[];
}

/** Scopes of a request. */
export const SCOPES = 4;

const ITEMS = 1000;
const SELECT = "SELECT id, title, price FROM items WHERE id = ?";

interface Item {
  readonly id: number;
  readonly title: string;
  readonly price: number;
}

/** A handler of requests, as servers take it. */
export type Handler = (request: Request) => Response | Promise<Response>;

/** Makes the server's handler. */
export async function makeHandler({ scope, mark }: Tracing): Promise<Handler> {
  const select = await openItems();
  const app = new Hono();
  app.use((c, next) => {
    return scope("request", { method: c.req.method, path: c.req.path }, async () => {
      await next();
      mark("status", c.res.status);
    });
  });
  app.get("/items/:id", c => {
    const id = Number(c.req.param("id"));
    return scope("item", { id, cached: false }, async () => {
      const item = await scope("load", { table: "items", limit: 1 }, async () => {
        await turn(); // as whoever waits for a connection does
        return scope("query", { sql: SELECT, id }, () => {
          const row = select(id);
          mark("price", row.price);
          return row;
        });
      });
      return c.json(item);
    });
  });
  return request => app.fetch(request);
}

/** The path of the request of a number. */
export function pathOf(number: number): string {
  return `/items/${number % ITEMS + 1}`;
}

/** What is answered to the request of a number, and what is to be recorded of it, by name. */
export function expected(number: number): { body: Item; scopes: Recorded[] } {
  const body = itemOf(number % ITEMS + 1);
  const { id, price } = body;
  return {
    body,
    scopes: [
      { name: "item", parent: "request", attrs: { id, cached: false }, marks: [] },
      { name: "load", parent: "item", attrs: { table: "items", limit: 1 }, marks: [] },
      { name: "query", parent: "load", attrs: { sql: SELECT, id }, marks: [["price", price]] },
      {
        name: "request",
        parent: null,
        attrs: { method: "GET", path: pathOf(number) },
        marks: [["status", 200]],
      },
    ],
  };
}

function itemOf(id: number): Item {
  return { id, title: `Item number ${id}`, price: id + 0.5 };
}

function turn(): Promise<void> {
  return new Promise(resolve => void setImmediate(resolve));
}

/** What is used of `node:sqlite` and of `bun:sqlite`, which prepare statements under different names. */
interface Database {
  exec(sql: string): unknown;
  prepare(sql: string): { run(...values: unknown[]): unknown; get(...values: unknown[]): unknown };
}

/** Each runtime has SQLite in it; computed specifiers, so that type checks need neither. */
async function openItems(): Promise<(id: number) => Item> {
  const [specifier, name] = "Deno" in globalThis
    ? ["node:sqlite", "DatabaseSync"]
    : ["bun:sqlite", "Database"];
  const library = await import(specifier) as Record<string, new(path: string) => Database>;
  const database = new library[name](":memory:");
  database.exec("CREATE TABLE items (id INTEGER PRIMARY KEY, title TEXT, price REAL)");
  const insert = database.prepare("INSERT INTO items VALUES (?, ?, ?)");
  for (let i = 1; i <= ITEMS; i++) {
    const { id, title, price } = itemOf(i);
    insert.run(id, title, price);
  }
  const select = database.prepare(SELECT);
  return id => select.get(id) as Item;
}
