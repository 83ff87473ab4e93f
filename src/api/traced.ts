/**
 * `traced()`: functions and methods that run in a scope each time they are called.
 *
 * @module
 */
import { kindOf } from "../data/arguments.ts";
import type { Recording } from "../record/recording.ts";
import { engine } from "./shared.ts";

type AnyFunction = (...given: never[]) => unknown;
type Wrapped = (this: unknown, ...given: unknown[]) => unknown;

/** What a class member is decorated with: methods, getters, setters and accessors, and fields that hold functions. */
export interface TracedDecorator {
  /** A method, getter or setter, static or not, private or not. */
  <F extends (...given: never[]) => unknown>(
    member: F,
    context: ClassMethodDecoratorContext | ClassGetterDecoratorContext | ClassSetterDecoratorContext,
  ): F;
  /** An `accessor`. */
  <This, T>(
    member: ClassAccessorDecoratorTarget<This, T>,
    context: ClassAccessorDecoratorContext<This, T>,
  ): ClassAccessorDecoratorResult<This, T>;
  /** A field: what is assigned where it is declared, if that is a function. */
  <T>(member: undefined, context: ClassFieldDecoratorContext<unknown, T>): (value: T) => T;
  /** A method, getter or setter under TypeScript's `experimentalDecorators`. */
  <T>(owner: object, name: string | symbol, member: TypedPropertyDescriptor<T>): TypedPropertyDescriptor<T>;
}

/**
 * A function that is `fn` in a scope: the same `this`, arguments, result, type, length and name. What `scope(name, fn)` does with
 * promises and streams it does too: an async function's scope closes with its promise, a generator's with the generator.
 *
 * @param fn Any function that is called without `new`. The scope has its name, or `anonymous`.
 * @throws {TypeError} If `fn` is no function, or `name` no string.
 *
 * @example Trace a function wherever it is called
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * const area = ci.traced(function area(width: number, height: number) {
 *   return width * height;
 * });
 * assertEquals([area(2, 3), area.name, area.length], [6, "area", 2]);
 * assertEquals(ci.trace({ format: "dict", last: 1 }).roots[0].name, "area");
 * ```
 */
export function traced<F extends (...given: never[]) => unknown>(fn: F): F;
/** A function that is `fn` in a scope of that name. */
export function traced<F extends (...given: never[]) => unknown>(name: string, fn: F): F;
/**
 * A decorator for the members of a class: each call runs in a scope. It is called `Class.method`, after the class that has the
 * member, unless a name is given. Standard decorators, and TypeScript's older ones (`experimentalDecorators`). Deno 2.9 does not
 * compile a call with arguments of a private method that is decorated.
 *
 * @example Trace methods
 * ```ts
 * import * as ci from "@cirron/sdk";
 * import { assertEquals } from "@std/assert";
 *
 * class Users {
 *   @ci.traced()
 *   async find(id: number) {
 *     return await this.query(id);
 *   }
 *   @ci.traced("query")
 *   async query(id: number) {
 *     return { id };
 *   }
 * }
 * assertEquals(await new Users().find(7), { id: 7 });
 * const { roots: [find] } = ci.trace({ format: "dict", name: "Users.find" });
 * assertEquals(find.children.map(child => child.name), ["query"]);
 * ```
 */
export function traced(name?: string): TracedDecorator;
export function traced(first?: unknown, second?: unknown): unknown {
  return tracedBy(() => engine.recording, first, second);
}

/** `traced()` of any engine. */
export function tracedBy(recording: () => Recording, first: unknown, second: unknown): unknown {
  if (typeof second === "object" && second !== null && "kind" in second) {
    throw new TypeError("Cannot trace: the decorator is written with parentheses, @traced()");
  }
  if (typeof second === "string" || typeof second === "symbol") {
    if (typeof first === "function") {
      throw new TypeError(
        "Cannot trace: the name comes before the function, traced(name, fn); a decorator is written @traced(name)",
      );
    }
    if (typeof first === "object") {
      throw new TypeError("Cannot trace: the decorator is written with parentheses, @traced()");
    }
  }
  if (typeof first === "function") return wrap(recording, first as AnyFunction, () => nameOfFunction(first));
  if (first !== undefined && typeof first !== "string") {
    throw new TypeError(`Cannot trace: expected a name or a function, got ${kindOf(first)}`);
  }
  if (second === undefined) {
    return (member: unknown, context: unknown, descriptor?: PropertyDescriptor) =>
      typeof context === "object" && context !== null
        ? decorate(recording, first, member, context as DecoratorContext)
        : decorateOlder(recording, first, context, descriptor);
  }
  if (typeof second !== "function") {
    throw new TypeError(`Cannot trace: expected a function, got ${kindOf(second)}`);
  }
  return wrap(recording, second as AnyFunction, () => first ?? nameOfFunction(second));
}

