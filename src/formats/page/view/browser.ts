/**
 * What the page's program uses of a browser: types alone. The library's own declarations would be seen by all of the package, and by
 * whoever checks its types.
 *
 * @module
 */

/** An event, with what any of those listened to has. */
export interface PageEvent {
  readonly type: string;
  readonly target: Item;
  readonly key: string;
  readonly clientX: number;
  readonly clientY: number;
  readonly offsetX: number;
  readonly offsetY: number;
  readonly deltaX: number;
  readonly deltaY: number;
  readonly deltaMode: number;
  readonly button: number;
  readonly buttons: number;
  readonly detail: number;
  readonly pointerId: number;
  readonly shiftKey: boolean;
  readonly ctrlKey: boolean;
  readonly altKey: boolean;
  readonly metaKey: boolean;
  preventDefault(): void;
  stopPropagation(): void;
}

export type Listener = (event: PageEvent) => void;

/** An element of the page. */
export interface Item {
  id: string;
  textContent: string | null;
  className: string;
  hidden: boolean;
  title: string;
  value: string;
  checked: boolean;
  disabled: boolean;
  type: string;
  tabIndex: number;
  width: number;
  height: number;
  scrollTop: number;
  readonly tagName: string;
  readonly clientWidth: number;
  readonly clientHeight: number;
  readonly dataset: Record<string, string | undefined>;
  readonly style: Record<string, string> & { setProperty(name: string, value: string): void };
  append(...items: (Item | string)[]): void;
  replaceChildren(...items: (Item | string)[]): void;
  remove(): void;
  focus(): void;
  select(): void;
  click(): void;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
  getAttribute(name: string): string | null;
  closest(selector: string): Item | null;
  contains(other: Item | null): boolean;
  querySelector(selector: string): Item | null;
  getBoundingClientRect(): { left: number; top: number; width: number; height: number };
  setPointerCapture(id: number): void;
  addEventListener(type: string, listener: Listener, options?: { passive: boolean }): void;
  getContext(kind: "2d"): Pen;
}

/** What draws on a canvas. */
export interface Pen {
  fillStyle: string;
  strokeStyle: string;
  lineWidth: number;
  font: string;
  textAlign: string;
  textBaseline: string;
  globalAlpha: number;
  setTransform(a: number, b: number, c: number, d: number, e: number, f: number): void;
  fillRect(x: number, y: number, width: number, height: number): void;
  strokeRect(x: number, y: number, width: number, height: number): void;
  clearRect(x: number, y: number, width: number, height: number): void;
  fillText(text: string, x: number, y: number): void;
  measureText(text: string): { width: number };
  beginPath(): void;
  moveTo(x: number, y: number): void;
  lineTo(x: number, y: number): void;
  rect(x: number, y: number, width: number, height: number): void;
  clip(): void;
  fill(): void;
  stroke(): void;
  save(): void;
  restore(): void;
  imageSmoothingEnabled: boolean;
  putImageData(image: Image, x: number, y: number): void;
  drawImage(
    from: Item,
    x: number,
    y: number,
    width: number,
    height: number,
    toX: number,
    toY: number,
    toWidth: number,
    toHeight: number,
  ): void;
}

/** Pixels, four bytes each. */
export interface Image {
  readonly data: { readonly buffer: ArrayBuffer };
}

/** The window. */
export interface Browser {
  readonly document: {
    readonly documentElement: Item;
    readonly body: Item;
    readonly activeElement: Item | null;
    getElementById(id: string): Item | null;
    createElement(tag: string): Item;
    addEventListener(type: string, listener: Listener): void;
  };
  readonly location: { hash: string };
  readonly history: {
    pushState(state: null, unused: string, url: string): void;
    replaceState(state: null, unused: string, url: string): void;
  };
  readonly performance: { now(): number };
  readonly devicePixelRatio: number;
  readonly innerHeight: number;
  readonly self: unknown;
  readonly top: unknown;
  readonly JSON: { parse(text: string): unknown };
  readonly ImageData: new(width: number, height: number) => Image;
  readonly ResizeObserver: new(changed: () => void) => { observe(item: Item): void };
  readonly DecompressionStream?: new(format: string) => unknown;
  readonly Blob: new(parts: Uint8Array[]) => { stream(): { pipeThrough(to: unknown): unknown } };
  readonly Response: new(body: unknown) => { arrayBuffer(): Promise<ArrayBuffer> };
  requestAnimationFrame(draw: () => void): number;
  setTimeout(act: () => void, ms: number): number;
  clearTimeout(timer: number): void;
  matchMedia(
    query: string,
  ): { readonly matches: boolean; addEventListener(type: string, listener: () => void): void };
  getComputedStyle(item: Item): { getPropertyValue(name: string): string };
  addEventListener(type: string, listener: Listener): void;
}
