/** The commands that the store needs from a Redis client of any kind. */

/** A part of a command or of an answer. */
export type Part = string | Uint8Array;

/** Sends a command. */
export type Send = (command: string, ...args: Part[]) => Promise<unknown>;

/** A client, adapted for the store. */
export interface Commands {
  /** Sends a command with at most one key to the server of that key. */
  readonly send: Send;
  /** Returns the primaries of a cluster as the client knows them; absent for a single server. */
  readonly primaries?: () => Promise<readonly Send[]>;
  /** Returns a record as an argument. */
  toArgument(record: Uint8Array): Part;
  /** Returns the record in an answer. */
  toRecord(part: unknown): Uint8Array | undefined;
  /**
   * Begins to receive messages; absent if the client cannot.
   * @param missed called when the connection is lost, and when messages arrive again
   */
  readonly listen?: Listen;
}

export type Listen = (missed: () => void) => Listening;

/** The subscriptions of one store. */
export interface Listening {
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  unsubscribe(channel: string, listener: (message: string) => void): Promise<unknown>;
  /** Ends every subscription, and connections opened or being opened for them. */
  close(): Promise<unknown>;
}

// biome-ignore lint/suspicious/noExplicitAny: clients are recognised by their shape
export type Method = (...args: any[]) => any;

/** The methods that a client may have. */
export type Name =
  | "callBuffer"
  | "close"
  | "connect"
  | "customCommand"
  | "destroy"
  | "disconnect"
  | "duplicate"
  | "eval"
  | "evalsha"
  | "execute"
  | "fcallWithRoute"
  | "getBuffer"
  | "getMasterNode"
  | "nodeClient"
  | "nodes"
  | "off"
  | "on"
  | "once"
  | "scan"
  | "send"
  | "sendCommand"
  | "set"
  | "sscan"
  | "subscribe"
  | "unsubscribe";

/** A client of any kind, before it is recognised. */
export type Loose = { readonly [Key in Name]?: Method } & {
  readonly isOpen?: unknown;
  readonly manuallyClosing?: unknown;
  readonly status?: unknown;
  readonly masters?: unknown;
};
