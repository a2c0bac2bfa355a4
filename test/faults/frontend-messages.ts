/** A message of the frontend, without its length. */
export interface FrontendMessage {
  /** `Q` is a simple query, `d` copy data. Empty for the start-up message, which has no type. */
  readonly type: string;
  readonly body: Buffer;
}

const typeLength = 1;
const lengthLength = 4;

/**
 * Makes a reader of one connection's bytes from client to server: it answers the messages that each chunk completes.
 * https://www.postgresql.org/docs/current/protocol-message-formats.html
 */
export function frontendMessages(): (chunk: Buffer) => readonly FrontendMessage[] {
  let rest: Buffer = Buffer.alloc(0);
  let hasStarted = false;
  return (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    const messages: FrontendMessage[] = [];
    for (;;) {
      const head = hasStarted ? typeLength : 0;
      if (rest.length < head + lengthLength) return messages;
      const end = head + rest.readUInt32BE(head);
      if (rest.length < end) return messages;
      messages.push({ type: rest.toString('latin1', 0, head), body: rest.subarray(head + lengthLength, end) });
      rest = rest.subarray(end);
      hasStarted = true;
    }
  };
}