function nameOfFunction({ name }: { readonly name: unknown }): string {
  return typeof name === "string" && name !== "" ? name : "anonymous";
}

/** The name of the scope of a call of `fn` on `self`. */
type NameOf = (self: unknown, fn: AnyFunction) => string;

function wrap(recording: () => Recording, fn: AnyFunction, nameOf: NameOf): AnyFunction {
  // Written as a method, so that nobody can call it with `new`: the same for all, whatever `fn` is.
  const { wrapped } = {
    wrapped(this: unknown, ...given: never[]): unknown {
      return recording().scope(nameOf(this, wrapped), () => Reflect.apply(fn, this, given), undefined, null);
    },
  };
  // Also its prototype, by which others tell async functions and generators.
  Object.setPrototypeOf(wrapped, Object.getPrototypeOf(fn));
  for (const key of Reflect.ownKeys(fn)) {
    if (key === "arguments" || key === "caller") continue; // of functions that are not strict, and no one else's
    Object.defineProperty(wrapped, key, Object.getOwnPropertyDescriptor(fn, key)!);
  }
  return wrapped;
}

function decorate(
  recording: () => Recording,
  given: string | undefined,
  member: unknown,
  context: DecoratorContext,
): unknown {
  if (context.kind === "class") {
    throw new TypeError(`Cannot trace class ${String(context.name)}: decorate its methods`);
  }
  const { kind, name, private: isPrivate } = context;
  const nameOf = given === undefined ? memberName(name, isPrivate) : () => given;
  if (kind === "field") {
    return function(this: unknown, value: unknown): unknown {
      return typeof value === "function" ? wrap(recording, value as AnyFunction, nameOf) : value;
    };
  }
  if (kind !== "accessor") return wrap(recording, member as AnyFunction, nameOf);
  const { get, set } = member as ClassAccessorDecoratorTarget<unknown, unknown>;
  return { get: wrap(recording, get, nameOf), set: wrap(recording, set, nameOf) };
}

// TypeScript's older decorators get the name and the property, and may give another property.
function decorateOlder(
  recording: () => Recording,
  given: string | undefined,
  name: unknown,
  property: PropertyDescriptor | undefined,
): PropertyDescriptor {
  if (typeof name !== "string" && typeof name !== "symbol" || typeof property !== "object") {
    throw new TypeError(
      "Cannot trace: with experimentalDecorators, only methods, getters and setters can be decorated",
    );
  }
  const nameOf = given === undefined ? memberName(name, false) : () => given;
  const traced: PropertyDescriptor = { ...property };
  for (const key of ["value", "get", "set"] as const) {
    const fn: unknown = property[key];
    if (typeof fn === "function") traced[key] = wrap(recording, fn as AnyFunction, nameOf) as Wrapped;
  }
  return traced;
}

// A decorator is not told whose member it decorates: the first call knows.
function memberName(name: string | symbol, isPrivate: boolean): NameOf {
  const member = typeof name === "symbol" ? `[${name.description ?? ""}]` : name;
  let full: string | undefined;
  return (self, fn) => {
    if (full !== undefined) return full;
    try {
      if (self === null || self === undefined) return member;
      const owner = isPrivate ? null : ownerOf(self, name, fn);
      if (owner !== null) return full = `${className(owner)}.${member}`;
      return `${className(self)}.${member}`; // what is private, or the instance's own, may be that of any class above
    } catch {
      return member; // a proxy that does not tell
    }
  };
}

/** The prototype or class among those that `self` inherits from that has this very function as its member. */
function ownerOf(self: unknown, name: string | symbol, fn: AnyFunction): object | null {
  for (let owner: object | null = Object(self); owner !== null; owner = Object.getPrototypeOf(owner)) {
    const { value, get, set } = Object.getOwnPropertyDescriptor(owner, name) ?? {};
    if (value === fn || get === fn || set === fn) {
      return owner === self && typeof owner !== "function"
        ? null
        : owner;
    }
  }
  return null;
}

function className(owner: unknown): string {
  return typeof owner === "function" ? owner.name : (owner as object).constructor.name;
}
