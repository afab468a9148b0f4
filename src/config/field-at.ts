import { z } from '../driver-kit/options.ts';
import type { Path } from './plain-value.ts';

/** What a schema says of one place in a file. */
export interface Field {
  /** The keys that may stand in it, where it is a map of known keys. */
  readonly keys: readonly string[];
  readonly description?: string | undefined;
}

/** What a schema says of the place that a path leads to. */
export function fieldAt(schema: z.core.$ZodType, path: Path): Field {
  let schemas: readonly z.core.$ZodType[] = [schema];
  for (const name of path) schemas = schemas.flatMap(bare).flatMap((outer) => inner(outer, name));
  return { keys: [...new Set(schemas.flatMap(bare).flatMap(keysOf))], description: schemas.map(described).find((text) => text !== undefined) };
}

/** The schemas that decide what may be written, behind defaults, transforms and choices. */
function bare(schema: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(bare);
  if (schema instanceof z.ZodIntersection) return [...bare(schema.def.left), ...bare(schema.def.right)];
  if (schema instanceof z.ZodPipe) return bare(schema.in instanceof z.ZodTransform ? schema.out : schema.in);
  if (schema instanceof z.ZodLazy) return bare(schema.def.getter());
  const within = wrapped(schema);
  return within === undefined ? [schema] : bare(within);
}

function wrapped(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable || schema instanceof z.ZodReadonly) return schema.def.innerType;
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodCatch) return schema.def.innerType;
  return undefined;
}

function inner(schema: z.core.$ZodType, name: string | number): readonly z.core.$ZodType[] {
  if (schema instanceof z.ZodRecord) return [schema.valueType];
  if (schema instanceof z.ZodArray) return [schema.element];
  if (!(schema instanceof z.ZodObject)) return [];
  const field: z.core.$ZodType | undefined = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
  return field === undefined ? [] : [field];
}

function keysOf(schema: z.core.$ZodType): readonly string[] {
  if (schema instanceof z.ZodObject) return Object.keys(schema.shape);
  if (schema instanceof z.ZodRecord && schema.keyType instanceof z.ZodEnum) return schema.keyType.options.map(String);
  return [];
}

/** A description stands on the outermost schema that has one. */
function described(schema: z.core.$ZodType): string | undefined {
  const own = z.globalRegistry.get(schema)?.description;
  const within = wrapped(schema);
  return own ?? (within === undefined ? undefined : described(within));
}
