/**
 * As much of JSON Schema 2020-12 as docs/spool-v1.schema.json uses; any other keyword fails.
 *
 * @module
 */

/** A schema, or a part of one. */
export type Schema = Record<string, unknown>;

const IGNORED = ["$schema", "$defs", "title", "description"];

/** Where `value` departs from `schema`: one line for each place; empty if nowhere. */
export function violations(root: Schema, value: unknown, schema: Schema = root, path = "$"): string[] {
  const found: string[] = [];
  const fits = (part: unknown) => violations(root, value, part as Schema, path).length === 0;
  const fields = typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Record<string, unknown>
    : null;
  for (const [keyword, operand] of Object.entries(schema)) {
    switch (keyword) {
      case "$ref": {
        const name = /^#\/\$defs\/(\w+)$/.exec(operand as string)![1];
        found.push(...violations(root, value, (root.$defs as Record<string, Schema>)[name], path));
        break;
      }
      case "type":
        if (![operand].flat().some(type => hasType(value, type as string))) {
          found.push(`${path}: type`);
        }
        break;
      case "const":
        if (value !== operand) found.push(`${path}: const`);
        break;
      case "enum":
        if (!(operand as unknown[]).includes(value)) found.push(`${path}: enum`);
        break;
      case "pattern":
        if (typeof value === "string" && !new RegExp(operand as string).test(value)) {
          found.push(`${path}: pattern`);
        }
        break;
      case "minLength":
        if (typeof value === "string" && value.length < (operand as number)) {
          found.push(`${path}: minLength`);
        }
        break;
      case "required":
        if (fields !== null) {
          for (const name of operand as string[]) {
            if (!Object.hasOwn(fields, name)) found.push(`${path}.${name}: required`);
          }
        }
        break;
      case "properties":
        if (fields !== null) {
          for (const [name, part] of Object.entries(operand as Record<string, Schema>)) {
            if (Object.hasOwn(fields, name)) {
              found.push(...violations(root, fields[name], part, `${path}.${name}`));
            }
          }
        }
        break;
      case "items":
        if (Array.isArray(value)) {
          value.forEach((item, i) => {
            found.push(...violations(root, item, operand as Schema, `${path}[${i}]`));
          });
        }
        break;
      case "anyOf":
        if (!(operand as unknown[]).some(fits)) found.push(`${path}: anyOf`);
        break;
      case "oneOf":
        if ((operand as unknown[]).filter(fits).length !== 1) found.push(`${path}: oneOf`);
        break;
      default:
        if (!IGNORED.includes(keyword)) throw new Error(`The keyword "${keyword}" is not known here`);
    }
  }
  return found;
}

function hasType(value: unknown, type: string): boolean {
  switch (type) {
    case "null":
      return value === null;
    case "array":
      return Array.isArray(value);
    case "object":
      return typeof value === "object" && value !== null && !Array.isArray(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return typeof value === "number";
    case "string":
      return typeof value === "string";
    case "boolean":
      return typeof value === "boolean";
    default:
      throw new Error(`The type "${type}" is not known here`);
  }
}
