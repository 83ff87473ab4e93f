/**
 * A page taken apart by its own program, in whatever runs the tests.
 *
 * @module
 */
import type { PageHeader } from "../../src/formats/page/data.ts";
import { ALPHABET } from "../../src/formats/page/packing.ts";
import type { Browser } from "../../src/formats/page/view/browser.ts";
import { type Block, decoder } from "../../src/formats/page/view/decode.ts";
import { type Model, modelOf } from "../../src/formats/page/view/model.ts";
import { opener } from "../../src/formats/page/view/open.ts";

/** What the program of a page has before it draws. */
export interface ReadPage {
  readonly header: PageHeader;
  readonly model: Model;
  readonly details: Block;
}

/** The text of an element of a page. */
export function elementOf(page: string, id: string): string {
  const found = new RegExp(`<script type="[a-z/]+" id="${id}">([^<]*)</script>`).exec(page);
  if (found === null) throw new Error(`The page has no ${id}`);
  return found[1];
}

/** Reads a page. */
export async function readPage(page: string): Promise<ReadPage> {
  const header = JSON.parse(elementOf(page, "data")) as PageHeader;
  const browser = {
    document: { getElementById: (id: string) => ({ textContent: elementOf(page, id) }) },
    Blob,
    Response,
    DecompressionStream,
  } as unknown as Browser;
  const open = opener(browser, elementOf(page, "alphabet"));
  const decode = decoder();
  const model = modelOf(header, decode(header.spans, await open("spans", header.spans)));
  return { header, model, details: decode(header.details, await open("more", header.details)) };
}

/** Attributes and marks of a span of a page, as text. */
export function detailsIn({ details: { columns, texts } }: ReadPage, span: number): {
  attrs: [name: string, text: string][];
  marks: [name: string, value: number | string, tsNs: number][];
} {
  const set = columns.attrs?.[span] ?? NaN;
  const attrs = Number.isNaN(set) ? [] : JSON.parse(texts[0]()[set]) as [string, string][];
  const names = texts[1]();
  const marks: [string, number | string, number][] = [];
  columns.markSpan?.forEach((of, i) => {
    if (of !== span) return;
    const isText = (columns.markKind[i] & 2) !== 0;
    const value = isText ? names[columns.markText[i]] ?? "" : columns.markValue?.[i] ?? NaN;
    marks.push([names[columns.markName[i]] ?? "", value, columns.markNs[i]]);
  });
  return { attrs, marks };
}

export { ALPHABET };
