import type { StoredRow } from '../../outbox/row.ts';

/** The MQTT 5 content type of this layout. */
export const CLOUDEVENTS_CONTENT_TYPE = 'application/cloudevents+json';

/**
 * A row as one CloudEvents 1.0 event in structured JSON (CloudEvents specification 1.0.2, JSON event format 1.0.2).
 * A pure function of the stored row: every publish of it has the same bytes, in this release and the next ones; a
 * change of this text is a new version of the contract.
 */
export function cloudEvent(row: StoredRow): string {
  const { sequence } = row;
  return (
    `{"specversion":"1.0","type":"tailgate.${row.kind}.v1","source":${JSON.stringify(row.source)},"id":"${sequence}",` +
    `"sequence":"${String(sequence).padStart(SEQUENCE_DIGITS, '0')}","time":"${timestamp(row.takenMs)}",` +
    `"recordedtime":"${timestamp(row.recordedMs)}","subject":${JSON.stringify(row.subject)},"datacontenttype":"application/json",` +
    `"data":{${row.content},"historical":${row.historical},"clock":${clockOf(row)}}}`
  );
}

const SEQUENCE_DIGITS = 20;

/** RFC 3339 in UTC with milliseconds. */
function timestamp(ms: number): string {
  return new Date(ms).toISOString();
}

function clockOf({ clock, bootId, monotonicMs }: StoredRow): string {
  if (bootId === undefined) return `{"state":"${clock}"}`;
  return `{"state":"${clock}","boot":${JSON.stringify(bootId)},"monotonic":${monotonicMs ?? 0}}`;
}
