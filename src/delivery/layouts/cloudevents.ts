import type { StoredRow } from '../../outbox/row.ts';

/** The MQTT 5 content type of this layout. */
export const CLOUDEVENTS_CONTENT_TYPE = 'application/cloudevents+json';

/**
 * A row of a stream, whose source is given, as one CloudEvents 1.0 event in structured JSON (CloudEvents specification 1.0.2, JSON event format 1.0.2).
 * A pure function of the stored row: every publish of it has the same bytes, in this release and the next ones; a
 * change of this text is a new version of the contract.
 */
export function cloudEvent(source: string, row: StoredRow): string {
  const { sequence } = row;
  return (
    `{"specversion":"1.0","type":"tailgate.${row.kind}.v1","source":${JSON.stringify(source)},"id":"${sequence}",` +
    `"sequence":"${String(sequence).padStart(SEQUENCE_DIGITS, '0')}","time":"${timestamp(row.takenMs)}",` +
    `"recordedtime":"${timestamp(row.recordedMs)}","subject":${JSON.stringify(row.subject)},"datacontenttype":"application/json",` +
    `"data":{${row.content},"historical":${row.historical},"clock":${clockOf(row)}}}`
  );
}

const SEQUENCE_DIGITS = 20;

/** RFC 3339 in UTC with milliseconds. Formatting is the dearest part of an event, and most fall in the same second. */
function timestamp(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== lastSecond) {
    lastSecond = second;
    lastText = new Date(second * 1000).toISOString().slice(0, -SUFFIX.length);
  }
  return `${lastText}${String(ms - second * 1000).padStart(3, '0')}Z`;
}

let lastSecond = Number.NaN;
let lastText = '';
const SUFFIX = '000Z';

function clockOf({ clock, bootId, monotonicMs }: StoredRow): string {
  if (bootId === undefined) return `{"state":"${clock}"}`;
  return `{"state":"${clock}","boot":${JSON.stringify(bootId)},"monotonic":${monotonicMs ?? 0}}`;
}
