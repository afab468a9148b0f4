import { parseDuration, parseSize } from '../src/core/amount.ts';
import type { JsonSchema } from './json-schema.ts';

/** A Markdown table of every key of a schema, with what is in maps below it. */
export function optionTable(schema: JsonSchema): string {
  const rows = rowsOf(schema, '').map((cells) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
  return ['| key | what it is | written as | default |', '|---|---|---|---|', ...rows].join('\n');
}

type Row = readonly [key: string, what: string, writtenAs: string, unlessGiven: string];

function rowsOf(schema: JsonSchema, prefix: string): readonly Row[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    if (typeof field === 'boolean') return [];
    const key = `${prefix}${name}`;
    const unlessGiven = schema.required?.includes(name) === true ? 'required' : defaultOf(field);
    return [[`\`${key}\``, field.description ?? '', writtenAs(field), unlessGiven] as const, ...below(field, key)];
  });
}

function below(field: JsonSchema, key: string): readonly Row[] {
  const maps = [field, ...alternatives(field)];
  return maps.flatMap((map) => {
    const named = typeof map.additionalProperties === 'object' ? rowsOf(map.additionalProperties, `${key}.NAME.`) : [];
    const listed = typeof map.items === 'object' && !Array.isArray(map.items) ? rowsOf(map.items, `${key}[].`) : [];
    return [...rowsOf(map, `${key}.`), ...named, ...listed];
  });
}

function alternatives({ anyOf, oneOf }: JsonSchema): readonly JsonSchema[] {
  return [...(anyOf ?? []), ...(oneOf ?? [])].filter((choice) => typeof choice !== 'boolean');
}

function defaultOf({ default: value }: JsonSchema): string {
  if (Array.isArray(value)) return `\`[${value.map(String).join(', ')}]\``;
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? `\`${value}\`` : '';
}

function writtenAs(field: JsonSchema): string {
  if (field.const !== undefined) return `\`${String(field.const)}\``;
  if (field.enum !== undefined) return [...new Set(field.enum.map((value) => `\`${String(value)}\``))].join(', ');
  const choices = alternatives(field);
  if (choices.length > 0) return choices.map(writtenAs).join('; or ');
  if (field.type === 'integer' || field.type === 'number') return numberWords(field);
  if (field.type === 'string') return textWords(field);
  if (field.type === 'array') return `list of ${typeof field.items === 'object' && !Array.isArray(field.items) ? writtenAs(field.items) : 'values'}`;
  if (Array.isArray(field.type)) return field.examples === undefined ? 'number' : `number, with its unit or without: ${field.examples.map((example) => `\`${String(example)}\``).join(', ')}`;
  return field.type === 'boolean' ? '`true` or `false`' : 'map';
}

function numberWords({ type, minimum, maximum }: JsonSchema): string {
  const noun = type === 'integer' ? 'whole number' : 'number';
  if (minimum === undefined && maximum === undefined) return noun;
  if (minimum === undefined) return `${noun} to ${maximum}`;
  return maximum === undefined ? `${noun} from ${minimum}` : `${noun}, ${minimum} to ${maximum}`;
}

/** Durations and sizes are texts in JSON Schema; their examples tell them from other texts. */
function textWords({ examples }: JsonSchema): string {
  const shown = (examples ?? []).filter((example) => typeof example === 'string');
  const [first] = shown;
  if (first === undefined) return 'text';
  if (parseDuration(first) !== undefined) return 'duration with its unit: `ms`, `s`, `min`, `h`, `d`';
  if (parseSize(first) !== undefined) return 'size with its unit: `B`, `KiB`, `MiB`, `GiB`';
  return `text such as ${shown.map((example) => `\`${example}\``).join(', ')}`;
}
